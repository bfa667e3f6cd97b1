"""Predictors of MNAS-style spaces, cross-validated: Accel-NASBench, and HELP's FBNet latencies.

Five seeds draw other folds of the functional classes and grow other models; each class is predicted
by a model that was fitted without it. Needs the tables: ``python benchmarks/mnas_predictors.py
--from DIR``. ``--column`` makes some rows only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from _environment import environment, table

from hwnas.fitting.columns import fit_column
from hwnas.predictors.card import Card
from hwnas.spaces import load_space
from hwnas.tables import import_table

SEEDS = range(5)
MNASNET = (
    "imagenet_accuracy_pct@proxy",
    "imagenet_zcu102_latency_ms",
    "imagenet_vck190_latency_ms",
    "imagenet_a100_throughput_ips",
)
FBNET = tuple(f"cifar100_{name}_latency_ms" for name in ("raspi4", "pixel3", "eyeriss", "fpga"))


def cards(name: str, column: str, source: Path | None) -> list[Card]:
    """Cards of a column's predictors, one for each seed."""
    data = import_table(name, source)
    chosen = next(found for found in data.columns if found.name == column)
    space = load_space(data.space, dataset=chosen.dataset)
    return [fit_column(space, data, chosen, seed).card for seed in SEEDS]


def summary(found: list[Card], figure: str) -> str:
    """Mean of a figure out of fold over seeds, and its standard deviation."""
    values = [card.evaluation.figures[figure] for card in found]
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.4f} ± {np.std(known):.4f}"


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    parser.add_argument("--column", action="append", help="a row's column; every row by default")
    given = parser.parse_args()
    print(environment(("hwnas", "numpy", "scikit-learn")))
    print(f"- seeds: {', '.join(map(str, SEEDS))}; mean and standard deviation over them\n")
    header = ["table", "column", "Kendall tau", "Spearman", "within 10 %, %", "fitted on"]
    print(table(header, []))
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HWNAS_CACHE"] = cache
        targets = [("accel-nasbench", column) for column in MNASNET]
        targets += [("help-fbnet", column) for column in FBNET]
        for name, column in targets:
            if given.column and column not in given.column:
                continue
            found = cards(name, column, given.source)
            figures = [summary(found, f) for f in ("kendall_tau", "spearman", "within_10_pct")]
            n_fitted = f"{found[0].evaluation.n_classes.train:,}"
            print("| " + " | ".join([name, column, *figures, n_fitted]) + " |", flush=True)


if __name__ == "__main__":
    main()
