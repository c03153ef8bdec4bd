"""Help that names what the package has: read only where someone asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption


class NamingCommand(TyperCommand):
    """A command whose options' help holds places such as ``{models}``, filled when it is shown."""

    def there(self) -> dict[str, str]:
        """Return what stands in each place."""
        raise NotImplementedError

    @contextmanager
    def named(self) -> Iterator[None]:
        """Fill the places while the block runs."""
        there = self.there()
        plain = {
            each: each.help
            for each in self.params
            if isinstance(each, TyperOption) and _has_place(each.help, there)
        }
        try:
            for option, text in plain.items():
                option.help = (text or "").format(**there)
            yield
        finally:
            for option, text in plain.items():
                option.help = text

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the options with their whole help."""
        with self.named():
            super().format_options(ctx, formatter)


def _has_place(text: str | None, there: Iterable[str]) -> bool:
    return any(f"{{{place}}}" in (text or "") for place in there)


class NamesModels(NamingCommand):
    """A command whose help names the models."""

    def there(self) -> dict[str, str]:
        """Return the models' names."""
        from basislab.simulate import MODELS

        return {"models": ", ".join(kind.model for kind in MODELS)}
