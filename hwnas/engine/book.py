"""All trials of a run in memory, and which of them an architecture is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwnas.core.architecture import genotype_keys
from hwnas.core.batch import Batch
from hwnas.engine.task import Task
from hwnas.engine.trials import Results, Trials

_Key = tuple[bytes, float | None]


class Book:
    """The trials of a run, as they are asked for and finished.

    Args:
        task: What is evaluated.
        trials: What is stored already.

    Attributes:
        archs: Published string of each, in the order asked.
        genotypes: Canonical ones, shape ``(n_trials, n_genes)``.
        first_ask: In which ask each came up first, from 1, shape ``(n_trials,)``.
        results: How they ended.
    """

    def __init__(self, task: Task, trials: Trials) -> None:
        self._task = task
        self.archs = list(trials.archs)
        self.genotypes = task.space.genotypes([task.space.parse(arch) for arch in self.archs])
        self.first_ask = trials.ask
        self.results = trials.results
        self._fidelity = trials.fidelity
        keys = zip(genotype_keys(self.genotypes), self._fidelity.tolist(), strict=True)
        self._trial_of = {_key(*key): trial for trial, key in enumerate(keys)}

    @property
    def trials(self) -> Trials:
        """All of them."""
        return Trials(tuple(self.archs), self.first_ask, self.results, self._fidelity)

    @property
    def shares(self) -> np.ndarray:
        """What each is of an evaluation in full, shape ``(n_trials,)``."""
        return np.array([self._task.share(fidelity) for _, fidelity in self._trial_of])

    def find(self, genotypes: np.ndarray, fidelity: float | None) -> np.ndarray:
        """Trial of each canonical genotype at a fidelity, shape ``(n_archs,)``; -1 for none."""
        keys = (_key(key, fidelity) for key in genotype_keys(genotypes))
        return np.array([self._trial_of.get(key, -1) for key in keys], dtype=int)

    def add(self, number: int, genotypes: np.ndarray, fidelity: float | None) -> np.ndarray:
        """Make trials of what is new, twins among it one, in the order of first appearance.

        Args:
            number: Of the ask, from 1.
            genotypes: What was asked for, canonical, shape ``(n_archs, n_genes)``.
            fidelity: At which it is to be evaluated; None where there are none.

        Returns:
            Trial of each, shape ``(n_archs,)``.
        """
        new = dict[_Key, int]()
        for row, key in enumerate(genotype_keys(genotypes)):
            if _key(key, fidelity) not in self._trial_of:
                new.setdefault(_key(key, fidelity), row)
        self._append(number, genotypes[list(new.values())], list(new), fidelity)
        return self.find(genotypes, fidelity)

    def _append(
        self, number: int, genotypes: np.ndarray, keys: Sequence[_Key], fidelity: float | None
    ) -> None:
        problem, n_known = self._task.problem, len(self.archs)
        self._trial_of |= {key: n_known + place for place, key in enumerate(keys)}
        self.archs += [str(self._task.space.architecture(each)) for each in genotypes]
        self.genotypes = np.concatenate([self.genotypes, genotypes])
        self.first_ask = np.append(self.first_ask, np.full(len(keys), number))
        at = np.nan if fidelity is None else fidelity
        self._fidelity = np.append(self._fidelity, np.full(len(keys), at))
        blank = Results.blank(len(keys), len(problem.measures), len(problem.limits))
        self.results = self.results.followed_by(blank)

    def new_in(self, number: int) -> np.ndarray:
        """Trials that first came up in an ask, shape ``(n_new,)``, rising."""
        return np.flatnonzero(self.first_ask == number)

    def batch(self, trials: np.ndarray, fidelity: float | None = None) -> Batch:
        """What some trials are of, to be evaluated at a fidelity."""
        genotypes = self.genotypes[trials]
        return Batch(self._task.space, genotypes, is_canonical=True, fidelity=fidelity)

    def batch_named(self, archs: Sequence[str]) -> Batch:
        """Architectures that were evaluated, by their strings, which need not be parsed."""
        trial_of = {arch: trial for trial, arch in enumerate(self.archs)}
        return self.batch(np.array([trial_of[arch] for arch in archs], dtype=int))


def _key(key: bytes, fidelity: float | None) -> _Key:
    """What makes a trial the same as another: its class and fidelity."""
    return key, None if fidelity is None or np.isnan(fidelity) else fidelity
