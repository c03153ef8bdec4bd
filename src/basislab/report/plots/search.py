"""Figures of many runs: the map of a sweep, the fan of a Monte-Carlo."""

from __future__ import annotations

from math import isnan

import altair as alt

from basislab.errors import ConfigError
from basislab.report import words
from basislab.report.charts.base import Chart, Figure, Held, Line, Rows, signed_axis, sized
from basislab.report.charts.maps import MOST_HEADS, map_chart
from basislab.report.charts.palette import map_class, role
from basislab.report.heatmap import label, pivot
from basislab.types.checks import nearest
from basislab.types.ensemble import Ensemble
from basislab.types.montecarlo import MonteCarlo
from basislab.types.sweep import Sweep

FRACTIONS = (
    "return",
    "annualized_return",
    "hurdle_return",
    "excess_return",
    "max_drawdown",
)
"""Columns that are written in percent."""


def map_figure(
    sweep: Sweep, show: str = "excess_return", down: str | None = None, across: str | None = None
) -> Figure:
    """Draw one column of a sweep over two fields, or as a line over the only one."""
    names = _fields(sweep, show, down, across)
    held = Held()
    if len(names) == 1:
        panel = _line(held, sweep, names[0], show)
    else:
        panel = _map(held, sweep, show, names[0], names[1])
    others = [_words(name) for name in sweep.swept if name not in names[:2]]
    mean = f", mean over {words.join(others)}" if others else ""
    by = " down and ".join(_words(name) for name in names[:2])
    by += " across" if len(names) > 1 else ""
    best = sweep.iloc[int(sweep[show].argmax())]
    at = words.join([f"{name} {label(best[name])}" for name in names[:2]])
    return Figure(
        key="sweep",
        title=f"{_words(show).capitalize()} by {by}{mean}",
        alt=f"{len(sweep)} configurations; {_words(show)} is highest at {at}: "
        f"{_write(show, best[show])}.",
        data=held.rows,
        panels=[panel],
    )


SWEEP_KINDS = {"map": map_figure}


