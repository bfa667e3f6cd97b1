"""Choices among many classes: what is predicted of a value, and the smallest of the best models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.features import feature_layout, feature_matrix
from hwnas.fitting.choice import NO_BETTER, Choice, choose, choose_of_many
from hwnas.fitting.estimators import LOOK_UP, averages, candidates, small_members
from hwnas.fitting.splits import Split
from hwnas.predictors.card import to_unit
from hwnas.spaces import load_space
from hwnas.tables import Column

SETS = (LOOK_UP, "ordinal")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def macro() -> SearchSpace:
    return load_space("nasbench_macro")


def _column(quantity: str) -> Column:
    return Column.of(Target(quantity, "cifar10", "pi5"))


def _times_ms(
    macro: SearchSpace, surprise_ms: float, seed: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """200 classes and the sum of a time for each layer, shape ``(200,)``, and some surprise."""
    rng = np.random.default_rng(seed)
    everything = macro.all_genotypes()
    assert everything is not None
    classes = np.unique(macro.canonical_genotypes(everything), axis=0)
    genotypes = rng.permutation(classes)[:200]
    layers = np.arange(genotypes.shape[1])
    times = 1.0 + rng.uniform(0.1, 2.0, size=(len(layers), 3))[layers, genotypes].sum(axis=1)
    surprise = genotypes[:, 0] * genotypes[:, 1] + rng.normal(size=200)
    return genotypes, times + surprise_ms * surprise


def _chosen(
    macro: SearchSpace,
    quantity: str,
    genotypes: np.ndarray,
    values: np.ndarray,
    tolerance: float = NO_BETTER,
) -> tuple[Choice, np.ndarray]:
    """What is chosen of 160 classes as they are split, and its predictions of all, in the unit."""
    x = feature_matrix(macro, genotypes, SETS)
    column, layout = _column(quantity), feature_layout(macro, SETS)
    train = np.lexsort(genotypes.T[::-1])[Split.draw(len(x), 0).train]
    choice = choose_of_many(column, layout, x[train], values[train], 0, tolerance)
    target = choice.estimator.predict(x) * choice.scale + choice.mean
    return choice, to_unit(target, choice.transform, column.unit)


@pytest.mark.parametrize(
    ("quantity", "transform"), [("latency", "identity"), ("throughput", "reciprocal")]
)
def test_times_are_summed_as_they_are_and_rates_as_their_reciprocals(
    macro: SearchSpace, quantity: str, transform: str
) -> None:
    genotypes, times = _times_ms(macro, surprise_ms=0.0)
    values = 1000 / times if quantity == "throughput" else times
    choice, predicted = _chosen(macro, quantity, genotypes, values)
    names = candidates(feature_layout(macro, SETS))
    assert set(choice.candidates) == {f"{n} of {t}" for n in names for t in ("log", transform)}
    # Exactly a sum: the table alone says it all, and nothing larger is taken.
    assert (choice.transform, choice.name) == (transform, "look_up")
    np.testing.assert_allclose(predicted, values, rtol=1e-3)


def test_an_average_that_is_hardly_better_is_not_chosen(macro: SearchSpace) -> None:
    genotypes, times = _times_ms(macro, surprise_ms=0.03, seed=3)
    choice, _ = _chosen(macro, "latency", genotypes, times)
    taus = choice.candidates
    best = max(taus, key=lambda name: taus[name])
    assert 0 < taus[best] - taus[f"{choice.name} of {choice.transform}"] <= NO_BETTER
    assert choice.name.count("+") == 0 < best.count("+")


def test_a_tolerance_takes_the_smallest_model_that_is_nearly_as_good(macro: SearchSpace) -> None:
    genotypes, times = _times_ms(macro, surprise_ms=0.5)
    choice, _ = _chosen(macro, "latency", genotypes, times, tolerance=2.0)
    # They are listed small ones first.
    assert choice.name == candidates(feature_layout(macro, SETS))[0]
    taus = choice.candidates
    of_it = {taus[f"{choice.name} of {transform}"] for transform in ("log", "identity")}
    assert taus[f"{choice.name} of {choice.transform}"] == max(of_it) < max(taus.values())


def test_few_classes_are_fitted_as_a_small_sample(macro: SearchSpace) -> None:
    genotypes, times = _times_ms(macro, surprise_ms=0.5)
    layout = feature_layout(macro, SETS)
    x = feature_matrix(macro, genotypes[:20], SETS)
    choice = choose(_column("latency"), layout, x, times[:20], 0)
    assert choice.transform == "log"
    assert tuple(choice.candidates) == averages(small_members(layout))
