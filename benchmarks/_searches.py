"""A search whose evaluations are looked up one by one, as if each were a training."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _peers import PEERS, POPULATION, Bench
from _truth import Truth

import hwnas
from hwnas.core.architecture import Architecture
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
    steps = list[tuple[int, float]]()
    columns = [spec.column for spec in truth.specs]

    def evaluate(archs: Sequence[Architecture]) -> dict[str, np.ndarray]:
        values = truth.values[truth.rows(truth.space.genotypes(archs))]
        return dict(zip(columns, values.T, strict=True))

    def hear(progress: Progress) -> None:
        steps.append((progress.generation.n_evaluated, time.process_time() - started))

    with tempfile.TemporaryDirectory() as folder:
        run = hwnas.search(
            truth.space,
            device=truth.device,
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
        spent, wall = time.process_time() - started, time.perf_counter() - wall
        seen = run.evaluations
        rows = truth.rows_of(seen["arch"][seen["status"] != "asked"].tolist())
        front = truth.rows_of(list(run.front.archs))
    return Searched(rows, spent, wall, steps=tuple(steps), front=front)
