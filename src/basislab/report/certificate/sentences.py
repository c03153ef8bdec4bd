"""What a certificate says: every judging word is chosen here, by comparing facts.

Figures come through `words`; this file's literals hold none.
"""

from __future__ import annotations

from collections.abc import Callable

from basislab.report import words
from basislab.report.certificate.rows import CertificateFacts
from basislab.report.fields import given
from basislab.research.overfit.sensitivity import EVERY_CORNER

NAMES: dict[str, str] = {
    "excess": "Excess over the hurdle, points a year",
    "start_days": "Start days above the hurdle",
    "neighbourhood": "Neighbourhood above the hurdle",
    "overfitting": "Overfitting or loss outside, the less likely",
    "deflated_sharpe": "Deflated Sharpe ratio, raw trials",
    "superior_ability": "Superior ability, p-value",
    "walk_forward": "Walk-forward excess, points a year",
    "constants": "Assumed constants that leave it above",
}
"""What each check is called."""

CONSTANTS: dict[str, str] = {
    "all_constants": "all of them together",
    "every_corner": "all at their ends",
    "liquidation_penalty": "liquidation penalty",
}

_WORDS: dict[str, str] = {
    "recommended": "Recommended",
    "fragile": "Fragile",
    "refused": "Refused",
    "undecidable": "Undecidable",
}

_HEADS: dict[str, str] = {
    "recommended": "every check is met; nothing here speaks for luck",
    "fragile": "no check fails, but not every one is met",
    "refused": "what was found on this path does not survive",
    "undecidable": "too little has happened to tell skill from luck",
}


def constant_name(name: str) -> str:
    """Return a constant's name in words.

    Examples
    --------
    >>> constant_name("gas_usd")
    'gas'
    >>> constant_name("lending.oracle_step")
    'lending: oracle step'
    """
    text = name.removesuffix("_usd").removesuffix("_bps").replace("_", " ")
    return CONSTANTS.get(name, text.replace(".", ": "))


def headline(facts: CertificateFacts) -> str:
    """Return the verdict in one sentence."""
    text = f"{_WORDS[facts.word]}: {facts.label}, {_HEADS[facts.word]}."
    if facts.word == "undecidable":
        text += f" What there is would make it {facts.otherwise}."
    return text


def rests_on(facts: CertificateFacts) -> str:
    """Say on how many markets, days and independent episodes the verdict rests.

    A storm that sinks several coins counts once.
    """
    days = words.plural(round(facts.window_days), "day")
    seen, pool = facts.liquidations, facts.pool
    parts = [days]
    if seen is not None:
        parts.append(words.plural(seen.episodes_count, "independent liquidation episode"))
    if pool is None:
        parts[:0] = [words.plural(1, "market")] if facts.start else []
        return f"It rests on {words.join(parts)}."
    names = words.join([market.name for market in pool.markets])
    parts.insert(0, f"{words.plural(len(pool.markets), 'market')} ({names})")
    shared = f"{words.plural(pool.shared_days_count, 'day')} lie in more than one market"
    alike = (
        f"; the daily results of two markets are correlated by "
        f"{words.decimal(pool.market_correlation, 2)}"
        if pool.market_correlation is not None
        else ""
    )
    return f"It rests on {words.join(parts)}. {shared}{alike}. A storm counts once for all coins."


def reasons(facts: CertificateFacts) -> list[str]:
    """Return the strongest reasons as sentences."""
    return [_REASONS[name](facts) for name in facts.reasons]


def _excess(facts: CertificateFacts) -> str:
    gap = facts.excess_annualized
    if gap > 0:
        return f"On the whole path it earned {words.points(gap)} points a year above the hurdle."
    return (
        f"It does not beat the hurdle even on the path that it was chosen on: "
        f"{words.points(gap)} points a year."
    )


