"""When a hypervolume counts as having come to rest."""

from __future__ import annotations

import pytest

from hwnas.engine.ends import is_stable
from hwnas.engine.progress import Generation


def _generations(*points: tuple[int, float | None]) -> list[Generation]:
    return [Generation(number, n, volume) for number, (n, volume) in enumerate(points, start=1)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(20, 0.800), (40, 0.807)], True),
        ([(20, 0.800), (40, 0.809)], False),
        ([(20, 0.800), (39, 0.800)], False),
        ([(10, 0.700), (21, 0.800), (40, 0.800)], False),
        ([(1000, 0.800), (1900, 0.800), (2000, 0.807)], True),
        ([(20, None), (40, 0.8)], False),
        ([(40, 0.8)], False),
        ([(20, 0.0), (40, 0.0)], False),
    ],
    ids=["rest", "growth", "few", "half", "thousands", "unknown", "one", "none"],
)
def test_it_rests_when_the_second_half_brought_less_than_one_percent(
    points: list[tuple[int, float | None]], expected: bool
) -> None:
    assert is_stable(_generations(*points)) is expected


def test_what_does_not_count_towards_a_budget_does_not_count_here() -> None:
    counted = [Generation(1, 900, 0.8, 10.0), Generation(2, 2000, 0.8, 30.0)]
    assert not is_stable(counted)
