"""A process that is killed while it stores a market leaves no half market."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from basislab.data import load_market, save_market
from tests.data_fixtures import clean_market

WRITER = """
import sys
from pathlib import Path
from dataclasses import replace
from basislab.data import load_market
from basislab.data.keep.store import save
home = Path(sys.argv[1])
old = replace(load_market(home / "replaced"), quote="USDC")
new = replace(old, quote="NEW")
print("ready", flush=True)
number = 0
while True:
    number += 1
    save(old, home / f"fresh{number}")
    save(new, home / "replaced", replace=True)
    save(old, home / "replaced", replace=True)
"""


def test_kill_nine_at_any_moment_leaves_whole_markets_or_none(tmp_path: Path) -> None:
    """Fresh directories are whole or absent; the replaced one is always the old or the new."""
    old = clean_market(5)
    save_market(old, directory=tmp_path / "replaced")
    chance = random.Random(5)  # noqa: S311 - moments, not secrets
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.4))
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert load_market(tmp_path / "replaced").quote in {"USDC", "NEW"}
        for fresh in tmp_path.glob("fresh*"):
            assert load_market(fresh).fingerprint == old.fingerprint
    assert list(tmp_path.glob("fresh*"))
