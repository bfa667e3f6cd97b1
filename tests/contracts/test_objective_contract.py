"""check_objective accepts what keeps the contract and tells what does not what it breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.objective import Estimate, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.testing import check_objective

_SPEC = ObjectiveSpec("latency_ms", "ms", "min", "custom", "Latency")


@dataclass(frozen=True)
class _Made:
    """An objective made of a function of genotype sums, shape ``(n_archs,)``."""

    of_sums: Callable[[np.ndarray], Estimate]
    spec: ObjectiveSpec = _SPEC

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        return self.of_sums(np.array([float(sum(arch.genotype)) for arch in archs]))


@pytest.fixture(scope="module")
def archs(nasbench201: SearchSpace) -> list[Architecture]:
    return nasbench201.sample(8, np.random.default_rng(2))


def _interval(sums: np.ndarray) -> Estimate:
    return Estimate(sums, sums - 1, sums + 1)


def test_objectives_with_and_without_intervals_pass(archs: list[Architecture]) -> None:
    check_objective(_Made(_interval), archs)
    check_objective(_Made(Estimate.exact), archs)


def test_unknown_values_pass(archs: list[Architecture]) -> None:
    check_objective(_Made(lambda sums: Estimate.exact(sums * np.nan)), archs)


def test_a_live_measurement_may_vary(archs: list[Architecture]) -> None:
    rng = np.random.default_rng(0)
    measured = replace(_SPEC, source="measured")
    check_objective(_Made(lambda sums: Estimate.exact(sums + rng.random()), measured), archs)


@pytest.mark.parametrize(
    ("of_sums", "sentence"),
    [
        (lambda sums: _interval(sums[:-1]), r"values must have shape \(n_archs,\) = \(8,\)"),
        (lambda sums: Estimate.exact(sums / 0.0), r"value must be finite, or NaN where unknown"),
        (lambda sums: Estimate(sums, sums + 1, sums + 2), r"an interval must hold its value"),
        (lambda sums: Estimate(sums, sums - 2, sums - 1), r"an interval must hold its value"),
        (lambda sums: _interval(sums + sums[0]), r"value must not depend on the order"),
        (lambda sums: _interval(sums - sums.mean()), r"value must not depend on the rest"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_broken_objective_is_told_what_must_hold(
    archs: list[Architecture], of_sums: Callable[[np.ndarray], Estimate], sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_objective(_Made(of_sums), archs)


def test_an_objective_that_forgets_is_found_out(archs: list[Architecture]) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(AssertionError, match="value must be the same when asked twice"):
        check_objective(_Made(lambda sums: Estimate.exact(sums + rng.random())), archs)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"column": "latency in ms"}, r"spec\.column must be a word"),
        ({"title": ""}, r"spec\.title must be a heading"),
        ({"direction": "minimise"}, r"spec\.direction must be one of min, max; got 'minimise'"),
        ({"source": "guessed"}, r"spec\.source must be one of predicted, .*got 'guessed'"),
        ({"unit": "us"}, r"unit and direction must be 'ms' and 'min'; got 'us' and 'min'"),
        ({"direction": "max"}, r"unit and direction must be 'ms' and 'min'; got 'ms' and 'max'"),
    ],
)
def test_odd_spec_is_refused(
    archs: list[Architecture], change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_objective(_Made(_interval, replace(_SPEC, **change)), archs)


def test_no_architectures_is_refused() -> None:
    with pytest.raises(AssertionError, match="must be given at least one architecture"):
        check_objective(_Made(_interval), [])
