"""Several objectives of one batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import hwnas
from hwnas.api import make_objective
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.objectives.devices import load_device
from hwnas.objectives.evaluation import evaluate
from hwnas.spaces import load_space


def test_objectives_say_the_same_together_as_alone() -> None:
    space, device = load_space("mnasnet"), load_device("zcu102")
    names = ("params", "accuracy", "latency", "throughput", "macs")
    measures = [make_objective(space, name, device) for name in names]
    archs = space.sample(50, np.random.default_rng(0))
    for batch in (archs, Batch.of(space, archs), Batch(space, space.genotypes(archs))):
        for found, measure in zip(evaluate(space, measures, batch), measures, strict=True):
            alone = measure(archs)
            np.testing.assert_array_equal(found.value, alone.value)
            np.testing.assert_array_equal(found.lower, alone.lower)


def test_a_function_of_ones_own_gets_architectures() -> None:
    space = load_space("mnasnet")

    def n_squeezed(archs: Sequence[Architecture]) -> np.ndarray:
        return np.array([str(arch).count("se") for arch in archs])

    genotypes = space.sample_genotypes(5, np.random.default_rng(0))
    (found,) = evaluate(space, [hwnas.objective(n_squeezed)], Batch(space, genotypes))
    assert found.value.tolist() == genotypes[:, 3::4].sum(axis=1).tolist()
