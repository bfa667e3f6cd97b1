"""Which nets to measure: against the least variance found by hand, and against random ones."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.features.counting import count_genotypes
from hwnas.features.device_costs import device_costs, log_costs
from hwnas.fitting.design import (
    MEASURED_NOISE,
    _given,
    _most_telling,
    choose_to_measure,
    measurable_nets,
)
from hwnas.fitting.device_prior import unrelated
from hwnas.spaces import load_space

SPACES = ("nasbench201", "fbnet", "mnasnet", "nasbench_macro")


@pytest.fixture(params=SPACES)
def space(request: pytest.FixtureRequest) -> SearchSpace:
    return load_space(request.param)


@pytest.fixture
def nasbench201() -> SearchSpace:
    return load_space("nasbench201")


@pytest.fixture
def places() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(40, 3))


def _variance_left(places: np.ndarray, rows: list[int]) -> float:
    """Mean variance of all nets once some are known, by the kernel's textbook form."""
    kernel = places @ places.T
    some = kernel[np.ix_(rows, rows)] + MEASURED_NOISE * np.eye(len(rows))
    left = kernel - kernel[:, rows] @ np.linalg.solve(some, kernel[rows])
    return float(np.trace(left))


def test_each_choice_leaves_the_least_variance(places: np.ndarray) -> None:
    rows: list[int] = []
    for row in _most_telling(places, 4).tolist():
        left = {
            other: _variance_left(places, [*rows, other])
            for other in range(len(places))
            if other not in rows
        }
        assert left[row] == pytest.approx(min(left.values()))
        rows.append(row)


def test_to_begin_with_known_nets_is_to_go_on_from_them() -> None:
    places = np.random.default_rng(4).normal(size=(40, 3))
    # The constant that _given adds is the mean of all costs.
    whole = np.column_stack([places - places.mean(axis=0), np.full(len(places), 3.0)])
    rows = _most_telling(whole, 6)
    assert _most_telling(_given(places, places[rows[:2]]), 4).tolist() == rows[2:].tolist()


def test_chosen_nets_are_valid_distinct_and_without_dead_operations(space: SearchSpace) -> None:
    chosen = choose_to_measure(space, 12)
    assert chosen.shape == (12, len(space.genes))
    assert len(np.unique(chosen, axis=0)) == 12
    assert space.valid_mask(chosen).all()
    assert (space.pruned_genotypes(chosen) == chosen).all()


def test_a_seed_gives_the_same_nets_and_another_one_others(nasbench201: SearchSpace) -> None:
    first, again, other = (choose_to_measure(nasbench201, 8, seed) for seed in (5, 5, 6))
    assert (first == again).all()
    assert (first != other).any()


def test_they_reach_further_than_random_nets(space: SearchSpace) -> None:
    nets = measurable_nets(space, 20, np.random.default_rng(0))
    logs = np.log(count_genotypes(space, nets))
    rng = np.random.default_rng(1)
    random = [logs[rng.permutation(len(nets))[:20]].std(axis=0) for _ in range(50)]
    spread = np.log(count_genotypes(space, choose_to_measure(space, 20))).std(axis=0)
    assert (spread > np.median(random, axis=0)).all()


def test_a_board_is_found_better_from_them_than_from_random_nets(
    nasbench201: SearchSpace,
) -> None:
    # The known boards are the truth: what least squares on them leaves is a matter of the nets.
    known = device_costs(nasbench201)
    assert known is not None
    nets = measurable_nets(nasbench201, 40, np.random.default_rng(0))
    logs = log_costs(nasbench201, nets)
    directions = np.linalg.svd(logs - logs.mean(axis=0), full_matrices=False)[0][:, :10]
    chosen = choose_to_measure(nasbench201, 20)
    keys = {tuple(net): row for row, net in enumerate(nets.tolist())}
    rng = np.random.default_rng(2)

    def determinant(rows: list[int]) -> float:
        part = directions[rows]
        return float(np.linalg.slogdet(part.T @ part)[1])

    ours = determinant([keys[tuple(net)] for net in chosen.tolist()])
    random = [determinant(rng.permutation(len(nets))[:20].tolist()) for _ in range(50)]
    assert ours > max(random)


def test_what_is_known_is_not_chosen_again(nasbench201: SearchSpace) -> None:
    known = choose_to_measure(nasbench201, 30)
    more = choose_to_measure(nasbench201, 30, known=known)
    assert len(np.unique(np.concatenate([known, more]), axis=0)) == 60


def test_only_nets_that_are_given_are_chosen() -> None:
    space = load_space("fbnet")
    among = measurable_nets(space, 5, np.random.default_rng(0))[:50]
    chosen = choose_to_measure(space, 10, among=among)
    assert len(np.unique(np.concatenate([chosen, among]), axis=0)) == 50


def test_other_sources_ask_for_other_nets(nasbench201: SearchSpace) -> None:
    sources = unrelated(nasbench201, None)[:3]
    every, some = (choose_to_measure(nasbench201, 10, sources=each) for each in (None, sources))
    assert (every != some).any()


def test_all_that_there_are_can_be_chosen_and_no_more(nasbench201: SearchSpace) -> None:
    among = measurable_nets(nasbench201, 5, np.random.default_rng(0))[:9]
    every = choose_to_measure(nasbench201, 9, among=among)
    assert (np.unique(every, axis=0) == among).all()
    with pytest.raises(ConfigError, match=r"At most 7 architectures of nasbench201 .* got 8"):
        choose_to_measure(nasbench201, 8, known=among[:2], among=among)


def test_none_cannot_be_chosen(nasbench201: SearchSpace) -> None:
    with pytest.raises(ConfigError, match=r"must be at least 1; got 0"):
        choose_to_measure(nasbench201, 0)


def test_those_after_the_first_500_are_drawn_at_random(nasbench201: SearchSpace) -> None:
    among = measurable_nets(nasbench201, 5, np.random.default_rng(0))[:520]
    first, other = (choose_to_measure(nasbench201, n, among=among) for n in (500, 510))
    assert (other[:500] == first).all()
    assert len(np.unique(other, axis=0)) == 510
