"""The benchmark of searches whose evaluations cost: what it counts, keeps and tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from _peers import MAX_IDLE_ASKS, Bench
from _searches import searched
from _sections_quality import search_quality
from _truth import Truth
from mnasnet_quality import evaluations_to_reach, places_of_pairs
from search_quality import Runs, curves, seeds_of
from surrogate_cost import growth, steps_of

from hwnas.core.space import SearchSpace
from hwnas.spaces import load_space

if TYPE_CHECKING:
    from tests.conftest import Published

OBJECTIVES = ("accuracy", "robustness", "latency", "energy")
SETTING = {"device": "edgegpu", "algorithm": "random", "population": 50}
# The identity from input to output in two ways, and a cell that joins nothing.
TWINS = (
    "|skip_connect~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
    "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
)
DISCONNECTED = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


@pytest.fixture(scope="module")
def truth(everything_published: Published, nasbench201: SearchSpace) -> Truth:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(everything_published.cache))
        return Truth(nasbench201, "edgegpu", OBJECTIVES)


def test_exhaustive_front_has_no_gap_and_the_greedy_oracle_nearly_none(truth: Truth) -> None:
    assert (len(truth.genotypes), truth.n_front) == (4929, 89)
    assert truth.gaps_pct(np.flatnonzero(truth.is_front))[-1] == 0
    assert truth.igd_plus(np.flatnonzero(truth.is_front)) == 0
    oracle = searched(truth, "greedy-oracle", seed=0, budget=50)
    # As measured apart, by another program: .03 % after 50.
    assert truth.gaps_pct(oracle.rows)[-1] == pytest.approx(0.03, abs=0.005)


def test_share_and_last_gap_are_the_whole(truth: Truth) -> None:
    rows = np.arange(0, 4929, 100)
    assert truth.share_pct(rows) + truth.gaps_pct(rows)[-1] == pytest.approx(100)


def test_a_twin_costs_nothing_and_what_is_disconnected_has_no_values(truth: Truth) -> None:
    bench, space = Bench(truth, budget=5), truth.space
    first, second, nothing = (
        bench(np.array(space.parse(text).genotype)) for text in (*TWINS, DISCONNECTED)
    )
    assert first is not None
    assert np.array_equal(first, second)
    assert nothing is None
    assert len(bench.rows) == 1


def test_a_peer_that_asks_for_nothing_new_ends(truth: Truth) -> None:
    bench = Bench(truth, budget=5)
    for _ in range(1 + MAX_IDLE_ASKS):
        assert not bench.is_over
        bench(truth.genotypes[0])
    assert bench.is_over
    assert not bench.is_out_of_time


def test_a_budget_bounds_what_is_counted_within_a_generation(truth: Truth) -> None:
    bench = Bench(truth, budget=2)
    for genotype in truth.genotypes[:4]:
        bench(genotype)
    assert bench.rows == [0, 1]


@pytest.mark.parametrize("algorithm", ["random", "pymoo-nsga2"])
def test_a_search_evaluates_each_class_once_and_as_many_as_it_may(
    truth: Truth, algorithm: str
) -> None:
    found = searched(truth, algorithm, seed=1, budget=70)
    assert len(found.rows) == 70
    assert len(set(found.rows.tolist())) == 70
    again = searched(truth, algorithm, seed=1, budget=70)
    assert np.array_equal(found.rows, again.rows)


def test_runs_are_kept_by_seed_and_not_made_again(tmp_path: Path) -> None:
    Runs(tmp_path, SETTING).add({"seed": 3, "budget": 50})
    Runs(tmp_path, SETTING).add({"seed": 1, "budget": 50})
    kept = Runs(tmp_path, SETTING)
    assert kept.has(1, 50)
    assert kept.has(3, 20)
    assert not kept.has(3, 51)
    assert not kept.has(2, 50)


def test_runs_of_another_setting_are_refused(tmp_path: Path) -> None:
    Runs(tmp_path, SETTING).add({"seed": 3, "budget": 50})
    with pytest.raises(SystemExit, match="Give another --out"):
        Runs(tmp_path, {**SETTING, "population": 20})


def test_who_ended_early_stands_still_and_who_was_stopped_is_not_known(truth: Truth) -> None:
    run = {"classes": [0, 1, 2], "budget": 5, "is_out_of_time": False}
    stopped = {**run, "is_out_of_time": True}
    ended, unknown = curves(truth, [run, stopped])
    assert len(unknown) == 3
    assert ended[2:].tolist() == [unknown[2]] * 3


TRUTH = {
    "objectives": ["a"], "best": [0.0], "worst": [1.0], "reference": [1.0],
    "n_classes": 9, "n_front": 2, "proportional": [["b", "a", 7.0]],
}  # fmt: skip


def _figures(gaps: list[float | None]) -> dict[str, Any]:
    return {
        "seeds": list(range(len(gaps))),
        "gap_pct": {"50": gaps},
        "igd_plus": {"50": gaps},
        "evaluations_to": {"5": [None if gap is None else 40 for gap in gaps]},
        "seconds_cpu": [1.0] * len(gaps),
        "commits": ["0123456789abcdef"],
        "environments": [
            "- machine: M; - versions: hwnas 1",
            "- machine: M; - versions: hwnas 1, o 2",
        ],
        "budgets": [50] * len(gaps),
        "is_out_of_time": [gap is None for gap in gaps],
    }


def test_section_tells_mean_error_median_and_wins_of_the_seeds_that_both_have() -> None:
    algorithms = {"surrogate": _figures([1.0, 3.0, 2.0]), "tpe": _figures([2.0, 2.0, None])}
    record = {"budgets": [50], "devices": {"d": {"truth": TRUTH, "algorithms": algorithms}}}
    told = search_quality(record)
    # Deviation 1 of three runs.
    assert "| `surrogate` | 3 | 2.00 ± 0.58 (2.00) |" in told
    assert "| `tpe` | 3 | 2.00 ± 0.00 (2.00, 2 seeds) |" in told
    assert "| `tpe` | 1 of 2 |" in told
    assert "| `tpe` | 40 (2 of 3) |" in told
    assert "`tpe`: stopped for its processor time in 1 of 3 seeds." in told
    assert "b is 7.000 times a: these are one objective" in " ".join(told.split())
    # What another line says too, and more, is said once.
    assert told.endswith("Runs of commits `0123456789ab`; M; hwnas 1, o 2.")


def test_what_was_tuned_is_told_once_ours_has_been_run() -> None:
    def told(name: str) -> str:
        figures = {"truth": TRUTH, "algorithms": {name: _figures([1.0])}}
        return search_quality({"budgets": [50], "devices": {"d": figures}})

    assert "What was tuned" in told("surrogate")
    assert "What was tuned" not in told("tpe")


def test_seeds_are_read_as_a_range_with_both_ends() -> None:
    assert seeds_of("1000-1003") == [1000, 1001, 1002, 1003]
    assert seeds_of("7") == [7]


def test_steps_cost_as_much_as_passed_between_them() -> None:
    assert steps_of([(10, 1.0), (20, 1.5), (40, 4.5)]).tolist() == [[10, 0.5], [20, 3.0]]


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_growth_is_the_power_of_the_evaluations(power: float) -> None:
    counts = np.arange(10.0, 1000.0, 10.0)
    steps = np.stack([counts, 0.1 * counts**power], axis=1)
    # What comes before the first that counts changes nothing.
    steps[counts < 100, 1] = 7
    assert growth(steps, first=100) == pytest.approx(power)


def test_a_level_is_reached_by_the_first_evaluation_that_has_it() -> None:
    volumes = np.array([0.1, 0.5, 0.5, 0.9])
    assert evaluations_to_reach(0.5, volumes) == 2
    assert evaluations_to_reach(1.0, volumes) is None


def test_each_pair_of_genes_has_one_place_and_no_two_share_it() -> None:
    space = load_space("mnasnet")
    genotypes = space.sample_genotypes(50, np.random.default_rng(0))
    places, n_places = places_of_pairs(space, genotypes)
    assert places.shape == (50, 28 * 27 // 2)
    sizes = np.asarray(space.n_choices)
    assert n_places == (sizes.sum() ** 2 - (sizes**2).sum()) // 2
    assert (np.diff(places, axis=1) > 0).all()
    # From the places of the pairs with the first gene, all genes can be read again.
    first = sizes[0] * sizes[1]
    assert np.array_equal(places[:, 0] // sizes[1], genotypes[:, 0])
    assert np.array_equal((places[:, 1] - first) % sizes[2], genotypes[:, 2])
