"""Islands: shares and seeds of their own, a ring, and the same run however it is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from ask_and_tell import conflict, searched, told
from changed_records import unsealed

import hwnas
from hwnas.algorithms import ALGORITHMS, Setting, Told, receiving
from hwnas.algorithms.islands import Islands
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, RunError

Started = Callable[..., hwnas.Run]
FILES = ("front.csv", "front.json", "run.json")


class Settler:
    """Asks for its initial genotypes over and over, and keeps what it is told and sent."""

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None
    made: ClassVar[list[Settler]] = []

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.told: list[Told] = []
        self.sent: list[Told] = []
        type(self).made.append(self)

    def ask(self, n: int) -> np.ndarray:
        assert self.setting.initial is not None
        return self.setting.initial[:n]

    def tell(self, told: Told) -> None:
        self.told.append(told)

    def immigrate(self, told: Told) -> None:
        self.sent.append(told)


@pytest.fixture
def settlers() -> type[Settler]:
    """Settlers, of whom each that is made can be looked at."""
    return type("Settlers", (Settler,), {"made": []})


def _distinct(space: SearchSpace, n: int) -> np.ndarray:
    drawn = space.sample_genotypes(20 * n, np.random.default_rng(0))
    return np.random.default_rng(0).permutation(
        np.unique(space.canonical_genotypes(drawn), axis=0)
    )[:n]


def _lived(islands: Islands, n_generations: int, worth: dict[bytes, float]) -> None:
    for _ in range(n_generations):
        asked = islands.ask(1000)
        values = np.array([[worth[row.tobytes()]] for row in asked])
        islands.tell(told(asked, values))


def _settled(
    settlers: type[Settler], space: SearchSpace, n: int, n_islands: int, migrate: int
) -> tuple[Islands, np.ndarray, dict[bytes, float]]:
    """Islands of ``n`` architectures whose worth is their place."""
    initial = _distinct(space, n)
    islands = Islands(settlers, Setting(space, 1, n, 0, initial), n_islands, migrate)
    return islands, initial, {row.tobytes(): float(place) for place, row in enumerate(initial)}


def test_the_population_and_its_beginning_are_dealt_out(
    settlers: type[Settler], nasbench201: SearchSpace
) -> None:
    _, initial, _ = _settled(settlers, nasbench201, 10, 3, 5)
    assert [each.setting.population for each in settlers.made] == [4, 3, 3]
    for place, each in enumerate(settlers.made):
        np.testing.assert_array_equal(each.setting.initial, initial[place::3])
    assert len({each.setting.seed for each in settlers.made}) == 3


def test_each_island_hears_of_its_own_in_the_order_asked(
    settlers: type[Settler], nasbench201: SearchSpace
) -> None:
    islands, initial, worth = _settled(settlers, nasbench201, 9, 3, 5)
    asked = np.concatenate([islands.ask(4), islands.ask(4), islands.ask(4)])
    for row in asked[::-1]:
        islands.tell(told(row[None], np.array([[worth[row.tobytes()]]])))
    for place, each in enumerate(settlers.made):
        np.testing.assert_array_equal(each.told[0].genotypes, initial[place::3])
        assert each.told[0].values[:, 0].tolist() == [place, place + 3, place + 6]


def test_the_best_go_to_the_next_island_in_a_ring(
    settlers: type[Settler], nasbench201: SearchSpace
) -> None:
    islands, _, worth = _settled(settlers, nasbench201, 60, 3, 2)
    _lived(islands, 1, worth)
    assert not any(each.sent for each in settlers.made)
    _lived(islands, 1, worth)
    # A tenth of 20 each: of island 0 the places 0 and 3, which island 1 receives, and so on.
    sent = [each.sent[0].values[:, 0].tolist() for each in settlers.made]
    assert sent == [[2, 5], [0, 3], [1, 4]]


def test_nobody_is_sent_where_he_is_known(
    settlers: type[Settler], nasbench201: SearchSpace
) -> None:
    islands, _, worth = _settled(settlers, nasbench201, 6, 2, 1)
    _lived(islands, 5, worth)
    # Islands of 0, 2, 4 and 1, 3, 5 send their best, then the next best, and remember but three.
    sent = [[each.values[:, 0].tolist() for each in island.sent] for island in settlers.made]
    assert sent == [[[1], [3]], [[0], [2]]]


def test_without_migration_islands_are_what_each_would_be_alone(nasbench201: SearchSpace) -> None:
    kind, setting = ALGORITHMS["nsga2"], Setting(nasbench201, 2, 24, 5)
    islands = Islands(kind, setting, 3, 1000)
    seeds = np.random.SeedSequence(5).spawn(3)
    alone = [
        kind(replace(setting, population=8, seed=int(seed.generate_state(1)[0]))) for seed in seeds
    ]
    for _ in range(4):
        asked = [each.ask(8) for each in alone]
        together = islands.ask(24)
        np.testing.assert_array_equal(np.concatenate(asked), together)
        for each, genotypes in zip(alone, asked, strict=True):
            each.tell(told(genotypes, conflict(genotypes)))
        islands.tell(told(together, conflict(together)))


@pytest.mark.parametrize("name", ["nsga2", "sms-emoa", "regularized-evolution", "de"])
def test_migration_changes_what_is_asked_afterwards(nasbench201: SearchSpace, name: str) -> None:
    setting = Setting(nasbench201, 2, 24, 5)
    runs = [
        searched(Islands(ALGORITHMS[name], setting, 3, migrate), nasbench201, conflict, 150, 24)
        for migrate in (2, 2, 1000)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    n_same = (runs[0] == runs[2]).all(axis=1).argmin()
    assert 24 <= n_same < 150


def test_pymoo_keeps_immigrants_that_are_better_and_no_twins(nasbench201: SearchSpace) -> None:
    algorithm = ALGORITHMS["nsga2"](Setting(nasbench201, 1, 8, 0))
    first = algorithm.ask(8)
    algorithm.tell(told(first, np.full((8, 1), 5.0)))
    better = _distinct(nasbench201, 40)[-8:]
    algorithm.immigrate(told(better, np.full((8, 1), 1.0)))  # type: ignore[attr-defined]
    algorithm.immigrate(told(better, np.full((8, 1), 1.0)))  # type: ignore[attr-defined]
    kept = np.asarray(algorithm._algorithm.pop.get("X"), dtype=int)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(np.unique(kept, axis=0), np.unique(better, axis=0))


def test_those_with_a_population_can_live_on_islands() -> None:
    names = set(receiving())
    assert {"nsga2", "nsga3", "sms-emoa", "regularized-evolution", "area", "de"} <= names
    assert names.isdisjoint({"random", "naswot", "exhaustive", "local-search", "reinforce"})


@pytest.mark.parametrize("name", ["nsga2", "regularized-evolution", "de"])
def test_who_is_told_first_plays_no_part(nasbench201: SearchSpace, name: str) -> None:
    setting = Setting(nasbench201, 2, 24, 5)
    one, other = (Islands(ALGORITHMS[name], setting, 3, 2) for _ in range(2))
    rng = np.random.default_rng(0)
    for _ in range(6):
        asked = one.ask(24)
        np.testing.assert_array_equal(other.ask(24), asked)
        one.tell(told(asked, conflict(asked)))
        for row in rng.permutation(asked):
            other.tell(told(row[None], conflict(row[None])))


@pytest.mark.long
def test_a_run_on_islands_is_the_same_for_any_number_of_workers(started: Started) -> None:
    settings = {"algorithm": "nsga2", "islands": 2, "migrate": 2, "generations": 4}
    one = started("one", **settings)
    two = started("two", **settings, executor="processes", workers=2)
    assert (one.config["islands"], one.config["migrate"]) == (2, 2)
    for name in FILES:
        assert (one.path / name).read_bytes() == (two.path / name).read_bytes()


@pytest.mark.parametrize("algorithm", ["nsga2", "de"])
def test_a_run_on_islands_that_is_resumed_is_as_one_that_was_not(
    started: Started, algorithm: str
) -> None:
    def stop(progress: object) -> None:
        if progress.generation.number == 3:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    settings = {"algorithm": algorithm, "islands": 2, "migrate": 2}
    with pytest.raises(KeyboardInterrupt):
        started("stopped", on_progress=stop, **settings)
    resumed = started("stopped", resume=True, **settings)
    straight = started("straight", **settings)
    for name in FILES:
        assert (resumed.path / name).read_bytes() == (straight.path / name).read_bytes()
    with pytest.raises(RunError, match="migrate is 2 there and 3 here"):
        started("straight", resume=True, **{**settings, "migrate": 3})


def test_a_run_of_before_there_were_islands_is_resumed(started: Started) -> None:
    run = started()
    record = json.loads((run.path / "run.json").read_text())
    assert (record["config"].pop("islands"), record["config"].pop("migrate")) == (None, None)
    (run.path / "run.json").write_text(json.dumps(unsealed({**record, "schema": 2})))
    assert started(resume=True).front.archs == run.front.archs


def test_the_report_says_how_many_islands_there_were(started: Started) -> None:
    run = started(islands=2)
    page = (run.path / "report.html").read_text()
    assert "population 8 on 2 islands, migration every 5 generations" in page


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"islands": 1}, "islands must be at least 2; got 1"),
        ({"islands": 2, "migrate": 0}, "migrate must be at least 1; got 0"),
        ({"migrate": 3}, "must come with islands to migrate between; got 3"),
        ({"islands": 3}, "population must be at least 12 on 3 islands, 4 on each; got 8"),
        ({"islands": 2, "algorithm": "random"}, "whose population takes in others.*; got random"),
    ],
)
def test_islands_that_cannot_be_are_refused(
    started: Started, tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        started(**settings)
    assert not (tmp_path / "run").exists()
