"""What the chapter on the venue engine says; every judging word is chosen by comparing facts.

Figures come through `words`; this file's literals hold none.
"""

from __future__ import annotations

from collections.abc import Sequence

from basislab.report import words
from basislab.report.engine.limits import engine_limits
from basislab.report.runs import Facts
from basislab.types.configs import NEVER

STEPS: dict[str, tuple[str, str, str]] = {
    "one_price": (
        "separate prices",
        "the reference price is everything",
        "perp, mark, spot and oracle are prices of their own, as far as there are series",
    ),
    "simple_rates": (
        "compound interest",
        "a day earns the APY divided by the days of a year",
        "a day earns its share of a compound year",
    ),
    "accrue_at_opening": (
        "opened at the close",
        "the opening day accrues and may liquidate, although the position opens at its close",
        "the position lives from the next day on",
    ),
    "funding_first": (
        "funding comes last",
        "funding is paid before a liquidation is looked for",
        "funding is paid at the day's end, on the contracts that are left",
    ),
    "settle_at_close": (
        "venues' liquidations",
        (
            "a share of a liquidated leg's equity is lost at the close, all is reopened there, and "
            "what lies below zero is forgiven"
        ),
        (
            "the venue's procedure at the price at which it starts; the other leg stays naked "
            "until the trader has answered"
        ),
    ),
    "flat_margin": (
        "venues' thresholds",
        "the loan is liquidated like a perpetual, by the same maintenance margin",
        "the loan by its liquidation LTV, the perpetual by its margin tiers",
    ),
    "instant": (
        "moves take time",
        "what is decided at a close is done there, at once and without limit",
        "it is done at the next open, within what the venues let go; transfers arrive bars later",
    ),
    "study_costs": (
        "venues' costs",
        "the study's fees, one taker fee for all days",
        "dated taker fees, slippage, swaps, the transfer's own price",
    ),
    "negative_debt": (
        "debt ends at zero",
        "surplus makes the debt negative, and earns the borrow rate",
        "surplus lies idle",
    ),
}
"""Of every convention: the step that drops it, what the study does, what the venue engine does."""

ENGINE, PESSIMISTIC, OWN = "engine", "worse order", "own trigger"
"""What the engine's runs are called beside the study's models."""

_LEGS = {"long": "loan", "short": "short"}


def constant_name(row: Facts) -> str:
    """Return an assumed constant of a venue in words.

    Parameters
    ----------
    row : dict
        With ``name`` of the preset and ``field``.

    Returns
    -------
    str

    Examples
    --------
    >>> constant_name({"name": "kamino", "field": "liquidation_ltv"})
    'kamino: liquidation LTV'
    >>> constant_name({"name": "asgard", "field": "cost_bps"})
    'asgard: cost, bps'
    """
    name = row["field"].replace("_", " ").replace("ltv", "LTV")
    for unit, written in ((" usd", ", USD"), (" bps", ", bps")):
        if name.endswith(unit):
            name = name.removesuffix(unit) + written
    return f"{row['name']}: {name}"


def step_name(rung: Facts) -> str:
    """Return what a step of the ladder is called.

    Parameters
    ----------
    rung : dict
        With ``convention``.

    Returns
    -------
    str

    Examples
    --------
    >>> step_name({"convention": "instant"})
    'moves take time'
    """
    return STEPS[rung["convention"]][0]


def engine_findings(facts: Facts) -> list[str]:
    """Return what the chapter finds first: the results.

    Parameters
    ----------
    facts : dict
        Of a study.

    Returns
    -------
    list of str
        The reason where the engine was not run.
    """
    engine = facts["engine"]
    if not engine["runs"]:
        return [f"The venue engine was not run: {why}." for why in _why_not(engine)]
    said = [_result(run) for run in engine["runs"]]
    said += [_borne(run) for run in engine["runs"] if named(run, ENGINE)["borne_usd"] > 0]
    said += [f"Not opened: {one['why']}." for one in engine["refused"]]
    return [*said, *_blurred(engine["runs"])]


def engine_words(engine: Facts) -> dict[str, list[str]]:
    """Return what the parts of the chapter say below their headings.

    Parameters
    ----------
    engine : dict
        The chapter's own facts.

    Returns
    -------
    dict of str to list of str
        deaths, ladder, constants, limits; empty lists where the engine was not run.
    """
    runs = engine["runs"]
    return {
        "deaths": [_firing(run) for run in runs],
        "ladder": [_parity(runs), *(_largest(run) for run in runs)] if runs else [],
        "constants": [_sensitive(run) for run in runs],
        "limits": engine_limits(engine),
    }


def engine_verdict(facts: Facts) -> list[str]:
    """Return what the verdict says of the venues' own rules: a sentence, or why there is none.

    Parameters
    ----------
    facts : dict
        Of a study.

    Returns
    -------
    list of str
    """
    engine = facts["engine"]
    if not engine["runs"]:
        return [f"The venue engine was not run: {why}." for why in _why_not(engine)]
    told = [
        f"{words.multiple(run['leverage'])} {words.percent(named(run, 'engine')['annualized'])} "
        f"in place of {words.percent(named(run, 'rebalance')['annualized'])}"
        for run in engine["runs"]
    ]
    text = "By the venues' own rules the grid's best triggers make, a year"
    return [f"{text}: {words.join(told)}."]


def named(run: Facts, model: str) -> Facts:
    """Return one model's row of a run.

    Parameters
    ----------
    run : dict
    model : str

    Returns
    -------
    dict
    """
    rows: list[Facts] = run["models"]
    return next(row for row in rows if row["model"] == model)


