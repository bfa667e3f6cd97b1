"""The card of a predictor: what it predicts, from what, and how wrong it is for unseen classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from hwnas._records import Count, Fraction, Positive, RecordFormat, Sha256
from hwnas.core.quantity import Quantity
from hwnas.core.target import Target
from hwnas.errors import ArtifactError
from hwnas.predictors._upgrades import INDEX_UPGRADES, UPGRADES
from hwnas.predictors.importances import Importances
from hwnas.predictors.intervals import Intervals
from hwnas.predictors.trust import Transfer

SCHEMA = 4
HELD_OUT: Final = "held_out"
CROSS_VALIDATED: Final = "cross_validated"
"""How a predictor is measured: on classes that were held out, or out of fold on all of them."""
SCORED = "scored"
"""Last part of the names of predictors that read proxy scores."""
Transform = Literal["identity", "log", "reciprocal"]
"""What a model predicts of a value."""
_ONE_IN_TWENTY = 1.645
"""Standard deviations that a normal deviate exceeds with a probability of 5 %."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the values come from that a predictor was fitted on.

    Args:
        name: Name of the table.
        column: Its column.
        sha256: Hash of the canonical table.
        sources: Repository, commit, path, licence, size and hash of each of its files.
    """

    name: str
    column: str
    sha256: str
    sources: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """What a predictor reads.

    Args:
        sets: Names of the feature sets, in order.
        n: Number of features.
        sha256: Hash of the features' names.
    """

    sets: tuple[str, ...]
    n: Count
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class Model:
    """What a predictor's model is, and how it was chosen.

    Args:
        sha256: Hash of the ONNX model.
        transform: What it predicts of a value.
        mean: Mean of the target that it was fitted on.
        scale: Standard deviation of that target; it predicts ``(target - mean) / scale``.
        estimator: Name of the chosen estimator.
        candidates: How well each candidate ranked in cross-validation: Kendall tau; of a quality
            of many classes, its mean with that among the best fifth.
    """

    sha256: Sha256
    transform: Transform
    mean: float
    scale: Positive
    estimator: str
    candidates: dict[str, float]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Functional classes that were used; all of them for each, where all were cross-validated.

    Args:
        train: To fit the model.
        calibrate: To calibrate its intervals.
        test: To measure it.
    """

    train: Count
    calibrate: Count
    test: Count


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How wrong a predictor is for classes that it was not fitted on.

    Args:
        how: Out of fold on all classes or, in files of schema 2, on classes held out.
        n_classes: Classes used to train, calibrate and test.
        figures: ``kendall_tau``, ``within_10_pct`` and what else was measured, None where it is
            not defined: ``kendall_tau_best_fifth`` among the best fifth of the true values, and
            the share inside their intervals of the fifth where it is least, by prediction
            (``coverage_worst_fifth_pct``) and by true value (``coverage_worst_true_fifth_pct``).
        coverage: Share of the test classes inside their intervals; None where none could be held
            out.

    Raises:
        ValueError: A figure that every predictor has is missing.
    """

    how: Literal["held_out", "cross_validated"]
    n_classes: Sizes
    figures: dict[str, float | None]
    coverage: Fraction | None

    def __post_init__(self) -> None:
        missing = {"kendall_tau", "within_10_pct"} - set(self.figures)
        if missing:
            raise ValueError(f"figures must hold {', '.join(sorted(missing))}")

    @property
    def coverage_pct(self) -> float | None:
        """Share of the test classes inside their intervals, in percent; None if not measured."""
        return None if self.coverage is None else 100 * self.coverage

    @property
    def chance_tau(self) -> float:
        """Kendall tau that predictions which know nothing exceed one time in twenty.

        Of n independent pairs without ties it is about normal around 0 with a variance of
        2 (2 n + 5) / (9 n (n - 1)). Out of fold, where means of the others are predicted, it lies
        below 0: the bound is on the safe side.

        References:
            Kendall 1938, A New Measure of Rank Correlation, https://doi.org/10.1093/biomet/30.1-2.81
        """
        n = self.n_classes.test
        if n < 2:
            return math.inf
        return _ONE_IN_TWENTY * math.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)))

    @property
    def lacks_skill(self) -> bool | None:
        """Whether it ranks what it was measured on no better than chance.

        None where it was not measured at all, as a model of another space: that is untested.
        """
        if self.n_classes.test == 0:
            return None
        tau = self.figures["kendall_tau"]
        return tau is None or not tau > self.chance_tau


@dataclass(frozen=True, slots=True)
class Support:
    """Which architectures the device can run, where the table shows that it cannot run all.

    Args:
        threshold: Score from which on an architecture counts as running.
        n_unsupported: Classes of the table that the device could not run.
        recall_pct: Share of the unseen classes that run and were recognised, in percent.
        specificity_pct: Share of the unseen classes that do not run and were recognised.
        sha256: Hash of the ONNX model that gives the score.
    """

    threshold: float
    n_unsupported: Count
    recall_pct: float | None
    specificity_pct: float | None
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class Card:
    """Everything about a predictor but its weights.

    Args:
        target: What it predicts.
        space: Search space.
        options: The space's options, by name; those that are not told are the usual ones.
        is_default: Whether the quantity's name alone means these conditions.
        detail: One line on what exactly is predicted.
        table: The table and column that it was fitted on.
        features: What it reads.
        model: What its model is.
        evaluation: How wrong it is.
        interval: Its intervals, in what the model predicts; None for a model fitted on another
            space, where nobody knows how far such models carry.
        seed: Seed of splits and estimators.
        versions: Versions of the packages it was made with.
        support: Which architectures run at all; None where all do.
        transfer: For a model fitted on another space, from which; else None.
        importances: What its ranking of the test classes rests on; None if not measured.

    Raises:
        ValueError: Only a model fitted on another space may lack a coverage or an interval.
    """

    target: Target
    space: str
    options: dict[str, Any]
    is_default: bool
    detail: str
    table: Origin
    features: Features
    model: Model
    evaluation: Evaluation
    interval: Intervals | None
    seed: int
    versions: dict[str, str]
    support: Support | None = None
    transfer: Transfer | None = None
    importances: Importances | None = None

    def __post_init__(self) -> None:
        if self.evaluation.coverage is None and self.transfer is None:
            raise ValueError("coverage must be a number unless the model is of another space")
        if self.interval is None and self.transfer is None:
            raise ValueError("interval must be there unless the model is of another space")

    @property
    def name(self) -> str:
        """Device, quantity, conditions and kind: ``edgegpu.latency``."""
        kind = SCORED if self.reads_scores else ""
        target = self.target
        parts = (target.device, target.quantity, target.condition_text, kind)
        return ".".join(filter(None, parts))

    @property
    def reads_scores(self) -> bool:
        """Whether scores of zero-cost proxies are among its features."""
        return "proxies" in self.features.sets

    def answers(self, target: Target) -> bool:
        """Whether it is what a target means, which may leave the conditions open."""
        if self.target == target:
            return True
        return self.is_default and not target.conditions and self.target.usual == target


@dataclass(frozen=True, slots=True)
class Index:
    """All predictors of a space that lie in one place.

    Args:
        predictors: Their cards.
    """

    predictors: tuple[Card, ...]


_ADVICE = "Make it again with: hwnas fit"
CARDS = RecordFormat(
    Card, SCHEMA, ArtifactError, "the card of a predictor", _ADVICE, UPGRADES, sealed_from=4
)
INDEXES = RecordFormat(
    Index,
    SCHEMA,
    ArtifactError,
    "an index of predictors",
    "Move it away, then make its predictors again with: hwnas fit",
    INDEX_UPGRADES,
    sealed_from=4,
)
"""Before schema 2 there was no index: each card lay in a file of its own."""

TRANSFORMS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": np.asarray,
    "log": np.log,
    "reciprocal": np.reciprocal,
}
"""What a model may predict of a value, by name."""
_INVERSES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": np.asarray,
    "log": np.exp,
    "reciprocal": np.reciprocal,
}


def to_unit(target: np.ndarray, transform: str, quantity: Quantity) -> np.ndarray:
    """Predicted targets, shape ``(n_archs,)``, in the unit of the quantity and its bounds."""
    if transform == "reciprocal":
        # A rate has a positive reciprocal; a prediction that has not says nothing.
        target = np.where(target > 0, target, np.nan)
    values = np.asarray(_INVERSES[transform](target))
    return np.asarray(np.clip(values, quantity.lower, quantity.upper))
