"""The map of months: what the ceiling earned beside what the hurdle earned."""

from __future__ import annotations

from basislab.report import words
from basislab.report.figures.base import Figure, Held, Rows
from basislab.report.figures.maps import largest, map_chart
from basislab.report.figures.palette import map_class
from basislab.report.runs import Facts, Runs


def months_figure(runs: Runs, facts: Facts) -> Figure:
    """Return what the ceiling earned in every month beside what the hurdle earned.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    cells: Rows = []
    excess = [_month_excess(row) for row in facts["months"]]
    bound = largest([value for values in excess for value in values.values()])
    for row, against in zip(facts["months"], excess, strict=True):
        for item in row["static"]:
            value = against[item["leverage"]]
            cells.append(
                {
                    "month": row["month"],
                    "at": words.multiple(item["leverage"]),
                    "label": words.percent(item["pnl_return"], 2),
                    "excess": f"{words.decimal(value * 100)} points",
                    "step": map_class(value, bound),
                }
            )
        cells.append(
            {
                "month": row["month"],
                "at": "hurdle",
                "label": words.percent(_month_hurdle(row), 2),
                "excess": "",
                "step": None,
            }
        )
    best = max(facts["months"], key=lambda row: row["static"][-1]["pnl_return"])
    worst = min(facts["months"], key=lambda row: row["static"][-1]["pnl_return"])
    top = words.multiple(runs.spec.leverages[-1])
    return Figure(
        key="months",
        title="What the ceiling earned each month, share of capital before costs",
        alt=(
            f"Map of months against leverage, coloured by the difference to the hurdle. At {top} "
            f"the best month is {best['month']} "
            f"({words.percent(best['static'][-1]['pnl_return'], 2)}), the worst {worst['month']} "
            f"({words.percent(worst['static'][-1]['pnl_return'], 2)})."
        ),
        data=held.rows,
        panels=[
            map_chart(
                held,
                cells,
                x="at",
                y="month",
                titles=(None, None),
                orders=(
                    [*(words.multiple(leverage) for leverage in runs.spec.leverages), "hurdle"],
                    [row["month"] for row in facts["months"]],
                ),
                tips=[
                    ("month", "month"),
                    ("at", "run"),
                    ("label", "earned"),
                    ("excess", "against the hurdle"),
                ],
            ).properties(height=26 * len(facts["months"]))
        ],
    )


def _month_hurdle(row: Facts) -> float:
    return float((1 + row["hurdle_apy"]) ** (row["days_count"] / 365) - 1)


def _month_excess(row: Facts) -> dict[float, float]:
    hurdle = _month_hurdle(row)
    return {item["leverage"]: item["pnl_return"] - hurdle for item in row["static"]}
