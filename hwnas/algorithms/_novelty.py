"""Proposals that differ in function from everything that was asked before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwnas.algorithms import Setting
from hwnas.core.architecture import genotype_keys
from hwnas.core.classes import listed_classes
from hwnas.core.forms import Forms

_AT_ONCE = 16
_TRIES = 4
_ROUNDS = 50
_PICKED = 200
"""How many are drawn at once where not all may be taken."""


class Novelty:
    """Remembers the functional classes that an algorithm has asked for, and finds others.

    A class has one value here, and whoever asks for it again learns nothing: where papers let
    an architecture be trained once more, as their training is noisy, what is proposed is drawn
    again instead.

    Args:
        setting: What the algorithm is built from.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._space = setting.space
        self._forms = setting.forms or Forms(setting.space)
        self._known: set[bytes] = set()
        self._classes: np.ndarray | None = None

    def beginning(self, rng: np.random.Generator) -> np.ndarray:
        """What a search begins with, noted: what the setting says, or a random population."""
        if self._setting.initial is None:
            return self.uniform(self._setting.population, rng)
        self.note(self._setting.initial)
        return self._setting.initial

    def note(self, genotypes: np.ndarray) -> None:
        """Remember what is asked, or known from elsewhere, shape ``(n_archs, n_genes)``."""
        self._known.update(key for key, _ in self._forms.of(genotypes))

    def are_new(self, genotypes: np.ndarray) -> np.ndarray:
        """Which are valid and no twins of what was noted or comes before; shape ``(n_archs,)``."""
        seen = set[bytes]()
        found = np.zeros(len(genotypes), dtype=bool)
        for row, (key, is_valid) in enumerate(self._forms.of(genotypes)):
            found[row] = is_valid and key not in self._known and key not in seen
            seen.add(key)
        return found

    def first(
        self,
        propose: Callable[[int], np.ndarray],
        decode: Callable[[np.ndarray], np.ndarray] = np.asarray,
    ) -> np.ndarray | None:
        """The first of what is proposed that is new, noted; None where a few tries find none.

        Args:
            propose: Gives ``n`` proposals at random, one a row.
            decode: Genotypes of proposals, shape ``(n_proposals, n_genes)``; these themselves by
                default.

        Returns:
            A row.
        """
        for _ in range(_TRIES):
            drawn = propose(_AT_ONCE)
            genotypes = decode(drawn)
            rows = np.flatnonzero(self.are_new(genotypes))
            if len(rows):
                self.note(genotypes[rows[:1]])
                return np.asarray(drawn[rows[0]])
        return None

    def uniform(
        self,
        n: int,
        rng: np.random.Generator,
        may: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """New ones drawn uniformly over genotypes, noted; shape ``(n_archs, n_genes)``.

        Where few are left, these are listed if the space can be; fewer than ``n``, or none, where
        no more are found.

        Args:
            n: How many.
            rng: Random numbers.
            may: Which of canonical genotypes ``(n_archs, n_genes)`` may be among them; all by
                default.
        """
        found = np.empty((0, len(self._space.genes)), dtype=np.int64)
        for _ in range(_ROUNDS):
            if len(found) == n:
                return found
            n_left = n - len(found)
            drawn = self._space.sample_genotypes(n_left if may is None else _PICKED, rng)
            drawn = drawn[self.are_new(drawn)]
            if may is not None:
                drawn = drawn[may(self._forms.canonical(drawn))][:n_left]
            self.note(drawn)
            found = np.concatenate([found, drawn])
        rest = self._rest()
        rest = rest if may is None else rest[may(rest)]
        chosen = rest[rng.permutation(len(rest))[: n - len(found)]]
        self.note(chosen)
        return np.concatenate([found, chosen])

    def _rest(self) -> np.ndarray:
        """Classes of a space that can be listed that were not noted yet."""
        if self._classes is None:
            listed = listed_classes(self._space)
            self._classes = np.empty((0, len(self._space.genes)), int) if listed is None else listed
        is_left = [key not in self._known for key in genotype_keys(self._classes)]
        return np.asarray(self._classes[np.array(is_left, dtype=bool)])
