"""BOHB: Hyperband's brackets, and what it learns from them."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._brackets import Brackets
from hwnas.core.space import SearchSpace

pytest.importorskip("optuna", reason="optuna is not installed")

FIDELITIES = (1, 3, 9)


def _run(name: str, space: SearchSpace, n_rungs: int, seed: int = 0) -> list[tuple[float, Told]]:
    """Rungs with what was told of them: a sum over genes, blurred where the fidelity is low."""
    algorithm = ALGORITHMS[name](Setting(space, 1, 9, seed, fidelities=FIDELITIES))
    assert isinstance(algorithm, Brackets)
    weights, rng = np.arange(1.0, 7.0), np.random.default_rng(seed)
    found = []
    for _ in range(n_rungs):
        asked = algorithm.ask(100)
        noise = rng.normal(0, 6 * (1 / algorithm.fidelity - 1 / 9), len(asked))
        values = ((asked - 3) ** 2 @ weights + noise)[:, None]
        ends = np.full(values.shape, np.nan)
        status = np.full(len(asked), "done", dtype=object)
        told = Told(asked, values, ends, ends, np.zeros((len(asked), 0)), status)
        algorithm.tell(told)
        found.append((algorithm.fidelity, told))
    return found


def test_its_rungs_are_those_of_hyperband(nasbench201: SearchSpace) -> None:
    one, other = (
        [(fidelity, len(told)) for fidelity, told in _run(name, nasbench201, 9)]
        for name in ("bohb", "hyperband")
    )
    assert one == other


def test_no_class_begins_twice(nasbench201: SearchSpace) -> None:
    rungs = _run("bohb", nasbench201, 18)
    # Every third, fifth and sixth rung of six is one of a bracket that goes on.
    begun = [told.genotypes for place, (_, told) in enumerate(rungs) if place % 6 in (0, 3, 5)]
    keys = nasbench201.canonical_genotypes(np.concatenate(begun))
    assert len(np.unique(keys, axis=0)) == len(keys)


def test_it_learns_what_to_begin_with(nasbench201: SearchSpace) -> None:
    def best(name: str, seed: int) -> float:
        rungs = _run(name, nasbench201, 18, seed)
        return min(float(told.values.min()) for fidelity, told in rungs if fidelity == 9)

    pairs = [(best("bohb", seed), best("hyperband", seed)) for seed in range(4)]
    assert sum(learnt < drawn for learnt, drawn in pairs) >= 3
