"""Samplers of Optuna behind ask and tell; the only file that knows Optuna.

References:
    Akiba et al. 2019, Optuna: A Next-generation Hyperparameter Optimization Framework,
    https://arxiv.org/abs/1907.10902
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hwnas.algorithms import Setting, Told
from hwnas.core.classes import listed_classes
from hwnas.core.forms import Forms
from hwnas.errors import MissingExtraError, StateError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

_N_DRAWN = 100
_N_DRAWS = 10
"""How many architectures are drawn at random, and how often, to find one that is unknown."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a functional class turned out to be worth.

    Args:
        values: One an objective, all minimised; None where it failed or has no value.
        distance: How far from feasible it is; None where there are no limits.
    """

    values: tuple[float, ...] | None
    distance: float | None


class Suggestions:
    """A sampler of Optuna: what is asked are trials of its study, and all values are told to it.

    Genes name no order among their choices: to Optuna each is categorical. An architecture is asked
    for once: where the sampler suggests a twin of one that is known, its trial is told that one's
    values at once, and it suggests again; after ``n_tries`` of these, an unknown one is drawn at
    random. A twin of one that is being valued is told with it. What breaks limits is told how far;
    what failed or has no value, that it failed, as is what does not connect input and output.

    Args:
        setting: What every algorithm is built from.
        sampler: Sampler of Optuna, made by a function of this file.
        n_tries: How often it may suggest what is known before chance decides.
    """

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting, sampler: BaseSampler, n_tries: int) -> None:
        import optuna

        self._space = setting.space
        self._n_tries = n_tries
        self._forms = setting.forms or Forms(setting.space)
        self._left = np.empty((0, len(setting.space.genes)), dtype=np.int64)
        if setting.initial is not None:
            self._left = setting.initial
        self._rng = np.random.default_rng(_streams(setting.seed)[1])
        self._distributions: dict[str, BaseDistribution] = {
            str(gene): optuna.distributions.CategoricalDistribution(range(n))
            for gene, n in enumerate(setting.space.n_choices)
        }
        with _quiet():
            self._study = optuna.create_study(
                directions=[optuna.study.StudyDirection.MINIMIZE] * setting.n_objectives,
                sampler=sampler,
            )
        self._known: dict[bytes, _Outcome] = {}
        # Trials that are asked and not yet told, by class.
        self._waiting: dict[bytes, list[Trial]] = {}
        # The worst value of each objective so far.
        self._worst = np.full(setting.n_objectives, np.nan)

    def ask(self, n: int) -> np.ndarray:
        """Genotypes of unknown classes, shape ``(n_archs, n_genes)``; fewer where all are known."""
        asked = list[np.ndarray]()
        with _quiet():
            while len(asked) < n and (genotype := self._next()) is not None:
                asked.append(genotype)
        return np.array(asked, dtype=np.int64).reshape(-1, len(self._distributions))

    def tell(self, told: Told) -> None:
        """Tell the study of all trials of these classes.

        Raises:
            StateError: One of them is not waited for.
        """
        keys = [key for key, _ in self._forms.of(told.genotypes)]
        if not self._waiting.keys() >= set(keys):
            raise StateError("tell() must be about what was asked and not told; call ask() first.")
        with _quiet():
            for key, outcome in zip(keys, self._outcomes(told), strict=True):
                self._known[key] = outcome
                for trial in self._waiting.pop(key):
                    self._tell(trial, outcome)

    def _outcomes(self, told: Told) -> list[_Outcome]:
        has_values = np.isin(told.status, ("done", "infeasible"))
        values = np.where(np.isfinite(told.values), told.values, np.nan)
        self._worst = np.fmax.reduce([self._worst, *values])
        # What breaks a limit is spared what is dear to evaluate; Optuna must have some number.
        values = np.where(np.isnan(values), np.nan_to_num(self._worst), values)
        distance = told.distance.tolist() if told.violation.shape[1] else [None] * len(told)
        return [
            _Outcome(tuple(row) if is_valued else None, far)
            for row, is_valued, far in zip(values.tolist(), has_values, distance, strict=True)
        ]

    def _next(self) -> np.ndarray | None:
        """An unknown genotype, shape ``(n_genes,)``, whose trial waits; None if there is none."""
        if len(self._left):
            first, self._left = self._left[0], self._left[1:]
            return self._chosen(first)
        for _ in range(self._n_tries):
            trial = self._study.ask(self._distributions)
            genotype = np.array([trial.params[gene] for gene in self._distributions])
            key, is_valid = self._forms.of(genotype[None])[0]
            if not is_valid:
                self._tell(trial, _Outcome(None, None))
            elif key in self._known:
                self._tell(trial, self._known[key])
            elif key in self._waiting:
                self._waiting[key].append(trial)
            else:
                self._waiting[key] = [trial]
                return genotype
        return self._drawn()

    def _drawn(self) -> np.ndarray | None:
        """An unknown genotype drawn at random."""
        for _ in range(_N_DRAWS):
            drawn = self._space.sample_genotypes(_N_DRAWN, self._rng)
            unknown = self._unknown(drawn)
            if len(unknown):
                return self._chosen(unknown[0])
        unknown = self._unknown(self._classes)
        return self._chosen(self._rng.choice(unknown)) if len(unknown) else None

    def _unknown(self, genotypes: np.ndarray) -> np.ndarray:
        """Those of which nobody has asked, of shape ``(n_archs, n_genes)``."""
        is_asked = [
            key in self._known or key in self._waiting for key, _ in self._forms.of(genotypes)
        ]
        return np.asarray(genotypes[~np.array(is_asked, dtype=bool)])

    @cached_property
    def _classes(self) -> np.ndarray:
        """All classes, shape ``(n_classes, n_genes)``; none where they are too many to list."""
        classes = listed_classes(self._space)
        return self._left[:0] if classes is None else classes

    def _chosen(self, genotype: np.ndarray) -> np.ndarray:
        """A genotype that the sampler did not suggest, as a trial of the study that waits."""
        self._study.enqueue_trial(dict(zip(self._distributions, genotype.tolist(), strict=True)))
        ((key, _),) = self._forms.of(genotype[None])
        self._waiting[key] = [self._study.ask(self._distributions)]
        return genotype

    def _tell(self, trial: Trial, outcome: _Outcome) -> None:
        from optuna.trial import TrialState

        if outcome.values is None:
            self._study.tell(trial, state=TrialState.FAIL)
            return
        if outcome.distance is not None:
            trial.set_constraint("limits", outcome.distance)
        self._study.tell(trial, outcome.values)


def tpe(setting: Setting) -> BaseSampler:
    """Optuna's multivariate TPE, which keeps a batch apart by the constant liar.

    Raises:
        MissingExtraError: Optuna is not installed.
    """
    _require("tpe", "optuna", "baselines")
    from optuna.samplers import TPESampler

    with _quiet():
        return TPESampler(multivariate=True, constant_liar=True, seed=_sampler_seed(setting.seed))


def gp(setting: Setting) -> BaseSampler:
    """Optuna's Gaussian processes, which are written in torch.

    Raises:
        MissingExtraError: Optuna or torch is not installed.
    """
    for package in ("optuna", "torch"):
        _require("gp", package, "baselines,torch")
    from optuna.samplers import GPSampler

    with _quiet():
        return GPSampler(seed=_sampler_seed(setting.seed))


def _require(algorithm: str, package: str, extra: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(f"Algorithm '{algorithm}'", package, extra) from error


def _streams(seed: int) -> tuple[np.random.SeedSequence, np.random.SeedSequence]:
    """One stream for the sampler, and one for what is drawn beside it."""
    sampler, own = np.random.SeedSequence(seed).spawn(2)
    return sampler, own


def _sampler_seed(seed: int) -> int:
    """A seed as samplers take it, of 32 bits."""
    return int(_streams(seed)[0].generate_state(1)[0])


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna tells of every study and of what it may change; none of that is for the user."""
    from optuna import logging

    verbosity = logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.set_verbosity(logging.CRITICAL)
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
