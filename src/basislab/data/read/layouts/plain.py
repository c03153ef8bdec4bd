"""Any table whose columns say what they are: a time, and prices, a rate or two APYs."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout

LAYOUT = Layout(
    name="table",
    holds="anything",
    columns={
        "time": (
            *("time", "timestamp", "datetime", "date", "opentime", "fundingtime", "calctime"),
            *("settlementtime", "timeutc", "dateutc", "timestamputc", "timestampms", "unix"),
            *("indexlevel0", "unnamed0", ""),  # the index of a data frame
        ),
        "open": ("open",),
        "high": ("high",),
        "low": ("low",),
        "close": ("close",),
        "volume": ("volume",),
        "funding_rate": ("fundingrate", "lastfundingrate", "rate", "funding"),
        "supply_apy_pct": ("supplyapy", "apybase"),
        "borrow_apy_pct": ("borrowapy", "apybaseborrow"),
    },
    coins=("coin", "symbol", "asset", "pair"),
)
"""Has neither marks nor an order: it is taken where no other layout claims the file."""
