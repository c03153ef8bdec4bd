"""Who draws a result that is asked to draw itself: results lie below the report, which draws.

The root package, which lies above everything, names the report's `draw` here when it is imported;
no layer imports what lies above it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def nobody(thing: object, kind: str, **choices: object) -> Any:
    """Refuse: only a part of the package was imported, by other ways than ``import basislab``."""
    del kind, choices
    raise RuntimeError(f"{type(thing).__name__}: nothing here can draw; import basislab first")


drawer: Callable[..., Any] = nobody
"""Takes what is to be drawn, which figure of it, and choices; returns an Altair chart."""
