"""What a search by surrogates costs itself: seconds of a run, and how a step's cost grows.

Evaluations are looked up, so nearly all of the time is the search's own. Run on a quiet machine:
``python benchmarks/surrogate_cost.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _environment import environment, write_results
from _searches import searched
from _sections_quality import OURS, surrogate_cost
from _truth import Truth, need_tables
from search_quality import DATASET, OBJECTIVES, PACKAGES, SPACE

import hwnas
from hwnas.algorithms import ALGORITHMS

DEVICE = "edgegpu"
BUDGET, LONG_BUDGET = 500, 1000
SEEDS = (1000, 1001, 1002)
# Steps before so many evaluations are of the initial design, or too short to time.
FIRST = 100
WINDOW = 100
NAME = "surrogate_cost"


def steps_of(steps: Sequence[tuple[int, float]]) -> np.ndarray:
    """Evaluations before each step and the processor time that it took, in seconds.

    Args:
        steps: Evaluations and time since the start after each step.

    Returns:
        Shape ``(n_steps, 2)``; the first step is left out, which begins with none.
    """
    counts, seconds = np.array(steps, dtype=float).T
    return np.stack([counts[:-1], np.diff(seconds)], axis=1)


def growth(steps: np.ndarray, first: int = FIRST) -> float:
    """Exponent of the growth of a step's cost with the evaluations before it: 1 is linear.

    Args:
        steps: As ``steps_of`` gives them.
        first: Evaluations from which on steps count.
    """
    counts, seconds = steps[(steps[:, 0] >= first) & (steps[:, 1] > 0)].T
    slope, _ = np.polyfit(np.log(counts), np.log(seconds), 1)
    return float(slope)


def measured(algorithm: str, seeds: Sequence[int]) -> dict[str, Any]:
    """Seconds of runs, and the cost of steps of longer ones."""
    truth = Truth(hwnas.load_space(SPACE, dataset=DATASET), DEVICE, OBJECTIVES)
    # What is imported and read once is no cost of a search.
    searched(truth, algorithm, 0, WINDOW)
    runs = [searched(truth, algorithm, seed, BUDGET) for seed in seeds]
    steps = [steps_of(searched(truth, algorithm, seed, LONG_BUDGET).steps) for seed in seeds]
    together = np.concatenate(steps)
    windows = [
        {
            "from": first,
            "seconds_a_step": float(np.mean(inside[:, 1])),
            "n_steps": len(inside),
        }
        for first in range(0, LONG_BUDGET, WINDOW)
        if len(inside := together[(together[:, 0] >= first) & (together[:, 0] < first + WINDOW)])
    ]
    return {
        "algorithm": algorithm,
        "device": DEVICE,
        "budget": BUDGET,
        "long_budget": LONG_BUDGET,
        "first": FIRST,
        "window": WINDOW,
        "seconds": [run.seconds for run in runs],
        "seconds_cpu": [run.seconds_cpu for run in runs],
        "growth": [growth(each) for each in steps],
        "windows": windows,
    }


def main() -> None:
    """Make the runs, write the figures and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithm", default=OURS, choices=tuple(ALGORITHMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    given = parser.parse_args()
    need_tables(given.source)
    numbers = {"seeds": list(given.seeds), **measured(given.algorithm, given.seeds)}
    if given.algorithm == OURS:
        write_results(NAME, numbers, environment(PACKAGES))
    print(surrogate_cost(numbers))


if __name__ == "__main__":
    main()
