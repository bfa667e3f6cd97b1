"""What algorithms propose: valid, new, the same for the same seed, and in the end good."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.algorithms import ALGORITHMS, CANNOT_RUN, Algorithm, Setting, Told, summary
from hwnas.core.space import SearchSpace
from hwnas.errors import ShapeError, StateError, UnknownNameError
from hwnas.objectives.indicators import non_dominated


def _made(name: str, space: SearchSpace, population: int = 20, seed: int = 0) -> Algorithm:
    return ALGORITHMS[name](Setting(space, 2, population, seed))


def _values(genotypes: np.ndarray) -> np.ndarray:
    """Two objectives, separable by gene, in conflict; shape ``(n_archs, 2)``."""
    weights = np.arange(1, 7)
    return np.stack([genotypes @ weights, (4 - genotypes) ** 2 @ weights], axis=1).astype(float)


def _told(
    genotypes: np.ndarray,
    values: np.ndarray | None = None,
    violation: np.ndarray | None = None,
    status: np.ndarray | None = None,
) -> Told:
    """What is told of genotypes: feasible unless a violation ``(n_archs,)`` or a status says no."""
    values = _values(genotypes) if values is None else values
    broken = np.zeros(len(genotypes)) if violation is None else violation
    if status is None:
        status = np.where(broken > 0, "infeasible", "done")
    ends = np.full(values.shape, np.nan)
    return Told(genotypes, values, ends, ends, broken[:, None], status)


def _generations(algorithm: Algorithm, n: int) -> list[np.ndarray]:
    asked = []
    for _ in range(n):
        asked.append(algorithm.ask(20))
        algorithm.tell(_told(asked[-1]))
    return asked


@pytest.mark.parametrize("name", ["nsga2", "random"])
def test_what_is_proposed_is_valid(name: str, nasbench201: SearchSpace) -> None:
    for asked in _generations(_made(name, nasbench201), 10):
        assert asked.shape == (20, 6)
        assert np.issubdtype(asked.dtype, np.integer)
        assert nasbench201.valid_mask(asked).all()


@pytest.mark.parametrize("name", ["nsga2", "random"])
def test_the_same_seed_proposes_the_same(name: str, nasbench201: SearchSpace) -> None:
    one, same, other = (
        np.concatenate(_generations(_made(name, nasbench201, seed=seed), 5)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_global_generator_plays_no_part(nasbench201: SearchSpace) -> None:
    np.random.seed(1)  # noqa: NPY002
    one = np.concatenate(_generations(_made("nsga2", nasbench201), 5))
    np.random.seed(2)  # noqa: NPY002
    other = np.concatenate(_generations(_made("nsga2", nasbench201), 5))
    np.testing.assert_array_equal(one, other)


def test_a_batch_of_nsga2_holds_no_class_twice(nasbench201: SearchSpace) -> None:
    for asked in _generations(_made("nsga2", nasbench201), 10):
        assert len(np.unique(nasbench201.canonical_genotypes(asked), axis=0)) == len(asked)


def test_offspring_of_nsga2_are_not_in_the_population(nasbench201: SearchSpace) -> None:
    # After the first generation the population is the first batch, as a set of classes.
    first, second = _generations(_made("nsga2", nasbench201), 2)
    known = {row.tobytes() for row in nasbench201.canonical_genotypes(first)}
    assert known.isdisjoint(row.tobytes() for row in nasbench201.canonical_genotypes(second))


def test_nsga2_finds_the_front_of_a_separable_problem(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.canonical_genotypes(nasbench201.all_genotypes())
    every = np.unique(_values(genotypes[nasbench201.valid_mask(genotypes)]), axis=0)
    front = {tuple(row) for row in every[non_dominated(every)].tolist()}
    asked = np.concatenate(_generations(_made("nsga2", nasbench201, population=60), 120))
    found = {tuple(row) for row in _values(nasbench201.canonical_genotypes(asked)).tolist()}
    assert len(front) > 10
    assert len(front & found) >= 0.9 * len(front)


def test_infeasible_never_beats_feasible(nasbench201: SearchSpace) -> None:
    algorithm = _made("nsga2", nasbench201)
    for _ in range(10):
        asked = algorithm.ask(20)
        # The larger the first gene the better, and from 2 on infeasible, by a little.
        values = np.repeat(-100.0 * asked[:, :1], 2, axis=1)
        algorithm.tell(_told(asked, values, np.where(asked[:, 0] >= 2, 1e-9, 0.0)))
    # A parent is feasible: a child breaks the limit by mutation alone, in 3/4 of 1/6.
    assert np.mean(algorithm.ask(20)[:, 0] >= 2) < 0.4


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_what_failed_or_is_unknown_is_no_parent(nasbench201: SearchSpace, status: str) -> None:
    algorithm = _made("nsga2", nasbench201)
    for _ in range(10):
        asked = algorithm.ask(20)
        # What has no value would be the best of all, if its value were looked at.
        is_lost = asked[:, 0] >= 2
        values = np.repeat(-100.0 * asked[:, :1], 2, axis=1)
        algorithm.tell(_told(asked, values, status=np.where(is_lost, status, "done")))
    assert np.mean(algorithm.ask(20)[:, 0] >= 2) < 0.4


def test_values_of_the_infeasible_play_no_part(nasbench201: SearchSpace) -> None:
    seconds = []
    for nonsense in (np.nan, -1e9, 1e9):
        algorithm = _made("nsga2", nasbench201)
        first = algorithm.ask(20)
        violation = np.where(np.arange(len(first)) % 2, 2.0, 0.0)
        values = np.where(violation[:, None] > 0, nonsense, _values(first))
        algorithm.tell(_told(first, values, violation))
        seconds.append(algorithm.ask(20))
    np.testing.assert_array_equal(seconds[0], seconds[1])
    np.testing.assert_array_equal(seconds[0], seconds[2])


def test_less_infeasible_survives_when_none_is_feasible(nasbench201: SearchSpace) -> None:
    algorithm = _made("nsga2", nasbench201)
    batches = []
    # Violation is the sum of the genes: the search must walk towards small ones.
    for _ in range(15):
        batches.append(algorithm.ask(20))
        violation = 1.0 + batches[-1].sum(axis=1)
        algorithm.tell(_told(batches[-1], np.zeros((len(batches[-1]), 2)), violation))
    means = [batch.sum(axis=1).mean() for batch in batches]
    assert np.mean(means[-3:]) < means[0] - 2


def test_asking_twice_is_refused(nasbench201: SearchSpace) -> None:
    algorithm = _made("nsga2", nasbench201)
    algorithm.ask(20)
    with pytest.raises(StateError, match=r"ask\(\) was called twice; call tell\(\)"):
        algorithm.ask(20)


def test_telling_before_asking_is_refused(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.sample_genotypes(1, np.random.default_rng(0))
    with pytest.raises(StateError, match=r"tell\(\) must be about what was asked and not told"):
        _made("nsga2", nasbench201).tell(_told(genotypes))


def test_telling_twice_is_refused(nasbench201: SearchSpace) -> None:
    algorithm = _made("nsga2", nasbench201)
    first = algorithm.ask(20)[:1]
    algorithm.tell(_told(first))
    with pytest.raises(StateError, match=r"tell\(\) must be about what was asked and not told"):
        algorithm.tell(_told(first))


def test_a_generation_told_in_portions_breeds_the_same_next_one(nasbench201: SearchSpace) -> None:
    whole, portions = _made("nsga2", nasbench201), _made("nsga2", nasbench201)
    for _ in range(4):
        asked = whole.ask(20)
        whole.tell(_told(asked))
        # Handed out in threes, and told one by one with the last first.
        parts = [portions.ask(3) for _ in range(7)]
        assert [len(part) for part in parts] == [3] * 6 + [2]
        np.testing.assert_array_equal(np.concatenate(parts), asked)
        for genotype in asked[::-1]:
            portions.tell(_told(genotype[None]))


def test_part_of_a_generation_that_is_told_before_the_rest_is_asked_breeds_nothing(
    nasbench201: SearchSpace,
) -> None:
    whole, early = _made("nsga2", nasbench201), _made("nsga2", nasbench201)
    expected = whole.ask(20)
    first = early.ask(8)
    early.tell(_told(first))
    np.testing.assert_array_equal(np.concatenate([first, early.ask(20)]), expected)


def test_distance_puts_what_has_no_value_behind_what_breaks_limits() -> None:
    status = np.array(["done", "infeasible", "infeasible", "infeasible", "unknown", "failed"])
    violation = np.array([[0, 0], [0.5, 2], [0.5, np.nan], [np.inf, 1], [0, 0], [np.nan, np.nan]])
    values = np.zeros((6, 1))
    told = Told(np.zeros((6, 6)), values, values, values, violation, status)
    expected = [0, 2.5, 0.5, CANNOT_RUN + 1, CANNOT_RUN, CANNOT_RUN]
    np.testing.assert_array_equal(told.distance, expected)
    assert told.is_feasible.tolist() == [True] + [False] * 5


def test_what_is_told_must_agree_in_number() -> None:
    values = np.zeros((2, 1))
    with pytest.raises(ShapeError, match=r"n_archs rows each; got \{'genotypes': 3, 'values': 2"):
        Told(np.zeros((3, 6)), values, values, values, np.zeros((2, 0)), np.array(["done"] * 2))


def test_an_algorithm_is_summed_up_in_a_line() -> None:
    assert summary("naswot") == (
        "Evaluates what its warm start finds, and ends; with a population of 1 as published"
    )


def test_a_population_larger_than_the_space_proposes_what_there_is() -> None:
    from hwnas.spaces import load_space

    class Tiny(type(load_space("nasbench201"))):  # type: ignore[misc]
        """Only two operations on each edge: absent and skip."""

        n_choices = (2,) * 6

        def sample_genotypes(self, n: int, rng: np.random.Generator) -> np.ndarray:
            drawn = rng.integers(2, size=(20 * n + 20, 6))
            return drawn[self.valid_mask(drawn)][:n]

    space = Tiny()
    every = np.array(list(np.ndindex(*space.n_choices)))
    n_classes = len(np.unique(space.canonical_genotypes(every[space.valid_mask(every)]), axis=0))
    algorithm = _made("nsga2", space, population=200)
    asked = algorithm.ask(200)
    assert len(asked) == n_classes
    algorithm.tell(_told(asked, np.zeros((n_classes, 2))))
    assert len(algorithm.ask(200)) == 0


def test_random_search_draws_every_class_in_the_end(nasbench201: SearchSpace) -> None:
    algorithm = _made("random", nasbench201, population=2000)
    drawn = nasbench201.canonical_genotypes(
        np.concatenate([algorithm.ask(2000) for _ in range(100)])
    )
    assert len(np.unique(drawn, axis=0)) == 4929


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown algorithm 'nsga4'\. Did you mean 'nsga"):
        ALGORITHMS["nsga4"]
