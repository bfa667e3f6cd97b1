"""What a search costs: cold from the shell, and the engine around pymoo beside pymoo alone."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _environment import environment, write_results
from page import section

import hwnas
from hwnas.api import write_report
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec

REPEATS = 9
POPULATION, GENERATIONS, N_OBJECTIVES = 100, 50, 4
SEARCH = ["-m", "hwnas", "search", "nasbench201", "--device", "edgegpu", "--quiet"]


def cold(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of a fresh process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    # The largest of all children so far: each command is measured in a child of its own.
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def free_values(genotypes: np.ndarray) -> np.ndarray:
    """Values that cost nothing and conflict, shape ``(n_archs, N_OBJECTIVES)``."""
    weights = np.sin(np.arange(1, 1 + genotypes.shape[1])[:, None] * np.arange(1, 5))
    return np.asarray(np.cos(genotypes) @ weights[:, :N_OBJECTIVES])


def function(number: int) -> Objective:
    """A free objective of a user's own: evaluated one architecture at a time, and stored so."""

    def value(archs: Sequence[Architecture]) -> np.ndarray:
        return free_values(np.array([arch.genotype for arch in archs]))[:, number]

    return hwnas.objective(value, f"free{number}")


class FreeObjective:
    """A free objective that answers a whole generation at once, as predictors do."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.spec = ObjectiveSpec(f"free{number}", "", "min", "custom", f"Free {number}", stage=1)

    def __call__(self, batch: Batch) -> Estimate:
        """Values of shape ``(n_archs,)``."""
        return Estimate.exact(free_values(batch.genotypes)[:, self._number])


def engine(
    seed: int, folder: Path, make: Callable[[int], Objective] = FreeObjective
) -> tuple[float, float]:
    """Seconds of a search over free objectives, and of its report within it."""
    started = time.perf_counter()
    run = hwnas.search(
        "nasbench201",
        objectives=[make(number) for number in range(N_OBJECTIVES)],
        population=POPULATION,
        generations=GENERATIONS,
        seed=seed,
        out=folder / f"{make.__name__}-{seed}",
    )
    searched = time.perf_counter()
    write_report(run)
    return searched - started, time.perf_counter() - searched


def pymoo_alone(seed: int) -> float:
    """Seconds of pymoo's own NSGA-II on a problem of the same size, as its manual sets it up."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

    class Free(Problem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(n_var=6, n_obj=N_OBJECTIVES, xl=0, xu=4, vtype=int)

        def _evaluate(self, x: np.ndarray, out: dict[str, Any], *_: Any, **__: Any) -> None:
            out["F"] = free_values(x)

    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
    )
    started = time.perf_counter()
    minimize(Free(), algorithm, ("n_gen", GENERATIONS), seed=seed)
    return time.perf_counter() - started


def main() -> None:
    """Print the table and write the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        helps = [cold(["-m", "hwnas", "--help"], folder)[0] for _ in range(REPEATS)]
        bare = [cold(["-c", "import numpy"], folder)[0] for _ in range(REPEATS)]
        searches = [cold(SEARCH, folder) for _ in range(REPEATS)]
        engine(REPEATS, folder)
        engine(REPEATS, folder, function)
        pymoo_alone(REPEATS)
        pairs = [(engine(seed, folder), pymoo_alone(seed)) for seed in range(REPEATS)]
        singly = [engine(seed, folder, function)[0] for seed in range(REPEATS)]
    around = statistics.median((ours - report) / theirs - 1 for (ours, report), theirs in pairs)
    whole = statistics.median(ours / theirs - 1 for (ours, _), theirs in pairs)
    numbers = {
        "help_s": statistics.median(helps),
        "numpy_s": statistics.median(bare),
        "search_s": statistics.median(seconds for seconds, _ in searches),
        "search_peak_mb": max(memory for _, memory in searches),
        "engine_s": statistics.median(ours for (ours, _), _ in pairs),
        "engine_functions_s": statistics.median(singly),
        "pymoo_s": statistics.median(theirs for _, theirs in pairs),
        "around_pymoo_pct": 100 * around,
        "around_pymoo_and_report_pct": 100 * whole,
    }
    how = {"repeats": REPEATS, "population": POPULATION, "generations": GENERATIONS}
    where = environment(("hwnas", "numpy", "pymoo", "moocore", "onnxruntime"), seed=0)
    write_results("search_speed", {**how, "median": numbers}, where)
    print(section("search_speed"))


if __name__ == "__main__":
    main()
