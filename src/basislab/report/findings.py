"""What the facts of a study say, sentence by sentence; every word that judges is chosen here.

Text only: figures come through `words`, names from the facts, and which of several words is right
is decided by comparing numbers. A test reads this file's literals and finds no digit in them.
"""

from __future__ import annotations

from collections.abc import Callable

from basislab.report import words
from basislab.report.engine.sentences import engine_findings
from basislab.report.findings_choices import (
    breakeven_findings,
    conditional_findings,
    entry_findings,
    venues_findings,
)
from basislab.report.findings_quality import quality_findings
from basislab.report.runs import Facts
from basislab.report.words import plural

Sentences = list[str]


def study_findings(facts: Facts) -> dict[str, Sentences]:
    """Return the computed sentences of every chapter.

    Parameters
    ----------
    facts : dict
        Of a study, with its verdict.

    Returns
    -------
    dict of str to list of str
        By chapter.
    """
    return {chapter: tell(facts) for chapter, tell in _CHAPTERS.items()}


def focus_row(facts: Facts, section: str) -> Facts:
    """Return a section's row at the study's main leverage, and its own size where it has sizes.

    Parameters
    ----------
    facts : dict
    section : str

    Returns
    -------
    dict
    """
    leverage = facts["focus"]["leverage"]
    capital = facts["focus"]["capital_usd"]
    rows: list[Facts] = facts[section]
    return next(
        row
        for row in rows
        if row["leverage"] == leverage and row.get("capital_usd", capital) == capital
    )


def _moved(change: float) -> str:
    return "rose" if change > 0 else "fell" if change < 0 else "ended where it began"


def _environment(facts: Facts) -> Sentences:
    market, months = facts["market"], facts["months"]
    spread = market["supply_apy"] - market["borrow_apy"]
    text = [
        (
            f"{market['asset']} {_moved(market['price_change'])} "
            f"({words.percent(market['price_change'])}) over "
            f"{plural(market['bars_count'], 'day')}: from "
            f"{words.usd(market['first_close_usd'], 2)} to "
            f"{words.usd(market['last_close_usd'], 2)} USD, "
            f"between {words.usd(market['lowest_usd'], 2)} on {market['lowest_on']} and "
            f"{words.usd(market['highest_usd'], 2)} on {market['highest_on']}."
        ),
        (
            f"Lending {market['asset']} earned {words.share(market['supply_apy'], 2)} a year, "
            f"borrowing {market['quote']} cost {words.share(market['borrow_apy'], 2)}: the "
            f"borrowed part {'pays for itself' if spread > 0 else 'costs money before funding'} "
            f"({words.points(spread)} points)."
        ),
    ]
    text += [
        f"Funding on {row['venue']} {'paid' if row['funding_apy'] > 0 else 'cost'} a short "
        f"{words.share(abs(row['funding_apy']), 2)} of notional a year; it was positive on "
        f"{words.share(row['positive_days_share'], 0)} of the days."
        for row in market["funding"]
    ]
    red = [row["month"] for row in months if row["static"][-1]["pnl_return"] < 0]
    text.append(
        f"Carry and funding together were negative in {len(red)} of {plural(len(months), 'month')}"
        f"{' (' + words.join(red) + ')' if red else ''}, at the highest leverage."
    )
    if market["partial_bars"]:
        text.append(
            f"Days whose data are partial, kept as they are: {words.join(market['partial_bars'])}."
        )
    return text


def _static(facts: Facts) -> Sentences:
    row = focus_row(facts, "static")
    earned = row["carry_usd"] + row["funding_usd"]
    share = row["funding_usd"] / earned if earned else None
    below = [
        words.multiple(item["leverage"])
        for item in facts["static"]
        if item["capital_usd"] == row["capital_usd"] and item["excess_annualized"] <= 0
    ]
    text = [
        (
            f"At {words.multiple(row['leverage'])} the ceiling is "
            f"{words.percent(row['annualized'])} a year, "
            f"{words.points(row['excess_annualized'])} points against the hurdle; funding is "
            f"{words.share(share, 0)} of its income before costs."
        ),
        "At every leverage the ceiling lies above the hurdle."
        if not below
        else f"Even without a single liquidation the hurdle is not reached at {words.join(below)}.",
    ]
    most = max(facts["static"], key=lambda item: item["slippage_share"])
    text.append(
        f"The order book takes most at {words.usd(most['capital_usd'])} USD and "
        f"{words.multiple(most['leverage'])}: {words.share(most['slippage_share'], 2)} of capital."
    )
    return text


def _realistic(facts: Facts) -> Sentences:
    text = []
    ceilings = {r["leverage"]: r for r in facts["models"] if r["model"] == "static"}
    for row in facts["waterfall"]:
        if not row["is_default"]:
            continue
        gap = row["annualized"] - ceilings[row["leverage"]]["annualized"]
        losses = {
            "liquidation penalties": row["liquidation_penalty_usd"],
            "fees and gas": row["trading_fees_usd"] + row["gas_usd"] + row["transfer_fees_usd"],
            "revaluation of the net coin": row["revaluation_usd"],
        }
        name = min(losses, key=lambda key: losses[key])
        text.append(
            f"{words.multiple(row['leverage'])}: {words.percent(row['annualized'])} a year, "
            f"{words.points(row['excess_annualized'])} points against the hurdle and "
            f"{words.points(gap)} against its ceiling; the largest loss is {name} "
            f"({words.signed_usd(losses[name])} USD)."
        )
    return [*text, *_triggers(facts), *_neutrality(facts)]


