"""Surrogate-assisted search: what it begins with, limits, failures, small and large spaces."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ask_and_tell import Values, conflict, searched, squares, told

import hwnas
from hwnas.algorithms import ALGORITHMS, Setting, Told, fidelity_of
from hwnas.algorithms._beliefs import Beliefs
from hwnas.algorithms._design import first_design
from hwnas.algorithms.surrogate import N_DESIGN, Surrogate
from hwnas.core.classes import listed_classes
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import StateError
from hwnas.fitting.growing import Scale, Sightings
from hwnas.objectives.indicators import hypervolume
from hwnas.spaces import SPACES

COSTS = tuple(ObjectiveSpec(name, "", "min", "measured", name) for name in ("one", "other"))


def _small(space: SearchSpace, n_choices: int = 3) -> SearchSpace:
    """NAS-Bench-201 with the first few operations of each edge."""

    class Small(type(space)):  # type: ignore[misc]
        def all_genotypes(self) -> np.ndarray:
            return np.array(list(np.ndindex(*self.n_choices)))

    Small.n_choices = (n_choices,) * 6
    return Small()


@pytest.fixture(scope="module")
def small(nasbench201: SearchSpace) -> SearchSpace:
    """A space of 77 classes."""
    return _small(nasbench201)


def _asked(
    algorithm: Surrogate, answer: Callable[[np.ndarray], Told], n: int, at_once: int = 6
) -> np.ndarray:
    """Canonical forms of the first ``n`` or more that are asked, fewer where it ends."""
    found = [np.empty((0, 6), dtype=np.int64)]
    while sum(map(len, found)) < n:
        asked = algorithm.ask(at_once)
        if not len(asked):
            break
        found.append(algorithm._setting.space.canonical_genotypes(asked))
        algorithm.tell(answer(asked))
    return np.concatenate(found)


def _answer(values: Values) -> Callable[[np.ndarray], Told]:
    return lambda asked: told(asked, values(asked))


# --- what it begins with --------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(SPACES))
def test_it_begins_with_valid_architectures_of_different_classes(name: str) -> None:
    space = hwnas.load_space(name)
    found = first_design(space, np.random.default_rng(0))[:N_DESIGN]
    assert found.shape == (N_DESIGN, len(space.genes))
    assert space.valid_mask(found).all()
    np.testing.assert_array_equal(found, space.canonical_genotypes(found))
    assert len(np.unique(found, axis=0)) == N_DESIGN


def test_it_begins_with_the_corners_and_then_the_smallest(nasbench201: SearchSpace) -> None:
    found = first_design(nasbench201, np.random.default_rng(0))[:N_DESIGN].tolist()
    # All absent is invalid; all skipped is the identity.
    corners = nasbench201.canonical_genotypes(np.arange(1, 5)[:, None].repeat(6, axis=1))
    assert found[:4] == corners.tolist()
    n_operations = [sum(choice > 0 for choice in genotype) for genotype in found[4:]]
    assert n_operations == sorted(n_operations)
    assert n_operations[-1] <= 2


# --- spaces ---------------------------------------------------------------------------------------


def test_a_small_space_is_exhausted_and_then_nothing_is_asked(small: SearchSpace) -> None:
    algorithm = Surrogate(Setting(small, 2, 20, 0))
    found = _asked(algorithm, _answer(conflict), 100, 10)
    np.testing.assert_array_equal(np.unique(found, axis=0), listed_classes(small))
    assert len(found) == 77
    assert not len(algorithm.ask(1))


def test_a_space_of_a_few_classes_ends_at_once(nasbench201: SearchSpace) -> None:
    space = _small(nasbench201, 2)
    assert len(_asked(Surrogate(Setting(space, 2, 20, 0)), _answer(conflict), 10)) == 4


def test_other_options_of_a_space_have_no_scores_and_are_searched() -> None:
    space = hwnas.load_space("nasbench201", cells=1)
    assert len(_asked(Surrogate(Setting(space, 1, 20, 0)), _answer(squares), 15)) >= 15


@pytest.mark.long
@pytest.mark.parametrize("name", ["mnasnet", "fbnet"])
def test_in_a_large_space_no_twin_is_asked(name: str) -> None:
    space = hwnas.load_space(name)
    algorithm = Surrogate(Setting(space, 2, 20, 0))
    found = []
    for _ in range(6):
        found.append(algorithm.ask(6))
        values = np.stack([found[-1].sum(axis=1), ((found[-1] - 1) ** 2).sum(axis=1)], axis=1)
        algorithm.tell(told(found[-1], values.astype(float)))
    classes = space.canonical_genotypes(np.concatenate(found))
    assert len(np.unique(classes, axis=0)) == len(classes) >= 24


# --- how good -------------------------------------------------------------------------------------


def test_the_best_of_one_objective_is_soon_found(small: SearchSpace) -> None:
    every = listed_classes(small)
    assert every is not None
    found = _asked(Surrogate(Setting(small, 1, 20, 0)), _answer(squares), 33)
    assert squares(found).min() == squares(every).min()


@pytest.mark.long
def test_sixty_evaluations_find_more_than_random_search_does(nasbench201: SearchSpace) -> None:
    worst = np.array([90.0, 350])
    for seed in range(5):
        setting = Setting(nasbench201, 2, 20, seed)
        ours, random = (
            hypervolume(
                conflict(searched(ALGORITHMS[name](setting), nasbench201, conflict, 60)), worst
            )
            for name in ("surrogate", "random")
        )
        assert ours > random


# --- objectives -----------------------------------------------------------------------------------


def test_an_objective_that_is_equal_for_all_does_not_hide_the_other(small: SearchSpace) -> None:
    every = listed_classes(small)
    assert every is not None

    def values(genotypes: np.ndarray) -> np.ndarray:
        return np.hstack([squares(genotypes), np.full((len(genotypes), 1), 0.1)])

    found = _asked(Surrogate(Setting(small, 2, 20, 0)), _answer(values), 33)
    assert squares(found).min() == squares(every).min()


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_where_all_values_are_equal_it_goes_on(small: SearchSpace, value: float) -> None:
    answer = _answer(lambda genotypes: np.full((len(genotypes), 2), value))
    assert len(_asked(Surrogate(Setting(small, 2, 20, 0)), answer, 24)) >= 24


def test_six_objectives_can_be_searched(small: SearchSpace) -> None:
    def values(genotypes: np.ndarray) -> np.ndarray:
        both = conflict(genotypes)
        return np.hstack([both, both**2, -both])

    assert len(_asked(Surrogate(Setting(small, 6, 20, 0)), _answer(values), 21)) >= 21


@pytest.mark.parametrize("factor", [1e160, 1e300, 1e-310])
def test_huge_and_tiny_values_do_not_stop_it(small: SearchSpace, factor: float) -> None:
    def values(genotypes: np.ndarray) -> np.ndarray:
        return conflict(genotypes) * factor * np.where(genotypes[:, :1] > 1, -1, 1)

    assert len(_asked(Surrogate(Setting(small, 2, 20, 0)), _answer(values), 18)) >= 18


def test_where_no_architecture_has_both_values_it_goes_on(small: SearchSpace) -> None:
    def answer(asked: np.ndarray) -> Told:
        values = conflict(asked)
        values[::2, 0] = values[1::2, 1] = np.nan
        found = told(asked, values)
        found.status[:] = "unknown"
        return found

    assert len(_asked(Surrogate(Setting(small, 2, 20, 0)), answer, 18)) >= 18


@pytest.mark.parametrize("n_deviations", [1.0, np.inf])
def test_a_value_measured_with_uncertainty_is_believed_less(
    nasbench201: SearchSpace, n_deviations: float
) -> None:
    rows = np.random.default_rng(0).normal(size=(20, 3))
    scale = Scale.of(rows, [[0, 1, 2]])
    values = 10 + rows[:, :1]
    values[4] += 5
    sure, unsure = (told(np.zeros((20, 6), int), values) for _ in range(2))
    ends = np.full((20, 1), np.nan)
    ends[4] = 20 * n_deviations
    unsure = Told(unsure.genotypes, values, -ends, ends, unsure.violation, unsure.status)
    archs = Sightings(scale(rows[4:5]), scale.spans)
    archs.see(scale(rows))
    found = []
    for each in (sure, unsure):
        beliefs = Beliefs(Setting(nasbench201, 1, 20, 0), scale)
        assert beliefs.learn(each, scale(rows))
        found.append(beliefs.outlook(each.genotypes[4:5], archs).hoped(0.0)[0, 0])
    assert found[1] < found[0] < values[4, 0]


# --- limits and failures --------------------------------------------------------------------------


def _free(space: SearchSpace, asked: np.ndarray, most: int, is_told: bool = False) -> Told:
    """A limit on the sum of genes; who breaks it is spared the objectives when told."""
    np.testing.assert_array_equal(asked, space.canonical_genotypes(asked))
    broken = np.maximum(asked.sum(axis=1) - most, 0.0)
    values = np.where((broken[:, None] == 0) & is_told, conflict(asked), np.nan)
    return told(asked, values, broken)


@pytest.mark.parametrize("most", [0, 3, 8])
def test_what_breaks_a_limit_that_is_known_for_free_is_not_asked(
    nasbench201: SearchSpace, most: int
) -> None:
    space = nasbench201
    setting = Setting(
        space, 2, 20, 0, objectives=COSTS, limits=(Limit("sum", "<=", most),),
        free=lambda genotypes: _free(space, genotypes, most),
    )  # fmt: skip

    def answer(asked: np.ndarray) -> Told:
        known = _free(space, space.canonical_genotypes(asked), most, is_told=True)
        return Told(asked, known.values, known.lower, known.upper, known.violation, known.status)

    found = _asked(Surrogate(setting), answer, 21)
    every = listed_classes(space)
    assert every is not None
    n_keeping = int((every.sum(axis=1) <= most).sum())
    assert len(found) >= min(n_keeping, 21)
    assert (found.sum(axis=1) <= most).all()


def test_a_free_objective_of_zero_is_as_good_as_any(small: SearchSpace) -> None:
    every = listed_classes(small)
    assert every is not None
    # The one class without a cost has no logarithm of it.
    best = every[np.argmin(squares(every)[:, 0])]

    def values(genotypes: np.ndarray) -> np.ndarray:
        free = np.where((genotypes == best).all(axis=1), 0.0, 1 + genotypes.sum(axis=1))
        return np.stack([free, squares(genotypes)[:, 0]], axis=1)

    def free(genotypes: np.ndarray) -> Told:
        return told(genotypes, values(genotypes) * [1, np.nan])

    def answer(asked: np.ndarray) -> Told:
        return told(asked, values(small.canonical_genotypes(asked)))

    setting = Setting(small, 2, 20, 0, objectives=COSTS, free=free)
    found = _asked(Surrogate(setting), answer, 18)
    assert (found == best).all(axis=1).any()


def test_where_all_fails_every_class_is_tried_once(small: SearchSpace) -> None:
    def answer(asked: np.ndarray) -> Told:
        found = told(asked, np.full((len(asked), 2), np.nan))
        found.status[:] = "failed"
        return found

    assert len(_asked(Surrogate(Setting(small, 2, 20, 0)), answer, 100)) == 77


# --- asking and telling ---------------------------------------------------------------------------


def test_before_anything_is_told_all_that_is_asked_is_different(small: SearchSpace) -> None:
    algorithm = Surrogate(Setting(small, 2, 20, 0))
    asked = small.canonical_genotypes(np.concatenate([algorithm.ask(1) for _ in range(30)]))
    assert len(np.unique(asked, axis=0)) == 30


def test_what_waits_is_not_asked_again(small: SearchSpace) -> None:
    algorithm = Surrogate(Setting(small, 2, 20, 0))
    first = _asked(algorithm, _answer(conflict), N_DESIGN)
    later = small.canonical_genotypes(np.concatenate([algorithm.ask(3) for _ in range(4)]))
    assert len(np.unique(np.concatenate([first, later]), axis=0)) == N_DESIGN + 12


def test_what_was_not_asked_cannot_be_told(small: SearchSpace) -> None:
    strange = np.full((1, 6), 2)
    with pytest.raises(StateError, match=r"about what was asked and not told"):
        Surrogate(Setting(small, 2, 20, 0)).tell(told(strange, conflict(strange)))


def test_it_begins_with_what_it_is_given_and_learns_of_its_canonical_form(
    nasbench201: SearchSpace,
) -> None:
    given = np.array([[1, 3, 1, 0, 0, 3], [3, 0, 0, 2, 0, 1], [2, 0, 3, 1, 1, 0]])
    assert (nasbench201.canonical_genotypes(given) != given).any()
    algorithm = Surrogate(Setting(nasbench201, 2, 3, 0, given))
    np.testing.assert_array_equal(algorithm.ask(5), given)
    algorithm.tell(told(given, conflict(given)))
    assert len(algorithm.ask(5)) == 3
    assert algorithm._told is not None
    learned = algorithm._told.genotypes
    np.testing.assert_array_equal(learned, nasbench201.canonical_genotypes(given))


def test_it_evaluates_at_the_highest_fidelity(small: SearchSpace) -> None:
    setting = Setting(small, 2, 20, 0, fidelities=(1, 3))
    assert fidelity_of(Surrogate(setting), setting.fidelities) == 3


_SCRIPT = """
import numpy as np, hwnas
from ask_and_tell import conflict, told
from hwnas.algorithms import Setting
from hwnas.algorithms.surrogate import Surrogate
algorithm = Surrogate(Setting(hwnas.load_space("nasbench201"), 2, 20, 0))
for _ in range(5):
    asked = algorithm.ask(6)
    algorithm.tell(told(asked, conflict(asked)))
    print(asked.tolist())
"""


@pytest.mark.long
def test_with_more_threads_it_asks_the_same() -> None:
    here = Path(__file__).parents[1]
    printed = []
    for n_threads in (1, 2):
        path = os.pathsep.join([str(here), str(here.parent)])
        env = {**os.environ, "OMP_NUM_THREADS": str(n_threads), "PYTHONPATH": path}
        command = [sys.executable, "-c", _SCRIPT]
        printed.append(subprocess.run(command, env=env, check=True, capture_output=True).stdout)
    assert printed[0] == printed[1]
