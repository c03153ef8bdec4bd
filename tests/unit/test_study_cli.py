"""``basislab study`` as a user meets it: what it writes, what a check finds, how it stops."""

import json
import os
import signal
import subprocess

import pytest

from tests.builders import INTERRUPTIBLE
from tests.unit.test_cli import basislab

SMALL = """
name = "small"
title = "Two leverages, one chapter"
leverages = [2.0, 3.0]
chapters = ["static", "fees"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with a small study in it, and what the command said."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.toml").write_text(SMALL)
    return folder, basislab("study", folder / "study.toml")


@pytest.fixture
def copy(study, tmp_path):
    """The same study in a folder of the test's own."""
    for file in study[0].iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def change_final(folder, factor):
    """Multiply one fact on file."""
    facts = json.loads((folder / "facts.json").read_text())
    facts["waterfall"][1]["final_usd"] *= factor
    (folder / "facts.json").write_text(json.dumps(facts))


def check(folder):
    return basislab("study", folder / "study.toml", "--check")


def test_what_is_written_lies_beside_the_study_file(study):
    folder, run = study
    assert run.returncode == 0, run.stderr
    names = {path.name for path in folder.iterdir()}
    assert names == {"study.toml", "study.txt", "study.md", "study.html", "facts.json", "figures"}
    drawn = sorted(path.name for path in (folder / "figures").iterdir())
    assert {name.rpartition(".")[2] for name in drawn} == {"svg", "png"}
    assert len(drawn) == 2 * len({name.rpartition(".")[0] for name in drawn})
    assert all(path.stat().st_size > 1_000 for path in (folder / "figures").iterdir())


def test_pdf_is_written_when_it_is_asked_for(tmp_path):
    """The page set on paper: a whole PDF, named in what the command says it wrote."""
    pytest.importorskip("weasyprint", reason="the extra pdf and its pango", exc_type=ImportError)
    (tmp_path / "study.toml").write_text(SMALL)
    run = basislab("study", tmp_path / "study.toml", "--pdf")
    assert run.returncode == 0, run.stderr
    assert "study.pdf" in run.stderr
    written = (tmp_path / "study.pdf").read_bytes()
    assert written.startswith(b"%PDF-")
    assert written.rstrip().endswith(b"%%EOF")
    assert len(written) > 20_000


def test_facts_within_the_tolerance_pass_the_check(copy):
    """Facts may differ by 1e-9 of their value, which is what another processor may round to."""
    change_final(copy, 1 + 1e-10)
    run = check(copy)
    assert run.returncode == 0, run.stderr
    assert "the report is what is computed" in run.stdout


def test_a_check_names_every_file_that_differs_and_writes_nothing(copy):
    change_final(copy, 1 + 1e-8)
    for name in ("study.txt", "study.md", "study.html"):
        text = (copy / name).read_text(encoding="utf-8")
        (copy / name).write_text(text.replace("leverage", "Leverage", 1), encoding="utf-8")
    before = contents(copy)
    run = check(copy)
    assert run.returncode == 1
    for named in ("final_usd", "study.txt", "study.md", "study.html", "make study"):
        assert named in run.stderr
    assert contents(copy) == before


def test_a_check_of_a_study_that_was_never_made_says_what_is_missing(tmp_path):
    (tmp_path / "study.toml").write_text(SMALL)
    run = check(tmp_path)
    assert run.returncode == 2
    assert "facts.json" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_interrupted_study_ends_quietly_and_leaves_only_whole_files(copy):
    """Ctrl-C reaches the drawing processes too: they leave it to the command."""
    before = contents(copy)
    process = subprocess.Popen(
        [*INTERRUPTIBLE, "study", str(copy / "study.toml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline().startswith("Two leverages")  # figures are drawn from now on
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert contents(copy) == before
