"""The colours of every figure, by the role that they play, for light and for dark paper.

Figures name roles (``var(--static)``); a page's style sheet gives them values, so that a figure
follows the page's theme without being drawn again. Where there is no style sheet (SVG and PNG
files, notebooks) `recolour` puts the values in. The hues are those of Okabe and Ito, which people
with any of the common colour deficiencies can tell apart, shifted until they stand out by at least
3:1 from the paper; the scale of the maps runs from orange through the paper to blue.

References
----------
M. Okabe and K. Ito, Color Universal Design, 2008. WCAG 2.2, success criterion 1.4.11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LIGHT: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#1b2430",
    "soft": "#5a6675",
    "grid": "#e4e8ee",
    "band": "#f5f7f9",
    "static": "#0b6fb8",
    "rebalance": "#cc4b00",
    "conditional": "#007a5a",
    "rotation": "#9a4f96",
    "other": "#8f6a00",
    "price": "#8795a6",
    "hurdle": "#1b2430",
    "gain": "#0b6fb8",
    "loss": "#cc4b00",
    "map0": "#8f3500",
    "map1": "#bb520c",
    "map2": "#ea9a62",
    "map3": "#f8d8bf",
    "map4": "#eef1f4",
    "map5": "#c5e0f3",
    "map6": "#7fbbe3",
    "map7": "#1f72aa",
    "map8": "#0a5590",
    "on0": "#ffffff",
    "on1": "#ffffff",
    "on2": "#1b2430",
    "on3": "#1b2430",
    "on4": "#1b2430",
    "on5": "#1b2430",
    "on6": "#1b2430",
    "on7": "#ffffff",
    "on8": "#ffffff",
}
"""Role to colour on white paper; ``on3`` is the text on ``map3``."""

DARK: Mapping[str, str] = {
    "paper": "#10151c",
    "ink": "#e7ecf2",
    "soft": "#a3b0be",
    "grid": "#2a333e",
    "band": "#171e27",
    "static": "#58b4f0",
    "rebalance": "#ff8f52",
    "conditional": "#35c79d",
    "rotation": "#d59bd2",
    "other": "#e3bb4a",
    "price": "#7b8a9c",
    "hurdle": "#e7ecf2",
    "gain": "#58b4f0",
    "loss": "#ff8f52",
    "map0": "#f08a48",
    "map1": "#c9672a",
    "map2": "#8c491f",
    "map3": "#533222",
    "map4": "#2a323c",
    "map5": "#1c3c54",
    "map6": "#1a5b8a",
    "map7": "#3b93d0",
    "map8": "#7cc3f2",
    "on0": "#10151c",
    "on1": "#10151c",
    "on2": "#f4f7fa",
    "on3": "#f4f7fa",
    "on4": "#f4f7fa",
    "on5": "#f4f7fa",
    "on6": "#f4f7fa",
    "on7": "#10151c",
    "on8": "#10151c",
}
"""The same roles on dark paper."""

MAP_STEPS = 9
"""Classes of the diverging scale; the middle one is the paper's."""

_ROLE = re.compile(r"var\(--([a-z]+\d?)\)")


def role(name: str) -> str:
    """Return the colour of a role as a style sheet's variable.

    Raises
    ------
    KeyError
        No such role.

    Examples
    --------
    >>> role("static")
    'var(--static)'
    """
    if name not in LIGHT:
        raise KeyError(name)
    return f"var(--{name})"


def recolour(spec: Any, palette: Mapping[str, str] = LIGHT) -> Any:
    """Return a specification (or any nest of dicts and lists) with roles replaced by colours.

    Examples
    --------
    >>> recolour({"color": "var(--paper)"})
    {'color': '#ffffff'}
    """
    if isinstance(spec, dict):
        return {key: recolour(value, palette) for key, value in spec.items()}
    if isinstance(spec, list):
        return [recolour(value, palette) for value in spec]
    if isinstance(spec, str) and "var(" in spec:
        return _ROLE.sub(lambda match: palette[match[1]], spec)
    return spec


def map_class(value: float | None, bound: float) -> int | None:
    """Return the class of a value on the diverging scale.

    Examples
    --------
    >>> [map_class(value, 1.0) for value in (-2.0, -0.01, 0.0, 0.2, 0.9, None)]
    [0, 4, 4, 5, 8, None]
    """
    if value is None:
        return None
    middle = MAP_STEPS // 2
    share = max(-1.0, min(1.0, value / bound)) if bound > 0 else 0.0
    if abs(share) < 1 / (4 * middle):
        return middle
    step = min(middle, 1 + int(abs(share) * middle))
    return middle + step if share > 0 else middle - step
