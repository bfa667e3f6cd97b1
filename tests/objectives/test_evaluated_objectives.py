"""What the user's own evaluation may return, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas.core.batch import Batch
from hwnas.core.objective import Estimate
from hwnas.core.target import Target
from hwnas.errors import ConfigError, ReturnError
from hwnas.objectives import Question
from hwnas.objectives.evaluated import EvaluatedObjective, evaluated_objective
from hwnas.objectives.evaluator import Evaluator

NORMAL_AT_95 = 1.6448536269514722
"""Quantile of the normal distribution, from a table."""


def _asked(function: Callable[..., Any], *columns: str) -> list[Estimate]:
    """What is known of one architecture in some columns: known quantities, or own ones."""
    space, evaluation = hwnas.load_space("nasbench201"), Evaluator(function)
    measures = [
        EvaluatedObjective(hwnas.evaluated(column), evaluation)
        if column in ("f1", "loss")
        else evaluated_objective(Question(space, Target(column), evaluation=evaluation))
        for column in columns
    ]
    batch = Batch(space, np.zeros((1, 6), dtype=int) + 3)
    return [measure(batch) for measure in measures]


def _values(function: Callable[..., Any], *columns: str) -> list[float]:
    return [float(each.value[0]) for each in _asked(function, *columns)]


@pytest.mark.parametrize(
    "returned",
    [
        {"accuracy": [91.5], "f1": [0.25]},
        {"accuracy_pct": np.array([91.5]), "f1": (0.25,), "epochs": [7]},
        [[91.5, 0.25]],
        np.array([[91.5, 0.25]], dtype=np.float32),
        [[(91.5, 0.5), (0.25, 0.1)]],
        {"accuracy": [(91.5, 0.5)], "f1": [0.25]},
        {"accuracy": 91.5, "f1": np.float32(0.25)},
    ],
)
def test_values_come_by_name_or_in_the_order_of_the_objectives(returned: Any) -> None:
    assert _values(lambda _: returned, "accuracy", "f1") == [91.5, 0.25]


def test_all_columns_share_one_call() -> None:
    calls = []

    def train(archs: list[hwnas.Architecture]) -> dict[str, list[float]]:
        calls.append(archs)
        return {"f1": [0.5], "loss": [1.0]}

    _asked(train, "f1", "loss")
    assert [[str(arch) for arch in archs] for archs in calls] == [
        ["|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|"
         "nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"]
    ]  # fmt: skip


def test_a_standard_error_becomes_the_90_percent_interval() -> None:
    (found,) = _asked(lambda _: {"accuracy": [(90.0, 2.0)]}, "accuracy")
    assert found.lower[0] == pytest.approx(90 - 2 * NORMAL_AT_95)
    assert found.upper[0] == pytest.approx(90 + 2 * NORMAL_AT_95)


def test_an_interval_ends_where_the_quantity_does() -> None:
    (found,) = _asked(lambda _: {"accuracy": [(99.5, 2.0)]}, "accuracy")
    assert found.upper[0] == 100


def test_without_a_standard_error_there_is_no_interval() -> None:
    found = _asked(lambda _: {"f1": [0.5], "loss": [(1.0, np.nan)]}, "f1", "loss")
    assert np.isnan([[each.lower[0], each.upper[0]] for each in found]).all()


@pytest.mark.parametrize("unknown", [None, np.nan, np.inf])
def test_none_and_what_is_no_finite_number_is_unknown(unknown: float | None) -> None:
    for returned in ([unknown], unknown):
        assert np.isnan(_values(lambda _, each=returned: {"accuracy": each}, "accuracy")).all()


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ({"f1": [0.5]}, r"return a value of accuracy_pct; got f1\. Return it"),
        ({}, r"a value of accuracy_pct, f1; got nothing"),
        ({"accuracy": [1.0, 2.0], "f1": [1.0]}, r"for accuracy_pct, .* got \(2,\)\."),
        ({"accuracy": ["91.5"], "f1": [1.0]}, r"accuracy_pct as numbers; got \["),
        ({"accuracy": [True], "f1": [1.0]}, r"as numbers; got \[True\]"),
        ({"accuracy": [[1.0], [1.0, 2.0]], "f1": [1.0]}, r"as numbers; got \[\["),
        ([91.5, 0.25], r"shape \(n_archs, n_columns\) = \(1, 2\), .* got \(2,\)\."),
        ("good", r"values of accuracy_pct, f1 as numbers; got 'good'\."),
        (None, r"values of accuracy_pct, f1 as numbers; got None\."),
        ({"accuracy": [120.0], "f1": [1.0]}, r"accuracy_pct from 0 to 100; got 120"),
        ({"accuracy": [(90.0, -1.0)], "f1": [1.0]}, r"errors of 0 or more .* got -1"),
    ],
)
def test_what_is_returned_otherwise_is_told_in_one_line(returned: Any, message: str) -> None:
    with pytest.raises(ReturnError, match=message):
        _asked(lambda _: returned, "accuracy", "f1")


def test_a_name_that_is_given_twice_is_told_so() -> None:
    twice = {"accuracy": [1.0], "accuracy_pct": [1.0]}
    with pytest.raises(ReturnError, match=r"given once"):
        _asked(lambda _: twice, "accuracy")


@pytest.mark.parametrize("column", ["accuracy", "latency_ms", "two words", "seq"])
def test_own_columns_need_names_that_are_not_taken(column: str) -> None:
    with pytest.raises(ConfigError, match=r"needs a name of letters, digits and '_' that is not"):
        hwnas.evaluated(column)


def test_a_fidelity_is_passed_on_where_a_batch_has_one() -> None:
    told = list[tuple[object, ...]]()

    def train(*given: object) -> dict[str, list[float]]:
        told.append(given[1:])
        return {"accuracy": [90.0]}

    space = hwnas.load_space("nasbench201")
    evaluation = Evaluator(train, has_fidelities=True)
    measure = evaluated_objective(Question(space, Target("accuracy"), evaluation=evaluation))
    for fidelity in (3, None):
        measure(Batch(space, np.zeros((1, 6), dtype=int) + 3, fidelity=fidelity))
    assert told == [(3,), ()]


@pytest.mark.parametrize(
    ("function", "has_fidelities", "is_taken"),
    [
        (lambda archs: archs, False, True),
        (lambda archs: archs, True, False),
        (lambda archs, fidelity: (archs, fidelity), False, False),
        (lambda archs, fidelity: (archs, fidelity), True, True),
        (lambda archs, fidelity=9: (archs, fidelity), False, True),
        (lambda *given: given, True, True),
    ],
)
def test_a_function_that_cannot_be_called_as_it_will_be_is_refused(
    function: Callable[..., Any], has_fidelities: bool, is_taken: bool
) -> None:
    if is_taken:
        Evaluator(function, has_fidelities)
        return
    with pytest.raises(ConfigError, match=r"evaluate must be called as \(archs"):
        Evaluator(function, has_fidelities)
