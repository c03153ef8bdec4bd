"""What the trader decides in the venue engine, and which of the study's conventions are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal, TypeVar

from basislab.errors import ConfigError
from basislab.types.checks import check_choice, check_integer, check_number
from basislab.types.configs import NEVER, given
from basislab.types.faults import MAX_FAULTS, Fault
from basislab.types.levered import Leverages, LeveredConfig
from basislab.types.venue import StudyVenue
from basislab.types.venue_terms import LendingMarket, PerpVenue, Route
from basislab.units import SECONDS_PER_DAY

PolicyKind = Literal["never", "trigger", "bands", "distance", "volatility"]
POLICY_KINDS: tuple[PolicyKind, ...] = ("never", "trigger", "bands", "distance", "volatility")

POLICY_DECISIONS: dict[str, tuple[str, ...]] = {
    "never": (),
    "trigger": (),
    "bands": ("ltv_band", "margin_band"),
    "distance": ("distance",),
    "volatility": ("sigma_multiple",),
}
"""What a trader turns under each policy, beside leverage and trigger."""

SIGMA_SPAN_DAYS = 7
"""Centre of mass of the exponential window that volatility is estimated over."""

Response = Literal["rehedge", "reopen", "exit"]
RESPONSES: tuple[Response, ...] = ("rehedge", "reopen", "exit")

ResizeTo = Literal["target", "edge"]
RESIZES: tuple[ResizeTo, ...] = ("target", "edge")

BAND: float | None = 0.2
"""How far the size may leave its target, where nothing else is said."""

PathOrder = Literal["nearest", "pessimistic"]
PATH_ORDERS: tuple[PathOrder, ...] = ("nearest", "pessimistic")

CONVENTIONS = (
    "one_price",
    "simple_rates",
    "accrue_at_opening",
    "funding_first",
    "flat_margin",
    "settle_at_close",
    "instant",
    "study_costs",
    "negative_debt",
)
"""The study's conventions, each of which can be put back alone."""

Resolved = TypeVar("Resolved", PerpVenue, LendingMarket, Route, StudyVenue)


