"""What the bar of a search shows, whatever ends it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

from hwnas.cli._bars import Ends, SearchBar
from hwnas.engine.progress import Generation, Progress, Step

OPEN = Ends(None, None, None, until_stable=False)


def _generation(number: int, n_evaluated: int) -> Progress:
    return Progress(Generation(number, n_evaluated, 0.75), 5, ())


@pytest.fixture
def bars() -> Bars:
    """Bars whose clock stands at 0 and then at 30 seconds."""
    times = iter([0.0])
    return Bars(
        console=Console(file=io.StringIO()), disable=True, get_time=lambda: next(times, 30.0)
    )


def _shown(bars: Bars) -> tuple[float | None, float]:
    return bars.tasks[0].total, bars.tasks[0].completed


def test_evaluations_move_it_towards_the_budget(bars: Bars) -> None:
    bar = SearchBar(bars, replace(OPEN, budget=60))
    bar.step(Step(7.0, 2, 1.5))
    assert _shown(bars) == (60, 7)
    assert bars.tasks[0].fields["words"] == "7 of 60 evaluated, 2 failed"


def test_shares_of_evaluations_have_one_decimal(bars: Bars) -> None:
    SearchBar(bars, replace(OPEN, budget=60)).step(Step(20 / 3, 0, 1.5))
    assert bars.tasks[0].fields["words"] == "6.7 of 60 evaluated"


def test_generations_move_it_where_only_they_end_the_search(bars: Bars) -> None:
    bar = SearchBar(bars, replace(OPEN, generations=10))
    bar.generation(_generation(3, 250))
    assert _shown(bars) == (10, 3)
    assert bars.tasks[0].fields == {
        "words": "generation 3  250 architectures", "volume": "0.7500",
    }  # fmt: skip


def test_the_end_that_is_nearest_moves_it(bars: Bars) -> None:
    bar = SearchBar(bars, replace(OPEN, budget=60, time_s=40.0))
    bar.step(Step(7.0, 0, 1.5))
    assert _shown(bars) == (40, 30)


@pytest.mark.parametrize(("is_free", "total"), [(True, 50), (False, 100)])
def test_without_an_end_it_knows_the_usual_one(bars: Bars, is_free: bool, total: int) -> None:
    bar = SearchBar(bars, OPEN)
    if not is_free:
        bar.step(Step(0.0, 0))
    bar.generation(_generation(1, 20))
    assert bars.tasks[0].total == total


def test_a_search_that_ends_by_itself_has_no_total(bars: Bars) -> None:
    bar = SearchBar(bars, replace(OPEN, until_stable=True))
    bar.generation(_generation(1, 20))
    assert bars.tasks[0].total is None


def test_a_generation_leaves_the_words_of_evaluations(bars: Bars) -> None:
    bar = SearchBar(bars, replace(OPEN, budget=60))
    bar.step(Step(7.0, 0, 1.5))
    bar.generation(_generation(1, 7))
    assert bars.tasks[0].fields == {"words": "7 of 60 evaluated", "volume": "0.7500"}
