"""How kernels are compiled, and where the compiled code is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numba
import numba.core.config
import pytest

from basislab.kernels import _jit, legs, rebalance

IS_COMPILED = not numba.core.config.DISABLE_JIT
needs_jit = pytest.mark.skipif(not IS_COMPILED, reason="numba is switched off")


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A user cache of its own, and an empty memory of the last one."""
    monkeypatch.setenv("BASISLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(tmp_path))
    remembered = _jit.cache_directory
    remembered.cache_clear()
    yield tmp_path
    remembered.cache_clear()


def copied_sources(monkeypatch, tmp_path) -> Path:
    """Let `_jit` believe that the kernels are a copy of them."""
    package = tmp_path / "kernels"
    here = Path(_jit.__file__).parent
    shutil.copytree(here, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(_jit, "__file__", str(package / "_jit.py"))
    return package


def key_of(directory: str | None) -> str:
    assert directory is not None
    return Path(directory).name


def test_the_directory_lies_in_the_users_cache(cache):
    directory = Path(_jit.cache_directory())
    assert directory.parent == cache / "cache" / "basislab"
    assert directory.is_dir()
    assert directory.name.startswith("kernels-")
    assert len(directory.name) == len("kernels-") + 16


@pytest.mark.parametrize("change", ["edit", "add", "move a line"])
def test_the_directory_is_keyed_by_every_kernel_source(cache, monkeypatch, change):
    """numba looks at the file of a function only, not at the files that it imports."""
    package = copied_sources(monkeypatch, cache)
    before = key_of(_jit.cache_directory())
    if change == "edit":
        with (package / "ledger.py").open("a", encoding="utf-8") as file:
            file.write("# changed\n")
    elif change == "add":
        (package / "venue").mkdir(exist_ok=True)
        (package / "venue" / "new.py").write_text("", encoding="utf-8")
    else:  # from the end of one file to the beginning of the next
        last, first = package / "ledger.py", package / "legs.py"
        text = last.read_bytes()
        first.write_bytes(text[-1:] + first.read_bytes())
        last.write_bytes(text[:-1])
    _jit.cache_directory.cache_clear()
    assert before != key_of(_jit.cache_directory())


def test_the_same_sources_have_the_same_directory(cache, monkeypatch):
    package = copied_sources(monkeypatch, cache)
    before = key_of(_jit.cache_directory())
    shutil.copytree(package, cache / "again")
    monkeypatch.setattr(_jit, "__file__", str(cache / "again" / "_jit.py"))
    _jit.cache_directory.cache_clear()
    assert before == key_of(_jit.cache_directory())


def test_other_variables_name_the_cache_in_turn(cache, monkeypatch):
    monkeypatch.delenv("BASISLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "xdg"))
    assert Path(_jit.cache_directory()).parent == cache / "xdg" / "basislab"
    _jit.cache_directory.cache_clear()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(_jit.Path, "home", lambda: cache / "home")
    assert Path(_jit.cache_directory()).parent == cache / "home" / ".cache" / "basislab"


def test_an_unwritable_cache_falls_back_to_a_private_temporary_directory(cache, monkeypatch):
    """A file where the directory should be: nothing can be made there, whoever asks."""
    (cache / "cache").write_text("", encoding="utf-8")
    directory = Path(_jit.cache_directory())
    assert directory.parent.parent == cache
    assert directory.parent.name.startswith("basislab-")
    assert directory.parent.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_may_not_be_written_to_is_passed_over(cache, monkeypatch):
    real = os.access
    monkeypatch.setattr(
        _jit.os, "access", lambda path, mode: "cache" not in str(path) and real(path, mode)
    )
    assert Path(_jit.cache_directory()).parent.name.startswith("basislab-")


def test_a_user_without_a_home_has_a_cache_too(cache, monkeypatch):
    """Lock-in: `Path.home` raises where the user has no entry, as in some containers."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("BASISLAB_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(_jit.Path, "home", no_home)
    assert Path(_jit.cache_directory()).parent.name.startswith("basislab-")


def test_a_temporary_directory_that_others_can_write_to_is_not_used(cache):
    """Lock-in: numba executes what it finds; anyone can make a directory among temporary files."""
    (cache / "cache").write_text("", encoding="utf-8")
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    shared = cache / f"basislab-{user}"
    shared.mkdir()
    shared.chmod(0o777)
    assert _jit.cache_directory() is None


def test_a_temporary_directory_of_another_user_is_not_used(cache, monkeypatch):
    (cache / "cache").write_text("", encoding="utf-8")
    real = Path.lstat

    def anothers(path: Path) -> SimpleNamespace:
        status = real(path)
        return SimpleNamespace(st_uid=status.st_uid + 1, st_mode=status.st_mode)

    monkeypatch.setattr(_jit.Path, "lstat", anothers)
    assert _jit.cache_directory() is None


def test_without_any_writable_directory_nothing_is_cached(cache, monkeypatch):
    monkeypatch.setattr(_jit.os, "access", lambda path, mode: False)
    assert _jit.cache_directory() is None


def add_one(value: float) -> float:
    return value + 1.0


def namespace() -> dict:
    return {
        "__name__": add_one.__module__,
        "add_one": add_one,
        "number": 3,
        "borrowed": legs.long_equity,
        "kind": SimpleNamespace,
    }


@pytest.mark.parametrize("directory", ["some", None])
def test_numbas_own_cache_directory_stays_as_it_was(cache, monkeypatch, directory):
    monkeypatch.setattr(_jit, "cache_directory", lambda: directory and str(cache / directory))
    monkeypatch.setattr(numba.core.config, "CACHE_DIR", "somebody's")
    _jit.compile_module(namespace())
    assert numba.core.config.CACHE_DIR == "somebody's"


def test_numbas_own_cache_directory_survives_an_error(cache, monkeypatch):
    def refuse(**settings):
        raise RuntimeError("no")

    monkeypatch.setattr(numba.core.config, "CACHE_DIR", "somebody's")
    monkeypatch.setattr(_jit.numba, "njit", refuse)
    with pytest.raises(RuntimeError, match="no"):
        _jit.compile_module(namespace())
    assert numba.core.config.CACHE_DIR == "somebody's"


def test_compiling_is_reproducible_to_the_bit(cache, monkeypatch):
    """No fast math; caching only where there is a directory."""
    asked = []

    def njit(**settings):
        asked.append(settings)
        return lambda function: function

    monkeypatch.setattr(_jit.numba, "njit", njit)
    _jit.compile_module(namespace())
    monkeypatch.setattr(_jit, "cache_directory", lambda: None)
    _jit.compile_module(namespace())
    assert [(one["fastmath"], one["cache"], one["nogil"]) for one in asked] == [
        (False, True, True),
        (False, False, True),
    ]


def test_only_the_modules_own_functions_are_compiled(cache, monkeypatch):
    monkeypatch.setattr(_jit.numba, "njit", lambda **settings: lambda function: "compiled")
    made = namespace()
    _jit.compile_module(made)
    assert made["add_one"] == "compiled"
    assert made["borrowed"] is legs.long_equity
    assert (made["number"], made["kind"]) == (3, SimpleNamespace)


@needs_jit
def test_a_compiled_function_gives_the_same(cache):
    made = namespace()
    _jit.compile_module(made)
    assert made["add_one"] is not add_one
    assert made["add_one"](1.5) == 2.5


@needs_jit
def test_the_kernels_are_compiled_with_their_cache():
    assert rebalance.run.targetoptions["fastmath"] is False
    assert "/kernels-" in Path(rebalance.run._cache.cache_path).as_posix()


def test_numba_can_be_switched_off():
    """`NUMBA_DISABLE_JIT=1`: the kernels are plain functions."""
    code = "from basislab.kernels import rebalance; print(type(rebalance.run).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "function\n"
