"""MnasNet on zcu102 when evaluations cost: how many NSGA-II needs to be where surrogate is at 200.

The space is too large for a table, so the truth is a model of all of Accel-NASBench: ridge on pairs
of genes, which no feature set of the package has. It is the same for all searches, which know
nothing of it but what they evaluate. Run: ``python benchmarks/mnasnet_quality.py``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from _environment import environment, write_results
from _searches import evaluated
from _sections_quality import OURS, mnasnet_quality
from _truth import need_tables
from search_quality import PACKAGES, SEEDS, seeds_of

import hwnas
from hwnas.algorithms import ALGORITHMS
from hwnas.api import make_objective
from hwnas.core.space import SearchSpace
from hwnas.fitting.metrics import kendall_tau
from hwnas.fitting.splits import folds
from hwnas.objectives.curves import Yardstick
from hwnas.objectives.indicators import Normalisation, minimised, non_dominated
from hwnas.tables import ClassMeans, class_means, load_table

SPACE, DEVICE, TABLE = "mnasnet", "zcu102", "accel-nasbench"
# Objectives, their columns in the table, and whether their logarithm is fitted.
OBJECTIVES = (
    ("accuracy", "imagenet_accuracy_pct@proxy", False),
    ("latency", "imagenet_zcu102_latency_ms", True),
)
# Evaluations whose front is to be reached, and those that the others have to reach it.
BUDGET, OTHERS_BUDGET = 200, 3000
OTHERS = ("nsga2", "random")
POPULATION = 50
# Random networks whose true values set the ranges and the reference point.
N_RANGE, RANGE_SEED = 100_000, 0
# What cross-validation chose of powers of ten, for both objectives.
RIDGE = 10.0
N_FOLDS = 5
NAME = "mnasnet_quality"


def places_of_pairs(space: SearchSpace, genotypes: np.ndarray) -> tuple[np.ndarray, int]:
    """Which choices each pair of genes has, as places in one row of all, and how many there are.

    Args:
        space: The search space.
        genotypes: Shape ``(n_archs, n_genes)``.

    Returns:
        Places of shape ``(n_archs, n_pairs)``, and the length of the row.
    """
    n_choices = np.asarray(space.n_choices)
    first, second = np.array(list(combinations(range(len(n_choices)), 2))).T
    sizes = n_choices[first] * n_choices[second]
    starts = np.cumsum(sizes) - sizes
    places = starts + genotypes[:, first] * n_choices[second] + genotypes[:, second]
    return places, int(sizes.sum())


class PairModel:
    """Ridge regression on the choices of all pairs of genes.

    Args:
        space: The search space.
        genotypes: Shape ``(n_archs, n_genes)``.
        values: Shape ``(n_archs,)``.
        is_log: Whether the logarithm of values is fitted.
    """

    def __init__(
        self, space: SearchSpace, genotypes: np.ndarray, values: np.ndarray, is_log: bool
    ) -> None:
        from sklearn.linear_model import Ridge

        self._space, self._is_log = space, is_log
        places, n_columns = places_of_pairs(space, genotypes)
        one_hot = np.zeros((len(values), n_columns))
        np.put_along_axis(one_hot, places, 1.0, axis=1)
        fitted = Ridge(alpha=RIDGE).fit(one_hot, np.log(values) if is_log else values)
        self._weights, self._constant = fitted.coef_, fitted.intercept_

    def __call__(self, genotypes: np.ndarray) -> np.ndarray:
        """Values of genotypes ``(n_archs, n_genes)``, shape ``(n_archs,)``."""
        places, _ = places_of_pairs(self._space, genotypes)
        found = self._weights[places].sum(axis=1) + self._constant
        return np.asarray(np.exp(found) if self._is_log else found)


class PairTruth:
    """The truth of all objectives, fitted to the whole table.

    Attributes:
        space: The search space.
        specs: What the values are.
        kendall_tau: How well each is ranked in networks that were left out of the fit.
    """

    def __init__(self) -> None:
        self.space = hwnas.load_space(SPACE)
        device, table = hwnas.load_device(DEVICE), load_table(TABLE)
        self.specs = [
            make_objective(self.space, name, device, source="table").spec for name, *_ in OBJECTIVES
        ]
        self.kendall_tau = list[float | None]()
        self._models = list[PairModel]()
        for _, column, is_log in OBJECTIVES:
            means = class_means(self.space, table, column)
            self._models.append(PairModel(self.space, means.genotypes, means.values, is_log))
            self.kendall_tau.append(self._held_out(means, is_log))

    def __call__(self, genotypes: np.ndarray) -> np.ndarray:
        """True values of genotypes ``(n_archs, n_genes)``, shape ``(n_archs, n_objectives)``."""
        return np.stack([model(genotypes) for model in self._models], axis=1)

    def yardstick(self) -> Yardstick:
        """What hypervolumes are measured by: the ranges of random networks."""
        genotypes = self.space.sample_genotypes(N_RANGE, np.random.default_rng(RANGE_SEED))
        values = self(genotypes)
        front = non_dominated(minimised(values, self.specs))
        return Yardstick(Normalisation.of(values, self.specs), values[front])

    def _held_out(self, means: ClassMeans, is_log: bool) -> float | None:
        fold_of = folds(len(means.values), N_FOLDS, seed=0)
        predicted = np.empty(len(means.values))
        for fold in range(N_FOLDS):
            is_out = fold_of == fold
            known = means.where(~is_out)
            model = PairModel(self.space, known.genotypes, known.values, is_log)
            predicted[is_out] = model(means.genotypes[is_out])
        return kendall_tau(means.values, predicted)


def hypervolumes(
    truth: PairTruth, yardstick: Yardstick, algorithm: str, seed: int, budget: int
) -> np.ndarray:
    """Hypervolume after each evaluation of a search, shape ``(n_evaluated,)``."""
    columns = [spec.column for spec in truth.specs]
    found = evaluated(
        truth.space, DEVICE, columns, truth, algorithm, seed, budget, population=POPULATION
    )
    genotypes = truth.space.genotypes([truth.space.parse(arch) for arch in found.archs])
    return yardstick.hypervolumes(truth(genotypes))


def evaluations_to_reach(level: float, volumes: np.ndarray) -> int | None:
    """Evaluations until a hypervolume is at least ``level``; None where it never is."""
    reached = np.flatnonzero(volumes >= level)
    return int(reached[0]) + 1 if len(reached) else None


def measured(seeds: Sequence[int], budgets: Mapping[str, int]) -> dict[str, Any]:
    """Hypervolumes of all, and the evaluations that others need to be where the first is.

    Args:
        seeds: Seeds of each algorithm.
        budgets: Evaluations by algorithm; the first one's front is what the others are to reach.
    """
    truth = PairTruth()
    yardstick = truth.yardstick()
    ours, *others = budgets
    runs = []
    for seed in seeds:
        volumes, seconds_cpu = dict[str, np.ndarray](), dict[str, float]()
        for name, budget in budgets.items():
            started = time.process_time()
            volumes[name] = hypervolumes(truth, yardstick, name, seed, budget)
            seconds_cpu[name] = round(time.process_time() - started, 2)
        level = volumes[ours][-1]
        runs.append(
            {
                "seed": seed,
                "level": float(level),
                "needed": {name: evaluations_to_reach(level, volumes[name]) for name in others},
                "last": {name: float(volumes[name][-1]) for name in others},
                "seconds_cpu": seconds_cpu,
            }
        )
    scale = yardstick.normalisation
    return {
        "ours": ours,
        "budgets": dict(budgets),
        "objectives": [spec.column for spec in truth.specs],
        "kendall_tau": truth.kendall_tau,
        "best": list(scale.best),
        "worst": list(scale.worst),
        "reference": yardstick.reference,
        "n_range": N_RANGE,
        "runs": runs,
    }


def main() -> None:
    """Make the runs, write the figures and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=seeds_of, default=list(SEEDS), help="such as 1000-1009")
    parser.add_argument(
        "--ours",
        default="surrogate",
        choices=tuple(ALGORITHMS),
        help="whose front is to be reached",
    )
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    given = parser.parse_args()
    need_tables(given.source, (TABLE,))
    others = [name for name in OTHERS if name != given.ours]
    budgets = {given.ours: BUDGET, **dict.fromkeys(others, OTHERS_BUDGET)}
    numbers = {"seeds": given.seeds, **measured(given.seeds, budgets)}
    if given.ours == OURS:
        write_results(NAME, numbers, environment(PACKAGES))
    print(mnasnet_quality(numbers))


if __name__ == "__main__":
    main()
