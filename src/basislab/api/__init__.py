"""The public functions: names resolved to objects, then handed to `simulate`."""

from basislab.api.assumptions import assumed_ranges
from basislab.api.backtests import backtest
from basislab.api.certificates import certify
from basislab.api.decisions import decide
from basislab.api.intraday import bridge, ensemble, ensembles
from basislab.api.ladders import ladder
from basislab.api.searches import montecarlo, sweep
from basislab.presets.terms import resolve

__all__ = [
    "assumed_ranges",
    "backtest",
    "bridge",
    "certify",
    "decide",
    "ensemble",
    "ensembles",
    "ladder",
    "montecarlo",
    "resolve",
    "sweep",
]
