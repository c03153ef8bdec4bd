"""Mutants of a source file: each is one small change that a test should notice.

General ones (an operator, a comparison, a number, a dropped call) and some that only this trade
knows: one of the four prices for another, the low for the high, an account that is not posted.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

Change = tuple[ast.AST, ast.AST | None]
"""A node and what replaces it; None takes the statement out."""

ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
"""The bound itself, and the opposite."""

NAMES = {"min": "max", "max": "min"}
ATTRIBUTES = {
    "spot": "mark",
    "mark": "oracle",
    "oracle": "spot",
    "perp": "mark",
    "high": "low",
    "low": "high",
}
"""Prices that are easily taken for one another."""

TERMS = ("params.perp",)
"""Attributes of the same name that are no prices."""

CODE = re.compile(r"[A-Z][A-Z_]+")
NO_CODE = -1
"""A code that nothing is compared with successfully."""

LARGE = 1_000
"""Adding one to a number beyond this is no change to speak of: it is doubled."""


LONGEST = 80
"""A longer expression is not quoted around what changes in it."""


class Mutant(NamedTuple):
    """One change: `holder.field` (or its item `index`) becomes `node`; None deletes a statement."""

    name: str
    lines: tuple[int, int]
    holder: ast.AST
    field: str
    index: int | None
    node: ast.AST | None

    def apply(self) -> None:
        """Change the tree in place; not to be undone."""
        new = self.node if self.node is not None else ast.Pass()
        if self.index is None:
            setattr(self.holder, self.field, new)
        else:
            getattr(self.holder, self.field)[self.index] = new


def replacements(node: ast.AST) -> Iterator[ast.AST | None]:
    """Yield what a node may be mistaken for."""
    for rule in RULES:
        yield from rule(node)


def _operators(node: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
        yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand


def _conditions(node: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.Compare):
        for at, known in enumerate(node.ops):
            for operator in COMPARISONS.get(type(known), ()):
                ops = [*node.ops[:at], operator(), *node.ops[at + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators)
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for index in range(len(node.values)):
            kept = node.values[:index] + node.values[index + 1 :]
            yield kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)
    test = getattr(node, "test", None)
    if isinstance(node, ast.If | ast.IfExp) and isinstance(test, ast.Name | ast.Attribute):
        fields = {name: getattr(node, name) for name in node._fields}
        yield type(node)(**fields | {"test": ast.UnaryOp(ast.Not(), test)})


def _numbers(node: ast.AST) -> Iterator[ast.AST | None]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(2 * value if value >= LARGE else value + 1)


def _names(node: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in NAMES:
            yield ast.Call(ast.Name(NAMES[node.func.id], ast.Load()), node.args, node.keywords)
        if node.func.id == "abs":
            yield node.args[0]
    is_price = isinstance(node, ast.Attribute) and ast.unparse(node) not in TERMS
    if is_price and node.attr in ATTRIBUTES:
        yield ast.Attribute(node.value, ATTRIBUTES[node.attr], node.ctx)
    is_read = isinstance(getattr(node, "ctx", None), ast.Load)
    if is_read and isinstance(node, ast.Name) and CODE.fullmatch(node.id):
        yield ast.Constant(NO_CODE)
    if is_read and isinstance(node, ast.Attribute) and CODE.fullmatch(node.attr):
        yield ast.Constant(NO_CODE)


def _statements(node: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.AugAssign | ast.Break):
        yield None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield None
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        target, given = node.targets[0], node.value.args
        if isinstance(target, ast.Name) and any(
            isinstance(one, ast.Name) and one.id == target.id for one in given
        ):
            yield None
    if isinstance(node, ast.keyword):
        yield ast.keyword(node.arg, ast.Constant(0.0))


RULES: tuple[Callable[[ast.AST], Iterator[ast.AST | None]], ...] = (
    _operators,
    _conditions,
    _numbers,
    _names,
    _statements,
)


def mutants(module: str, tree: ast.Module) -> list[Mutant]:
    """Return all mutants of a module, in the order of its source.

    A mutant's name says where and what, so that it stays the same when lines move; the same change
    at several places of a function is counted.
    """
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            last = statement.end_lineno or statement.lineno
            sites = _sites(statement, (statement.lineno, last))  # a default's: all of them
            where = f"{module}.{statement.name}"
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            sites, where = _sites(statement, (0, 0)), module
        else:
            continue
        for holder, field, index, node, lines in sites:
            for new in replacements(node):
                name = f"{where}: {_change(holder, field, index, node, new)}"
                seen[name] += 1
                name += f" ({seen[name]})" if seen[name] > 1 else ""
                found.append(Mutant(name, lines, holder, field, index, new))
    return found


def _change(
    holder: ast.AST, field: str, index: int | None, node: ast.AST, new: ast.AST | None
) -> str:
    """Say what becomes of what; a bare number or name is shown within its expression."""
    is_bare = isinstance(node, ast.Constant | ast.Name | ast.Attribute)
    if is_bare and isinstance(holder, ast.expr):
        before = _text(holder)
        Mutant("", (0, 0), holder, field, index, new).apply()
        after = _text(holder)
        Mutant("", (0, 0), holder, field, index, node).apply()
        if len(before) <= LONGEST:
            return f"{before} -> {after}"
    return f"{_text(node)} -> {_text(new)}"


def _text(node: ast.AST | None) -> str:
    if node is None:
        return "(nothing)"
    if isinstance(node, ast.keyword):
        return f"{node.arg}={ast.unparse(node.value)}"
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


Site = tuple[ast.AST, str, int | None, ast.AST, tuple[int, int]]


def _sites(holder: ast.AST, lines: tuple[int, int]) -> Iterator[Site]:
    """Yield every place that may change, with the lines of its statement."""
    for field, value in ast.iter_fields(holder):
        if field in ("annotation", "returns", "targets", "target", "func", "ctx"):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or isinstance(node, ast.expr_context):
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # a docstring
            own = lines
            if isinstance(node, ast.stmt):
                header = getattr(node, "test", None) or getattr(node, "iter", None) or node
                own = (node.lineno, header.end_lineno or node.lineno)
            yield holder, field, index, node, own
            yield from _sites(node, own)
