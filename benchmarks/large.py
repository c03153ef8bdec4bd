"""Memory of large Monte-Carlos: a hundred policies on more and more paths, each in its own process.

    python -m benchmarks.large [--quick] [--no-save]

Peak memory is the system's figure for the whole process, mapped files included. Kept in
``benchmarks/large.json`` and in the table of docs/cluster.md; --quick leaves out a million paths.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "large.json"
PATHS = (10_000, 100_000, 1_000_000)
POLICIES = 100
LIMIT_MB = 1_000

JOB = """
import json, resource, sys, time
import numpy as np
import basislab as bl
market, paths, files = bl.load_market(), int(sys.argv[1]), sys.argv[2]
begun = time.perf_counter()
found = bl.montecarlo(
    market, bl.RebalanceConfig(leverage=2), paths=paths,
    leverage=np.linspace(2, 3.9, 20).round(1).tolist(), trigger=[5, 6, 7, 8, None],
    block_check=False, history_error=False, outcomes=files or None,
)
assert len(found.configs) == int(sys.argv[3])
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"paths": paths, "seconds": seconds, "peak_mb": peak}))
"""


def measure(paths: int, files: str = "") -> dict[str, Any]:
    """Run a Monte-Carlo in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", JOB, str(paths), files, str(POLICIES)],
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def main(arguments: list[str]) -> None:
    """Measure, keep and show."""
    from benchmarks.cluster import write_table
    from benchmarks.run import machine

    lines = []
    for paths in PATHS[: 2 if "--quick" in arguments else 3]:
        lines.append(measure(paths))
        print(lines[-1], flush=True)
        assert lines[-1]["peak_mb"] < LIMIT_MB
    if "--no-save" not in arguments and "--quick" not in arguments:
        kept = {"machine": machine(), "policies": POLICIES, "runs": lines}
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        write_table()


if __name__ == "__main__":
    main(sys.argv[1:])
