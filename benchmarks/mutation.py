"""Find the changes of the kernels that no test would notice.

    python benchmarks/mutation.py [MODULE ...] [--jobs N] [--left] [--quick] [--no-save] [--page]

One process imports everything once, runs the tests as plain Python, and keeps which test reaches
which line. Then it forks for each mutant, gives the functions the changed code (they keep their
identity, so whoever imported them has it too) and runs the tests that reach the line, quickest
first, until one fails. Tools that start an interpreter for each mutant need hours for what takes
minutes here. Examples of hypothesis are the same each time, and not shrunk.

Results are kept in ``benchmarks/mutation.json`` as each module ends (those named are run anew), and
in the table of docs/venue-engine.md. A module that has changed since it was run is named below the
table and not counted in it; ``--page`` writes the table anew and runs nothing. After new tests
``--left`` runs only what nothing noticed before: a test more cannot miss what was noticed.
``benchmarks/mutation.toml`` says of each survivor that is no gap in the tests why it is none.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import signal
import sys
import time
import tomllib
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.mutants import Mutant, mutants  # noqa: E402

KERNELS = ROOT / "src" / "basislab" / "kernels"
SOURCES = sorted((*(KERNELS / "venue").glob("[!_]*.py"), KERNELS / "bridge.py"))
PACKAGE = "basislab.kernels"
RESULTS, REASONS = (ROOT / "benchmarks" / f"mutation.{kind}" for kind in ("json", "toml"))
PAGE = ROOT / "docs" / "venue-engine.md"
BEGIN, END = "<!-- table: benchmarks/mutation.py -->", "<!-- end of mutation table -->"
FROM_OUTSIDE = ("test_venue_scenarios.py", "test_venue_study.py")
"""Tests of the command line and the study: whole runs, which take minutes without numba."""
TESTS = sorted(
    path
    for path in (*SOURCES, *(ROOT / "tests").glob("*/test_*.py"))
    if path in SOURCES
    or (path.name.startswith(("test_venue_", "test_bridge_")) and path.name not in FROM_OUTSIDE)
)
LONG = "tests/property/"
SURVIVED, KILLED, STUCK = "survived", "killed", "stuck"
EXPLAINED = ("equivalent", "free")
BROKEN = 2
SLOWEST, PATIENCE_S = 10.0, 5.0
"""A test that takes that many times as long as it should, and that many seconds, is stuck."""


def trees(names: list[str]) -> Iterator[tuple[str, ast.Module]]:
    """Yield the source of the kernels' modules."""
    for path in SOURCES:
        if not names or path.stem in names:
            yield path.stem, ast.parse(path.read_text(encoding="utf-8"), str(path))


def home_of(module: str) -> str:
    """Return the full name of a kernel's module."""
    return next(
        ".".join((PACKAGE, *path.relative_to(KERNELS).with_suffix("").parts))
        for path in SOURCES
        if path.stem == module
    )


def reasons() -> dict[str, dict[str, str]]:
    """Return, by kind, why a survivor is no gap, by the mutant's name."""
    groups = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {
        kind: {name: one["because"] for one in groups[kind] for name in one["mutants"]}
        for kind in EXPLAINED
    }


def put_in(module: ModuleType, tree: ast.Module) -> None:
    """Give the functions and constants of `module` what the changed source says."""
    scratch: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    code = compile(ast.fix_missing_locations(tree), str(module.__file__), "exec")
    exec(code, scratch)  # noqa: S102 - our own source, one node changed
    for name, new in scratch.items():
        old = getattr(module, name, None)
        if isinstance(new, FunctionType) and isinstance(old, FunctionType):
            if new.__module__ == module.__name__:
                old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        elif isinstance(new, int | float) and new != old:
            for other in list(sys.modules.values()):
                is_kernel = getattr(other, "__name__", "").startswith(PACKAGE)
                if is_kernel and other.__dict__.get(name) == old:
                    setattr(other, name, new)


