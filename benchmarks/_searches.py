"""A search whose evaluations are looked up one by one, as if each were a training."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _peers import PEERS, POPULATION, Bench
from _truth import Truth

import hwnas
from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.engine.progress import Progress


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search evaluated, and what it cost.

    Args:
        rows: Classes in the order in which they were evaluated, shape ``(n_evaluated,)``.
        seconds_cpu: Processor time of this process, for all.
        seconds: Wall time.
        is_out_of_time: Whether it was stopped because its time was spent.
        steps: Evaluations and processor time since the start, in seconds, after each step, where
            a search tells.
        front: Classes that the search returned; None where it does not choose.
    """

    rows: np.ndarray
    seconds_cpu: float
    seconds: float
    is_out_of_time: bool = False
    steps: tuple[tuple[int, float], ...] = ()
    front: np.ndarray | None = None


def searched(
    truth: Truth,
    algorithm: str,
    seed: int,
    budget: int,
    population: int = POPULATION,
    limit_s: float = np.inf,
    constraints: Sequence[str] = (),
    n_objectives: int | None = None,
) -> Searched:
    """Search for a front of true values, all unknown at the start.

    Args:
        truth: Values of all classes.
        algorithm: An algorithm of hwnas, or one of ``PEERS``.
        seed: Its seed.
        budget: Classes to evaluate.
        population: Architectures that hwnas asks for at once.
        limit_s: Seconds of processor time after which a peer is stopped.
        constraints: Limits that hwnas keeps, on values that are evaluated too.
        n_objectives: How many of the truth's values, the first, hwnas is to optimise; all by
            default.
    """
    started, wall = time.process_time(), time.perf_counter()
    if algorithm in PEERS:
        bench = Bench(truth, budget, limit_s)
        PEERS[algorithm](bench, seed)
        spent, wall = time.process_time() - started, time.perf_counter() - wall
        return Searched(np.array(bench.rows, dtype=int), spent, wall, bench.is_out_of_time)
    columns = [spec.column for spec in truth.specs]
    found = evaluated(
        truth.space,
        truth.device,
        columns,
        lambda genotypes: truth.values[truth.rows(genotypes)],
        algorithm,
        seed,
        budget,
        population,
        constraints,
        n_objectives,
    )
    spent, wall = time.process_time() - started, time.perf_counter() - wall
    return Searched(
        truth.rows_of(found.archs),
        spent,
        wall,
        steps=found.steps,
        front=truth.rows_of(found.front),
    )


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Architectures that a search evaluated, in order, those it returned, and what it cost.

    Args:
        archs: What it evaluated.
        front: What it returned.
        steps: Evaluations and processor time since the start, in seconds, after each generation.
    """

    archs: list[str]
    front: list[str]
    steps: tuple[tuple[int, float], ...]


def evaluated(
    space: SearchSpace,
    device: str,
    columns: Sequence[str],
    values_of: Callable[[np.ndarray], np.ndarray],
    algorithm: str,
    seed: int,
    budget: int,
    population: int = POPULATION,
    constraints: Sequence[str] = (),
    n_objectives: int | None = None,
) -> Evaluated:
    """Search with an evaluation of one's own, as a user would.

    Args:
        space: Search space.
        device: Name of the device.
        columns: What each column of values is.
        values_of: From genotypes ``(n_archs, n_genes)`` to values ``(n_archs, n_columns)``.
        algorithm: As for ``searched``.
        seed: The same.
        budget: The same.
        population: The same.
        constraints: The same.
        n_objectives: The same.
    """
    steps, started = list[tuple[int, float]](), time.process_time()

    def evaluate(archs: Sequence[Architecture]) -> dict[str, np.ndarray]:
        return dict(zip(columns, values_of(space.genotypes(archs)).T, strict=True))

    def hear(progress: Progress) -> None:
        steps.append((progress.generation.n_evaluated, time.process_time() - started))

    with tempfile.TemporaryDirectory() as folder:
        run = hwnas.search(
            space,
            device=device,
            objectives=columns[:n_objectives],
            constraints=constraints,
            evaluate=evaluate,
            algorithm=algorithm,
            population=population,
            budget=budget,
            seed=seed,
            out=Path(folder) / "run",
            on_progress=hear,
        )
        seen = run.evaluations
        archs = seen["arch"][seen["status"] != "asked"].tolist()
        return Evaluated(archs, list(run.front.archs), tuple(steps))
