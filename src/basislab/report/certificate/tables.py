"""The tables of a certificate: thresholds, trials, start months, windows, constants, episodes."""

from __future__ import annotations

from collections.abc import Sequence

from basislab.report import words
from basislab.report.certificate.rows import CertificateFacts, SharpeFacts, SpaFacts
from basislab.report.certificate.sentences import NAMES, constant_name
from basislab.report.fields import flat
from basislab.report.tables import Column, Row, Table, as_number, to

STATUS: dict[str, str] = {
    "met": "met",
    "short": "short of it",
    "failed": "failed",
    "absent": "not applicable",
}

_POINTS = ("excess", "walk_forward")

_three = to(3, words.decimal)


def certificate_tables(facts: CertificateFacts) -> dict[str, Table]:
    """Return the tables of a certificate by name; one without rows is left out."""
    return {name: table for name, table in _tables(facts).items() if table.rows}


def _tables(facts: CertificateFacts) -> dict[str, Table]:
    return {
        "markets": _markets(facts),
        "checks": _checks(facts),
        "statistics": _statistics(facts),
        "trials": _trials(facts),
        "months": _months(facts),
        "windows": _windows(facts),
        "constants": _constants(facts),
        "episodes": _episodes(facts),
        "infeasible": _infeasible(facts),
    }


def marked_tables(key: str, facts: CertificateFacts) -> dict[str, list[Table]]:
    """Return the tables by the names of their marks, also without rows; `key` is a letter."""
    return {f"certificate-{key}-{name}": [table] for name, table in _tables(facts).items()}


def _table(
    facts: CertificateFacts, title: str, columns: Sequence[Column], rows: Sequence[Row], *notes: str
) -> Table:
    return Table("", f"{facts.label}: {title}", columns, rows, notes)


def _score(name: str, value: float | None) -> str:
    if name in _POINTS:
        return words.points(value)
    return words.decimal(value, 3) if name == "superior_ability" else words.share(value)


def _checks(facts: CertificateFacts) -> Table:
    rows = []
    for check in facts.checks:
        name = check.name
        side = "at least" if check.more_is_better else "at most"
        other = "at most" if check.more_is_better else "at least"
        if name in _POINTS:
            side, other = "above", "at most"
        rows.append(
            {
                "what": NAMES[name],
                "value": _score(name, check.value_score),
                "met": f"{side} {_score(name, check.met_score)}",
                "failed": f"{other} {_score(name, check.failed_score)}",
                "status": STATUS[check.status],
                "is_marked": check.status == "failed",
            }
        )
    columns = [
        Column("Check", "what"),
        Column("Value", "value", as_number),
        Column("Met", "met"),
        Column("Failed", "failed", is_detail=True),
        Column("Result", "status"),
    ]
    rate = words.share(facts.stated_rate, 0)
    note = (
        "Refused: a check failed. Fragile: none failed, one is short. Recommended: all that apply "
        f"are met; at most {rate} of searches without an edge may be."
    )
    return _table(facts, "checks and thresholds", columns, rows, note)


def _statistics(facts: CertificateFacts) -> Table:
    """Show what the checks are made of, so that each can be found again."""
    sharpe, fan = facts.sharpe, facts.fan
    rows = [
        *_overfitting(facts),
        ("Daily Sharpe ratio", _three(sharpe.daily_sharpe)),
        ("Skewness of its days", words.decimal(sharpe.skewness_moment, 2)),
        ("Kurtosis of its days", words.decimal(sharpe.kurtosis_moment, 2)),
        ("Days that count, autocorrelation taken off", words.usd(sharpe.effective_days)),
        *_deflated(sharpe),
        *_p_values(facts.spa),
        ("Start days above the capital", words.share(fan.positive_share)),
        ("Start days from which it is the best of the search", words.share(fan.best_from_share)),
        *(
            (
                f"{words.share(row.quantile_share, 0)} of start days end below, points a year",
                words.points(row.excess_annualized),
            )
            for row in fan.quantiles
        ),
    ]
    columns = [Column("Statistic", "what"), Column("Value", "value", as_number)]
    shown = [{"what": what, "value": value} for what, value in rows]
    return _table(facts, "what the checks are made of", columns, shown)


def _overfitting(facts: CertificateFacts) -> list[tuple[str, str]]:
    cscv = facts.cscv
    if cscv is None:
        return []
    return [
        ("Probability of backtest overfitting", words.share(cscv.pbo_probability)),
        ("The same, chosen by Sharpe ratio", words.share(cscv.sharpe_pbo_probability)),
        ("Probability of loss outside", words.share(cscv.loss_probability)),
        ("Slope of outside on inside", words.decimal(cscv.slope_moment, 2)),
    ]


def _deflated(sharpe: SharpeFacts) -> list[tuple[str, str]]:
    return [
        (
            f"Deflated Sharpe ratio, {words.plural(each.trials_count, unit)}",
            words.share(each.deflated_probability),
        )
        for each, unit in ((sharpe.raw, "trial"), (sharpe.effective, "cluster"))
    ]


def _p_values(spa: SpaFacts) -> list[tuple[str, str]]:
    found = {
        "lower": spa.lower_probability,
        "consistent": spa.consistent_probability,
        "upper": spa.upper_probability,
        "reality check": spa.reality_check_probability,
    }
    return [
        (f"Superior ability, {kind} p-value", _three(p_value)) for kind, p_value in found.items()
    ]


