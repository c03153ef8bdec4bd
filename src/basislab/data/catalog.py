"""Markets by name: the built-in sample, what is stored at home, directories and tables."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from basislab.data.keep.durable import recover
from basislab.data.keep.home import home
from basislab.data.read.builtin import SAMPLE_ALIASES, SAMPLE_DIRECTORY, SAMPLE_NAME, load_sample
from basislab.errors import ConfigError, DataError
from basislab.types.checks import nearest
from basislab.types.market import Market

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")


@dataclass(frozen=True)
class MarketSummary:
    """One line of the list of markets.

    Parameters
    ----------
    first, last : str
        Days of the first and last bar.
    series : int
        How many.
    problem : str
        Why it cannot be loaded; empty where nothing is known against it.
    """

    name: str
    path: Path
    asset: str = ""
    quote: str = ""
    bars: int = 0
    first: str = ""
    last: str = ""
    series: int = 0
    fingerprint: str = ""
    problem: str = ""


def market_path(name: str) -> Path:
    """Return where the market of that name is stored.

    Raises
    ------
    ConfigError
        Not a name: empty, a path, a leading dot, or reserved for the built-in sample.
    """
    if name in SAMPLE_ALIASES:
        raise ConfigError(
            f"name: {name!r} is the built-in sample, which cannot be stored over. "
            "Choose another --name."
        )
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"name: got {name!r}; it must be 1 to 100 letters, digits, '_', '-', '+' or '.', and "
            "not begin with '.', '-' or '+'."
        )
    return home() / "markets" / name


def save_market(
    market: Market,
    *,
    name: str | None = None,
    directory: str | Path | None = None,
    replace: bool = False,
) -> Path:
    """Store a market, whole or not at all.

    Storing the same content again changes nothing and succeeds.

    Parameters
    ----------
    market : Market
    name : str, optional
        Its name at home; the market's own by default.
    directory : str or Path, optional
        Store it there instead of at home.
    replace : bool
        Take the place of other content.

    Returns
    -------
    Path
        Directory of the market.

    Raises
    ------
    ConfigError
        Not a name that can be stored.
    DataError
        Other content is there and `replace` is False, or the directory cannot be written.
    """
    from basislab.data.keep.store import save

    name = market.name if name is None else name
    target = market_path(name) if directory is None else Path(directory)
    save(renamed(market, name), target, replace=replace)
    return target


def renamed(market: Market, name: str) -> Market:
    """Return the same market under another name.

    Returns
    -------
    Market
        The same arrays and fingerprint.
    """
    if name == market.name:
        return market
    return Market(
        name=name,
        asset=market.asset,
        times=market.times,
        prices=market.prices,
        funding=market.funding,
        supply=market.supply,
        borrow=market.borrow,
        quote=market.quote,
        provenance=market.provenance,
    )


def load_market(name_or_path: str | Path | None = None) -> Market:
    """Return a market by name or path.

    Parameters
    ----------
    name_or_path : str or Path, optional
        None, ``"sample"`` or ``"sol-2025"``: the built-in sample. Else the name of a stored
        market, the directory of one, or a facts table ending in ``.csv`` or ``.csv.gz``.

    Returns
    -------
    Market

    Raises
    ------
    ConfigError
        No market of that name; the message lists what there is.
    DataError
        A damaged market, or a table that cannot be trusted.

    Examples
    --------
    >>> market = load_market()
    >>> market.asset, len(market)
    ('SOL', 410)
    """
    if name_or_path is None or name_or_path in SAMPLE_ALIASES:
        return load_sample()
    stored = stored_path(name_or_path)
    if stored is not None:
        return _load_path(stored)
    path = Path(name_or_path)
    if _exists(path):
        return _load_path(path)
    if isinstance(name_or_path, Path) or _is_like_path(name_or_path):
        raise DataError(f"{name_or_path}: no such file or directory. Check the path.")
    names = [summary.name for summary in list_markets()]
    raise ConfigError(
        f"market: got {name_or_path!r}{nearest(name_or_path, names)}; there are: "
        f"{', '.join(names)}. Import one with 'basislab data import DIR --name {name_or_path}'."
    )


def stored_path(name_or_path: str | Path | None) -> Path | None:
    """Return the directory of a stored market.

    Parameters
    ----------
    name_or_path : str or Path, optional
        As in `load_market`.

    Returns
    -------
    Path or None
        None where there is no such directory: the sample, a facts table, nothing at all.
    """
    if name_or_path is None or name_or_path in SAMPLE_ALIASES:
        return None
    if isinstance(name_or_path, str) and _NAME.fullmatch(name_or_path):
        stored = market_path(name_or_path)
        recover(stored)
        if stored.exists():
            return stored
    path = Path(name_or_path)
    return path if _exists(path) and path.is_dir() else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for the file system, or with a NUL
        return False


def _is_like_path(text: str) -> bool:
    return os.sep in text or "/" in text or text.endswith((".csv", ".csv.gz"))


def _load_path(path: Path) -> Market:
    if path.is_dir():
        from basislab.data.keep.store import load

        return load(path)
    if path.name.endswith((".csv", ".csv.gz")):
        from basislab.data.read.table import load_table

        return load_table(path)
    raise DataError(
        f"{path}: neither a stored market nor a facts table (.csv). "
        "Import venue answers with 'basislab data import DIR'."
    )


def list_markets() -> list[MarketSummary]:
    """Return the built-in sample and every stored market.

    Returns
    -------
    list of MarketSummary
        The sample first, then by name; a market that cannot be read is listed with its problem.
    """
    sample = load_sample()
    listed = [
        MarketSummary(
            SAMPLE_NAME,
            SAMPLE_DIRECTORY,
            sample.asset,
            sample.quote,
            len(sample),
            f"{sample.start:%Y-%m-%d}",
            f"{sample.end:%Y-%m-%d}",
            len(sample.series()),
            sample.fingerprint,
        )
    ]
    markets = home() / "markets"
    if markets.is_dir():
        for aside in markets.glob(".*.old"):
            recover(markets / aside.name[1 : -len(".old")])
        listed += [_summary(entry) for entry in sorted(markets.iterdir()) if _is_market(entry)]
    return listed


def _is_market(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith(".")


def _summary(directory: Path) -> MarketSummary:
    from basislab.data.keep.manifest import read_manifest

    try:
        manifest = read_manifest(directory)
    except DataError as error:
        return MarketSummary(directory.name, directory, problem=str(error))
    return MarketSummary(
        directory.name,
        directory,
        manifest.asset,
        manifest.quote,
        manifest.bars,
        manifest.first[:10],
        manifest.last[:10],
        len(manifest.series),
        manifest.fingerprint,
    )
