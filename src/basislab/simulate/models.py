"""The table of models: config type -> how it is lowered, run and wrapped.

A new model is one file with its config and its kernel, and one line here.
"""

from __future__ import annotations

from basislab.errors import ConfigError
from basislab.kernels import conditional, paths, rebalance, rotation, static
from basislab.simulate.model import Model
from basislab.simulate.study import SCALAR_ACCOUNTS, StudyModel
from basislab.simulate.venue import VenueModel
from basislab.types.checks import nearest
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
)
from basislab.types.venue_config import VenueConfig

_ACCRUES_AT_ONCE = (
    "study convention: the opening day accrues a full day of carry and funding, "
    "although the position opens at its close"
)

MODELS: dict[type[ModelConfig], Model] = {
    StaticConfig: StudyModel(
        kernel=static,
        many=paths.run_static,
        accounts=SCALAR_ACCOUNTS,
        notes=(_ACCRUES_AT_ONCE,),
    ),
    RebalanceConfig: StudyModel(
        kernel=rebalance,
        many=paths.run_rebalance,
        counts={
            "rebalances": "rebalance",
            "rotations": "reopen",
            "liquidations": "liquidation",
        },
        notes=(_ACCRUES_AT_ONCE,),
    ),
    RotationConfig: StudyModel(
        kernel=rotation,
        many=paths.run_rotation,
        counts={"rotations": "open", "liquidations": "touched_legs"},
    ),
    ConditionalConfig: StudyModel(
        kernel=conditional,
        many=paths.run_conditional,
        counts={"opens": "open", "closes": "close"},
    ),
    VenueConfig: VenueModel(),
}


def model_of(config: ModelConfig) -> Model:
    """Return a config's line of the table."""
    if type(config) not in MODELS:
        raise ConfigError(
            f"config: got {type(config).__name__}; it must be one of "
            f"{', '.join(kind.__name__ for kind in MODELS)}."
        )
    return MODELS[type(config)]


def config_type(name: str) -> type[ModelConfig]:
    """Return the config type of a model's name."""
    known = {kind.model: kind for kind in MODELS}
    if name not in known:
        raise ConfigError(
            f"model: got {name!r}{nearest(name, list(known))}; it must be one of "
            f"{', '.join(known)}."
        )
    return known[name]
