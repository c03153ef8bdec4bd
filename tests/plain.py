"""The kernels as plain Python, loaded beside the compiled ones, with or without a change of source.

The compiled kernels are what users run; the same sources without numba are the reference that they
must equal bit for bit, and the form in which one line can be taken out to see a test fail.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

import numba.core.config

import basislab
import basislab.kernels
import basislab.kernels.venue as venue_package
from basislab.simulate import MODELS as TABLE
from basislab.simulate import StudyModel

PACKAGE = "basislab.kernels"
MODELS = {
    kind.model: model.kernel.__name__
    for kind, model in TABLE.items()
    if isinstance(model, StudyModel)
}
"""Where the kernel of each model of the study stands."""
STUDY_KERNELS = (*MODELS, "legs", "ledger", "events", "bars", "outcome")
VENUE_KERNELS = tuple(
    path.stem
    for path in sorted(Path(venue_package.__file__).parent.glob("*.py"))
    if path.stem != "__init__"
)

Transform = Callable[[str, ast.Module], ast.Module]
"""Given a module's name (without the package) and its tree; returns the tree to run."""


def _is_kernel(module: str) -> bool:
    return module.startswith(PACKAGE) or module in MODELS.values()


class _Loader(SourceFileLoader):
    """Runs the transformed source; never reads or writes byte code."""

    transform: Transform

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        changed = self.transform(fullname.rpartition(".")[2], tree)
        return compile(ast.fix_missing_locations(changed), path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, transform: Transform) -> None:
        self.transform = transform

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_kernel(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            loader = _Loader(fullname, spec.origin)
            loader.transform = self.transform
            spec.loader = loader
        return spec


@contextmanager
def _set_aside() -> Iterator[None]:
    """Take the kernels out of `sys.modules` and switch numba off; undo both."""
    config = numba.core.config
    was_disabled, package = config.DISABLE_JIT, basislab.kernels
    aside = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_kernel(name)}
    config.DISABLE_JIT = 1
    try:
        yield
    finally:
        config.DISABLE_JIT = was_disabled
        for name in [name for name in sys.modules if _is_kernel(name)]:
            del sys.modules[name]
        sys.modules.update(aside)
        basislab.kernels = package


def load(
    transform: Transform | None = None, names: Sequence[str] = STUDY_KERNELS
) -> dict[str, ModuleType]:
    """Return kernel modules, run as plain Python, by their names without the package."""
    finder = _Finder(transform or (lambda _, tree: tree))
    with _set_aside():
        sys.meta_path.insert(0, finder)
        try:
            homes = {name: MODELS.get(name, f"{PACKAGE}.{name}") for name in names}
            return {name: importlib.import_module(home) for name, home in homes.items()}
        finally:
            sys.meta_path.remove(finder)


@cache
def venue() -> dict[str, ModuleType]:
    """Return the venue engine's kernels as plain Python, by their names.

    Tests by hand calculation call single functions of them: compiling each alone would take far
    longer. That the compiled engine gives the same bits is a test of its own. Where numba is off
    they are the engine's own modules, so that a changed one is seen.
    """
    found = _own(tuple(f"venue.{name}" for name in VENUE_KERNELS))
    return {name.removeprefix("venue."): module for name, module in found.items()}


@cache
def bridge() -> ModuleType:
    """Return the kernel of the paths within a day as plain Python, in the same way."""
    return _own(("bridge",))["bridge"]


def _own(names: tuple[str, ...]) -> dict[str, ModuleType]:
    if numba.core.config.DISABLE_JIT:
        return {name: importlib.import_module(f"{PACKAGE}.{name}") for name in names}
    return load(names=names)
