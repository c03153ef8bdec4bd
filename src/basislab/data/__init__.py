"""Markets: the built-in sample, venue answers and tables imported, stored whole, checked by rule.

The only readers of market files. Heavy libraries (pandas, pandera, pydantic, DuckDB) are imported
by the functions that need them; the sample needs none.
"""

from basislab.data.catalog import MarketSummary, list_markets, load_market, save_market
from basislab.data.findings import Finding, QualityReport
from basislab.data.importer import import_directory
from basislab.data.quality import check, partial_bars
from basislab.data.table import load_table

__all__ = [
    "Finding",
    "MarketSummary",
    "QualityReport",
    "check",
    "import_directory",
    "list_markets",
    "load_market",
    "load_table",
    "partial_bars",
    "save_market",
]