def _trials(facts: CertificateFacts) -> Table:
    rows = [
        flat(row)
        | {"of": "chosen among" if row.is_family else "also tried", "is_marked": row.is_optimum}
        for row in facts.trials
    ]
    columns = [
        Column("Trial", "label"),
        Column("", "of"),
        Column("Excess a year, points", "excess_annualized", words.points),
        Column(
            "Mean daily excess, a year, points", "mean_annualized", words.points, is_detail=True
        ),
        Column("Daily Sharpe ratio", "daily_sharpe", _three),
    ]
    raw = facts.sharpe.raw
    note = (
        f"Over {words.plural(round(facts.window_days), 'day')}. Luck among "
        f"{words.plural(raw.trials_count, 'trial')} is expected to reach a daily Sharpe ratio "
        f"of {words.decimal(raw.luck_sharpe, 3)}; counted as "
        f"{words.plural(facts.sharpe.effective.trials_count, 'cluster')} of correlated "
        f"trials, {words.decimal(facts.sharpe.effective.luck_sharpe, 3)}."
    )
    return _table(facts, "every trial of the search", columns, rows, note)


def _months(facts: CertificateFacts) -> Table:
    fan = facts.fan
    columns = [
        Column("Opened in", "month"),
        Column("Start days", "starts_count", words.usd),
        Column("above the capital", "positive_count", words.usd),
        Column("above the hurdle", "above_count", words.usd),
        Column("Median return", "median_return", words.percent),
        Column("Median excess", "median_excess_return", words.percent),
    ]
    note = (
        f"Held to the end of the data; starts with less than "
        f"{words.plural(round(fan.least_days), 'day')} left are not counted. Returns are not "
        "annualised."
    )
    return _table(facts, "start days by month", columns, fan.months, note)


def _windows(facts: CertificateFacts) -> Table:
    walk = facts.walk
    columns = [
        Column("Chosen from", "chosen_from", is_detail=True),
        Column("to", "chosen_to", is_detail=True),
        Column("Choice", "label"),
        Column("Excess inside", "inside_return", words.percent),
        Column("Lived from", "lived_from"),
        Column("to", "lived_to"),
        Column("Return", "outside_return", words.percent, is_detail=True),
        Column("Excess outside", "excess_return", words.percent),
        Column("Best possible", "best_return", words.percent),
    ]
    note = (
        f"Purge: {words.plural(round(walk.purge_days), 'day')} between choosing and living. "
        "Every window opens, and pays for it, anew. Best possible: the excess of the trial that "
        "hindsight would have taken."
    )
    return _table(facts, "walk-forward", columns, walk.windows, note)


def _constants(facts: CertificateFacts) -> Table:
    rows = [
        flat(row)
        | {
            "what": constant_name(row.name),
            "range": f"{row.low_constant:g} to {row.high_constant:g}",
            "assumed": _assumed(row.value_constant),
            "sign": "depends on it" if row.is_flipped else "stays",
            "is_marked": row.is_flipped,
        }
        for row in facts.constants
    ]
    columns = [
        Column("Constant", "what"),
        Column("Assumed", "assumed", as_number),
        Column("Range", "range"),
        Column("Unit", "unit", is_detail=True),
        Column("Lowest excess, points", "lowest_annualized", words.points),
        Column("Highest", "highest_annualized", words.points),
        Column("Sign", "sign"),
        Column("Still the best trial", "best_share", words.share),
    ]
    return _table(facts, "what the assumed constants decide", columns, rows, *_covers(facts))


def _covers(facts: CertificateFacts) -> list[str]:
    """Say what the rows cover, and what they do not."""
    rows = facts.constants
    single = (
        "Each row moves one constant over its range, the others as assumed; a value holds on every "
        "day of the sample, and fees that a venue dates keep their dates."
    )
    notes = [single]
    joint = [row for row in rows if row.is_joint]
    if joint:
        singles = words.usd(len(rows) - len(joint))
        tried = words.usd(len(joint[-1].tried_constant))
        notes.append(
            f"All of them together: from the corner in which each of the {singles} is at the end "
            "that is worse for the optimum straight to the one in which each is at the better end. "
            f"All at their ends: {tried} combinations of low and high ends, both corners included. "
            "Values between the ends are not combined with each other."
        )
    if closed := sum(row.impossible_count for row in rows):
        notes.append(
            f"At {words.plural(closed, 'value')} it cannot be opened at the venues; they count as "
            "not above the hurdle."
        )
    return notes


def _infeasible(facts: CertificateFacts) -> Table:
    columns = [Column("Configuration", "label"), Column("Why it is no trial", "reason")]
    return _table(facts, "refused by the venues' own rules", columns, facts.infeasible)


def _assumed(value: float | None) -> str:
    return words.NONE if value is None else f"{value:g}"


def _markets(facts: CertificateFacts) -> Table:
    """Show the optimum on every market by itself."""
    columns = [
        Column("Market", "name"),
        Column("Coin", "asset"),
        Column("First day", "start"),
        Column("Last day", "end"),
        Column("Days", "days_count", words.usd),
        Column("Excess a year, points", "excess_annualized", words.points),
        Column("Start days above the hurdle", "above_share", words.share),
        Column("Episodes", "episodes_count", words.usd),
    ]
    note = (
        "Each market by itself, with the same decisions. Together they are one position a market "
        "with equal capital in each; a day that only some have is the mean of these."
    )
    return _table(
        facts, "market by market", columns, facts.pool.markets if facts.pool else [], note
    )


def _episodes(facts: CertificateFacts) -> Table:
    seen = facts.liquidations
    columns = [Column("First day", "first"), Column("Last day", "last")]
    if seen is None:
        return _table(facts, "", columns, [])
    note = (
        f"In which it or a neighbour on the grid was liquidated, from whatever start day. What "
        f"follows within {words.plural(round(seen.apart_days), 'day')} of an episode's first is "
        f"part of it. Itself in {words.usd(seen.own_count)}."
    )
    return _table(facts, "independent liquidation episodes", columns, seen.episodes, note)
