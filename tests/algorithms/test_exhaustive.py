"""Exhaustive search: each class once, whatever the space lists; the front is exact."""

from __future__ import annotations

from math import comb
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms.exhaustive import Exhaustive
from hwnas.core.classes import every_class
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError


class Bags(SearchSpace):
    """Nine genes of four choices whose order does not count, and no list of them."""

    name = "bags"
    title = "Bags of choices"
    datasets = ("none",)
    genes = tuple(f"gene {number}" for number in range(9))
    n_choices = (4,) * 9

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        return np.sort(genotypes, axis=1)

    def parse(self, text: str) -> hwnas.Architecture:
        raise NotImplementedError

    def format(self, genotype: object) -> str:
        raise NotImplementedError

    def graph(self, arch: object) -> object:  # type: ignore[override]
        raise NotImplementedError

    def build(self, arch: object) -> object:  # type: ignore[override]
        raise NotImplementedError


N_BAGS = comb(9 + 3, 3)
"""Multisets of 9 out of 4."""


def test_each_class_is_asked_once(nasbench201: SearchSpace) -> None:
    algorithm = Exhaustive(Setting(nasbench201, 2, 1000, 0))
    parts = [algorithm.ask(1000) for _ in range(6)]
    assert [len(part) for part in parts] == [1000] * 4 + [929, 0]
    asked = nasbench201.canonical_genotypes(np.concatenate(parts))
    assert len(np.unique(asked, axis=0)) == 4929


def test_the_order_is_random_and_fixed_by_the_seed(nasbench201: SearchSpace) -> None:
    one, same, other = (Exhaustive(Setting(nasbench201, 2, 50, seed)).ask(50) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_what_it_begins_with_is_not_asked_again(nasbench201: SearchSpace) -> None:
    drawn = nasbench201.sample_genotypes(20, np.random.default_rng(0))
    initial = np.unique(nasbench201.canonical_genotypes(drawn), axis=0)
    asked = Exhaustive(Setting(nasbench201, 2, 50, 0, initial)).ask(10_000)
    np.testing.assert_array_equal(asked[: len(initial)], initial)
    assert len(asked) == len(np.unique(asked, axis=0)) == 4929


def test_classes_of_a_space_that_lists_nothing_are_found() -> None:
    classes = every_class(Bags(), N_BAGS)
    assert classes is not None
    assert len(classes) == N_BAGS
    np.testing.assert_array_equal(classes, np.sort(classes, axis=1))


def test_more_classes_than_there_may_be_are_none() -> None:
    assert every_class(Bags(), N_BAGS - 1) is None
    assert every_class(hwnas.load_space("nasbench201"), 4928) is None


def test_a_space_that_is_too_large_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"at most 1,000,000 architectures.*; mnasnet has more"):
        Exhaustive(Setting(hwnas.load_space("mnasnet"), 2, 10, 0))


def test_a_search_that_is_told_no_end_evaluates_everything(tmp_path: Path) -> None:
    run = hwnas.search(
        "nasbench_macro",
        objectives=["params", "macs"],
        algorithm="exhaustive",
        population=1000,
        out=tmp_path / "run",
    )
    space = hwnas.load_space("nasbench_macro")
    classes = every_class(space, 10**6)
    assert classes is not None
    assert len(run.evaluations) == len(classes)
    assert run.config["generations"] is None
    values = np.stack([run.evaluations["params"], run.evaluations["macs"]], axis=1)
    smallest = values[np.lexsort(values.T[::-1])[0]]
    # Both rise with every layer: the front is the one network that has least of both.
    assert run.front.values[:, :2].tolist() == [smallest.tolist()]


def test_other_algorithms_still_end_after_fifty_generations() -> None:
    from hwnas.algorithms import ends_by_itself

    found = [name for name in ALGORITHMS if ends_by_itself(ALGORITHMS[name])]
    assert found == ["exhaustive", "naswot"]
