"""Models over a large batch: rows in chunks of one size, features shared, chunks on all cores.

Chunks depend on the batch alone and each model runs on one thread, so that the number of cores
changes no bit of a result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.executors import n_cores
from hwnas.features import feature_matrix
from hwnas.models.sessions import run_session

# A few hundred float32 features of so many rows stay in the cache of one core, or nearly.
CHUNK_ROWS = 2048
# More of them sort no better.
N_SORTED_GENES = 8

Task = tuple[SearchSpace, tuple[str, ...], Sequence[Any]]
"""A space with its data set, names of feature sets, and the sessions that read those features."""


def run_together(
    tasks: Sequence[Task], genotypes: np.ndarray, n_threads: int | None = None
) -> list[np.ndarray]:
    """Outputs of the sessions of several tasks; equal features are computed once.

    Args:
        tasks: What to run.
        genotypes: Canonical genotypes, shape ``(n_archs, n_genes)``.
        n_threads: Threads at most; one for each core by default.

    Returns:
        For each task its sessions' outputs, float64 of shape ``(n_sessions, n_archs)``.
    """
    order = _similar_together(genotypes)
    outputs = [np.empty((len(sessions), len(genotypes))) for _, _, sessions in tasks]
    readers: dict[tuple[SearchSpace, tuple[str, ...]], list[int]] = {}
    for number, (space, sets, _) in enumerate(tasks):
        readers.setdefault((space, sets), []).append(number)

    def run(start: int) -> None:
        rows = order[start : start + CHUNK_ROWS]
        for (space, sets), numbers in readers.items():
            features = feature_matrix(space, genotypes[rows], sets, is_canonical=True)
            for number in numbers:
                for output, session in zip(outputs[number], tasks[number][2], strict=True):
                    output[rows] = run_session(session, features)

    _in_threads(run, range(0, len(genotypes), CHUNK_ROWS), n_threads or n_cores())
    return outputs


def _similar_together(genotypes: np.ndarray) -> np.ndarray:
    """Positions of genotypes ``(n_archs, n_genes)``, like ones beside each other: ``(n_archs,)``.

    Neighbours then take the same ways through the trees of a model, which processors foresee.
    One chunk stays as it is.
    """
    if len(genotypes) <= CHUNK_ROWS:
        return np.arange(len(genotypes))
    return np.lexsort(genotypes[:, :N_SORTED_GENES].T[::-1])


def _in_threads(work: Callable[[int], None], starts: Sequence[int], n_threads: int) -> None:
    """Do the work for each start; numpy and onnxruntime leave the interpreter to other threads."""
    n_threads = min(len(starts), n_threads)
    if n_threads <= 1:
        for start in starts:
            work(start)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(work, starts):
            pass
