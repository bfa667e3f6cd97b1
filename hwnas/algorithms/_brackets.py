"""Brackets of successive halving: many at a low fidelity, the best of them at the next one.

Several objectives are ranked by constrained domination and then by crowding, as in the references.

References:
    Jamieson and Talwalkar 2016, Non-stochastic Best Arm Identification and Hyperparameter
    Optimization, https://arxiv.org/abs/1502.07943
    Li et al. 2018, Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization,
    Algorithm 1, https://arxiv.org/abs/1603.06560
    Schmucker et al. 2021, Multi-objective Asynchronous Successive Halving,
    https://arxiv.org/abs/2106.12639
    Salinas et al. 2021, A multi-objective perspective on jointly tuning hardware and
    hyperparameters, https://arxiv.org/abs/2106.05680
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle
from math import ceil
from typing import ClassVar

import numpy as np

from hwnas.algorithms import CANNOT_RUN, Setting, Told
from hwnas.algorithms._generation import Generation
from hwnas.algorithms._novelty import Novelty
from hwnas.algorithms._ranking import Members
from hwnas.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Rung:
    """Architectures of a bracket that are evaluated alike.

    Args:
        n_archs: How many.
        fidelity: At which fidelity.
    """

    n_archs: int
    fidelity: float


def bracket(n_archs: int, fidelities: Sequence[float]) -> tuple[Rung, ...]:
    """A bracket in which every rung costs about the same: ``n_archs`` to begin with.

    Of ``n`` at the first fidelity ``f``, ``floor(n f / g)`` are left at fidelity ``g``, and at
    least one: at fidelities each ``eta`` times the last, as published.

    Args:
        n_archs: Architectures at the first fidelity.
        fidelities: Rising.

    Example:
        >>> [rung.n_archs for rung in bracket(27, (1, 3, 9))]
        [27, 9, 3]
    """
    first = Fraction(fidelities[0])
    return tuple(
        Rung(max(1, int(n_archs * first / Fraction(fidelity))), fidelity) for fidelity in fidelities
    )


def hyperband_brackets(fidelities: Sequence[float]) -> tuple[tuple[Rung, ...], ...]:
    """Hyperband's brackets, the one that begins lowest first; all cost about the same.

    The one that begins at fidelity ``f``, with ``s`` more above it, begins with ``ceil((s_max + 1)
    / (s + 1) R / f)`` architectures, ``R`` the full fidelity: at fidelities each ``eta`` times the
    last, as published.

    Args:
        fidelities: Rising, the last in full.
    """
    n_fidelities, full = len(fidelities), Fraction(fidelities[-1])
    return tuple(
        bracket(
            ceil(Fraction(n_fidelities, n_fidelities - place) * full / Fraction(fidelities[place])),
            fidelities[place:],
        )
        for place in range(n_fidelities)
    )


class Brackets:
    """Algorithms that go through brackets, again and again.

    They begin with architectures drawn uniformly over genotypes, each class once. A rung is asked
    for in portions and told of as a whole. What failed is not evaluated again at a higher fidelity;
    what breaks a limit is where too little keeps them, as values of a low fidelity may do so and
    those in full not.

    Args:
        setting: What every algorithm is built from.
        brackets: Gone through in turn.

    Attributes:
        fidelity: At which what was asked last is to be evaluated.
    """

    needs_fidelities: ClassVar[bool] = True
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting, brackets: Sequence[tuple[Rung, ...]]) -> None:
        self._rng = np.random.default_rng(setting.seed)
        self._novelty = Novelty(setting)
        self._initial = setting.initial
        if setting.initial is not None:
            self._novelty.note(setting.initial)
        self._brackets = cycle(brackets)
        self._rungs: list[Rung] = []
        self._survivors: Members | None = None
        self._rung = Generation(self._next_rung, self._learn)
        self.fidelity: float = setting.fidelities[0]

    def ask(self, n: int) -> np.ndarray:
        """What is left of a rung, or of the next one, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: All of the rung is asked, and not all of it told.
        """
        return self._rung.ask(n)

    def tell(self, told: Told) -> None:
        """Hear about part of a rung; when all is told, the best of it go on.

        Raises:
            StateError: One of them is not waited for.
        """
        self._rung.tell(told)

    def _next_rung(self) -> np.ndarray:
        if not self._rungs or self._survivors is None or not len(self._survivors):
            self._rungs = list(next(self._brackets))
            self._survivors = None
        rung = self._rungs.pop(0)
        self.fidelity = rung.fidelity
        if self._survivors is None:
            return self._new(rung.n_archs)
        return self._survivors.part(self._survivors.best(rung.n_archs)).genotypes

    def _new(self, n: int) -> np.ndarray:
        """Architectures to begin a bracket with: the initial ones first."""
        if self._initial is None or not len(self._initial):
            return self._propose(n)
        asked, self._initial = self._initial[:n], self._initial[n:]
        return asked

    def _propose(self, n: int) -> np.ndarray:
        """New ones, ``n`` at most, noted as known, shape ``(n_archs, n_genes)``."""
        return self._novelty.uniform(n, self._rng)

    def _learn(self, told: Told) -> None:
        members = Members.of(told)
        self._survivors = members.part(members.distance < CANNOT_RUN)


def checked_setting(name: str, setting: Setting) -> Setting:
    """A setting, if it has fidelities.

    Raises:
        ConfigError: It has none.
    """
    if not setting.fidelities:
        raise ConfigError(f"{name} must have fidelities, such as (1, 3, 9); got none.")
    return setting
