"""Search under a latency limit: how near the best class that keeps it, after few evaluations.

Accuracy is maximised and latency limited to the 20th percentile of all classes; both are true
values, class means, that cost an evaluation and are unknown at the start. Run:
``python benchmarks/constrained_search.py --algorithms surrogate random``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _environment import RESULTS, commit, environment, read_results, write_results
from _searches import searched
from _truth import Truth, need_tables
from page import section
from search_quality import PACKAGES, SEEDS, seeds_of

import hwnas
from hwnas.algorithms import ALGORITHMS

SPACE, DATASET = "nasbench201", "cifar10"
OBJECTIVES = ("accuracy", "latency")
DEVICES = ("edgegpu", "raspi4", "pixel3")
PERCENTILE = 20
BUDGET, POPULATION = 100, 20
NAME = "constrained_search"


def constrained(truth: Truth, limit_ms: float, algorithm: str, seed: int) -> dict[str, Any]:
    """What a search under a limit finds, evaluates and returns, in true values.

    Args:
        truth: Accuracy and latency of all classes.
        limit_ms: Largest latency in milliseconds.
        algorithm: Name of the algorithm.
        seed: Its seed.
    """
    found = searched(
        truth,
        algorithm,
        seed,
        BUDGET,
        POPULATION,
        constraints=[f"latency_ms<={limit_ms!r}"],
        n_objectives=1,
    )
    accuracy_pct, latency_ms = truth.values.T
    keeps = latency_ms <= limit_ms
    assert found.front is not None
    within = found.front[keeps[found.front]]
    best = accuracy_pct[keeps].max()
    return {
        "seed": seed,
        "evaluated": len(found.rows),
        "evaluated_within": int(keeps[found.rows].sum()),
        "returned": len(found.front),
        "returned_broken": len(found.front) - len(within),
        # Nothing within the limit is as far away as the worst class.
        "short_points": float(best - accuracy_pct[within].max(initial=accuracy_pct.min())),
        "seconds_cpu": round(found.seconds_cpu, 2),
        "commit": commit(),
    }


def on_device(device: str, algorithms: Sequence[str], seeds: Sequence[int]) -> dict[str, Any]:
    """Searches of all algorithms under the limit of a device."""
    truth = Truth(hwnas.load_space(SPACE, dataset=DATASET), device, OBJECTIVES)
    accuracy_pct, latency_ms = truth.values.T
    limit_ms = float(np.quantile(latency_ms, PERCENTILE / 100))
    keeps = latency_ms <= limit_ms
    return {
        "limit_ms": limit_ms,
        "n_within": int(keeps.sum()),
        "optimum_pct": float(accuracy_pct[keeps].max()),
        "runs": {
            algorithm: [constrained(truth, limit_ms, algorithm, seed) for seed in seeds]
            for algorithm in algorithms
        },
    }


def merged(found: dict[str, Any], path: Path) -> dict[str, Any]:
    """What was found, with the algorithms that were run before and are not run now."""
    if path.exists():
        for device, each in read_results(path)["devices"].items():
            if device in found:
                found[device]["runs"] = {**each["runs"], **found[device]["runs"]}
            else:
                found[device] = each
    return found


def main() -> None:
    """Make the runs, write the figures beside those of other algorithms, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithms", nargs="+", default=["random"], choices=tuple(ALGORITHMS))
    parser.add_argument("--devices", nargs="+", default=DEVICES)
    parser.add_argument("--seeds", type=seeds_of, default=list(SEEDS), help="such as 1000-1009")
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    given = parser.parse_args()
    need_tables(given.source)
    found = {device: on_device(device, given.algorithms, given.seeds) for device in given.devices}
    numbers = {
        "seeds": given.seeds,
        "budget": BUDGET,
        "population": POPULATION,
        "percentile": PERCENTILE,
        "devices": merged(found, RESULTS / f"{NAME}.json"),
    }
    write_results(NAME, numbers, environment(PACKAGES))
    print(section(NAME))


if __name__ == "__main__":
    main()
