"""Where finished chunks are kept: in memory, or as files that survive whatever stops the job.

A chunk's folder is written under another name and renamed when it is complete, so a job that is
killed leaves whole chunks and nothing else. Array files are mapped, not read: whoever asks for a
few configurations touches their part of each file.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError

Arrays = Mapping[str, NDArray[Any]]

FORMAT = 1
MEMORY_LIMIT_BYTES = 192_000_000
"""Results beyond this are kept in files."""

_MANIFEST = "job.json"


class ChunkStore(Protocol):
    """Keeps the arrays of finished chunks by number."""

    def has(self, number: int) -> bool:
        """Tell whether a chunk is finished."""

    def put(self, number: int, arrays: Arrays) -> None:
        """Keep a finished chunk."""

    def get(self, number: int) -> Arrays:
        """Return the arrays of a finished chunk."""


class MemoryStore:
    """Keeps chunks in memory."""

    def __init__(self) -> None:
        self._chunks: dict[int, Arrays] = {}

    def has(self, number: int) -> bool:
        """Tell whether a chunk is finished."""
        return number in self._chunks

    def put(self, number: int, arrays: Arrays) -> None:
        """Keep a finished chunk."""
        self._chunks[number] = arrays

    def get(self, number: int) -> Arrays:
        """Return the arrays of a finished chunk."""
        return self._chunks[number]


class DirectoryStore:
    """Keeps chunks as folders of ``.npy`` files.

    Parameters
    ----------
    directory : Path
        Made where it does not exist.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._layouts: dict[int, dict[str, tuple[Any, ...]]] = {}
        self._reading = Lock()
        directory.mkdir(parents=True, exist_ok=True)

    def _folder(self, number: int) -> Path:
        return self.directory / f"chunk-{number:06d}"

    def has(self, number: int) -> bool:
        """Tell whether a chunk is finished."""
        return self._folder(number).is_dir()

    def put(self, number: int, arrays: Arrays) -> None:
        """Keep a finished chunk; a folder that is there is whole.

        Raises
        ------
        ConfigError
            It cannot be written.
        """
        try:
            half = Path(tempfile.mkdtemp(prefix=".half-", dir=self.directory))
            for name, values in arrays.items():
                np.save(half / f"{name}.npy", values)
            half.rename(self._folder(number))
        except OSError as error:
            raise ConfigError(
                f"job {self.directory}: a chunk cannot be written ({error.strerror}). "
                "Choose another place."
            ) from None

    def get(self, number: int) -> Arrays:
        """Return the arrays of a finished chunk, mapped from their files."""
        # numpy parses headers by `ast`, which fails in threads of CPython 3.11: once, and in turn
        with self._reading:
            if number not in self._layouts:
                self._layouts[number] = _layout(self._folder(number))
        return {
            name: np.memmap(self._folder(number) / f"{name}.npy", dtype, "r", offset, shape)
            for name, (dtype, offset, shape) in self._layouts[number].items()
        }


def _layout(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return type, offset and shape of the arrays of a folder."""
    mapped = {file.stem: np.load(file, mmap_mode="r") for file in sorted(folder.glob("*.npy"))}
    return {name: (one.dtype, one.offset, one.shape) for name, one in mapped.items()}


@contextmanager
def open_store(
    directory: Path | None,
    description: Mapping[str, Any],
    *,
    resume: bool = False,
    expected_bytes: int = 0,
) -> Iterator[ChunkStore]:
    """Open the store of a job for the time of a block; scratch files go with it.

    Parameters
    ----------
    directory : Path or None
        Where the chunks stay; None keeps them for the time of the job, in memory or, beyond
        `MEMORY_LIMIT_BYTES`, in scratch files.
    description : mapping
        All that the results follow from. A folder of another job is refused.
    resume : bool
        Go on with the chunks that are there.
    expected_bytes : int
        Size of all results.

    Raises
    ------
    ConfigError
        The folder holds a job and `resume` is not set, holds another job, or something else.
    """
    if directory is not None:
        claim_folder(directory, description, resume=resume)
        for half in directory.glob(".half-*"):
            shutil.rmtree(half, ignore_errors=True)
        yield DirectoryStore(directory)
        return
    if resume:
        raise ConfigError("resume: there is no job folder to go on with. Name it (--job DIR).")
    if expected_bytes <= MEMORY_LIMIT_BYTES:
        yield MemoryStore()
        return
    with tempfile.TemporaryDirectory(prefix="basislab-", ignore_cleanup_errors=True) as scratch:
        yield DirectoryStore(Path(scratch))


def claim_folder(directory: Path, description: Mapping[str, Any], *, resume: bool) -> None:
    """Make a folder that of one job, or see that it is already, which `resume` must allow.

    Raises
    ------
    ConfigError
        It holds another job, or something else, or cannot be written.
    """
    manifest = {"format": FORMAT, "key": job_key(description), "job": dict(description)}
    path = directory / _MANIFEST
    try:
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            _check_same(directory, found, manifest, resume=resume)
            return
        if directory.exists() and any(directory.iterdir()):
            raise ConfigError(
                f"job {directory}: the folder is not empty and holds no job. Choose another one."
            )
        directory.mkdir(parents=True, exist_ok=True)
        half = directory / f"{_MANIFEST}.half"
        half.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        half.replace(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"job {directory}: it cannot be used ({error}).") from None


def _check_same(
    directory: Path, found: Mapping[str, Any], manifest: Mapping[str, Any], *, resume: bool
) -> None:
    if not resume:
        raise ConfigError(
            f"job {directory}: it holds a job already. Go on with it with --resume, "
            "or choose another folder."
        )
    if found.get("key") != manifest["key"] or found.get("format") != FORMAT:
        was = found.get("job", {})
        changed = sorted(
            name
            for name in {*was, *manifest["job"]}
            if was.get(name) != json.loads(json.dumps(manifest["job"].get(name)))
        )
        raise ConfigError(
            f"job {directory}: it is another job ({', '.join(changed) or 'its format'} differ). "
            "Give the same options as before, or choose another folder."
        )


def job_key(description: Mapping[str, Any]) -> str:
    """Return a digest of all that the results of a job follow from.

    Parameters
    ----------
    description : mapping
        JSON-ready.
    """
    text = json.dumps(description, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
