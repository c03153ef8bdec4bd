"""Scenario files: the machine interface (docs/scenarios.md, version 1)."""

from basislab.scenarios.files import (
    FORMAT_VERSION,
    MAX_BAR_SCENARIOS,
    MarketLoader,
    ScenarioFile,
    json_schema,
    market_loader,
    parse_any,
    parse_file,
    read_file,
    results_text,
    run,
    run_file,
    run_scenario,
)
from basislab.scenarios.scenario import (
    CONFIGS,
    Day,
    Overrides,
    PenaltyOverride,
    Scenario,
    parse_scenario,
)
from basislab.scenarios.venue import VenueScenario

__all__ = [
    "CONFIGS",
    "FORMAT_VERSION",
    "MAX_BAR_SCENARIOS",
    "Day",
    "MarketLoader",
    "Overrides",
    "PenaltyOverride",
    "Scenario",
    "ScenarioFile",
    "VenueScenario",
    "json_schema",
    "market_loader",
    "parse_any",
    "parse_file",
    "parse_scenario",
    "read_file",
    "results_text",
    "run",
    "run_file",
    "run_scenario",
]
