"""The one place that configures numba.

``fastmath`` is off: results are reproducible to the bit. ``error_model="numpy"`` lets LLVM
vectorise divisions; kernels therefore never divide by something that can be zero. ``nogil`` lets
threads run kernels side by side. ``forceinline`` merges the small moves into one loop body: state
stays in registers (4x faster, same bits). A function that only borrows its arrays counts no
references to them (``_nrt``): a dozen atomic additions a call, most of what an event cost.
numba's own cache serves stale numbers after an *imported* kernel file changes, so the cache
directory is keyed by a hash of all kernel sources.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator, MutableMapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numba.core.config
from numba.core import event

from basislab.kernels import notice


@cache
def cache_directory() -> str | None:
    """Return where compiled kernels are kept, or None where nothing can be written.

    Returns
    -------
    str or None
        ``<user cache>/basislab/kernels-<hash of all kernel sources>``; ``$BASISLAB_CACHE`` replaces
        the user cache; a private directory among the temporary files where that is not writable.
    """
    digest = hashlib.sha256()
    kernels = Path(__file__).parent
    for source in sorted(kernels.rglob("*.py")):
        text = source.read_bytes()
        digest.update(f"{source.relative_to(kernels)} {len(text)}\n".encode())
        digest.update(text)
    for base in _bases():
        directory = base / f"kernels-{digest.hexdigest()[:16]}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(directory, os.W_OK):
            return str(directory)
    return None


def _bases() -> Iterator[Path]:
    """Yield where the cache may lie: with the user's others, else among the temporary files."""
    home = os.environ.get("BASISLAB_CACHE") or os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):  # a user without a home, as in some containers
        yield (Path(home) if home else Path.home() / ".cache") / "basislab"
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    base = Path(tempfile.gettempdir()) / f"basislab-{user}"
    with suppress(OSError):
        base.mkdir(mode=0o700, exist_ok=True)
        if _is_private(base):
            yield base


def _is_private(directory: Path) -> bool:
    """Whether nobody else could have put a file there; numba executes what its cache holds."""
    status = directory.lstat()
    return not hasattr(os, "getuid") or (
        status.st_uid == os.getuid() and not status.st_mode & 0o022
    )


def compile_module(
    namespace: MutableMapping[str, Any],
    *,
    inline: bool | Collection[str] = True,
    owners: Collection[str] | None = None,
) -> None:
    """Replace every function defined in a kernel module by its compiled form.

    Parameters
    ----------
    namespace : mutable mapping
        The module's ``globals()``. Functions that it imported from other kernels are compiled
        already and left alone. With ``NUMBA_DISABLE_JIT=1`` nothing changes.
    inline : bool or collection of str
        Merged into their callers: all, or these only where large functions call each other.
    owners : collection of str, optional
        The functions that allocate arrays or return them; the others borrow what they are given,
        and are compiled without reference counts. All where nothing is said.
    """
    directory = cache_directory()
    settings: Any = numba.core.config
    before = settings.CACHE_DIR
    # numba reads the directory when caching is switched on, so other users of numba in this process
    # keep their own.
    settings.CACHE_DIR = directory or before
    try:
        for name, value in list(namespace.items()):
            if isinstance(value, FunctionType) and value.__module__ == namespace["__name__"]:
                is_inline = inline if isinstance(inline, bool) else name in inline
                is_owner = owners is None or name in owners
                namespace[name] = _compiler(
                    is_cached=directory is not None, inline=is_inline, is_owner=is_owner
                )(value)
    finally:
        settings.CACHE_DIR = before


def compiled(function: FunctionType) -> Any:
    """Return the compiled form of a function that has no file, and so no cache, of its own.

    What it makes may hold arrays that are borrowed; then its callers borrow too.
    """
    return _compiler(is_cached=False, inline=True, is_owner=False)(function)


def _compiler(*, is_cached: bool, inline: bool, is_owner: bool) -> Any:
    compiler: Any = numba.njit  # its types do not know `_nrt`
    return compiler(
        cache=is_cached,
        nogil=True,
        error_model="numpy",
        fastmath=False,
        forceinline=inline,
        _nrt=is_owner,
    )


class _Compiling(event.Listener):
    """Passes on what is compiled; what a kernel calls is compiled within it and not told again."""

    depth = 0

    def on_start(self, event: Any) -> None:
        module = event.data["dispatcher"].py_func.__module__
        if self.depth == 0 and module.startswith(f"{__package__}."):
            notice.tell(module)
        self.depth += 1

    def on_end(self, event: Any) -> None:  # noqa: ARG002 - numba's signature
        self.depth -= 1


event.register("numba:compile", _Compiling())  # type: ignore[no-untyped-call]
