"""Every algorithm keeps the contract, and check_algorithm tells what does not what it breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pytest

import hwnas
from hwnas.algorithms import ALGORITHMS, Setting, Told, summary
from hwnas.errors import ArchitectureError, UnknownNameError
from hwnas.testing import check_algorithm

# What compiles or fits for seconds before it proposes anything.
_SLOW = ("age-moea2", "gp")
_NAMES = [
    pytest.param(name, marks=pytest.mark.long) if name in _SLOW else name for name in ALGORITHMS
]


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("space", ["nasbench201", "nasbench_macro"])
def test_algorithm_keeps_its_contract(name: str, space: str) -> None:
    check_algorithm(ALGORITHMS[name], hwnas.load_space(space))


@pytest.mark.parametrize("name", list(ALGORITHMS))
def test_algorithm_is_summed_up(name: str) -> None:
    assert 10 < len(summary(name)) < 100


class Sampling:
    """Random search, to be broken."""

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.rng = np.random.default_rng(setting.seed)
        self.left = setting.initial if setting.initial is not None else np.empty((0, 6), int)

    def ask(self, n: int) -> np.ndarray:
        if len(self.left):
            asked, self.left = self.left[:n], self.left[n:]
            return asked
        return self.setting.space.sample_genotypes(n, self.rng)

    def tell(self, told: Told) -> None:
        pass


def test_the_unbroken_one_passes() -> None:
    check_algorithm(Sampling)


def _too_many(self: Sampling, n: int) -> np.ndarray:
    return Sampling.ask(self, n + 1)


def _out_of_range(self: Sampling, n: int) -> np.ndarray:
    return self.setting.initial[:n] if self.setting.initial is not None else np.full((n, 6), 9)


def _disconnected(self: Sampling, n: int) -> np.ndarray:
    return self.setting.initial[:n] if self.setting.initial is not None else np.zeros((n, 6), int)


def _forgets_its_beginning(self: Sampling, n: int) -> np.ndarray:
    return self.setting.space.sample_genotypes(n, self.rng)


def _global(self: Sampling, n: int) -> np.ndarray:
    if len(self.left):
        return Sampling.ask(self, n)
    rng = np.random.default_rng(np.random.randint(10**6))  # noqa: NPY002
    return self.setting.space.sample_genotypes(n, rng)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (_too_many, AssertionError, r"ask\(3\) must give at most 3; got 4"),
        (_out_of_range, ArchitectureError, r"must be 0 to 4; got 9"),
        (_disconnected, AssertionError, r"must connect input and output"),
        (_forgets_its_beginning, AssertionError, r"to begin with must be asked first"),
        (_global, AssertionError, r"the same seed must ask the same"),
    ],
)
def test_a_broken_ask_is_told_what_must_hold(
    ask: Callable[[Sampling, int], np.ndarray], error: type[Exception], message: str
) -> None:
    broken = type("Broken", (Sampling,), {"ask": ask})
    with pytest.raises(error, match=message):
        check_algorithm(broken)


def test_one_that_must_be_told_of_all_at_once_is_found_out() -> None:
    class Whole(Sampling):
        def tell(self, told: Told) -> None:
            if len(told) != 8:
                raise ValueError("all of them, please")

    with pytest.raises(ValueError, match="all of them, please"):
        check_algorithm(Whole)


def test_one_that_stumbles_over_failures_is_found_out() -> None:
    class Proud(Sampling):
        def tell(self, told: Told) -> None:
            np.testing.assert_array_equal(told.status, "done")

    with pytest.raises(AssertionError, match="not equal"):
        check_algorithm(Proud)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"least_population": 0}, AssertionError, "least_population must be at least 1; got 0"),
        ({"default_warm_start": "nwott:100"}, UnknownNameError, "Unknown proxy 'nwott'"),
    ],
)
def test_odd_needs_are_refused(
    change: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_algorithm(type("Odd", (Sampling,), change))
