"""MnasNet on a board: NSGA-II beside random search, and architectures predicted a second."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from _environment import environment, table

import hwnas
from hwnas.api import make_objective
from hwnas.features import counts
from hwnas.search.indicators import Normalisation

SPACE, DEVICE = "mnasnet", "zcu102"
OBJECTIVES = ("accuracy", "latency")
SEEDS = range(10)
BUDGET = 2000
N_PREDICTED = 100_000
PREDICTED = ("accuracy", "latency", "throughput", "params")
REPEATS = 3


def explored(algorithm: str, seed: int, folder: Path) -> tuple[np.ndarray, hwnas.Run]:
    """Values ``(BUDGET, n_objectives)`` of all that a search evaluated."""
    run = hwnas.search(
        SPACE,
        device=DEVICE,
        objectives=OBJECTIVES,
        algorithm=algorithm,
        budget=BUDGET,
        seed=seed,
        out=folder / f"{algorithm}{seed}",
    )
    columns = [spec.column for spec in run.front.objectives]
    return run.evaluations[columns].to_numpy(), run


def predicted_per_second() -> tuple[float, float]:
    """Architectures a second over four objectives, from genotypes; and counts alone, beside it."""
    space = hwnas.load_space(SPACE)
    device = hwnas.load_device(DEVICE)
    measures = [make_objective(space, name, device) for name in PREDICTED]
    archs = space.sample(N_PREDICTED, np.random.default_rng(0))
    for measure in measures:
        measure(archs[:100])
    times, beside = [], []
    for _ in range(REPEATS):
        started = time.perf_counter()
        for measure in measures:
            measure(archs)
        times.append(time.perf_counter() - started)
        started = time.perf_counter()
        counts(space, archs)
        beside.append(time.perf_counter() - started)
    return N_PREDICTED / statistics.median(times), N_PREDICTED / statistics.median(beside)


def main() -> None:
    """Print both."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for seed in SEEDS:
            ours, run = explored("nsga2", seed, Path(name))
            random, _ = explored("random", seed, Path(name))
            scale = Normalisation.of(np.concatenate([ours, random]), run.front.objectives)
            volumes = scale.hypervolume(ours), scale.hypervolume(random)
            rows.append([seed, *(f"{volume:.4f}" for volume in volumes), len(run.front)])
    rate, beside = predicted_per_second()
    print(environment(("hwnas", "numpy", "pymoo", "onnxruntime")))
    print(f"- {SPACE} on {DEVICE}, {' and '.join(OBJECTIVES)}, {BUDGET:,} evaluations each\n")
    print(table(["seed", "NSGA-II", "random", "front"], rows))
    print(
        f"\n{rate:,.0f} architectures a second over {', '.join(PREDICTED)} in a batch of "
        f"{N_PREDICTED:,}; counts alone, beside it: {beside:,.0f}."
    )


if __name__ == "__main__":
    main()
