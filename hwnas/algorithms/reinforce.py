"""REINFORCE: a softmax for each gene, moved by the gradient of the expected reward.

References:
    Williams 1992, Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
    Learning, https://doi.org/10.1007/BF00992696
    Dong et al. 2021, NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size
    (Adam with a learning rate of 0.01, moving average with a momentum of 0.9),
    https://arxiv.org/abs/2009.00437
    Kingma and Ba 2015, Adam: A Method for Stochastic Optimization, https://arxiv.org/abs/1412.6980
    Fonseca and Fleming 1993, Genetic Algorithms for Multiobjective Optimization: Formulation,
    Discussion and Generalization, Proceedings of the Fifth ICGA, 416-423
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._generation import Generation
from hwnas.algorithms._novelty import Novelty
from hwnas.algorithms._ranking import Members

LEARNING_RATE = 0.01
MOMENTUM = 0.9
"""Of the moving average of rewards."""
_DECAYS = (0.9, 0.999)
_TINY = 1e-8


@ALGORITHMS.register("reinforce")
class Reinforce:
    """REINFORCE: a policy over the choices of each gene, moved towards what was rewarded.

    Choice ``a`` of gene ``g`` has the probability ``p_g(a) = exp(t_ga) / sum_b exp(t_gb)``, all
    ``t`` 0 at first. For each architecture with the choices ``a_g`` and the reward ``R`` ::

        b    = moving average of R with momentum 0.9, R included
        t_ga = t_ga + Adam step, rate 0.01, of (R - b) d log p / d t_ga
        d log p / d t_ga = [a = a_g] - p_g(a)

    The reward is the share of all that was told so far that does not beat the architecture. Of one
    objective that is its rank from worst to best, which knows neither unit nor scale; of several
    it is by dominance, the rank of Fonseca and Fleming, so that the whole front is rewarded alike.
    The feasible beat all others, and these each other by how far from feasible they are.

    A tenth of a population is drawn from one policy, so that several are evaluated at once; with
    fewer than 20 it moves after each, as published. What is disconnected, or equal in function to
    what was asked before, is drawn again: the step is that of the policy nevertheless.

    Args:
        setting: What every algorithm is built from.
    """

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._rng = np.random.default_rng(setting.seed)
        self._novelty = Novelty(setting)
        self._generation = Generation(self._draw, self._learn)
        self._policy = Policy(setting.space.n_choices)
        self._known: Members | None = None

    def ask(self, n: int) -> np.ndarray:
        """What is left of the draws, or of new ones, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: All of them are asked, and not all of them told.
        """
        return self._generation.ask(n)

    def tell(self, told: Told) -> None:
        """Hear about some of the draws; when all are told, the policy moves for each in turn.

        Raises:
            StateError: One of them is not waited for.
        """
        self._generation.tell(told)

    def _draw(self) -> np.ndarray:
        """The next draws, shape ``(n_archs, n_genes)``; first what the search begins with."""
        if self._known is None and self._setting.initial is not None:
            return self._novelty.beginning(self._rng)
        n_draws = max(1, self._setting.population // 10)
        return np.concatenate([self._drawn() for _ in range(n_draws)])

    def _drawn(self) -> np.ndarray:
        """A draw that is new, shape ``(1, n_genes)``; none where nothing is left."""
        found = self._novelty.first(lambda n: self._policy.sample(n, self._rng))
        return self._novelty.uniform(1, self._rng) if found is None else found[None]

    def _learn(self, told: Told) -> None:
        new = Members.of(told)
        self._known = new if self._known is None else self._known.followed_by(new)
        for row, genotype in enumerate(new.genotypes):
            is_beaten_by = self._known.beat(new.part(slice(row, row + 1)))
            self._policy.step(genotype, 1 - float(is_beaten_by.mean()))


class Policy:
    """A softmax over the choices of each gene, independent of each other.

    Args:
        n_choices: Number of choices of each gene, ``n_genes`` of them.

    Attributes:
        logits: Shape ``(n_genes, n_most_choices)``; minus infinity where a gene has fewer choices.
    """

    def __init__(self, n_choices: tuple[int, ...]) -> None:
        is_choice = np.arange(max(n_choices)) < np.asarray(n_choices)[:, None]
        self.logits = np.where(is_choice, 0.0, -np.inf)
        self._mean, self._square = np.zeros(is_choice.shape), np.zeros(is_choice.shape)
        self._n_steps = 0
        self._reward, self._weight = 0.0, 0.0

    def probabilities(self) -> np.ndarray:
        """Probability of each choice, shape ``(n_genes, n_most_choices)``."""
        weights = np.exp(self.logits - self.logits.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """``n`` genotypes, shape ``(n, n_genes)``."""
        ends = np.cumsum(self.probabilities(), axis=1)
        # The last end may be a little below 1.
        drawn = rng.random((n, len(ends), 1)) * ends[:, -1:]
        return np.asarray((drawn >= ends).sum(axis=2))

    def score(self, genotype: np.ndarray) -> np.ndarray:
        """Gradient of the logarithm of a genotype's probability, of the shape of ``logits``."""
        gradient = -self.probabilities()
        gradient[np.arange(len(genotype)), genotype] += 1
        return gradient

    def step(self, genotype: np.ndarray, reward: float) -> None:
        """Move towards a genotype whose reward is above the moving average, or away from it."""
        self._reward = MOMENTUM * self._reward + (1 - MOMENTUM) * reward
        self._weight = MOMENTUM * self._weight + (1 - MOMENTUM)
        gradient = (reward - self._reward / self._weight) * self.score(genotype)
        self._n_steps += 1
        first, second = _DECAYS
        self._mean = first * self._mean + (1 - first) * gradient
        self._square = second * self._square + (1 - second) * gradient**2
        mean = self._mean / (1 - first**self._n_steps)
        spread = np.sqrt(self._square / (1 - second**self._n_steps))
        self.logits += LEARNING_RATE * mean / (spread + _TINY)
