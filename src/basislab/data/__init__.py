"""Markets: the built-in sample, venue answers and tables imported, stored whole, checked by rule.

The only readers of market files. Heavy libraries (pandas, pandera, pydantic, DuckDB) are imported
by the functions that need them; the sample needs none. Its rooms import downwards only:

    fetch    asks venues                  query    SQL over a stored market
    catalog  names to markets
    read     files to markets
    build    rows to a market: one series, one grid, gaps decided
    judge    what is wrong with data      keep     what lies on disk
    sources  what each venue answers, and the one HTTP client

``fake`` serves the venues' answers from a seeded market, for tests and trials.
"""

from basislab.data.catalog import MarketSummary, list_markets, load_market, save_market
from basislab.data.judge.acceptance import checked
from basislab.data.judge.findings import Finding, QualityReport
from basislab.data.judge.quality import check, partial_bars
from basislab.data.read.importer import import_directory
from basislab.data.read.table import load_table

__all__ = [
    "Finding",
    "MarketSummary",
    "QualityReport",
    "check",
    "checked",
    "import_directory",
    "list_markets",
    "load_market",
    "load_table",
    "partial_bars",
    "save_market",
]
