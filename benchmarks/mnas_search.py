"""MnasNet on a board: NSGA-II beside random search, and architectures predicted a second.

Run: ``python benchmarks/mnas_search.py searches`` and ``... speed``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from _environment import environment, write_results
from page import section

import hwnas
from hwnas.api import make_objective
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.space import SearchSpace
from hwnas.executors import n_cores
from hwnas.features import feature_matrix
from hwnas.features.counting import count_genotypes
from hwnas.objectives.evaluation import evaluate
from hwnas.objectives.indicators import Normalisation
from hwnas.predictors.batches import CHUNK_ROWS

SPACE, DEVICE = "mnasnet", "zcu102"
OBJECTIVES = ("accuracy", "latency")
SEEDS = range(10)
BUDGET = 2000
N_PREDICTED = 100_000
PREDICTED = ("accuracy", "latency", "throughput", "params")
REPEATS = 5


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


def predicted_per_second() -> dict[str, float]:
    """Architectures a second over four objectives, from genotypes, and what stands beside it."""
    space = hwnas.load_space(SPACE)
    device = hwnas.load_device(DEVICE)
    measures = [make_objective(space, name, device) for name in PREDICTED]
    genotypes = space.sample_genotypes(N_PREDICTED, np.random.default_rng(0))
    archs = [space.architecture(genotype) for genotype in genotypes]

    def together(archs: Sequence[Architecture]) -> None:
        evaluate(Batch.of(space, archs), measures)

    def one_by_one() -> None:
        for measure in measures:
            measure(Batch.of(space, archs))

    together(archs[:100])
    return {
        "in one batch, from genotypes": _rate(lambda: together(Batch(space, genotypes))),
        "the same, CPU time of one core": _rate(
            lambda: together(Batch(space, genotypes)), time.process_time
        ),
        "in one batch, from architectures": _rate(lambda: together(archs)),
        "objective by objective, from architectures": _rate(one_by_one),
        "features alone, from genotypes": _rate(lambda: _features(space, genotypes)),
        "counts alone, from genotypes": _rate(lambda: count_genotypes(space, genotypes)),
    }


def _features(space: SearchSpace, genotypes: np.ndarray) -> None:
    for start in range(0, len(genotypes), CHUNK_ROWS):
        feature_matrix(space, genotypes[start : start + CHUNK_ROWS], space.feature_sets)


def _rate(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Architectures a second: the median of some repeats."""
    times = []
    for _ in range(REPEATS):
        started = clock()
        work()
        times.append(clock() - started)
    return N_PREDICTED / statistics.median(times)


def main() -> None:
    """Print one of the two and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("searches", "speed"))
    where = environment(("hwnas", "numpy", "pymoo", "onnxruntime"))
    if parser.parse_args().what == "searches":
        numbers = {"seeds": list(SEEDS), "budget": BUDGET, "runs": searches()}
        write_results("mnas_search", numbers, where)
        print(section("mnas_search"))
        return
    rates = predicted_per_second()
    how = {"n_archs": N_PREDICTED, "n_cores": n_cores(), "quantities": PREDICTED}
    write_results("prediction_speed", {**how, "archs_per_s": rates}, where)
    print(section("prediction_speed"))


def searches() -> list[dict[str, float]]:
    """Hypervolumes that NSGA-II and random search explore at the same number of evaluations."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for seed in SEEDS:
            ours, run = explored("nsga2", seed, Path(name))
            random, _ = explored("random", seed, Path(name))
            scale = Normalisation.of(np.concatenate([ours, random]), run.front.objectives)
            rows.append(
                {
                    "seed": seed,
                    "nsga2": scale.hypervolume(ours),
                    "random": scale.hypervolume(random),
                    "front": len(run.front),
                }
            )
    return rows


if __name__ == "__main__":
    main()
