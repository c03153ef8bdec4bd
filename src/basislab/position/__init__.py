"""The position one holds: read it, judge it, say what to do next. Never trades, holds no key."""

from basislab.position.file import load_position
from basislab.position.types import Position

__all__ = ["Position", "load_position"]