@dataclass(frozen=True, kw_only=True)
class VenueConfig(LeveredConfig):
    """A position as the venues would really treat it.

    Parameters
    ----------
    leverage : float, multiple of a leg's own equity
        Of both legs. Where both have their own it follows from them: the leverage at which equal
        legs have the same notional, ``2 / (1 / long + 1 / short)``.
    long_leverage, short_leverage : float or None, multiple of a leg's own equity
        Of one leg, in place of `leverage`: the notional of each leg is ``N = C / (1 / long +
        1 / short)``, the long's equity ``N / long``, the short's margin ``N / short``. A
        `long_leverage` of 1 never has debt.
    capital_usd : float, USD
    perp : str or PerpVenue
    lending : str or LendingMarket
    opening, swap, transfer : str or Route
        Presets; names are resolved by `basislab.backtest`.
    study : str or StudyVenue
        Constants of the conventions that are kept.
    monitor_seconds : int, seconds
        How often the trader looks, at closes that are multiples of it (UTC).
    policy : {"trigger", "never", "bands", "distance", "volatility"}
        When a leg is stretched.
    trigger : float, "auto" or None, effective leverage of a leg
        trigger: above it capital moves; "auto" is the geometric middle between the leverage and
        that at which the loan is liquidated; None is the policy "never".
    ltv_band, margin_band : float, fraction
        bands: the largest LTV, the smallest equity of the short over its notional.
    distance : float, fraction of price
        distance: the smallest distance to liquidation.
    sigma_multiple : float
        volatility: the smallest distance in standard deviations over the reaction time.
    has_deleverage : bool
        Whether both legs are cut where a transfer cannot suffice.
    reserve : float, fraction of capital
        Kept idle for the legs.
    entry_apy, exit_apy : float or None, fraction per year
        Enter above and leave below this trailing gross APY; without an entry the position is held
        from the first close, and an exit is for good.
    lookback_days : int, days
        Length of the trailing mean.
    response : {"rehedge", "reopen", "exit"}
        What is done after a liquidation.
    path_order : {"nearest", "pessimistic"}
        Order of high and low within a bar.
    volume_usd : float, USD
        Trading volume that decides the perpetual's fee tier.
    collateral_yield : str or None
        Protocol in `Market.supply` whose rate of the asset the collateral earns on top (staking).
    conventions : tuple of str
        Of `CONVENTIONS`: what is kept of the study.
    band : float or None, fraction of the target
        The size is kept: at a look at which the larger leg is this far from the notional that the
        equity carries, or the legs differ by more than 5 % of it, both are traded to it. None:
        never. With every convention of the study it is off: the study keeps no size.
    resize_to : {"target", "edge"}
        To the target itself, or to the nearer edge of the band's inner half.
    faults : tuple of Fault
        What goes wrong, and when.

    Raises
    ------
    ConfigError
        A field of the wrong type or outside its range; a leverage that cannot be opened, a trigger
        that no leg can fire.
    """

    model: ClassVar[str] = "venue"
    roles: ClassVar[Mapping[str, type[object]]] = {
        "perp": PerpVenue,
        "lending": LendingMarket,
        "opening": Route,
        "swap": Route,
        "transfer": Route,
        "study": StudyVenue,
    }

    perp: str | PerpVenue = "hyperliquid"
    lending: str | LendingMarket = "kamino"
    opening: str | Route = "asgard"
    swap: str | Route = "dex"
    transfer: str | Route = "cctp"
    study: str | StudyVenue = "hyperliquid-study"
    monitor_seconds: int = 3_600
    policy: PolicyKind = "trigger"
    trigger: float | Literal["auto"] | None = "auto"
    ltv_band: float = 0.70
    margin_band: float = 0.15
    distance: float = 0.10
    sigma_multiple: float = 6.0
    has_deleverage: bool = True
    reserve: float = 0.0
    entry_apy: float | None = None
    exit_apy: float | None = None
    lookback_days: int = 7
    response: Response = "reopen"
    path_order: PathOrder = "nearest"
    volume_usd: float = 0.0
    collateral_yield: str | None = None
    conventions: tuple[str, ...] = ()
    band: float | None = BAND
    resize_to: ResizeTo = "target"
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer(self, "monitor_seconds", 60, 30 * 86_400, "seconds")
        check_choice(self, "policy", POLICY_KINDS)
        if self.trigger is None and self.policy == "trigger":
            object.__setattr__(self, "policy", "never")
        if self.trigger not in ("auto", None):
            check_number(self, "trigger", 0, 1e9, "leverage of a leg", above=True)
        for field in ("ltv_band", "margin_band", "distance"):
            check_number(self, field, 0, 1, "fraction")
        check_number(self, "sigma_multiple", 0, 1_000, "standard deviations")
        check_number(self, "reserve", 0, 0.9, "fraction of capital")
        self._check_carry()
        check_integer(self, "lookback_days", 1, 3_650, "days")
        check_choice(self, "response", RESPONSES)
        check_choice(self, "path_order", PATH_ORDERS)
        check_number(self, "volume_usd", 0, 1e15, "USD")
        if not isinstance(self.has_deleverage, bool):
            raise ConfigError(f"VenueConfig.has_deleverage: got {self.has_deleverage!r}; a bool.")
        object.__setattr__(self, "conventions", tuple(self.conventions))
        for name in self.conventions:
            if name not in CONVENTIONS:
                raise ConfigError(
                    f"VenueConfig.conventions: got {name!r}; known: {', '.join(CONVENTIONS)}."
                )

        if self.band is not None:
            check_number(self, "band", 0, 1, "fraction of the target", above=True)
        check_choice(self, "resize_to", RESIZES)
        object.__setattr__(self, "faults", tuple(self.faults))
        if len(self.faults) > MAX_FAULTS or not all(isinstance(f, Fault) for f in self.faults):
            raise ConfigError(f"VenueConfig.faults: it must be at most {MAX_FAULTS} of Fault.")

    def _check_carry(self) -> None:
        """Refuse an exit above the entry."""
        for field in ("entry_apy", "exit_apy"):
            if getattr(self, field) is not None:
                check_number(self, field, -5, 5, "fraction per year")
        entry, leave = self.entry_apy, self.exit_apy
        if entry is not None and leave is not None and leave > entry:
            raise ConfigError(
                f"VenueConfig: exit_apy {leave:g} is above entry_apy {entry:g}: "
                "between them it would open and close at every look. Leave at or below the entry."
            )

    def has(self, convention: str) -> bool:
        """Return whether a convention of the study is kept."""
        return convention in self.conventions

    def check_feasible(self, day: date | None = None) -> None:
        """Refuse what cannot be opened, and a trigger that no leg can fire.

        Feasibility is judged per leg: the loan dies at ``1 / (1 - liquidation_ltv)``, the short at
        ``1 / maintenance``.

        Parameters
        ----------
        day : date, optional
            Of the opening: which of the lender's dated terms hold.

        Raises
        ------
        ConfigError
            With the reason.
        """
        loan, perp = resolved(self.lending, LendingMarket), resolved(self.perp, PerpVenue)
        if self.has("flat_margin"):
            return
        loan, (long, short) = loan.at(day) if day else loan, self.leverages
        lent = f"its max LTV is {loan.max_ltv:.0%}" if loan.lends else "nothing is lent there"
        of_short = perp.max_leverage_at(self.notional_usd)
        for leg, leverage, name, most, why in (
            ("long", long, loan.name, loan.max_leverage, lent),
            ("short", short, perp.name, of_short, "its initial margin"),
        ):
            if leverage > most:
                own = f"{leg} " if long != short else ""  # one leverage of both: the venue tells
                raise ConfigError(
                    f"{own}leverage {leverage:g} cannot be opened at {name}: it stops at "
                    f"{most:.2f} ({why}). Choose less."
                )
        if self.notional_usd < perp.min_order_usd:
            least = math.ceil(100 * self.capital_usd * perp.min_order_usd / self.notional_usd) / 100
            raise ConfigError(
                f"capital of {self.capital_usd:g} USD opens {self.notional_usd:.2f} USD of each "
                f"leg; {perp.name} takes no order below {perp.min_order_usd:g} USD. "
                f"Give {least:.2f} USD or more."
            )
        deaths = (loan.liquidation_leverage, 1 / perp.margin_tiers[0].maintenance_rate)
        can_fire = [trigger < death for trigger, death in zip(self.triggers, deaths, strict=True)]
        if self.policy == "trigger" and not (can_fire[1] or (can_fire[0] and not self.is_debtless)):
            raise ConfigError(
                f"trigger {self.trigger_leverage:g}: no leg can fire it: the loan is liquidated at "
                f"{deaths[0]:.2f}, the short at {deaths[1]:.2f}. Choose less, or policy 'never'."
            )

    def warnings(self) -> tuple[str, ...]:
        """Return what is odd in this configuration, in words."""
        loan = resolved(self.lending, LendingMarket)
        found = []
        death = loan.liquidation_leverage
        if self.policy == "trigger" and not self.has("flat_margin"):
            if self.trigger_leverage >= death:
                found.append(
                    f"trigger {self.trigger_leverage:.2f} can only ever be fired by the short: "
                    f"the loan is liquidated at leverage {death:.2f}"
                )
            pairs = list(zip(self.triggers, self.leverages, strict=True))
            for trigger, leverage in pairs[self.is_debtless :]:
                if trigger <= leverage:
                    found.append(
                        f"trigger {trigger:.2f} is not above the leverage "
                        f"{leverage:g}: capital may move at every look"
                    )
                    break
        if self.conventions:
            found.append(f"conventions of the study are kept: {', '.join(self.conventions)}")
        return tuple(found)

    @property
    def is_debtless(self) -> bool:
        """Whether the long never borrows: its own leverage is 1, or nothing is lent."""
        return self.leverages.long == 1.0 and (
            self.long_leverage is not None or not resolved(self.lending, LendingMarket).lends
        )

    @property
    def size_band(self) -> float | None:
        """The band, or None where every convention of the study is kept."""
        return None if set(CONVENTIONS) <= set(self.conventions) else self.band

    @property
    def trigger_leverage(self) -> float:
        """The trigger of the long as a number."""
        return self.triggers.long

    @property
    def triggers(self) -> Leverages:
        """The trigger of each leg as a number.

        "auto" lets each leg's leverage grow by the same factor, the one that brings the long to the
        geometric middle between its leverage and that at which its loan is liquidated; without a
        loan the short's own liquidation decides.
        """
        if self.trigger is None:
            return Leverages(NEVER, NEVER)
        if self.trigger != "auto":
            return Leverages(float(self.trigger), float(self.trigger))
        long, short = self.leverages
        death, start = resolved(self.lending, LendingMarket).liquidation_leverage, long
        if self.is_debtless:
            venue = resolved(self.perp, PerpVenue)
            death, start = 1 / venue.margin_tiers[0].maintenance_rate, short
        middle = math.sqrt(start * death)
        if long == short:
            return Leverages(middle, middle)
        return Leverages(long * middle / start, short * middle / start)

    def decisions(self) -> dict[str, float]:
        """Return the numbers that a trader turns; a trigger as its leverage."""
        found = super().decisions()
        if self.policy in ("trigger", "never"):
            found["trigger"] = NEVER if self.policy == "never" else self.trigger_leverage
        own = {name: getattr(self, name) for name in POLICY_DECISIONS[self.policy]}
        gate = given(entry_apy=self.entry_apy, exit_apy=self.exit_apy)
        return found | given(**own) | gate | given(band=self.band)

    @property
    def lookback(self) -> int:
        """Days of the longest rule; an exponential window counts with its centre of mass."""
        watches_carry = self.entry_apy is not None or self.exit_apy is not None
        carry = self.lookback_days if watches_carry else 0
        return max(carry, SIGMA_SPAN_DAYS if self.policy == "volatility" else 0)

    def delay_days(self, bar_seconds: int) -> int:
        """Return one look, one bar and the transfer in days, begun ones counted."""
        transfer = resolved(self.transfer, Route).delay_seconds
        seconds = max(self.monitor_seconds, bar_seconds) + bar_seconds + transfer
        return max(1, math.ceil(seconds / SECONDS_PER_DAY))

    @property
    def protocol(self) -> str:
        """Key of the lending rates, which are also the hurdle's."""
        return resolved(self.lending, LendingMarket).protocol

    @property
    def notional_usd(self) -> float:
        """Notional of each leg at the opening, USD, before fees."""
        return self.capital_usd * (1 - self.reserve) * self.share * self.leverages.long


def resolved(value: str | Resolved, kind: type[Resolved]) -> Resolved:
    """Return a venue that is resolved already.

    Raises
    ------
    ConfigError
        Still a name.
    """
    if isinstance(value, kind):
        return value
    raise ConfigError(
        f"VenueConfig: got the name {value!r}; simulate() is handed venues. "
        "Use basislab.backtest(), which resolves names."
    )