def fan_figure(found: MonteCarlo, config: int = 0) -> Figure:
    """Draw the quantiles of one configuration's equity over the days of the paths."""
    _check_config(found, config)
    held, levels = Held(), found.fan_levels
    names = [f"q{number}" for number in range(len(levels))]
    rows = [
        {"day": day} | dict(zip(names, quantiles.tolist(), strict=True))
        for day, quantiles in zip(found.fan_days, found.fan[:, config], strict=True)
    ]
    base = alt.Chart(held.add(rows)).encode(
        x=alt.X(
            "day:Q",
            title="days from the opening",
            axis=alt.Axis(tickMinStep=1),
            scale=alt.Scale(nice=False),
        )
    )
    axis, scale = alt.Axis(format=",.0f"), alt.Scale(zero=False)
    y = alt.Y("q0:Q", title="equity, USD", axis=axis, scale=scale)
    tips = [alt.Tooltip("day:Q")]
    tips += [
        alt.Tooltip(f"{name}:Q", title=f"{level:.0%} below", format=",.0f")
        for name, level in zip(names, levels, strict=True)
    ]
    layers: list[alt.Chart] = [
        base.mark_area(color=role("static"), opacity=0.22).encode(
            y=y.copy(), y2=alt.Y2(f"{names[-1 - number]}:Q")
        )
        if number == 0
        else base.mark_area(color=role("static"), opacity=0.3).encode(
            y=alt.Y(f"{names[number]}:Q"), y2=alt.Y2(f"{names[-1 - number]}:Q")
        )
        for number in range(len(levels) // 2)
    ]
    if found.plain_fan is not None:
        layers += _plain_band(held, found, config)
    capital = found.configs[config].capital_usd
    layers.append(
        alt.Chart(held.add([{"capital": capital}]))
        .mark_rule(color=role("hurdle"), strokeDash=[5, 4])
        .encode(y="capital:Q")
    )
    middle = names[len(levels) // 2]
    layers.append(
        base.mark_line(color=role("static"), strokeWidth=2).encode(y=f"{middle}:Q", tooltip=tips)
    )
    model = found.configs[config]
    ends = [
        f"{level:.0%} of the paths end below {words.usd(value)}"
        for level, value in zip(levels, found.fan[-1, config].tolist(), strict=True)
    ]
    return Figure(
        key="fan",
        title=(
            f"{model.model} {words.multiple(model.leverage)}: equity on {found.n_paths:,} drawn "
            f"paths, {words.join([f'{level:.0%}' for level in levels])} below; capital dashed"
        ),
        alt=f"Bands over {found.n_days} days; {words.join(ends)} USD.",
        data=held.rows,
        panels=[sized(alt.layer(*layers), 320)],
    )


def _plain_band(held: Held, found: MonteCarlo, config: int) -> list[alt.Chart]:
    """Draw the outer quantiles with levels as in the history, as dotted lines."""
    assert found.plain_fan is not None  # noqa: S101 - the caller asked
    rows = [
        {"day": day, "equity": value, "side": side}
        for side, column in (("below", 0), ("above", -1))
        for day, value in zip(
            found.fan_days, found.plain_fan[:, config, column].tolist(), strict=True
        )
    ]
    lines = (
        alt.Chart(held.add(rows))
        .mark_line(color=role("ink"), strokeWidth=1.2, strokeDash=[1.5, 3])
        .encode(x="day:Q", y="equity:Q", detail="side:N")
    )
    told = rows[len(found.fan_days) // 2] | {"text": "levels as in the history"}
    text = (
        alt.Chart(held.add([told]))
        .mark_text(color=role("soft"), dy=-8)
        .encode(x="day:Q", y="equity:Q", text="text:N")
    )
    return [lines, text]


LEGS = (
    ("liquidation", "either leg", "rebalance"),
    ("liquidation_long", "loan", "static"),
    ("liquidation_short", "short", "conditional"),
    ("adl", "auto-deleveraging", "rotation"),
)
"""Statistics by horizon, what they are called, and their colours."""


def liquidation_figure(found: MonteCarlo, config: int = 0) -> Figure:
    """Draw the probability of a liquidation by leg and horizon, with two standard errors."""
    _check_config(found, config)
    if not found.horizons:
        raise ConfigError("plot: no horizon lies within the paths. Give horizons=.")
    first = found.horizons[0]
    shown = [leg for leg in LEGS if _is_known(found, f"{leg[0]}_{first}d", config)]
    rows = []
    for what, name, _ in shown:
        for days in found.horizons:
            statistic = f"{what}_{days}d"
            value = found.value(statistic, config)
            error = 2.0 * sum(e**2 for e in found.errors(statistic, config).values()) ** 0.5
            low, high = max(value - error, 0.0), min(value + error, 1.0)
            rows.append({"days": f"{days} days", "leg": name, "p": value, "low": low, "high": high})
    held = Held()
    names, colours = [name for _, name, _ in shown], [role(colour) for _, _, colour in shown]
    scale = alt.Scale(domain=names, range=colours)
    base = alt.Chart(held.add(rows)).encode(
        x=alt.X(
            "days:N",
            sort=[f"{days} days" for days in found.horizons],
            title="from the beginning of the path",
            axis=alt.Axis(labelAngle=0),
        ),
        xOffset=alt.XOffset("leg:N", sort=names),
        color=alt.Color("leg:N", scale=scale, sort=names, title=None),
    )
    y = alt.Y("p:Q", title="probability", axis=alt.Axis(format=".0%"))
    tips = [
        alt.Tooltip("leg:N", title="of"),
        *(alt.Tooltip(f"{name}:Q", format=".2%") for name in ("p", "low", "high")),
    ]
    bars = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q")
    points = base.mark_point(filled=True, size=70).encode(y=y, tooltip=tips)
    last = [
        f"{row['leg']} {row['p']:.1%}"
        for row in rows[len(found.horizons) - 1 :: len(found.horizons)]
    ]
    model = found.configs[config]
    return Figure(
        key="liquidation",
        title=(
            f"{model.model} {words.multiple(model.leverage)}: probability of a liquidation on "
            f"{found.n_paths:,} drawn paths, with two standard errors"
        ),
        alt=f"Within {found.horizons[-1]} days: {words.join(last)}.",
        data=held.rows,
        panels=[sized(alt.layer(points, bars), 300)],
        legend=[Line(name, colour) for _, name, colour in shown],
    )


def _is_known(found: MonteCarlo, statistic: str, config: int) -> bool:
    return statistic in found.names and not isnan(found.value(statistic, config))


def _check_config(found: MonteCarlo, config: int) -> None:
    if not 0 <= config < len(found.configs):
        raise ConfigError(
            f"config: got {config!r}; it must be a row of the summary, 0 to "
            f"{len(found.configs) - 1}."
        )


MONTECARLO_KINDS = {"fan": fan_figure, "liquidation": liquidation_figure}


def _fields(sweep: Sweep, show: str, down: str | None, across: str | None) -> list[str]:
    """Return the fields that are drawn, refusing columns that are not there."""
    numbers = list(sweep.select_dtypes("number").columns)
    if show not in numbers:
        raise ConfigError(
            f"show: got {show!r}{nearest(str(show), numbers)}; it must be one of "
            f"{', '.join(numbers)}."
        )
    for name, field in (("down", down), ("across", across)):
        if field is not None and field not in sweep.columns:
            raise ConfigError(
                f"{name}: got {field!r}; it must be one of {', '.join(sweep.columns)}."
            )
    chosen = [field for field in (down, across) if field is not None]
    free = [name for name in sweep.swept if name in sweep.columns and name not in chosen]
    names = [down or (free.pop(0) if free else None), across or (free.pop(0) if free else None)]
    found = [name for name in names if name is not None]
    if not found:
        raise ConfigError("plot: nothing was swept. Sweep a field, or name it with down=.")
    return found


def _map(held: Held, sweep: Sweep, show: str, down: str, across: str) -> Chart:
    table = pivot(sweep, down, across, show)
    values = table.to_numpy()
    bound = float(abs(values[values == values]).max()) if (values == values).any() else 1.0
    is_written = len(table.columns) <= MOST_HEADS
    rows: Rows = [
        {
            "down": str(name),
            "across": str(column),
            "label": _write(show, value) if is_written and value == value else "",
            "told": _write(show, value) if value == value else "refused",
            "step": map_class(value, bound) if value == value else None,
        }
        for name, line in zip(table.index, values.tolist(), strict=True)
        for column, value in zip(table.columns, line, strict=True)
    ]
    return map_chart(
        held,
        rows,
        x="across",
        y="down",
        titles=(_words(across), None),
        orders=([str(name) for name in table.columns], [str(name) for name in table.index]),
        tips=[("down", _words(down)), ("across", _words(across)), ("told", _words(show))],
    )


def _line(held: Held, sweep: Sweep, field: str, show: str) -> Chart:
    means = sweep.groupby(sweep[field].map(label), sort=False)[show].mean()
    rows = [
        {"at": at, "value": value, "told": _write(show, value)}
        for at, value in means.items()
        if value == value
    ]
    written = "+.1%" if show in FRACTIONS else ",.6~g"
    base = alt.Chart(held.add(rows)).encode(
        x=alt.X(
            "at:N",
            sort=[row["at"] for row in rows],
            title=_words(field),
            axis=alt.Axis(labelAngle=0),
        ),
        y=alt.Y(
            "value:Q", axis=signed_axis(written, title=_words(show)), scale=alt.Scale(zero=False)
        ),
        tooltip=[
            alt.Tooltip("at:N", title=_words(field)),
            alt.Tooltip("told:N", title=_words(show)),
        ],
    )
    return sized(base.mark_line(point={"color": role("rebalance")}, color=role("rebalance")), 260)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _write(show: str, value: float) -> str:
    return words.percent(value) if show in FRACTIONS else f"{value:,.6g}"


def paths_figure(found: Ensemble, show: str = "annualized_return") -> Figure:
    """Draw one number of every path, a tick each, with the median and the 90 % interval."""
    held, values = Held(), found.column(show)
    rows = [
        {"case": case, "value": float(value)}
        for case, row in zip(found.cases, values, strict=True)
        for value in row
    ]
    spans = []
    for number, case in enumerate(found.cases):
        low, high = found.interval(show, case=number)
        spans.append({"case": case, "low": low, "high": high, "median": found.median(show, number)})
    form = "+.1%" if show in FRACTIONS else ",.0f"
    axis = alt.Axis(format=form)
    x = alt.X("value:Q", title=_words(show), axis=axis, scale=alt.Scale(zero=False))
    y = alt.Y("case:N", title=None, sort=None, axis=alt.Axis(labelLimit=260))
    own = alt.Chart(held.add(spans)).encode(y=y)
    tips = [
        alt.Tooltip(f"{name}:Q", format=form, title=title)
        for name, title in (("low", "5 %"), ("median", "median"), ("high", "95 %"))
    ]
    layers = [
        own.mark_rule(strokeWidth=10, opacity=0.25, color=role("static")).encode(
            x=alt.X("low:Q", axis=axis, title=_words(show)), x2="high:Q", tooltip=tips
        ),
        alt.Chart(held.add(rows))
        .mark_tick(thickness=1, opacity=0.6, color=role("static"))
        .encode(x=x, y=y, tooltip=[alt.Tooltip("value:Q", format=form)]),
        own.mark_tick(thickness=3, size=26, color=role("ink")).encode(x="median:Q", tooltip=tips),
    ]
    low, high = found.interval(show)
    write = words.percent if show in FRACTIONS else words.usd
    return Figure(
        key="paths",
        title=f"{_words(show).capitalize()} on {found.n_paths} paths within the days",
        alt=(
            f"Median {write(found.median(show))}, 90 % of paths from {write(low)} to {write(high)}."
        ),
        data=held.rows,
        panels=[sized(alt.layer(*layers), 60 * len(found.cases) + 20)],
    )


ENSEMBLE_KINDS = {"paths": paths_figure}