def _why_not(engine: Facts) -> list[str]:
    return [engine["reason"]] if engine["reason"] else [one["why"] for one in engine["refused"]]


def _at(run: Facts) -> str:
    trigger = words.trigger(run["trigger"])
    return f"At {words.multiple(run['leverage'])} (trigger {trigger})"


def _result(run: Facts) -> str:
    study, engine, own = (named(run, name) for name in ("rebalance", ENGINE, OWN))
    beats = "beats" if engine["excess_annualized"] > 0 else "does not beat"
    return (
        f"{_at(run)} the venues' rules leave {_more_or_less(study, engine)} the study: "
        f"{words.percent(engine['annualized'])} a year in place of "
        f"{words.percent(study['annualized'])}, {words.points(engine['excess_annualized'])} points "
        f"against the hurdle, which it {beats}; {_hits(engine)}. With the engine's own trigger "
        f"({_short(own['used_trigger'])}) it makes {words.percent(own['annualized'])}."
    )


def _blurred(runs: Sequence[Facts]) -> list[str]:
    """Say where the bars' own coarseness weighs as much as what is compared."""
    found = []
    for run in runs:
        gap = named(run, ENGINE)["final_usd"] - named(run, "rebalance")["final_usd"]
        if abs(run["open"]["prompt_usd"]) > _BLURRED * abs(gap):
            found.append(words.multiple(run["leverage"]))
    if not found:
        return []
    return [
        (
            f"Read the gap with care at {words.join(found)}: that a transfer takes whole bars here "
            "moves the result by more than half of it. It shows that the position hangs on how "
            "fast it is watched and moved; how much it would have earned is for finer bars to say."
        )
    ]


_BLURRED = 0.5
"""Share of the gap to the study from which the rounding of transfers is said to blur it."""


def _more_or_less(study: Facts, engine: Facts) -> str:
    gap = round(engine["final_usd"] - study["final_usd"])
    if not gap:
        return "as much as"
    return f"{words.usd(abs(gap))} USD {'less' if gap < 0 else 'more'} than"


def _hits(engine: Facts) -> str:
    hits = engine["long_liquidations_count"] + engine["short_liquidations_count"]
    if not hits:
        return "no leg is liquidated"
    return (
        f"{words.plural(hits, 'liquidation')}, {words.plural(engine['naked_days'], 'day')} with a "
        f"naked leg, on which price moves made {words.signed_usd(engine['naked_usd'])} USD"
    )


def _short(trigger: float) -> str:
    return words.trigger(round(trigger, 1))


def _parity(runs: Sequence[Facts]) -> str:
    gap = max((run["ladder"]["parity_usd"] for run in runs), key=abs)
    return (
        "The same engine with every convention of the study kept gives the study's result, with a "
        f"difference of {words.usd(abs(gap), 6)} USD: what separates the numbers are assumptions, "
        "and not the code."
    )


def _largest(run: Facts) -> str:
    rungs = sorted(run["ladder"]["rungs"], key=lambda rung: -abs(rung["change_usd"]))
    told = [
        f"\u201c{step_name(rung)}\u201d ({words.signed_usd(rung['change_usd'])} USD)"
        for rung in rungs[:_TOLD]
        if rung["change_usd"]
    ]
    if not told:
        return f"{_at(run)} no step changes anything."
    return f"{_at(run)} the largest steps from one number to the other: {words.join(told)}."


_TOLD = 2
"""Steps of the ladder that a sentence names."""


def _firing(run: Facts) -> str:
    first = run["deaths"][0]
    away = -first["price_distance"] if first["leg"] == "long" else first["price_distance"]
    dies = (
        f"{_at(run)} the {_LEGS[first['leg']]} dies first: at "
        f"{words.usd(first['price_usd'], 2)} USD, {words.percent(away)} from the opening, where a "
        f"liquidation costs {words.usd(first['cost_usd'], 2)} USD"
    )
    if run["trigger"] == NEVER:
        return f"{dies}; no trigger watches it."
    unable = [death for death in run["deaths"] if death["leg"] not in run["firing"]]
    if not unable:
        return f"{dies}; either leg can fire the trigger before it is liquidated."
    legs = [
        f"the {_LEGS[death['leg']]}, liquidated at leverage "
        f"{words.decimal(death['death_leverage'], 1)}"
        for death in unable
    ]
    able = words.join([f"the {_LEGS[leg]}" for leg in run["firing"]])
    return f"{dies}; {words.join(legs)}, never reaches the trigger: only {able} can fire it."


def _borne(run: Facts) -> str:
    engine = named(run, ENGINE)
    return (
        f"{_at(run)} venues and lenders bore {words.usd(engine['borne_usd'])} USD; without that it "
        f"would be {words.percent(engine['borne_annualized'])} a year."
    )


def _sensitive(run: Facts) -> str:
    if not run["constants"]:
        return f"{_at(run)} no constant of the venues is assumed."
    top = max(run["constants"], key=lambda row: row["span_annualized"])
    deciding = [constant_name(row) for row in run["constants"] if row["is_deciding"]]
    turned = (
        f"whether it beats the hurdle depends on {words.join(deciding)}"
        if deciding
        else "whether it beats the hurdle depends on no constant alone"
    )
    return (
        f"{_at(run)} the result hangs most on the assumed {constant_name(top)} "
        f"({words.percent(top['low_annualized'])} at its low, "
        f"{words.percent(top['high_annualized'])} at its high); within the assumed ranges {turned}."
    )
