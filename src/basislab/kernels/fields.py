"""Functions made from the fields of a NamedTuple: replacing some of them, adding to some of them.

numba compiles no ``_replace``. What is made here says what changes and nothing else, and is
compiled like any other kernel function (as part of its caller, so that it needs no cache).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from basislab.kernels._jit import compiled

Record = TypeVar("Record", bound=NamedTuple)


def fields_of(kind: type[Record], *names: str) -> Callable[..., Record]:
    """Return ``put(record, *values)``: the record with the named fields replaced, in this order.

    Examples
    --------
    >>> from basislab.kernels.legs import ShortLeg
    >>> fields_of(ShortLeg, "margin")(ShortLeg(3.0, 100.0, 50.0), 80.0)
    ShortLeg(contracts=3.0, entry=100.0, margin=80.0)
    """
    unknown = set(names) - set(kind._fields)
    if unknown or len(set(names)) < len(names):
        raise TypeError(f"fields_of({kind.__name__}): got {names}; its fields are {kind._fields}.")
    values = [name if name in names else f"record.{name}" for name in kind._fields]
    return _made(kind, f"put_{kind.__name__}_{'_'.join(names)}", list(names), values)


def sums_of(kind: type[Record]) -> Callable[..., Record]:
    """Return ``add(record, **amounts)``: a record of floats with the amounts added to its fields.

    Examples
    --------
    >>> from basislab.kernels.ledger import book, empty_accounts
    >>> book(empty_accounts(), carry=2.0, gas=-0.5).carry
    2.0
    """
    amounts = [f"{name}=0.0" for name in kind._fields]
    sums = [f"record.{name} + {name}" for name in kind._fields]
    return _made(kind, f"add_{kind.__name__}", amounts, sums)


def _made(
    kind: type[Record], name: str, parameters: list[str], values: list[str]
) -> Callable[..., Record]:
    """Return the function of that name; compiled code is told apart by module and name."""
    source = (
        f"def {name}(record, {', '.join(parameters)}): return {kind.__name__}({', '.join(values)})"
    )
    space: dict[str, Any] = {"__name__": kind.__module__, kind.__name__: kind}
    exec(source, space)  # noqa: S102 - as the standard library makes named tuples
    made: Callable[..., Record] = compiled(space[name])
    return made
