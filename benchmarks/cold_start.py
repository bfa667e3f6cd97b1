"""A command from the shell in two checkouts by turns: wall time, processor time, peak memory.

    python benchmarks/cold_start.py BEFORE AFTER [--repeats 9] [COMMAND ...]

``BEFORE`` and ``AFTER`` are checkouts; the command is ``hwnas``'s, the default search if none is
given. Both run under this interpreter, so they need the same packages.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from _environment import environment, table

DEFAULT = ["search", "nasbench201", "--device", "edgegpu", "--seed", "0", "--quiet"]


class Cost(NamedTuple):
    """What one process cost."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def cold(checkout: Path, command: Sequence[str]) -> Cost:
    """Run a command of a checkout in a fresh process and an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "hwnas", *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdout=subprocess.DEVNULL,
        )
        # Waited for by hand: the usage of this one child, not the most of all so far.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{checkout.name}: '{' '.join(command)}' must exit 0.")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    """Print the medians and ratios as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("command", nargs="*", default=DEFAULT)
    given = parser.parse_args()
    checkouts = [given.before.resolve(), given.after.resolve()]
    for checkout in checkouts:
        cold(checkout, given.command)  # bytecode and the disk's cache
    pairs = [
        [cold(checkout, given.command) for checkout in checkouts] for _ in range(given.repeats)
    ]
    print(f"`hwnas {' '.join(given.command)}`, median of {given.repeats} pairs\n")
    print(f"{environment()}\n- load before: {os.getloadavg()[0]:.1f}\n")
    rows = []
    for place, name in enumerate(Cost._fields):
        before, after = ([pair[side][place] for pair in pairs] for side in (0, 1))
        ratios = [two / one for one, two in zip(before, after, strict=True)]
        rows.append(
            (
                name,
                f"{statistics.median(before):.2f}",
                f"{statistics.median(after):.2f}",
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            )
        )
    print(table(["", "before", "after", "after / before (range)"], rows))


if __name__ == "__main__":
    main()
