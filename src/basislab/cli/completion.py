"""What the shell offers after an option: markets, presets; where that fails it offers nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

Complete = Callable[[str], list[str]]


def _after_comma(names: Callable[[], Iterable[str]]) -> Complete:
    """Complete the last of some names with commas between, as the searches take them."""

    def complete(incomplete: str) -> list[str]:
        from basislab.errors import BasisLabError

        given, comma, begun = incomplete.rpartition(",")
        with suppress(BasisLabError, OSError):
            return [given + comma + name for name in names() if name.startswith(begun)]
        return []

    return complete


def _markets() -> list[str]:
    from basislab.data import list_markets

    return ["sample", *(market.name for market in list_markets())]


def _fetched() -> list[str]:
    from basislab.data.keep.home import home

    return sorted(path.name for path in (home() / "markets").glob("[!.]*"))


def _presets(*kinds: str) -> Callable[[], list[str]]:
    def names() -> list[str]:
        from basislab.presets import load_preset, terms_names, venue_names

        known = [*venue_names(), *terms_names()]
        return [name for name in known if not kinds or load_preset(name).kind in kinds]

    return names


def _models() -> list[str]:
    from basislab.simulate import MODELS

    return [kind.model for kind in MODELS]


models = _after_comma(_models)
markets = _after_comma(_markets)
fetched_markets = _after_comma(_fetched)
presets = _after_comma(_presets())
perps = _after_comma(_presets("study", "perp"))
lending = _after_comma(_presets("lending"))
