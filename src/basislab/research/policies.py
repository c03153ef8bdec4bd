"""The lab's policies by name, and what is fixed about them before any result is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.levered import Leverages
from basislab.types.policy_parts import GATED, Policy
from basislab.types.venue_config import POLICY_KINDS, RESIZES, VenueConfig

BANDS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""How far the size may leave its target."""

LEVERAGE_PAIRS = (
    Leverages(1.0, 2.0),
    Leverages(1.0, 3.0),
    Leverages(1.5, 1.5),
    Leverages(1.5, 3.0),
    Leverages(2.0, 2.0),
    Leverages(2.0, 3.0),
)
"""What the trader with foresight chooses from, and the columns of the map."""

ENTRY_APY, EXIT_APY = 0.05, 0.0
"""The gate: gross carry a year on capital, averaged over the config's lookback, above which the
market is entered and below which it is left; between them nothing changes."""

REFERENCE = "resize 20%"
"""What others are compared with: the engine's default."""


def policies() -> tuple[Policy, ...]:
    """Return every policy of the lab, ungated ones first."""
    plain = [
        Policy(kind, "never" if kind == "never" else "transfers", {"policy": kind, "band": None})
        for kind in ("never", *(kind for kind in POLICY_KINDS if kind != "never"))
    ]
    for resize_to in RESIZES:
        is_edge = resize_to == "edge"
        plain += [
            Policy(
                f"resize {band:.0%}{' edge' if is_edge else ''}",
                "resize to the edge" if is_edge else "resize",
                {"policy": "trigger", "band": band, "resize_to": resize_to},
            )
            for band in BANDS
        ]
    gated = [policy._replace(name=policy.name + GATED, is_gated=True) for policy in plain]
    return (*plain, *gated)


def chosen(names: Sequence[str] | None, reference: str) -> tuple[Policy, ...]:
    """Return policies by name, all by default; the reference is always among them.

    Raises
    ------
    ConfigError
        There is none of that name.
    """
    known = {policy.name: policy for policy in policies()}
    wanted = list(known) if names is None else [*dict.fromkeys((*names, reference))]
    for name in (*wanted, reference):
        if name not in known:
            raise ConfigError(
                f"policy: got {name!r}{nearest(name, list(known))}; it must be one of "
                f"{', '.join(known)}."
            )
    return tuple(policy for name, policy in known.items() if name in wanted)


def config_of(policy: Policy, base: VenueConfig) -> VenueConfig:
    """Return a config that runs a policy; leverages, venues, costs and looks are the base's.

    A base with an entry or an exit of its own gives the gate.
    """
    gate: dict[str, float | None] = {"entry_apy": None, "exit_apy": None}
    if policy.is_gated:
        has_own = base.entry_apy is not None
        gate = {
            "entry_apy": base.entry_apy if has_own else ENTRY_APY,
            "exit_apy": base.exit_apy if has_own else EXIT_APY,
        }
    fields = {"trigger": "auto" if base.trigger is None else base.trigger, **policy.fields, **gate}
    return replace(base, **fields)


def map_configs(base: VenueConfig) -> list[tuple[Leverages, float, VenueConfig]]:
    """Return the kept sizes of the map: every pair by every band, to the target, without a gate."""
    found = []
    for pair in pairs_with(base):
        at_pair = with_leverages(base, pair)
        for policy in policies():
            if policy.family == "resize" and not policy.is_gated:
                band = policy.fields["band"]
                found.append((pair, band, config_of(policy, at_pair)))
    return found


def pairs_with(base: VenueConfig) -> tuple[Leverages, ...]:
    """Return the fixed pairs and the base's own, by the size they carry."""
    pairs = {*LEVERAGE_PAIRS, base.leverages}
    return tuple(sorted(pairs, key=lambda pair: (pair.long, pair.short)))


def with_leverages(base: VenueConfig, pair: Leverages) -> VenueConfig:
    """Return a config of other leverages; a trigger in numbers gives way to the automatic one."""
    if pair == base.leverages:
        return base
    return replace(base, long_leverage=pair.long, short_leverage=pair.short, trigger="auto")
