"""Surrogate-assisted search, for evaluations that cost minutes and budgets of tens to hundreds.

References:
    Jones et al. 1998, Efficient Global Optimization of Expensive Black-Box Functions,
    https://doi.org/10.1023/A:1008306431147
    Lu et al. 2020, NSGANetV2: Evolutionary Multi-Objective Surrogate-Assisted Neural Architecture
    Search, https://arxiv.org/abs/2007.10396
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._beliefs import Beliefs
from hwnas.algorithms._design import bred_to_limits, first_design
from hwnas.algorithms._field import Field
from hwnas.algorithms._gain import most_promising
from hwnas.algorithms._generation import joined, part
from hwnas.algorithms._novelty import Novelty
from hwnas.core.architecture import genotype_keys
from hwnas.errors import StateError
from hwnas.executors import one_thread

N_DESIGN = 17
"""Architectures that are evaluated before anything is predicted."""
LEAST_BATCH, MOST_BATCH = 3, 30
BATCH_SHARE = 0.06
"""How many are proposed at once, as a share of those that were evaluated."""
_MOST_VALUE = 1e100
"""Values count as this at most: what is larger overflows where it is squared."""


@ALGORITHMS.register("surrogate")
class Surrogate:
    """Models of all that was evaluated propose what promises the largest gain in hypervolume.

    It begins with small and with extreme architectures. Then Gaussian processes predict every
    objective that costs an evaluation, each with how far off it may be; what is known for free is
    used as known, also of limits. Batches grow from 3 to 30; no functional twin is proposed. Of a
    warm start it takes the first 17.

    Args:
        setting: What every algorithm is built from.
    """

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._rng = np.random.default_rng(setting.seed)
        self._novelty = Novelty(setting)
        self._beginning: np.ndarray | None = None
        if setting.initial is not None:
            # The best by a proxy are alike; models learn more from what they choose themselves.
            self._beginning = setting.initial[:N_DESIGN]
            self._novelty.note(self._beginning)
        self._field: Field | None = None
        self._beliefs: Beliefs | None = None
        self._n_asked = 0
        # What is asked and not yet told: its canonical form, and which it was of all asked.
        self._waiting: dict[bytes, tuple[np.ndarray, int]] = {}
        # What was told and is not yet learned from, with which it was of all asked.
        self._new: list[tuple[Told, list[int]]] = []
        self._told: Told | None = None
        self._sample = np.empty((0, 0))

    def ask(self, n: int) -> np.ndarray:
        """What to begin with, then what promises most, shape ``(n_archs, n_genes)``.

        None where every class was asked. What is asked before all was told counts as predicted.
        """
        if self._beginning is None:
            self._beginning = self._design()
        if len(self._beginning):
            asked, self._beginning = self._beginning[:n], self._beginning[n:]
        else:
            asked = self._proposed(min(n, self._batch_size))
        forms = self._setting.space.canonical_genotypes(asked)
        for number, (key, form) in enumerate(zip(genotype_keys(asked), forms, strict=True)):
            self._waiting[key] = form, self._n_asked + number
        self._n_asked += len(asked)
        return asked

    def tell(self, told: Told) -> None:
        """Hear about some of what was asked.

        Raises:
            StateError: One of them is not waited for.
        """
        keys = genotype_keys(told.genotypes)
        if not self._waiting.keys() >= set(keys):
            raise StateError("tell() must be about what was asked and not told; call ask() first.")
        waited = [self._waiting.pop(key) for key in keys]
        # Features, and what is known for free, are those of canonical forms.
        forms = np.array([form for form, _ in waited]).reshape(told.genotypes.shape)
        columns = {
            name: np.clip(getattr(told, name), -_MOST_VALUE, _MOST_VALUE)
            for name in ("values", "lower", "upper")
        }
        # What was ruled out for free was not evaluated: nothing can be learned from it.
        rows = np.flatnonzero(self._setting.may_be_feasible(forms))
        told = part(replace(told, genotypes=forms, **columns), rows)
        self._new.append((told, [waited[row][1] for row in rows]))

    @property
    def _batch_size(self) -> int:
        n_told = len(self._told or ()) + sum(len(told) for told, _ in self._new)
        return min(max(math.ceil(BATCH_SHARE * n_told), LEAST_BATCH), MOST_BATCH)

    def _proposed(self, n: int) -> np.ndarray:
        """The most promising, and what is drawn at random where too few promise anything."""
        # Sums are added in one order, whatever the machine: the same seed asks the same.
        with one_thread():
            chosen = self._most_promising(n)
        self._novelty.note(chosen)
        return np.concatenate([chosen, self._others(n - len(chosen))])

    def _design(self) -> np.ndarray:
        """What to begin with where nothing else is said, noted; shape ``(n_archs, n_genes)``."""
        found = first_design(self._setting.space, self._rng)
        found = found[self._setting.may_be_feasible(found)][:N_DESIGN]
        self._novelty.note(found)
        return np.concatenate([found, self._others(N_DESIGN - len(found))])

    def _others(self, n: int) -> np.ndarray:
        """Some at random that nothing rules out for free, noted; fewer where no more are found."""
        may = None if self._setting.free is None else self._setting.may_be_feasible
        found = self._novelty.uniform(n, self._rng, may)
        if len(found) == n or may is None:
            return found
        bred = bred_to_limits(self._setting, self._rng)
        bred = bred[self._novelty.are_new(bred)][: n - len(found)]
        self._novelty.note(bred)
        return np.concatenate([found, bred])

    def _take_in(self) -> Told | None:
        """All that was evaluated, what is new in the order asked, whoever was ready first."""
        if self._new:
            new = joined([told for told, _ in self._new])
            order = np.argsort([number for _, numbers in self._new for number in numbers])
            new = part(new, order.astype(int))
            self._told = new if self._told is None else joined([self._told, new])
            self._new = []
        return self._told if self._told is not None and len(self._told) else None

    def _most_promising(self, n: int) -> np.ndarray:
        nothing = np.empty((0, len(self._setting.space.genes)), dtype=np.int64)
        told = self._take_in()
        if told is None:
            return nothing
        if self._field is None:
            self._field = Field(self._setting, self._novelty)
            self._beliefs = Beliefs(self._setting, self._field.scale)
            self._sample = np.empty((0, len(self._field.scale.columns)))
        field, beliefs = self._field, self._beliefs
        assert beliefs is not None
        new = told.genotypes[len(self._sample) :]
        if len(new):
            self._sample = np.concatenate([self._sample, field.scaled(new)])
        if not beliefs.learn(told, self._sample):
            return nothing
        genotypes, outlook = field.candidates(beliefs, told, self._sample, self._rng)
        waiting = None
        if self._waiting:
            pending = np.stack([form for form, _ in self._waiting.values()])
            waiting = field.outlook(beliefs, pending, self._sample)
        has_values = np.isfinite(told.values).all(axis=1)
        if not has_values.any():
            return nothing
        worst = _reference(told.values[has_values])
        known = told.values[told.is_feasible]
        rows = most_promising(outlook, known, worst, n, self._rng, waiting)
        return np.asarray(genotypes[rows])


def _reference(values: np.ndarray) -> np.ndarray:
    """Reference point of the hypervolume, of values ``(n_archs, n_objectives)``."""
    worst = values.max(axis=0)
    # An objective that is the same for all so far must leave room for the others to gain.
    is_equal = worst == values.min(axis=0)
    return np.asarray(np.where(is_equal, worst + np.maximum(np.abs(worst), 1.0), worst))
