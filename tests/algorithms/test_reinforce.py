"""REINFORCE: the gradient by differences, a step by hand, and rewards that are ranks."""

from __future__ import annotations

import numpy as np
import pytest
from ask_and_tell import searched, squares

from hwnas.algorithms import Setting
from hwnas.algorithms._ranking import Members
from hwnas.algorithms.reinforce import Policy, Reinforce, rewards
from hwnas.core.space import SearchSpace


def _log_probability(policy: Policy, genotype: np.ndarray) -> float:
    return float(np.log(policy.probabilities()[np.arange(len(genotype)), genotype]).sum())


def _members(values: list[list[float]], distance: list[float]) -> Members:
    return Members(np.zeros((len(values), 6), int), np.array(values), np.array(distance))


def test_the_score_is_the_gradient_of_the_log_probability() -> None:
    policy = Policy((3, 2, 4))
    is_choice = np.isfinite(policy.logits)
    policy.logits[is_choice] = np.random.default_rng(0).normal(size=is_choice.sum())
    genotype = np.array([2, 0, 3])
    score, width = policy.score(genotype), 1e-6
    for place in zip(*np.nonzero(is_choice), strict=True):
        ends = []
        for step in (-width, width):
            policy.logits[place] += step
            ends.append(_log_probability(policy, genotype))
            policy.logits[place] -= step
        assert score[place] == pytest.approx((ends[1] - ends[0]) / (2 * width), abs=1e-8)
    assert (score[~is_choice] == 0).all()


def test_the_first_reward_is_its_own_baseline() -> None:
    policy = Policy((2,))
    policy.step(np.array([1]), 0.8)
    np.testing.assert_array_equal(policy.logits, [[0, 0]])


@pytest.mark.parametrize(("reward", "sign"), [(1.0, 1), (0.2, -1)])
def test_a_step_is_that_of_adam_followed_by_hand(reward: float, sign: int) -> None:
    policy = Policy((2,))
    policy.step(np.array([1]), 0.6)
    policy.step(np.array([1]), reward)
    # With g = (R - b) (1 - 1/2), both averages without their bias: (.1 g / .19) and
    # (.001 g^2 / .001999), of which 0.01 .5263158 / .7072836 remains, whatever g is.
    expected = sign * 0.00744137
    np.testing.assert_allclose(policy.logits, [[-expected, expected]], rtol=1e-5)


def test_choices_are_drawn_with_their_probabilities() -> None:
    policy = Policy((3, 2))
    policy.logits[0] = np.log([0.5, 0.3, 0.2])
    drawn = policy.sample(30_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn[:, 0]) / 30_000, [0.5, 0.3, 0.2], atol=0.01)
    np.testing.assert_allclose(np.bincount(drawn[:, 1]) / 30_000, [0.5, 0.5], atol=0.01)


def test_the_reward_is_the_share_that_does_not_beat_it() -> None:
    known = _members([[3], [1], [2], [2]], [0, 0, 0, 0])
    assert rewards(known, known) == [0.25, 1, 0.75, 0.75]


def test_of_several_objectives_the_whole_front_is_rewarded_alike() -> None:
    known = _members([[0, 4], [4, 0], [2, 5], [9, 9]], [0, 0, 0, 0])
    assert rewards(known, known) == [1, 1, 0.75, 0.25]


def test_what_is_not_feasible_is_rewarded_less_and_by_how_far_it_is() -> None:
    known = _members([[9], [0], [0], [0]], [0, 0.5, 0.1, 1e9])
    assert rewards(known, known) == [1, 0.5, 0.75, 0.25]


def test_what_is_drawn_late_is_better_than_what_is_drawn_early(nasbench201: SearchSpace) -> None:
    gains = []
    for seed in range(2):
        algorithm = Reinforce(Setting(nasbench201, 1, 10, seed))
        found = squares(searched(algorithm, nasbench201, squares, 400))[:, 0]
        gains.append(found[:120].mean() - found[-120:].mean())
    # The mean over all classes is 36, and its standard error over 120 about 2.
    assert min(gains) > 8
