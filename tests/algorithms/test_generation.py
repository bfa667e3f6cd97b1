"""A generation is handed out and told in portions, and learnt from in the order proposed."""

from __future__ import annotations

import numpy as np
import pytest
from ask_and_tell import told

from hwnas.algorithms import Told
from hwnas.algorithms._generation import Generation
from hwnas.errors import StateError

FIVE = np.arange(30).reshape(5, 6) % 5


def _values(genotypes: np.ndarray) -> np.ndarray:
    return genotypes[:, :1].astype(float)


class Recorder:
    """Proposes what it is given, and keeps what it learns."""

    def __init__(self, *generations: np.ndarray) -> None:
        self.left = list(generations)
        self.learnt: list[Told] = []
        self.generation = Generation(lambda: self.left.pop(0), self.learnt.append)


def test_it_is_handed_out_in_portions() -> None:
    generation = Recorder(FIVE).generation
    parts = [generation.ask(2) for _ in range(3)]
    assert [len(part) for part in parts] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), FIVE)


def test_it_is_learnt_from_at_once_in_the_order_proposed() -> None:
    recorder = Recorder(FIVE)
    asked = recorder.generation.ask(9)
    for row in (3, 0, 4, 1):
        recorder.generation.tell(told(asked[[row]], _values(asked[[row]])))
    assert not recorder.learnt
    recorder.generation.tell(told(asked[[2]], _values(asked[[2]])))
    np.testing.assert_array_equal(recorder.learnt[0].genotypes, FIVE)
    np.testing.assert_array_equal(recorder.learnt[0].values, _values(FIVE))


def test_what_is_told_before_the_rest_is_asked_waits_for_it() -> None:
    recorder = Recorder(FIVE)
    first = recorder.generation.ask(3)
    recorder.generation.tell(told(first, _values(first)))
    assert not recorder.learnt
    rest = recorder.generation.ask(3)
    recorder.generation.tell(told(rest, _values(rest)))
    np.testing.assert_array_equal(recorder.learnt[0].genotypes, FIVE)


def test_the_same_genotype_may_be_in_it_twice() -> None:
    twice = FIVE[[0, 1, 0]]
    recorder = Recorder(twice)
    asked = recorder.generation.ask(3)
    recorder.generation.tell(told(asked, _values(asked)))
    np.testing.assert_array_equal(recorder.learnt[0].genotypes, twice)


def test_an_empty_one_is_over_at_once() -> None:
    recorder = Recorder(FIVE[:0], FIVE)
    assert len(recorder.generation.ask(3)) == 0
    np.testing.assert_array_equal(recorder.generation.ask(9), FIVE)


def test_asking_for_more_before_all_is_told_is_refused() -> None:
    generation = Recorder(FIVE).generation
    asked = generation.ask(5)
    generation.tell(told(asked[:4], _values(asked[:4])))
    with pytest.raises(StateError, match=r"ask\(\) was called twice; call tell\(\)"):
        generation.ask(1)


@pytest.mark.parametrize("n_told", [0, 1])
def test_what_was_not_asked_or_told_already_is_refused(n_told: int) -> None:
    generation = Recorder(FIVE).generation
    asked = generation.ask(3)
    generation.tell(told(asked[:n_told], _values(asked[:n_told])))
    unknown = asked[:1] if n_told else FIVE[3:4]
    with pytest.raises(StateError, match=r"tell\(\) must be about what was asked and not told"):
        generation.tell(told(unknown, _values(unknown)))
