"""Successive halving and Hyperband: the papers' brackets, who goes on, and what it saves."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._brackets import Brackets, Rung, bracket, hyperband_brackets
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, StateError

FIDELITIES = (1, 3, 9)
N_SEEDS = 20


def _made(name: str, space: SearchSpace, population: int = 27, seed: int = 0) -> Brackets:
    made = ALGORITHMS[name](Setting(space, 1, population, seed, fidelities=FIDELITIES))
    assert isinstance(made, Brackets)
    return made


def _told(
    genotypes: np.ndarray, values: np.ndarray | None = None, status: np.ndarray | None = None
) -> Told:
    """Values ``(n_archs, n_objectives)`` of genotypes; by default their sum, the less the better.

    What is infeasible breaks a limit by half of it.
    """
    values = genotypes.sum(axis=1, keepdims=True).astype(float) if values is None else values
    status = np.full(len(genotypes), "done", dtype=object) if status is None else status
    ends = np.full(values.shape, np.nan)
    violation = np.where(status == "infeasible", 0.5, 0.0)[:, None]
    return Told(genotypes, values, ends, ends, violation, status)


def _rungs(algorithm: Brackets, n_rungs: int) -> list[tuple[float, np.ndarray]]:
    """Rungs as they are asked, each at once and told by the sum of its genes."""
    found = []
    for _ in range(n_rungs):
        asked = algorithm.ask(1000)
        found.append((algorithm.fidelity, asked))
        algorithm.tell(_told(asked))
    return found


def test_brackets_of_hyperband_are_those_of_its_paper() -> None:
    # Li et al. 2018, Algorithm 1 with R = 81 and eta = 3: n and r of every rung.
    assert hyperband_brackets((1, 3, 9, 27, 81)) == (
        (Rung(81, 1), Rung(27, 3), Rung(9, 9), Rung(3, 27), Rung(1, 81)),
        (Rung(34, 3), Rung(11, 9), Rung(3, 27), Rung(1, 81)),
        (Rung(15, 9), Rung(5, 27), Rung(1, 81)),
        (Rung(8, 27), Rung(2, 81)),
        (Rung(5, 81),),
    )


def test_a_bracket_halves_where_fidelities_double() -> None:
    rungs = bracket(16, (1, 2, 4, 8, 16))
    assert [rung.n_archs for rung in rungs] == [16, 8, 4, 2, 1]


def test_rungs_cost_the_same_where_fidelities_rise_unevenly() -> None:
    assert bracket(40, (0.5, 1, 10)) == (Rung(40, 0.5), Rung(20, 1), Rung(2, 10))


def test_a_small_bracket_still_ends_in_full() -> None:
    assert [rung.n_archs for rung in bracket(4, (1, 3, 9))] == [4, 1, 1]


def test_successive_halving_lets_the_best_of_each_fidelity_go_on(nasbench201: SearchSpace) -> None:
    (first, many), (second, some), (third, few) = _rungs(
        _made("successive-halving", nasbench201), 3
    )
    assert [first, second, third] == list(FIDELITIES)
    assert [len(many), len(some), len(few)] == [27, 9, 3]
    assert sorted(some.sum(axis=1)) == sorted(many.sum(axis=1))[:9]
    assert sorted(few.sum(axis=1)) == sorted(some.sum(axis=1))[:3]


def test_a_bracket_is_followed_by_one_of_other_architectures(nasbench201: SearchSpace) -> None:
    rungs = _rungs(_made("successive-halving", nasbench201), 4)
    begun = [nasbench201.canonical_genotypes(rungs[place][1]) for place in (0, 3)]
    assert rungs[3][0] == 1
    assert len(np.unique(np.concatenate(begun), axis=0)) == 54


def test_hyperband_goes_through_its_brackets_in_turn(nasbench201: SearchSpace) -> None:
    rungs = _rungs(_made("hyperband", nasbench201), 7)
    assert [(fidelity, len(asked)) for fidelity, asked in rungs] == [
        (1, 9), (3, 3), (9, 1), (3, 5), (9, 1), (9, 3), (1, 9),
    ]  # fmt: skip


def test_of_several_objectives_the_front_goes_on(nasbench201: SearchSpace) -> None:
    algorithm = _made("successive-halving", nasbench201, population=9)
    asked = algorithm.ask(9)
    # Three on a front, the others each behind one of them.
    values = np.array([[0, 2], [1, 1], [2, 0], [1, 3], [2, 2], [3, 1], [5, 5], [6, 6], [7, 7]])
    order = np.random.default_rng(0).permutation(9)
    algorithm.tell(_told(asked[order], values[order].astype(float)))
    assert {row.tobytes() for row in algorithm.ask(9)} == {row.tobytes() for row in asked[:3]}


def test_what_failed_does_not_go_on(nasbench201: SearchSpace) -> None:
    algorithm = _made("successive-halving", nasbench201, population=9)
    asked = algorithm.ask(9)
    status = np.array(["done", *["failed"] * 4, *["unknown"] * 4], dtype=object)
    values = np.where(status[:, None] == "done", 1.0, np.nan)
    algorithm.tell(_told(asked, values, status))
    np.testing.assert_array_equal(algorithm.ask(9), asked[:1])
    assert algorithm.fidelity == 3


def test_where_all_failed_another_bracket_begins(nasbench201: SearchSpace) -> None:
    algorithm = _made("successive-halving", nasbench201, population=9)
    asked = algorithm.ask(9)
    algorithm.tell(_told(asked, np.full((9, 1), np.nan), np.full(9, "failed", dtype=object)))
    assert (len(algorithm.ask(9)), algorithm.fidelity) == (9, 1)


def test_what_breaks_a_limit_goes_on_behind_what_keeps_it(nasbench201: SearchSpace) -> None:
    algorithm = _made("successive-halving", nasbench201, population=9)
    asked = algorithm.ask(9)
    status = np.array([*["infeasible"] * 7, "done", "done"], dtype=object)
    algorithm.tell(_told(asked, np.arange(9.0)[:, None], status))
    np.testing.assert_array_equal(algorithm.ask(9)[:2], asked[7:])


def test_the_next_rung_is_not_asked_before_the_last_is_told(nasbench201: SearchSpace) -> None:
    algorithm = _made("successive-halving", nasbench201)
    asked = algorithm.ask(27)
    algorithm.tell(_told(asked[:20]))
    with pytest.raises(StateError, match="tell"):
        algorithm.ask(9)


@pytest.mark.parametrize("name", ["successive-halving", "hyperband"])
def test_without_fidelities_they_are_refused(name: str, nasbench201: SearchSpace) -> None:
    with pytest.raises(ConfigError, match=rf"{name} must have fidelities.*got none"):
        ALGORITHMS[name](Setting(nasbench201, 1, 9, 0))


def _finds_best(space: SearchSpace, seed: int) -> tuple[bool, float]:
    """Whether a bracket of successive halving ends at the best of 81, and what it costs.

    Errors fall as ``1 / epochs``, some later than others whatever they end at: curves cross, so
    that ranks at a low fidelity are right in part.
    """
    rng = np.random.default_rng(seed)
    drawn = np.unique(space.canonical_genotypes(space.sample_genotypes(400, rng)), axis=0)
    archs = rng.permutation(drawn)[:81]
    row_of = {arch.tobytes(): row for row, arch in enumerate(archs)}
    full, delays = rng.uniform(5, 50, len(archs)), rng.uniform(0, 40, len(archs))
    setting = Setting(space, 1, 81, seed, archs, fidelities=FIDELITIES)
    algorithm = ALGORITHMS["successive-halving"](setting)
    spent, rows = 0.0, list[int]()
    for fidelity in FIDELITIES:
        asked = algorithm.ask(81)
        spent += len(asked) * fidelity / FIDELITIES[-1]
        errors = full + delays * (1 / fidelity - 1 / FIDELITIES[-1])
        rows = [row_of[arch.tobytes()] for arch in asked]
        algorithm.tell(_told(asked, errors[rows][:, None]))
    return int(np.argmin(full)) in rows, spent


def test_the_best_curve_is_mostly_found_at_a_third_of_the_cost(nasbench201: SearchSpace) -> None:
    found, spent = zip(*(_finds_best(nasbench201, seed) for seed in range(N_SEEDS)), strict=True)
    # In full, 81 would cost 81, and 27 of them hold the best in a third of the seeds.
    assert set(spent) == {27.0}
    assert sum(found) >= 0.75 * N_SEEDS
