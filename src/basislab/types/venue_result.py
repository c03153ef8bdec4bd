"""What a run of the venue engine gave: a result with the venue's own accounts and its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from basislab.types.market import FloatArray
from basislab.types.result import Ledger, Result
from basislab.types.venue_config import VenueConfig

if TYPE_CHECKING:
    import pandas as pd

PARENTS: Mapping[str, tuple[str, ...]] = {
    "carry": ("supply_interest", "borrow_interest", "collateral_yield"),
    "funding": ("funding",),
    "costs": ("trading_fees", "gas", "transfer_fees", "slippage"),
    "liquidation": ("lending_liquidation", "perp_liquidation", "loss_borne_by_venue"),
    "price": ("basis", "net_delta", "naked"),
}
"""The venue engine's accounts under the parents that they share with the study's."""

STUDY_PARENTS: Mapping[str, tuple[str, ...]] = {
    "carry": ("carry",),
    "funding": ("funding",),
    "costs": ("trading_fees", "gas", "transfer_fees", "slippage"),
    "liquidation": ("liquidation_penalty", "shortfall"),
    "price": ("revaluation",),
}
"""The study's accounts under the same parents."""


def parents(ledger: Ledger) -> dict[str, float]:
    """Return the sums that results of all models share, USD.

    Returns
    -------
    dict of str to float
        carry, funding, costs, liquidation, price; together the change of equity.
    """
    accounts = ledger.accounts if isinstance(ledger, VenueLedger) else vars(ledger)
    table = PARENTS if isinstance(ledger, VenueLedger) else STUDY_PARENTS
    return {name: sum(accounts[child] for child in children) for name, children in table.items()}


@dataclass(frozen=True, kw_only=True)
class VenueLedger(Ledger):
    """The venue engine's accounts; the study's names hold the sums that correspond to them.

    Parameters
    ----------
    shortfall, names
        See `Ledger`; `shortfall` is what venues and lenders bore.
    """

    accounts: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, accounts: Mapping[str, float]) -> VenueLedger:
        """Return the ledger of the engine's accounts.

        Parameters
        ----------
        accounts : mapping of str to float, USD
        """
        shared = ("funding", "trading_fees", "gas", "transfer_fees", "slippage")
        return cls(
            carry=sum(accounts[name] for name in PARENTS["carry"]),
            liquidation_penalty=accounts["lending_liquidation"] + accounts["perp_liquidation"],
            revaluation=sum(accounts[name] for name in PARENTS["price"]),
            shortfall=accounts["loss_borne_by_venue"],
            names=tuple(accounts),
            accounts=dict(accounts),
            **{name: accounts[name] for name in shared},
        )

    @property
    def total(self) -> float:
        """Sum of all accounts: final less initial equity."""
        return float(sum(self.accounts.values()))

    @property
    def loss_borne_by_venue(self) -> float:
        """What venues and lenders bore beyond what we had there, USD, >= 0."""
        return self.accounts["loss_borne_by_venue"]

    def to_dict(self) -> dict[str, float]:
        """Return the engine's accounts, in printing order."""
        return dict(self.accounts)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class VenueResult(Result):
    """A finished run of the venue engine.

    Parameters
    ----------
    code_version
        See `Result`.
    """

    config: VenueConfig
    ledger: VenueLedger
    record: FloatArray
    record_names: tuple[str, ...]
    naked_bars: int

    def column(self, name: str) -> FloatArray:
        """Return one column of the record.

        Returns
        -------
        ndarray of shape (n_bars,)
        """
        return self.record[:, self.record_names.index(name)]

    @property
    def record_frame(self) -> pd.DataFrame:
        """The record as a frame, by bar open."""
        import pandas as pd

        index = pd.DatetimeIndex(self.times, tz="UTC", name="time")
        return pd.DataFrame(self.record, index=index, columns=list(self.record_names))

    @property
    def own_return(self) -> float:
        """Return without what venues and lenders bore, fraction of capital."""
        return self.total_return - self.ledger.loss_borne_by_venue / self.initial_usd

    def to_dict(self, **options: Any) -> dict[str, Any]:
        """Return the machine interface's form (docs/scenarios.md, section "Venue engine").

        Parameters
        ----------
        **options
            See `Result.to_dict`.

        Returns
        -------
        dict
            As `Result.to_dict`, and: naked_bars, return_without_loss_borne.
        """
        body = super().to_dict(**options)
        body["naked_bars"] = self.naked_bars
        body["return_without_loss_borne"] = self.own_return
        return body
