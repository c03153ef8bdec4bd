"""The decision on a study's market, which the memo and the chapter behind it show."""

from __future__ import annotations

from dataclasses import replace

from basislab.api.decisions import SUPPLY, hurdle_of, look_ahead, study_position
from basislab.errors import BasisLabError
from basislab.presets.terms import resolve
from basislab.report.study.runs import Runs
from basislab.research.decision.decide import decide_on
from basislab.types.decision import Decision
from basislab.types.venue_config import VenueConfig

HORIZON_DAYS = 90
"""How long a study's memo looks ahead."""


def study_decision(runs: Runs) -> Decision | str:
    """Return the decision on the bars as they are stored, or why there is none."""
    spec = runs.spec
    engine = {role: name for role, name in spec.engine if name is not None}
    engine.setdefault("lending", spec.lending)
    venues = VenueConfig(leverage=spec.focus, capital_usd=spec.capital_usd)
    try:
        base = resolve(replace(venues, **engine))
        name, growth = hurdle_of(runs.stored, base, SUPPLY)
        found = decide_on(
            runs.stored,
            base,
            name,
            growth,
            horizon=HORIZON_DAYS,
            rival=study_position(base),
        )
        return replace(found, ahead=look_ahead(runs.stored, found, has_supply=True))
    except BasisLabError as error:
        return str(error).removesuffix(".")
