"""Large batches of predictions: the same bits however many threads or objectives there are."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.objective import Estimate
from hwnas.predictors import Predictor, load_predictor, predict_together, stored_predictors
from hwnas.predictors.batches import CHUNK_ROWS
from hwnas.spaces import load_space

# Three chunks, the last of one row.
N_ARCHS = 2 * CHUNK_ROWS + 1
SPACES = [("mnasnet", "imagenet"), ("nasbench201", "cifar10")]


def _predictors(space: str, dataset: str) -> list[Predictor]:
    loaded = load_space(space, dataset=dataset)
    return [
        load_predictor(each, loaded)
        for each in stored_predictors(space)
        if each.card.target.dataset == dataset
        and each.card.target.quantity != "robustness"
        and (each.card.target.device or "zcu102") in ("zcu102", "edgetpu")
    ]


def _assert_same_bits(found: list[Estimate], expected: list[Estimate]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(one.lower, other.lower)
        np.testing.assert_array_equal(one.upper, other.upper)


@pytest.mark.parametrize(("space", "dataset"), SPACES)
def test_number_of_threads_changes_no_bit(space: str, dataset: str) -> None:
    predictors = _predictors(space, dataset)
    genotypes = predictors[0].space.sample_genotypes(N_ARCHS, np.random.default_rng(0))
    expected = predict_together(predictors, genotypes, n_threads=1)
    for n_threads in (2, 3, None):
        _assert_same_bits(predict_together(predictors, genotypes, n_threads), expected)


@pytest.mark.parametrize(("space", "dataset"), SPACES)
def test_together_and_alone_are_the_same_bits(space: str, dataset: str) -> None:
    predictors = _predictors(space, dataset)
    genotypes = predictors[0].space.sample_genotypes(N_ARCHS, np.random.default_rng(1))
    together = predict_together(predictors, genotypes)
    _assert_same_bits(together, [predictor.predict(genotypes) for predictor in predictors])


@pytest.mark.parametrize(("space", "dataset"), SPACES)
def test_a_large_batch_says_what_small_ones_say(space: str, dataset: str) -> None:
    for predictor in _predictors(space, dataset):
        genotypes = predictor.space.sample_genotypes(N_ARCHS, np.random.default_rng(2))
        whole = predictor.predict(genotypes)
        pieces = [predictor.predict(part).value for part in np.array_split(genotypes, 40)]
        # A chunk of one row may be multiplied by other instructions than a block of rows.
        np.testing.assert_allclose(whole.value, np.concatenate(pieces), rtol=1e-5)


def test_nothing_predicted_is_nothing() -> None:
    genotypes = load_space("nasbench201").sample_genotypes(3, np.random.default_rng(0))
    assert predict_together([], genotypes) == []
