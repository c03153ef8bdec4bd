"""Which scenario belongs to which model, and the JSON Schema of them all."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError, create_model

from basislab.errors import ConfigError
from basislab.scenarios.base import ModelScenario, first_problem
from basislab.scenarios.scenario import Scenario, own_keys
from basislab.scenarios.venue import VenueScenario
from basislab.simulate import MODELS, config_type

FORMAT_VERSION = 1


def scenario_type(name: str) -> type[ModelScenario]:
    """Return what the scenarios of a model are parsed by; ConfigError for an unknown model."""
    kind: Any = config_type(name)
    if name not in own_keys():
        return VenueScenario
    is_known = name in get_args(Scenario.model_fields["model"].annotation)
    return Scenario if is_known else _further(kind)


@cache
def _further(kind: Any) -> type[ModelScenario]:
    """Return the scenarios of a further study model: its own keys are its config's fields."""
    hints = get_type_hints(kind)
    own = {name: (hints[name], getattr(kind, name, ...)) for name in own_keys()[kind.model]}
    named: dict[str, Any] = {"model": (Literal[kind.model], ...)} | own
    return create_model(
        f"{kind.__name__.removesuffix('Config')}Scenario", __base__=Scenario, **named
    )


def parse_scenario(raw: object) -> ModelScenario:
    """Validate one scenario, as parsed from JSON or TOML.

    Parameters
    ----------
    raw : object

    Returns
    -------
    ModelScenario
        The model's own kind.

    Raises
    ------
    ConfigError
        Its first problem: where, what was found, what is wanted.
    """
    name = raw.get("model") if isinstance(raw, dict) else None
    kind = scenario_type(name) if isinstance(name, str) else Scenario
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(first_problem(error)) from None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, as shipped in the package.

    Returns
    -------
    dict
        Draft 2020-12.
    """
    kinds = dict.fromkeys(scenario_type(kind.model) for kind in MODELS)
    definitions: dict[str, Any] = {}
    for kind in kinds:
        schema = TypeAdapter(kind).json_schema(ref_template="#/$defs/{model}")
        # Left out is twice the leverage, null is never: a default of null would mix them up.
        del schema["properties"]["trigger"]["default"]
        definitions |= schema.pop("$defs", {})
        definitions[kind.__name__] = schema
    items = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "basislab scenario file, version 1",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "scenarios"],
        "properties": {
            "version": {"const": FORMAT_VERSION},
            "market": {"type": ["string", "null"]},
            "scenarios": {"type": "array", "items": {"anyOf": items}},
        },
        "$defs": definitions,
    }