def _start_days(facts: CertificateFacts) -> str:
    fan = facts.fan
    middle = next(row.excess_annualized for row in fan.quantiles if row.quantile_share == 1 / 2)
    told = "mostly holds" if facts.check("start_days").status == "met" else "does not hold"
    return (
        f"Opened on other days it {told}: {words.share(fan.above_share)} of "
        f"{words.plural(fan.starts_count, 'start day')} end above the hurdle, "
        f"{words.share(fan.positive_share)} above the capital; the median is "
        f"{words.points(middle)} points a year."
    )


def _neighbourhood(facts: CertificateFacts) -> str:
    area = given(facts.neighbourhood)
    tried = " and ".join(axis.replace("_", " ") for axis in area.axes)
    closed = area.impossible_count
    shut = (
        f" {words.plural(closed, 'further one')} cannot be opened at the venues." if closed else ""
    )
    return (
        f"Its neighbours: {words.usd(area.above_count)} of "
        f"{words.usd(area.cells_count)} combinations of {tried} around it are above the hurdle; "
        f"they reach from {words.points(area.lowest_annualized)} to "
        f"{words.points(area.highest_annualized)} points a year, the median is "
        f"{words.points(area.median_annualized)}.{shut}"
    )


def _overfitting(facts: CertificateFacts) -> str:
    cscv = given(facts.cscv)
    return (
        f"Chosen in one half of the sample, the best is below the median of the "
        f"{words.plural(facts.family_count, 'trial')} in the other half with probability "
        f"{words.share(cscv.pbo_probability)}, and below the hurdle with probability "
        f"{words.share(cscv.loss_probability)}."
    )


def _deflated(facts: CertificateFacts) -> str:
    sharpe = facts.sharpe
    raw = sharpe.raw
    return (
        f"Among {words.plural(raw.trials_count, 'trial')} luck alone is expected to reach a "
        f"daily Sharpe ratio of {words.decimal(raw.luck_sharpe, 3)}; this one has "
        f"{words.decimal(sharpe.daily_sharpe, 3)}, so a true edge beyond luck has probability "
        f"{words.share(raw.deflated_probability)}."
    )


def _ability(facts: CertificateFacts) -> str:
    spa = facts.spa
    p_value = max(spa.consistent_probability, spa.reality_check_probability)
    if p_value == 1:
        return "No trial of the search has a mean above the hurdle: there is no edge to explain."
    return (
        f"Were no trial better than the hurdle, the best would look this good in "
        f"{words.share(p_value)} of resampled histories."
    )


def _walk(facts: CertificateFacts) -> str:
    walk = facts.walk
    return (
        f"Chosen on the past and lived through afterwards, opening cost paid each time, it makes "
        f"{words.points(walk.excess_annualized)} points a year against the hurdle and beats it "
        f"in {words.usd(walk.beaten_count)} of "
        f"{words.plural(walk.windows_count, 'window')}."
    )


def _constants(facts: CertificateFacts) -> str:
    rows = [row for row in facts.constants if not row.is_joint]
    worst = min(rows, key=lambda row: _or_zero(row.lowest_annualized))
    flipped = [constant_name(row.name) for row in rows if row.is_flipped]
    turned = (
        f"The sign hangs on {words.join(flipped)}"
        if flipped
        else "No assumed constant, moved alone, changes the sign"
    )
    joint = [row for row in facts.constants if row.name == EVERY_CORNER]
    ends = "".join(
        f" With all at their ends at once it is above in {words.share(row.above_share)} of "
        f"{words.plural(len(row.tried_constant), 'combination')}."
        for row in joint
    )
    return (
        f"{turned}; {constant_name(worst.name)} alone moves the result between "
        f"{words.points(worst.lowest_annualized)} and "
        f"{words.points(worst.highest_annualized)} points a year.{ends}"
    )


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None else value


def _episodes(facts: CertificateFacts) -> str:
    seen = given(facts.liquidations)
    return (
        f"{words.plural(seen.episodes_count, 'independent liquidation episode')} touched it or "
        f"a neighbour, from whatever start day; at least {words.usd(seen.least_count)} are "
        "asked for before anything is decided."
    )


