"""The table of provenance."""

from __future__ import annotations

from basislab._version import VERSION
from basislab.report import words
from basislab.report.chapter import NoFacts, Tables
from basislab.report.fields import FORMAT
from basislab.report.study.market import market_facts
from basislab.report.study.runs import Runs
from basislab.report.tables import Column, table


def tables(runs: Runs, _: NoFacts) -> Tables:
    """Return where the numbers are from."""
    market, spec = runs.once(market_facts), runs.spec
    rows = {
        "Market": f"{market.name}: {market.asset} against {market.quote}",
        "Window": f"{market.start} to {market.end}, {market.bars_count} daily bars",
        "Fingerprint of the data": market.fingerprint,
        "Perpetual venues": words.join(runs.perps()),
        "Lending protocol": spec.lending,
        "Study": spec.name,
        "Program": f"basislab {VERSION}, facts format {FORMAT}",
    }
    columns = [Column("What", "what"), Column("Which", "which")]
    shown = [{"what": what, "which": which} for what, which in rows.items()]
    return {"provenance": [table("Provenance", columns, shown)]}
