"""How well the latency of a device on one space ranks another space, beside counting MACs.

Every setting that both spaces know, both ways: by what other devices take (those of the same board
left out), and by totals alone. Devices of ``REPORTED`` took no part in choosing how. Needs the
tables: ``python benchmarks/cost_transfer.py --from DIR``.

The extrapolated predictors that ship for ``mnasnet`` and ``nasbench_macro`` are those of
``hwnas fit --device D --from-space S --to-space GOAL --out FOLDER``: of edgegpu, eyeriss and fpga
from ``nasbench201``, then of raspi4, pixel3, eyeriss and fpga from ``fbnet``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from _environment import RESULTS, environment, read_results, write_results
from page import section

from hwnas.api._transfers import measured_transfers
from hwnas.fitting.carrying import Costs
from hwnas.predictors.trust import CostTrust
from hwnas.spaces import load_space
from hwnas.tables import import_table

SPACES = ("nasbench201", "fbnet")
TABLES = ("hw-nas-bench", "help-nasbench201", "help-fbnet")
REPORTED = ("raspi4", "pixel3", "eyeriss", "fpga")
"""Devices of which the mean is told; the others are those on which the way was chosen."""
METHODS = {"devices": "other devices", "totals": "totals"}


def summary(found: Sequence[CostTrust]) -> dict[str, Any]:
    """Means over some transfers, and how many rank better than MACs alone."""
    names = (
        "spearman",
        "spearman_macs",
        "spearman_params",
        "within_10_pct",
        "within_10_pct_scaled",
    )
    return {
        "n": len(found),
        "n_better_than_macs": sum(bool(each.beats_macs) for each in found),
        **{name: float(np.mean([getattr(each, name) for each in found])) for name in names},
        "factor_off": float(np.exp(np.mean([abs(np.log(each.scale)) for each in found]))),
    }


def means(found: Sequence[CostTrust]) -> dict[str, Any]:
    """A summary for each way, method and group of devices."""
    return {
        f"{start} to {goal}": {
            method: {
                group: summary(
                    [
                        each
                        for each in found
                        if (each.from_space, each.method) == (start, method)
                        and (each.device in REPORTED) == (group == "reported")
                    ]
                )
                for group in ("reported", "developed on")
            }
            for method in METHODS
        }
        for start, goal in (SPACES, SPACES[::-1])
    }


def main() -> None:
    """Measure, write the results and print them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    parser.add_argument("--out", type=Path, default=RESULTS / "cost_transfer.json")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HWNAS_CACHE"] = folder
        for name in TABLES:
            import_table(name, words.source)
        found = measured_transfers(load_space(SPACES[0]), Costs(), usual_only=False)
    where = environment(("hwnas", "numpy", "scipy", "scikit-learn"))
    numbers = {
        "seeds": [],
        "means": means(found),
        "transfers": [asdict(each) for each in found],
    }
    write_results("cost_transfer", numbers, where, words.out)
    print(section("cost_transfer", read_results(words.out)))


if __name__ == "__main__":
    main()