def _sample(facts: CertificateFacts) -> str:
    return (
        f"{words.plural(round(facts.window_days), 'day')} are too few for a walk-forward or for "
        "start days that are held long enough."
    )


_REASONS: dict[str, Callable[[CertificateFacts], str]] = {
    "excess": _excess,
    "start_days": _start_days,
    "neighbourhood": _neighbourhood,
    "overfitting": _overfitting,
    "deflated_sharpe": _deflated,
    "superior_ability": _ability,
    "walk_forward": _walk,
    "constants": _constants,
    "episodes": _episodes,
    "sample": _sample,
}


def what_would_change_it(facts: CertificateFacts) -> list[str]:
    """Return which evidence would turn the verdict, sentence by sentence."""
    found = []
    seen = facts.liquidations
    if seen is not None and seen.episodes_count < seen.least_count:
        found.append(_more_episodes(facts))
    missed = [c.name for c in facts.checks if c.status in ("short", "failed")]
    found += [_CHANGES[name](facts) for name in missed]
    if not found:
        found.append(
            "It is withdrawn as soon as new data move any check below its threshold: run it again "
            "on every new month, with every trial that has been made since."
        )
    return found


def _more_episodes(facts: CertificateFacts) -> str:
    seen = given(facts.liquidations)
    more = seen.least_count - seen.episodes_count
    text = words.plural(more, "further independent liquidation episode")
    if not seen.episodes_count:
        return f"{text}; the sample holds none, so how long that takes is unknown."
    days = more * facts.window_days / seen.episodes_count
    return f"{text}: at the sample's pace about {words.plural(round(days), 'further day')}."


def _need_excess(facts: CertificateFacts) -> str:
    gap = -facts.excess_annualized
    return f"More than {words.points(gap)} points a year of further carry, on the same path."


def _need_starts(facts: CertificateFacts) -> str:
    needed = words.share(facts.check("start_days").met_score, 0)
    return f"{needed} of start days above the hurdle, on data that were not used to choose."


def _need_neighbours(facts: CertificateFacts) -> str:
    needed = words.share(facts.check("neighbourhood").met_score, 0)
    return f"{needed} of its neighbours above the hurdle: a plateau in place of a peak."


def _need_overfitting(facts: CertificateFacts) -> str:
    needed = words.share(facts.check("overfitting").met_score, 0)
    return (
        f"A history in which the choice, or beating the hurdle, repeats itself: one of both "
        f"probabilities at most {needed}."
    )


def _need_sharpe(facts: CertificateFacts) -> str:
    required = facts.sharpe.raw.required_days
    if required is None:
        return "No length of the same record: its Sharpe ratio is not above that of luck."
    return f"The same record over {words.plural(round(required), 'day')}, with no further trial."


def _need_ability(facts: CertificateFacts) -> str:
    needed = words.share(facts.check("superior_ability").met_score, 0)
    return f"A p-value of at most {needed} on new data."


def _need_walk(_: CertificateFacts) -> str:
    return "A walk-forward above the hurdle over further windows."


def _need_constants(facts: CertificateFacts) -> str:
    rows = [row for row in facts.constants if row.is_flipped and not row.is_joint]
    if not rows and any(row.is_flipped for row in facts.constants):
        return "Verified values in place of assumed ones: only several together turn the sign."
    if not rows:
        return "No value of any assumed constant within its range would do."
    names = words.join([constant_name(row.name) for row in rows])
    return f"Verified values in place of assumed ones, and above the hurdle at them: {names}."


_CHANGES: dict[str, Callable[[CertificateFacts], str]] = {
    "excess": _need_excess,
    "start_days": _need_starts,
    "neighbourhood": _need_neighbours,
    "overfitting": _need_overfitting,
    "deflated_sharpe": _need_sharpe,
    "superior_ability": _need_ability,
    "walk_forward": _need_walk,
    "constants": _need_constants,
}
