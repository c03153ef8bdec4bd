"""pyproject.toml, uv.lock and the files that pip installs from tell the same story, without uv."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
BY_NAME: dict[str, list[dict[str, Any]]] = {}
for package in LOCK["package"]:
    BY_NAME.setdefault(package["name"], []).append(package)
PROJECT = BY_NAME["basislab"][0]
EXPORTS = [("requirements.txt", ["build", "dev"], True), ("requirements-docs.txt", ["docs"], False)]


def requirements(name: str) -> dict[tuple[str, str], set[str]]:
    """Hashes by name and version, as pip reads the file."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {
        (match[1], match[2]): set(re.findall(r"--hash=(\S+)", line))
        for line in lines
        if (match := re.match(r"([a-z0-9-]+)==(\S+)", line))
    } | {("unread", line): set() for line in lines if not re.match(r"[a-z0-9-]+==", line)}


def locked(groups: list[str], *, with_project: bool) -> dict[tuple[str, str], set[str]]:
    """Hashes by name and version of all that the lock reaches from these groups."""
    edges = [edge for group in groups for edge in PROJECT["dev-dependencies"][group]]
    edges += PROJECT["dependencies"] if with_project else []
    reached: dict[tuple[str, str], set[str]] = {}
    asked = set()
    while edges:
        edge = edges.pop()
        extras = edge.get("extra", [])
        key = (edge["name"], edge.get("version"), *extras)
        if key in asked:
            continue
        asked.add(key)
        for found in BY_NAME[edge["name"]]:
            if found["version"] != edge.get("version", found["version"]):
                continue
            files = [*found.get("wheels", []), *([found["sdist"]] if "sdist" in found else [])]
            reached[found["name"], found["version"]] = {file["hash"] for file in files}
            edges += found.get("dependencies", [])
            for extra in extras:
                edges += found.get("optional-dependencies", {}).get(extra, [])
    return reached


@pytest.mark.parametrize(("name", "groups", "with_project"), EXPORTS)
def test_pip_installs_what_is_locked(name: str, groups: list[str], *, with_project: bool) -> None:
    """Versions and hashes of the export, read line by line, are those the lock reaches."""
    expected = locked(groups, with_project=with_project)
    actual = requirements(name)
    assert sorted(expected) == sorted(actual)
    assert expected == actual
    assert all(actual.values()), "a requirement without a hash"


def test_lock_knows_the_bounds_of_pyproject() -> None:
    """The lock repeats the bounds it was solved for; an edit without `make lock` shows here."""
    metadata = PROJECT["metadata"]

    def as_text(entry: dict[str, Any]) -> str:
        extras = f"[{','.join(entry['extras'])}]" if "extras" in entry else ""
        return f"{entry['name']}{extras}{entry.get('specifier', '')}"

    extras = PYPROJECT["project"].get("optional-dependencies", {})
    bounds = {"": PYPROJECT["project"]["dependencies"], **extras}
    locked_bounds: dict[str, list[str]] = {}
    for entry in metadata["requires-dist"]:
        extra = re.search(r"extra == '([a-z]+)'", entry.get("marker", ""))
        locked_bounds.setdefault(extra[1] if extra else "", []).append(as_text(entry))
    assert {name: sorted(names) for name, names in bounds.items()} == {
        name: sorted(names) for name, names in locked_bounds.items()
    }
    assert {group: sorted(names) for group, names in PYPROJECT["dependency-groups"].items()} == {
        group: sorted(as_text(entry) for entry in entries)
        for group, entries in metadata["requires-dev"].items()
    }


def test_build_backend_is_locked_as_the_build_asks() -> None:
    """Installed without isolation, the backend must be the one `[build-system]` names."""
    assert PYPROJECT["build-system"]["requires"] == PYPROJECT["dependency-groups"]["build"]


def test_lock_names_only_the_public_index() -> None:
    """No path or mirror of the machine that locked may leak."""
    text = "".join((ROOT / name).read_text() for name in ("uv.lock", *(row[0] for row in EXPORTS)))
    hosts = set(re.findall(r"\w+://[^/\s\"]+", text))
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert "file:" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_setup_accepts_the_pythons_of_pyproject() -> None:
    """`>=3.11,<3.14` is spelled out in the shell script, which cannot read TOML."""
    low, high = re.findall(r"3\.(\d+)", PYPROJECT["project"]["requires-python"])
    expected = [f"3.{minor}" for minor in range(int(high) - 1, int(low) - 1, -1)]
    script = (ROOT / "scripts" / "setup.sh").read_text()
    assert expected == re.search(r'^supported="([\d. ]+)"', script, re.MULTILINE)[1].split()
    named = [row.rsplit(" ", 1)[1] for row in PYPROJECT["project"]["classifiers"] if ":: 3." in row]
    assert sorted(expected) == sorted(named)
