"""A generation: proposed at once, handed out in portions, learnt from when all of it is told."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from hwnas.algorithms import Told
from hwnas.core.architecture import genotype_keys
from hwnas.errors import StateError


def part(told: Told, rows: np.ndarray) -> Told:
    """What was told of some architectures, by position or mask."""
    return Told(*(getattr(told, each.name)[rows] for each in fields(Told)))


def joined(parts: Sequence[Told]) -> Told:
    """All that was told, one part after the other."""
    return Told(
        *(np.concatenate([getattr(each, field.name) for each in parts]) for field in fields(Told))
    )


class Generation:
    """What an algorithm has proposed, between its ``ask`` and its ``tell``.

    An algorithm hears of a generation at once and in the order in which it proposed it, however
    many workers evaluated it and whoever was ready first.

    Args:
        propose: Genotypes of the next generation, shape ``(n_archs, n_genes)``.
        learn: Called with all that was told of a generation.
    """

    def __init__(self, propose: Callable[[], np.ndarray], learn: Callable[[Told], None]) -> None:
        self._propose = propose
        self._learn = learn
        self._genotypes: np.ndarray | None = None
        self._n_asked = 0
        self._waiting: dict[bytes, deque[int]] = defaultdict(deque)
        self._told: list[Told] = []
        self._rows: list[int] = []

    def ask(self, n: int) -> np.ndarray:
        """The next ``n`` at most of this generation, or of a new one if this one is over.

        Raises:
            StateError: All of it is asked, and not all of it told.
        """
        if self._genotypes is None:
            self._genotypes, self._n_asked = self._propose(), 0
        elif self._n_asked == len(self._genotypes):
            raise StateError("ask() was called twice; call tell() with the last batch first.")
        asked = self._genotypes[self._n_asked : self._n_asked + n]
        for row, key in enumerate(genotype_keys(asked), self._n_asked):
            self._waiting[key].append(row)
        self._n_asked += len(asked)
        if not len(self._genotypes):
            # Nothing will be told of it.
            self._genotypes = None
        return asked

    def tell(self, told: Told) -> None:
        """Hear about part of it.

        Raises:
            StateError: One of them is not waited for.
        """
        rows = [self._row(key) for key in genotype_keys(told.genotypes)]
        self._told.append(told)
        self._rows += rows
        if self._genotypes is None or len(self._rows) < len(self._genotypes):
            return
        whole = part(joined(self._told), np.argsort(self._rows))
        self._genotypes, self._told, self._rows = None, [], []
        self._learn(whole)

    def _row(self, key: bytes) -> int:
        if not self._waiting[key]:
            raise StateError("tell() must be about what was asked and not told; call ask() first.")
        return self._waiting[key].popleft()
