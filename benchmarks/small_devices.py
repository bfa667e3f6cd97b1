"""A new device from few nets: every column of HELP and HW-NAS-Bench as if it were unknown.

Of the 9,444 connected NAS-Bench-201 nets without dead operations, n are drawn at random, fitted as
``hwnas fit`` fits a user's own table, and all others are predicted; what is known of the same
board (other batch sizes, its energy or latency) is left out. Spearman's rho with each net's own
value, of nets predicted as they stand and by the mean of their functional class; beside it their
multiply-accumulates alone. The 30 columns are HELP's 27 settings and, of HW-NAS-Bench on CIFAR-10,
edgegpu's latency and energy and eyeriss's energy: its other columns are HELP's, fpga's energy is
seven times its latency, and edgetpu does not run all nets.

    python benchmarks/small_devices.py [--seeds 0 1 2 3 4] [--out FILE]

What FILE holds of these seeds is not computed again. About ten minutes on one core.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _environment import RESULTS, environment, read_results, write_results
from page import section
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from hwnas.core.objective import Estimate
from hwnas.core.space import SearchSpace
from hwnas.features.counting import count_genotypes
from hwnas.fitting.columns import fit_column
from hwnas.fitting.device_prior import unrelated
from hwnas.models.sessions import open_session
from hwnas.predictors.predictor import Predictor
from hwnas.spaces import load_space
from hwnas.tables import Column, Table, load_table

SAMPLES = (10, 20, 50, 200)
SEEDS = range(5)
DECIMALS = 5
COLUMNS = {
    "help-nasbench201": (
        *(
            f"cifar10_{gpu}_latency_ms@batch{size}"
            for gpu in ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
            for size in (1, 32, 256)
        ),
        *(
            f"cifar10_{board}_latency_ms"
            for board in (
                "essential_ph_1",
                "eyeriss",
                "fpga",
                "gold_6226",
                "gold_6240",
                "pixel2",
                "pixel3",
                "raspi4",
                "samsung_a50",
                "samsung_s7",
                "silver_4114",
                "silver_4210r",
            )
        ),
    ),
    "hw-nas-bench": (
        "cifar10_edgegpu_latency_ms",
        "cifar10_edgegpu_energy_mj",
        "cifar10_eyeriss_energy_mj",
    ),
}


@dataclass(frozen=True)
class Problem:
    """A column as if it were a new device's.

    Args:
        column: The column.
        table: Its table, of the pruned nets alone, in a user's name.
        genotypes: Shape ``(n_nets, n_genes)``.
        macs: Multiply-accumulates of the nets, shape ``(n_nets,)``.
    """

    column: Column
    table: Table
    genotypes: np.ndarray
    macs: np.ndarray


def read_problems(space: SearchSpace) -> list[Problem]:
    """The columns in order."""
    problems = []
    for name, wanted in COLUMNS.items():
        source = load_table(name)
        every = space.genotypes([space.parse(arch) for arch in source.archs])
        is_net = (space.pruned_genotypes(every) == every).all(axis=1) & space.valid_mask(every)
        nets = every[is_net]
        own = replace(source, name="mine", frame=source.frame[is_net].reset_index(drop=True))
        macs = count_genotypes(space, nets)[:, 1]
        columns = {column.name: column for column in source.columns}
        problems += [Problem(columns[column], own, nets, macs) for column in wanted]
    return problems


def measure(space: SearchSpace, problem: Problem, n: int, seed: int) -> dict[str, Any]:
    """What a predictor fitted on ``n`` nets says of all others."""
    truth = problem.table.values(problem.column.name)
    order = np.random.default_rng(seed).permutation(len(truth))
    frame = problem.table.frame.iloc[order[:n]].reset_index(drop=True)
    sources = unrelated(space, problem.column.device)
    own = replace(problem.table, frame=frame)
    fitted = fit_column(space, own, problem.column, seed, sources=sources)
    predictor = Predictor(fitted.card, space, open_session(fitted.model))
    rest = order[n:]
    nets = predictor.predict_nets(problem.genotypes[rest])
    classes = predictor.predict(problem.genotypes[rest])
    return {
        "column": problem.column.name,
        "n": n,
        "seed": seed,
        "picked": fitted.card.model.estimator,
        "macs": _rho(problem.macs[rest], truth[rest]),
        "nets": _figures(nets, truth[rest]),
        "classes": _figures(classes, truth[rest]),
    }


def _figures(found: Estimate, truth: np.ndarray) -> dict[str, float]:
    is_inside = (found.lower <= truth) & (truth <= found.upper)
    is_close = np.abs(found.value - truth) <= 0.1 * truth
    figures = {
        "spearman": _rho(found.value, truth),
        "within_10_pct": 100 * is_close.mean(),
        "coverage_pct": 100 * is_inside.mean(),
        "width_pct": 50 * np.mean((found.upper - found.lower) / found.value),
    }
    return {name: round(float(value), DECIMALS) for name, value in figures.items()}


def _rho(one: np.ndarray, other: np.ndarray) -> float:
    return round(float(spearmanr(one, other).statistic), DECIMALS)


def main() -> None:
    """Compute what is missing in the file of results, then print it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--only", nargs="*", help="columns; all by default")
    parser.add_argument("--out", type=Path, default=RESULTS / "small_devices.json")
    words = parser.parse_args()
    record = json.loads(words.out.read_text("utf-8")) if words.out.exists() else {"rows": []}
    rows = [row for row in record["rows"] if row["seed"] in words.seeds]
    done = {(row["column"], row["n"], row["seed"]) for row in rows}
    where = environment(("hwnas", "numpy", "onnxruntime"))
    space = load_space("nasbench201")
    with threadpool_limits(1):
        for problem in read_problems(space):
            name = problem.column.name
            if words.only and name not in words.only:
                continue
            wanted = [(n, seed) for n in SAMPLES for seed in words.seeds]
            missing = [(n, seed) for n, seed in wanted if (name, n, seed) not in done]
            if not missing:
                continue  # the file's commit is that of what it holds
            rows += [measure(space, problem, n, seed) for n, seed in missing]
            write_results("small_devices", {"seeds": words.seeds, "rows": rows}, where, words.out)
    print(section("small_devices", read_results(words.out)))


if __name__ == "__main__":
    main()