def _triggers(facts: Facts) -> Sentences:
    text = []
    for block in facts["triggers"]:
        rows = block["rows"]
        if not rows:
            continue
        best = max(rows, key=lambda row: row["annualized"])
        worst = min(rows, key=lambda row: row["annualized"])
        verdict = "above" if best["excess_annualized"] > 0 else "still below"
        text.append(
            f"Trigger at {words.multiple(block['leverage'])}: the highest return is "
            f"{words.percent(best['annualized'])} ({words.trigger(best['trigger'])}), the lowest "
            f"{words.percent(worst['annualized'])} ({words.trigger(worst['trigger'])}); the "
            "highest "
            f"is {verdict} the hurdle."
        )
    return text


def _neutrality(facts: Facts) -> Sentences:
    rows = [row for row in facts["neutrality"] if row["price_beta"] is not None]
    if not rows:
        return []
    most = max(rows, key=lambda row: abs(row["price_beta"]))
    return [
        (
            f"The hedge {'holds' if abs(most['price_beta']) < _HEDGED else 'leaks'}: with the "
            f"price at {words.percent(most['price_change'])}, the largest beta of equity to price "
            f"is {words.decimal(most['price_beta'], 3)} (at {words.multiple(most['leverage'])})."
        )
    ]


_HEDGED = 0.1
"""A beta below this is called a hedge: a tenth of the price move or less reaches the equity."""


def _fees(facts: Facts) -> Sentences:
    row = focus_row(facts, "fees")
    sensitivity = [item["annualized"] for item in facts["fee_sensitivity"]]
    rotation = focus_row(facts, "rotation_fees")
    small = min(facts["scaling"], key=lambda item: item["capital_usd"])
    return [
        f"At {words.multiple(row['leverage'])} all fees are {words.usd(row['fees_usd'])} USD "
        f"({words.share(row['fees_share'], 2)} of capital); liquidation penalties are "
        f"{words.usd(row['penalty_usd'])} USD. "
        + (
            "What a liquidation costs outweighs every fee."
            if row["penalty_usd"] > row["fees_usd"]
            else "Fees outweigh liquidations."
        ),
        (
            f"The open fee moves the return by {words.decimal(_span(sensitivity))} points over the "
            "range tried."
        ),
        (
            f"Rotation opened {plural(rotation['rotations_count'], 'time')} and paid "
            f"{words.usd(rotation['rotation_fees_usd'])} USD in fees; moving capital took "
            f"{plural(rotation['moves_count'], 'move')} and "
            f"{words.usd(rotation['rebalance_fees_usd'])} "
            "USD in all."
        ),
        (
            f"Flat costs (gas, transfers) weigh {words.share(small['flat_share'], 2)} of capital "
            f"at {words.usd(small['capital_usd'])} USD and {words.multiple(small['leverage'])}."
        ),
    ]


def _span(values: Sentences | list[float]) -> float:
    numbers = [float(value) for value in values]
    return (max(numbers) - min(numbers)) * 100


def _risks(facts: Facts) -> Sentences:
    text = []
    for row in facts["risks"]:
        line = (
            f"{words.multiple(row['leverage'])}: worst day {row['worst_day']} "
            f"({words.percent(row['worst_day_return'])} of capital), drawdown "
            f"{words.share(row['drawdown'])}, {plural(row['underwater_days'], 'day')} below an "
            "earlier peak"
        )
        if row["penalty_months"] is not None:
            line += (
                f"; an average liquidation takes {words.decimal(row['penalty_months'], 1)} months "
                "of carry and funding"
            )
        text.append(line + ".")
    return text


def _published(facts: Facts) -> Sentences:
    wrong = sum(row["word"] == "differs" for row in facts["published"])
    total = len(facts["published"])
    return [f"{wrong} of {total} statements checked differ from the data."] if total else []


def _conclusions(facts: Facts) -> Sentences:
    verdict = facts["verdict"]
    row = next(r for r in facts["breakeven"] if r["leverage"] == facts["focus"]["leverage"])
    seen = facts["minimum_funding"][0]["seen_funding_apy"]
    needed = row["hurdle_funding_apy"]
    text = [
        verdict["headline"],
        f"Held for a year at {words.multiple(row['leverage'])} without any liquidation, the "
        f"position needs funding of {words.percent(needed)} a year to match the hurdle; the window "
        f"paid {words.percent(seen)}. "
        + (
            "Income was sufficient; what matters is what liquidations and moves take from it."
            if seen > needed
            else "Income was not sufficient, whatever the rebalancing."
        ),
    ]
    lost = [r for r in facts["risks"] if r["liquidations_count"]]
    if lost:
        text.append(
            "At the default trigger a leg was liquidated at "
            f"{words.join([words.multiple(r['leverage']) for r in lost])}: the protection failed "
            "when a day's range was wider than the distance left."
        )
    else:
        text.append("At the default trigger no leg was liquidated in this window.")
    return [*text, _ADVICE[verdict["word"]]]


_ADVICE = {
    "beats": (
        "What holds on this path has to hold on other paths, and under the venues' own rules, "
        "before capital is committed."
    ),
    "hindsight": (
        "The excess exists for a trigger that nobody could have known; treat it as zero until "
        "other "
        "windows agree."
    ),
    "below": (
        "The same money, supplied to the hurdle's reserve, would have earned more without any of "
        "these risks; there is no reason in these data to open the position."
    ),
    "loses": (
        "Every configuration lost money; there is no reason in these data to open the position."
    ),
}

_CHAPTERS: dict[str, Callable[[Facts], Sentences]] = {
    "environment": _environment,
    "quality": quality_findings,
    "static": _static,
    "realistic": _realistic,
    "fees": _fees,
    "venues": venues_findings,
    "breakeven": breakeven_findings,
    "entry": entry_findings,
    "conditional": conditional_findings,
    "engine": engine_findings,
    "risks": _risks,
    "published": _published,
    "conclusions": _conclusions,
}
