"""Scenario files: the machine interface (docs/scenarios.md, version 1)."""

from basislab.scenarios.base import Day, ModelScenario
from basislab.scenarios.files import (
    MAX_BAR_SCENARIOS,
    MarketLoader,
    ScenarioFile,
    market_loader,
    parse_file,
    read_file,
    results_text,
    run,
    run_file,
    run_scenario,
)
from basislab.scenarios.kinds import FORMAT_VERSION, json_schema, parse_scenario, scenario_type
from basislab.scenarios.scenario import Overrides, PenaltyOverride, Scenario
from basislab.scenarios.venue import VenueScenario

__all__ = [
    "FORMAT_VERSION",
    "MAX_BAR_SCENARIOS",
    "Day",
    "MarketLoader",
    "ModelScenario",
    "Overrides",
    "PenaltyOverride",
    "Scenario",
    "ScenarioFile",
    "VenueScenario",
    "json_schema",
    "market_loader",
    "parse_file",
    "parse_scenario",
    "read_file",
    "results_text",
    "run",
    "run_file",
    "run_scenario",
    "scenario_type",
]
