"""Text from outside, made safe to print."""

from __future__ import annotations


def cut(text: str, most: int = 40) -> str:
    """Return text from outside on one line, printable and no longer than it needs to be."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
