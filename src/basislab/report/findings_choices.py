"""What the facts say about choices: the venue, the break-even, the day of entry, the condition.

As in `findings`: text only, every judging word chosen by comparing numbers.
"""

from __future__ import annotations

from basislab.report import words
from basislab.report.runs import Facts
from basislab.report.words import plural

Sentences = list[str]


def venues_findings(facts: Facts) -> Sentences:
    """Return the sentences about the venues."""
    if not facts["venue_gap"]:
        return []
    text = []
    for row in facts["venue_gap"]:
        line = (
            f"{words.multiple(row['leverage'])}: {row['winner']} ended "
            f"{words.usd(abs(row['net_gap_usd']))} USD higher; the largest reason is "
            f"{row['driver']}."
        )
        if row["shortfall_gap_usd"]:
            same = row["winner"] == row["unforgiven_winner"]
            line += (
                f" Forgiven losses are {words.signed_usd(row['shortfall_gap_usd'])} USD of "
                "the gap; "
                f"without them {row['unforgiven_winner']} is "
                f"{'still' if same else 'the one that is'} ahead, by "
                f"{words.usd(abs(row['unforgiven_gap_usd']))} USD."
            )
        text.append(line)
    below = [row for row in facts["venues"] if row["annualized"] - _bar(facts) <= 0]
    text.append(
        f"Of {len(facts['venues'])} pairs of venue and leverage, "
        f"{len(facts['venues']) - len(below)} reached the hurdle at the default trigger."
    )
    return text


def _bar(facts: Facts) -> float:
    return float(facts["hurdle"]["hurdle_annualized"])


def breakeven_findings(facts: Facts) -> Sentences:
    """Return the sentences about breaking even."""
    text = []
    for row in facts["breakeven"]:
        days = row["breakeven_days"]
        wait = "never" if days is None else f"after {plural(round(days), 'day')}"
        binding = "short" if row["short_distance"] < row["long_distance"] else "long"
        text.append(
            f"{words.multiple(row['leverage'])}: the round trip is earned back {wait} at the mean "
            f"rates; the {binding} leg is liquidated after the smaller move (long "
            f"{words.percent(-row['long_distance'])}, short "
            f"{words.percent(row['short_distance'])})."
        )
    enough = sum(row["is_marked"] for row in facts["minimum_funding"])
    seen = facts["minimum_funding"][0]["seen_funding_apy"]
    text.append(
        f"The mean funding of {words.percent(seen)} a year was above what the hurdle asks in "
        f"{enough} of {len(facts['minimum_funding'])} pairs of holding period and leverage."
    )
    return text


def entry_findings(facts: Facts) -> Sentences:
    """Return the sentences about entry days."""
    rows = [row for row in facts["entry"]["rows"] if row["win_rate"] is not None]
    if not rows:
        return []
    first, last = rows[0], rows[-1]
    text = [
        (
            f"Held for {plural(first['holding_days'], 'day')}, "
            f"{words.share(first['win_rate'])} of the "
            f"start days won; held for {plural(last['holding_days'], 'day')}, "
            f"{words.share(last['win_rate'])}."
        )
    ]
    gains = [
        (row["smart_win_rate"] - row["win_rate"], row)
        for row in rows
        if row["smart_win_rate"] is not None
    ]
    if gains:
        gain, row = max(gains, key=lambda pair: pair[0])
        change = "raises" if gain > 0 else "does not raise"
        text.append(
            f"Waiting for a day of positive funding {change} the win rate, at most by "
            f"{words.points(gain)} points (at {plural(row['holding_days'], 'day')})."
        )
    return text


def conditional_findings(facts: Facts) -> Sentences:
    """Return the sentences about conditional deployment."""
    grid, cycles = facts["conditional_grid"], facts["cycles"]
    best = max(grid, key=lambda row: row["annualized"])
    above = [row for row in grid if row["excess_annualized"] > 0]
    text = [
        (
            f"{len(above)} of {len(grid)} pairs of threshold and leverage end above the hurdle; "
            f"the highest is {words.percent(best['annualized'])} a year (threshold "
            f"{words.share(best['threshold_apy'])}, {words.multiple(best['leverage'])}), a choice "
            "made "
            "in hindsight."
        )
    ]
    if cycles["rows"]:
        text.append(
            f"At {words.multiple(cycles['leverage'])} and a threshold of "
            f"{words.share(cycles['threshold_apy'], 0)} there were "
            f"{plural(cycles['cycles_count'], 'deployment')}, {cycles['won_count']} of which made "
            f"money; the median one lasted {plural(round(cycles['median_held_days']), 'day')}."
        )
    return text
