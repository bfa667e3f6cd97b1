"""The contract of search algorithms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hwnas.algorithms import (
    Algorithm,
    Receiving,
    Setting,
    Told,
    fidelity_of,
    needs_fidelities,
)
from hwnas.algorithms.warm_start import parse_warm_start
from hwnas.core.space import SearchSpace
from hwnas.errors import StateError
from hwnas.spaces import load_space
from hwnas.testing._require import require

_N_OBJECTIVES = 2
_N_TURNS = 4
_FIDELITIES = (1, 3, 9)


def check_algorithm(algorithm: type[Algorithm], space: SearchSpace | None = None) -> None:
    """Assert that an algorithm keeps the contract of ``Algorithm``.

    It checks that

    - it declares a least population and, if any, a warm start that there is;
    - ``ask(n)`` gives at most ``n`` valid genotypes in range, those it is to begin with first;
    - what it asks before it was told of the last is valid too, or refused with a ``StateError``;
    - the same seed asks the same, whatever numpy's global generator does;
    - one that needs fidelities has what it asks evaluated at one of them;
    - it can be told of single architectures, in another order than it asked;
    - what failed, is unknown or breaks a limit can be told, also where nothing else is;
    - it can have one objective, and four;
    - one whose population takes in others does so, whatever became of them, and goes on.

    Args:
        algorithm: The class.
        space: A space to search; NAS-Bench-201 by default.

    Raises:
        AssertionError: It does not; the message says what must hold.
    """
    space = load_space("nasbench201") if space is None else space
    name = algorithm.__name__
    least = algorithm.least_population
    require(least >= 1, f"{name}: least_population must be at least 1; got {least}.")
    if algorithm.default_warm_start is not None:
        parse_warm_start(algorithm.default_warm_start)

    def make(
        seed: int = 0, initial: np.ndarray | None = None, n_objectives: int = _N_OBJECTIVES
    ) -> Algorithm:
        if initial is None and algorithm.default_warm_start is not None:
            initial = first
        return algorithm(
            Setting(space, n_objectives, population, seed, initial, fidelities=fidelities)
        )

    population = max(least, 8)
    fidelities = _FIDELITIES if needs_fidelities(algorithm) else ()
    first = _distinct(space, population)
    _check_beginning(name, space, make(initial=first), first)
    _check_fidelities(name, make(), population, fidelities)
    _check_asking(name, space, make(), population)
    _check_seeds(name, space, make, population)
    _check_portions(name, space, make(), population)
    for words in (("failed",), ("unknown",), ("infeasible",), ("done", "failed", "infeasible")):
        _check_statuses(name, space, make(), population, words)
    for n_objectives in (1, 4):
        _turns(name, space, make(n_objectives=n_objectives), population, n_objectives=n_objectives)
    _check_immigration(name, space, make(), first)


def _distinct(space: SearchSpace, n: int) -> np.ndarray:
    """Valid canonical genotypes of different classes, shape ``(n, n_genes)``."""
    drawn = space.canonical_genotypes(space.sample_genotypes(50 * n, np.random.default_rng(0)))
    _, places = np.unique(drawn, axis=0, return_index=True)
    return drawn[np.sort(places)][:n]


def _told(
    space: SearchSpace,
    genotypes: np.ndarray,
    words: Sequence[str] = ("done",),
    n_objectives: int = _N_OBJECTIVES,
) -> Told:
    """Objectives in conflict, one and the next; statuses by turns."""
    total = genotypes @ np.arange(1.0, 1 + len(space.genes))
    signs = (-1.0) ** np.arange(n_objectives)
    values = signs * total[:, None] ** (1 / np.arange(1, 1 + n_objectives))
    status = np.array([words[row % len(words)] for row in range(len(genotypes))], dtype=object)
    values[np.isin(status, ("failed", "unknown"))] = np.nan
    violation = np.where(status == "infeasible", 0.5, np.where(status == "failed", np.nan, 0.0))
    return Told(genotypes, values, values - 1, values + 1, violation[:, None], status)


def _ask(name: str, space: SearchSpace, algorithm: Algorithm, n: int) -> np.ndarray:
    """What is asked, if it is at most ``n`` valid genotypes."""
    asked = algorithm.ask(n)
    shape = (len(asked), len(space.genes))
    require(asked.shape == shape, f"{name}: ask() must give shape {shape}; got {asked.shape}.")
    require(len(asked) <= n, f"{name}: ask({n}) must give at most {n}; got {len(asked)}.")
    require(
        np.issubdtype(asked.dtype, np.integer),
        f"{name}: ask() must give integers; got {asked.dtype}.",
    )
    space.check_genotypes(asked)
    require(
        space.valid_mask(asked).all(),
        f"{name}: what is asked must connect input and output; {asked[~space.valid_mask(asked)]} "
        "does not.",
    )
    return asked


def _turns(
    name: str,
    space: SearchSpace,
    algorithm: Algorithm,
    n: int,
    words: Sequence[str] = ("done",),
    n_objectives: int = _N_OBJECTIVES,
) -> list[bytes]:
    """What is asked in a few turns, each told at once."""
    asked = []
    for _ in range(_N_TURNS):
        genotypes = _ask(name, space, algorithm, n)
        if len(genotypes):
            algorithm.tell(_told(space, genotypes, words, n_objectives))
        asked.append(genotypes.tobytes())
    return asked


def _check_beginning(
    name: str, space: SearchSpace, algorithm: Algorithm, first: np.ndarray
) -> None:
    asked = _ask(name, space, algorithm, len(first))
    require(
        np.array_equal(asked, first[: len(asked)]) and len(asked) > 0,
        f"{name}: what it is given to begin with must be asked first, in that order.",
    )


def _check_fidelities(
    name: str, algorithm: Algorithm, population: int, fidelities: Sequence[float]
) -> None:
    algorithm.ask(population)
    fidelity = fidelity_of(algorithm, fidelities)
    require(
        not fidelities or fidelity in fidelities,
        f"{name}: fidelity must be one of {tuple(fidelities)}; got {fidelity}.",
    )


def _check_asking(name: str, space: SearchSpace, algorithm: Algorithm, population: int) -> None:
    """Small asks, and more of them than are told."""
    asked = 0
    for _ in range(3 * population):
        try:
            genotypes = _ask(name, space, algorithm, 3)
        except StateError:
            break
        asked += len(genotypes)
    require(asked > 0, f"{name}: the first ask() must give something.")


def _check_seeds(
    name: str, space: SearchSpace, make: Callable[[int], Algorithm], population: int
) -> None:
    one = _turns(name, space, make(3), population)
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    try:
        same = _turns(name, space, make(3), population)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    require(one == same, f"{name}: the same seed must ask the same when told the same.")


def _check_portions(name: str, space: SearchSpace, algorithm: Algorithm, population: int) -> None:
    for _ in range(_N_TURNS):
        asked = _ask(name, space, algorithm, population)
        for genotype in asked[::-1]:
            algorithm.tell(_told(space, genotype[None]))


def _check_statuses(
    name: str, space: SearchSpace, algorithm: Algorithm, population: int, words: Sequence[str]
) -> None:
    asked = _turns(name, space, algorithm, population, words)
    require(bool(asked[0]), f"{name}: ask() must give something, whatever came of the last.")


def _check_immigration(
    name: str, space: SearchSpace, algorithm: Algorithm, others: np.ndarray
) -> None:
    if not isinstance(algorithm, Receiving):
        return
    _turns(name, space, algorithm, len(others))
    algorithm.immigrate(_told(space, others, ("done", "failed", "infeasible")))
    asked = _turns(name, space, algorithm, len(others))
    require(bool(asked[0]), f"{name}: ask() must give something after others were taken in.")
