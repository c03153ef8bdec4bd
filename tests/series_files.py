"""One series of hours, written as users have it: any time, unit, separator and packing."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from basislab.data.read.mapping import load_mapping
from basislab.types import Market

START = datetime(2025, 1, 10, tzinfo=UTC)
HOURS = 96  # to the 14th, so that a day above 12 tells the order of day and month
CASES = Path(__file__).parents[2] / "shared" / "cases"
"""Files as users have them; tests that use them skip where they are not."""

RATES = [Decimal(7 * hour % 40 - 5).scaleb(-6) for hour in range(HOURS + 1)]
PRICES = [Decimal(19_000 + 37 * hour % 500).scaleb(-2) for hour in range(HOURS)]

TIMES = {
    "s": lambda t: str(int(t.timestamp())),
    "ms": lambda t: str(int(t.timestamp() * 1_000)),
    "us": lambda t: str(int(t.timestamp()) * 1_000_000),
    "ns": lambda t: str(int(t.timestamp()) * 1_000_000_000),
    "iso": lambda t: f"{t:%Y-%m-%dT%H:%M:%SZ}",
    "iso naive": lambda t: f"{t:%Y-%m-%d %H:%M:%S}",
    "iso east": lambda t: t.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
    "day first": lambda t: f"{t.day}/{t.month}/{t.year} - {t:%H:%M:%S}",
    "month first": lambda t: f"{t.month}/{t.day}/{t.year}, {t:%I:%M:%S %p}",
    "dots": lambda t: f"{t:%d.%m.%Y %H:%M}",
}
UNITS = {  # name of the column, shift of digits, what stands behind the number
    "fraction": ("funding_rate", 0, ""),
    "percent sign": ("funding_rate", 2, "%"),
    "percent sign apart": ("rate", 2, " %"),
    "percent by name": ("funding_rate_pct", 2, ""),
    "bps sign": ("rate", 4, " bps"),
    "bps by name": ("rate_bps", 4, ""),
}


@dataclass(frozen=True)
class Form:
    """How a table is written."""

    time: str = "iso"
    unit: str = "fraction"
    separator: str = ","
    comma: bool = False
    packing: str = ""
    coding: str = "utf-8"
    newline: str = "\n"
    quoted: bool = False
    order: tuple[int, ...] = (0, 1)
    extra: bool = False
    reversed_rows: bool = False
    lead: str = field(default="")


def number(value: Decimal, form: Form, shift: int = 0, sign: str = "") -> str:
    text = f"{value.scaleb(shift):f}"
    return (text.replace(".", ",") if form.comma else text) + sign


def funding(form: Form) -> bytes:
    """Return the settlements from the first hour on, as a file holds them."""
    name, shift, sign = UNITS[form.unit]
    rows = [
        [TIMES[form.time](START + timedelta(hours=hour)), number(rate, form, shift, sign)]
        for hour, rate in enumerate(RATES)
    ]
    return packed(table(["time", name], rows, form), form)


def candles(form: Form) -> bytes:
    names = ["timestamp", "open", "high", "low", "close", "volume"]
    rows = []
    for hour, price in enumerate(PRICES):
        values = (price, price + 1, price - 1, price + Decimal("0.5"), Decimal(1_000 + hour))
        stamp = TIMES[form.time](START + timedelta(hours=hour))
        rows.append([stamp, *(number(value, form) for value in values)])
    return packed(table(names, rows, form), form)


def table(names: list[str], rows: list[list[str]], form: Form) -> str:
    order = [*form.order, *range(len(form.order), len(names))]
    rows = list(reversed(rows)) if form.reversed_rows else rows
    lines = [[row[column] for column in order] for row in [names, *rows]]
    if form.extra:
        lines = [[*line, "note" if line is lines[0] else "-"] for line in lines]
    cells = [[f'"{cell}"' if must(cell, form) else cell for cell in row] for row in lines]
    return form.lead + form.newline.join(form.separator.join(row) for row in cells) + form.newline


def must(cell: str, form: Form) -> bool:
    return form.quoted or form.separator in cell


def packed(text: str, form: Form) -> bytes:
    raw = text.encode(form.coding)
    if form.packing == "gzip":
        return gzip.compress(raw, mtime=0)
    return zipped({"a.csv": raw}) if form.packing == "zip" else raw


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


HEAD = (
    'name = "m"\nasset = "SOL"\nstart = "2025-01-10T00:00"\nend = "2025-01-14T00:00"\n'
    '[[price]]\nvenue = "v"\nkind = "perp"\nfile = "prices"\n'
)
FUNDING = '[[funding]]\nvenue = "v"\nfile = "funding"\n'
LENDING = '[[lending]]\nprotocol = "k"\nasset = "SOL"\nfile = "lending"\n'


def market(
    folder: Path,
    prices: bytes | None = None,
    rates: bytes | None = None,
    lending: bytes | None = None,
    *,
    more: str = "",
    trust_units: bool = False,
) -> Market:
    """Return the market of files without an ending: what they are is told by their content."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prices").write_bytes(candles(Form()) if prices is None else prices)
    (folder / "funding").write_bytes(funding(Form()) if rates is None else rates)
    if lending is not None:
        (folder / "lending").write_bytes(lending)
    mapping = HEAD + FUNDING + more + (LENDING if lending is not None else "")
    (folder / "m.toml").write_text(mapping)
    return load_mapping(folder / "m.toml", trust_units=trust_units)
