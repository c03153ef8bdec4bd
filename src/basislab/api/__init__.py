"""The public functions: names resolved to objects, then handed to `simulate`."""

from basislab.api.assumptions import assumed_ranges
from basislab.api.backtests import backtest
from basislab.api.certificates import certify
from basislab.api.decisions import decide
from basislab.api.intraday import bridge, ensemble, ensembles
from basislab.api.ladders import ladder
from basislab.api.policies import compare_policies
from basislab.api.searches import montecarlo, sweep
from basislab.api.stresses import stress, ways
from basislab.presets.terms import resolve

__all__ = [
    "assumed_ranges",
    "backtest",
    "bridge",
    "certify",
    "compare_policies",
    "decide",
    "ensemble",
    "ensembles",
    "ladder",
    "montecarlo",
    "resolve",
    "stress",
    "sweep",
    "ways",
]
