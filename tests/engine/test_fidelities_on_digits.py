"""Successive halving where networks really learn: perceptrons on scikit-learn's digits."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.core.architecture import Architecture

N_ARCHS = 54
_ACTIVATIONS = ("relu", "tanh", "logistic", "identity", "relu")
_BATCHES = (16, 32, 64, 128, 200)


def _train(archs: Sequence[Architecture], epochs: int) -> dict[str, list[float]]:
    """Accuracy of a perceptron whose sizes and learning rate the genes choose, from its start."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    images, labels = load_digits(return_X_y=True)
    images = images / 16
    genes = archs[0].genotype
    model = MLPClassifier(
        [4 * 2**gene for gene in genes[:2]],
        learning_rate_init=10 ** (genes[2] / 2 - 4),
        alpha=10.0 ** (genes[3] - 4),
        activation=_ACTIVATIONS[genes[4]],
        batch_size=_BATCHES[genes[5]],
        random_state=0,
    )
    for _ in range(epochs):
        model.partial_fit(images[:1000], labels[:1000], classes=range(10))
    return {"accuracy": [100 * model.score(images[1000:], labels[1000:])]}


def _expected_best(values: np.ndarray, n: int) -> float:
    """Expectation of the largest of ``n`` of the values ``(n_values,)`` drawn without replacement.

    The k-th smallest is the largest of n with probability C(k - 1, n - 1) / C(n_values, n).
    """
    chances = [comb(k, n - 1) / comb(len(values), n) for k in range(len(values))]
    return float(np.sort(values) @ chances)


def test_the_expected_best_of_two_of_three_is_as_by_hand() -> None:
    # Of {1, 2}, {1, 4} and {2, 4} the largest are 2, 4 and 4.
    assert _expected_best(np.array([4.0, 1.0, 2.0]), 2) == pytest.approx(10 / 3)


@pytest.mark.long
def test_a_bracket_finds_the_best_of_its_perceptrons_at_a_third_of_their_cost(
    tmp_path: Path,
) -> None:
    run = hwnas.search(
        "nasbench201",
        objectives=["accuracy"],
        evaluate=_train,
        fidelities=(1, 3, 9),
        algorithm="successive-halving",
        population=N_ARCHS,
        generations=3,
        out=tmp_path / "run",
    )
    begun = run.evaluations["arch"][run.evaluations["fidelity"] == 1]
    truth = np.array([_train([run.space.parse(arch)], 9)["accuracy"][0] for arch in begun])
    assert (len(truth), run.spent) == (N_ARCHS, N_ARCHS / 3)
    found = run.front.values[0, 0]
    assert found > _expected_best(truth, N_ARCHS // 3)
    assert found >= truth.max() - 0.5