class Mutation:
    """A pytest plugin: instead of the tests' results it asks what they would have noticed."""

    def __init__(self, names: list[str], jobs: int, only: set[str] | None, *, keeps: bool) -> None:
        self.names, self.jobs, self.only, self.keeps = names, jobs, only, keeps
        self.found: dict[str, dict[str, list[str]]] = {}
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[int, list[str]]] = {}

    def pytest_configure(self) -> None:
        """Let hypothesis make the same examples each time, however long a mutant takes."""
        from hypothesis import HealthCheck, Phase, settings

        settings.register_profile(
            "mutation",
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutation")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every test once, then, for each mutant, those that reach it."""
        if session.testsfailed:
            raise session.Failed("collection failed")
        items = self.measured(session)
        running: dict[int, tuple[str, str]] = {}
        began, count = time.perf_counter(), 0
        for module, tree in trees(self.names):
            self.found[module] = {SURVIVED: [], KILLED: [], STUCK: []}
            for mutant in mutants(module, tree):
                if self.only is not None and mutant.name not in self.only:
                    continue
                while len(running) >= self.jobs:
                    self.reap(running)
                running[self.forked(mutant, tree, module, items)] = module, mutant.name
                count += 1
            while running:
                self.reap(running)
            if self.keeps:
                keep(module, self.found[module], is_rest=self.only is not None)
        print(f"{count} mutants in {time.perf_counter() - began:.0f} s")
        return True

    def measured(self, session: pytest.Session) -> dict[str, pytest.Item]:
        """Run all tests, note their time and the kernels' lines that they reach."""
        cover = Coverage(data_file=None, include=[f"{KERNELS}/*"], config_file=False)
        items, total = list(session.items), len(session.items)
        cover.start()
        for item, after in zip(items, [*items[1:], None], strict=True):
            cover.switch_context(item.nodeid)
            began = time.perf_counter()
            failed = [one for one in runtestprotocol(item, log=False, nextitem=after) if one.failed]
            self.seconds[item.nodeid] = time.perf_counter() - began
            if failed:
                print(f"\n{item.nodeid} fails without any change:\n{failed[0].longreprtext}")
                raise session.Failed(item.nodeid)
        cover.stop()
        data = cover.get_data()
        for path in SOURCES:
            self.lines[path.stem] = data.contexts_by_lineno(str(path))
        reaching = {
            test for found in self.lines.values() for each in found.values() for test in each
        }
        print(f"\n{len(reaching - {''})} of {total} tests reach the kernels")
        return {item.nodeid: item for item in items}

    def reaching(self, mutant: Mutant, module: str) -> list[str]:
        """Return the tests that reach a mutant's lines, quickest first; a constant's are all.

        Of one that is explained only those by hand: thousands of made paths tell nothing more.
        """
        first, last = mutant.lines
        lines = self.lines[module]
        wanted = range(first, last + 1) if first else lines
        found = {test for line in wanted for test in lines.get(line, ()) if test}
        if any(mutant.name in known for known in reasons().values()):
            found = {test for test in found if not test.startswith(LONG)}
        return sorted(found, key=self.seconds.__getitem__)

    def forked(
        self, mutant: Mutant, tree: ast.Module, module: str, items: dict[str, pytest.Item]
    ) -> int:
        """Start a process that ends with 1 where a test notices the mutant, 0 where none does."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # no thread runs here
            child = os.fork()
        if child:
            return child
        try:
            mutant.apply()
            put_in(importlib.import_module(home_of(module)), tree)
            noticed = self.is_noticed(self.reaching(mutant, module), items)
        except BaseException:  # noqa: BLE001 - the parent must hear of it
            traceback.print_exc()
            os._exit(BROKEN)
        os._exit(int(noticed))

    def is_noticed(self, tests: list[str], items: dict[str, pytest.Item]) -> bool:
        """Run tests until one fails; a signal ends the process where one takes far too long."""
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        for test, after in zip(tests, [*tests[1:], None], strict=False):
            limit = SLOWEST * self.seconds[test] + PATIENCE_S
            signal.setitimer(signal.ITIMER_REAL, limit)
            reports = runtestprotocol(items[test], log=False, nextitem=items.get(after or ""))
            if any(report.failed for report in reports):
                return True
        return False

    def reap(self, running: dict[int, tuple[str, str]]) -> None:
        """Wait for one process and note what became of its mutant."""
        child, status = os.wait()
        module, name = running.pop(child)
        if os.waitstatus_to_exitcode(status) == BROKEN:
            raise RuntimeError(f"{name}: the mutant could not be put in or run")
        kind = STUCK if os.WIFSIGNALED(status) else KILLED if status else SURVIVED
        self.found[module][kind].append(name)
        if kind != KILLED:
            print(f"{kind}: {name}", flush=True)


def counted(found: dict[str, list[str]]) -> dict[str, Any]:
    """Return a module's figures; `left` names the survivors that nothing is said about."""
    survived, because = set(found[SURVIVED]), reasons()
    killed = len(found[KILLED]) + len(found[STUCK])
    line: dict[str, Any] = {"mutants": killed + len(survived), "killed": killed}
    for kind in EXPLAINED:
        line[kind] = len(survived & set(because[kind]))
        survived -= set(because[kind])
    return line | {"left": sorted(survived)}


def changed(kept: dict[str, dict[str, Any]]) -> list[str]:
    """Return the modules that have other mutants now than when they were run, or were never run."""
    now = {module: len(list(mutants(module, tree))) for module, tree in trees([])}
    return [name for name, count in now.items() if kept.get(name, {}).get("mutants", 0) != count]


def table(kept: dict[str, dict[str, Any]]) -> str:
    """Return the table of the page, with its sums, and what has changed since."""
    columns, since = ("mutants", "killed", *EXPLAINED), changed(kept)
    rows = [
        [name, *(line[key] for key in columns), len(line["left"])]
        for name, line in kept.items()
        if line["mutants"] and name not in since
    ]
    rows.append(["**together**", *(sum(column) for column in list(zip(*rows, strict=True))[1:])])
    head = ["kernel", "mutants", "noticed", "equivalent", "free choice", "left"]
    lines = [head, ["---"] * len(head), *rows]
    shown = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    if since:
        shown += f"\n\nChanged since, and not counted above: {', '.join(since)}."
    return shown


def update_docs(kept: dict[str, dict[str, Any]]) -> None:
    """Write the table between the page's markers."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(kept)}\n{END}{after}", encoding="utf-8")


def results() -> dict[str, dict[str, Any]]:
    """Return what is kept, by module."""
    kept: dict[str, dict[str, Any]] = {}
    if RESULTS.exists():
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    return kept


def keep(module: str, found: dict[str, list[str]], *, is_rest: bool) -> None:
    """Write a module's figures and the table; of a rest, what was noticed before stands."""
    line, kept = counted(found), results()
    if is_rest:
        before = kept[module]
        for name in ("mutants", "killed", *EXPLAINED):
            line[name] += before[name] - (len(before["left"]) if name == "mutants" else 0)
    print(f"{module:10}", *(f"{key} {value}" for key, value in line.items()), flush=True)
    known = {name for name, _ in trees([])}
    kept = {name: each for name, each in sorted((kept | {module: line}).items()) if name in known}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    update_docs(kept)


def main() -> int:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="of kernels/venue, or bridge; all when left out")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="unit tests only; implies --no-save")
    parser.add_argument("--no-save", action="store_true", help="leave mutation.json as it is")
    parser.add_argument("--page", action="store_true", help="write the table of what is kept")
    parser.add_argument("--left", action="store_true", help="only what is kept as not noticed")
    given = parser.parse_args()
    if given.page:
        update_docs(results())
        return 0
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # before anything imports numba
    names, only = given.modules, None
    if given.left:
        same = {name: line for name, line in results().items() if name not in changed(results())}
        names = [name for name, line in same.items() if line["left"] and name in (names or same)]
        only = {mutant for name in names for mutant in same[name]["left"]}
    keeps = not (given.no_save or given.quick)
    plugin = Mutation(names, given.jobs, only, keeps=keeps)
    options = ["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    tests = [str(path) for path in TESTS if not (given.quick and path.parent.name in LONG)]
    done = pytest.main([*options, *tests], plugins=[plugin])
    return 0 if done in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) else int(done)


if __name__ == "__main__":
    sys.exit(main())
