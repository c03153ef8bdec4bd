"""Who is told when a kernel is compiled: seconds to a minute of waiting, once a machine.

Free of numba, so that a command line can ask to be told before anything slow is loaded.
"""

from __future__ import annotations

from collections.abc import Callable


def nobody(module: str) -> None:
    """Tell nobody."""


tell: Callable[[str], None] = nobody
"""Called with the module of a kernel that no cache holds, before it is compiled."""
