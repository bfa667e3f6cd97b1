"""The card of a predictor: what it predicts, from what, and how wrong it is on held-out classes."""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from hwnas._files import write_json
from hwnas.errors import ArtifactError

SCHEMA = 1
HELD_OUT, CROSS_VALIDATED = "held_out", "cross_validated"
"""How a predictor is measured: on classes that were held out, or out of fold on all of them."""
SCORED = "scored"
"""Last part of the file names of predictors that read proxy scores."""
LEVELS = ("set", "kind", "feature")
"""How finely importances tell features apart, coarse first."""
_KEYS = {
    "table": {"name", "column", "sha256"},
    "n_classes": {"train", "calibrate", "test"},
    "held_out": {"kendall_tau", "within_10_pct"},
    "interval": {"level", "edges", "half_widths", "coverage"},
}
"""What the parts of a card must hold at least."""


@dataclass(frozen=True, slots=True)
class Support:
    """Which architectures the device can run, where the table shows that it cannot run all.

    Args:
        threshold: Score from which on an architecture counts as running.
        n_unsupported: Classes of the table that the device could not run.
        recall_pct: Share of the held-out classes that run and were recognised, in percent.
        specificity_pct: Share of the held-out classes that do not run and were recognised.
        sha256: Hash of the model's file.
    """

    threshold: float
    n_unsupported: int
    recall_pct: float | None
    specificity_pct: float | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything about a predictor but its weights.

    Args:
        space: Search space.
        dataset: Data set.
        device: Device, or None for what depends on none.
        quantity: Name of the quantity.
        variant: Which variant of it (an attack, a split); empty where there is one.
        is_default: Whether the quantity's name alone means this variant.
        column: Column of the values, with unit.
        unit: The unit, for people.
        detail: One line on what exactly is predicted.
        table: ``name``, ``column``, ``sha256`` of the canonical table, ``sources``.
        feature_sets: Names of the feature sets, in order.
        n_features: Number of features.
        features_sha256: Hash of the features' names.
        transform: What the model predicts of a value: ``identity``, ``log`` or ``reciprocal``.
        mean: Mean of the target that the model was fitted on.
        scale: Standard deviation of that target; the model predicts ``(target - mean) / scale``.
        estimator: Name of the chosen estimator.
        candidates: Kendall tau of each candidate in cross-validation on the training classes.
        n_classes: Functional classes used to ``train``, ``calibrate`` and ``test``.
        held_out: Metrics on the test classes.
        interval: ``level``, ``edges``, ``half_widths`` (of the target) and measured ``coverage``.
        sha256: Hash of the model's file.
        seed: Seed of splits and estimators.
        versions: Versions of the packages it was made with.
        support: Which architectures run at all; None where all do.
        transfer: For a model fitted on another space: ``from_space``, ``from_dataset`` and
            ``trust``, how far such models carried where the truth is known; else None.
        importances: What its ranking of the test classes rests on, see
            ``hwnas.fitting.importance``; None where that was not measured.
        evaluation: ``held_out``, or ``cross_validated``: of a small table, the classes to train,
            calibrate and test are all of them, and metrics, coverage and half-widths are those of
            out-of-fold predictions.
    """

    space: str
    dataset: str
    device: str | None
    quantity: str
    variant: str
    is_default: bool
    column: str
    unit: str
    detail: str
    table: dict[str, Any]
    feature_sets: tuple[str, ...]
    n_features: int
    features_sha256: str
    transform: str
    mean: float
    scale: float
    estimator: str
    candidates: dict[str, float]
    n_classes: dict[str, int]
    held_out: dict[str, float | None]
    interval: dict[str, Any]
    sha256: str
    seed: int
    versions: dict[str, str]
    support: Support | None = None
    transfer: dict[str, Any] | None = None
    importances: dict[str, Any] | None = None
    evaluation: str = HELD_OUT

    @property
    def coverage_pct(self) -> float | None:
        """Share of held-out classes inside their interval, in percent; None if not measured."""
        coverage = self.interval["coverage"]
        return None if coverage is None else 100 * float(coverage)

    @property
    def stem(self) -> str:
        """Name of its files without the suffix: ``edgegpu.latency``."""
        kind = SCORED if self.reads_scores else ""
        return ".".join(part for part in (self.device, self.quantity, self.variant, kind) if part)

    @property
    def reads_scores(self) -> bool:
        """Whether scores of zero-cost proxies are among its features."""
        return "proxies" in self.feature_sets


TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": np.asarray,
    "log": np.log,
    "reciprocal": np.reciprocal,
}
"""What a model may predict of a value, by name."""
_INVERSES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": np.asarray,
    "log": np.exp,
    "reciprocal": np.reciprocal,
}


def to_unit(target: np.ndarray, transform: str, unit: str) -> np.ndarray:
    """Predicted targets, shape ``(n_archs,)``, in the unit of the quantity."""
    if transform == "reciprocal":
        # A rate has a positive reciprocal; a prediction that has not says nothing.
        target = np.where(target > 0, target, np.nan)
    values = np.asarray(_INVERSES[transform](target))
    return np.asarray(np.clip(values, 0.0, 100.0 if unit == "%" else None))


def read_card(path: Path) -> Card:
    """The card in a JSON file.

    Raises:
        ArtifactError: The file is missing, damaged, foreign or of a newer schema.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        schema = data.pop("schema")
        if schema > SCHEMA:
            raise ArtifactError(
                f"{path} has schema {schema}; this version reads up to {SCHEMA}. Update hwnas."
            )
        support = data.pop("support")
        data["feature_sets"] = tuple(data["feature_sets"])
        card = Card(**data, support=Support(**support) if support else None)
        _check(card)
        return card
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(
            f"{path} must be the card of a predictor; it cannot be read "
            f"({type(error).__name__}). Make it again with: hwnas fit"
        ) from error


def _check(card: Card) -> None:
    """Check that every part of a card is of its type, and there.

    Raises:
        TypeError: One is not.
    """
    for part, hint in get_type_hints(Card).items():
        if not _is_a(getattr(card, part), hint):
            raise TypeError(f"{part} must be {hint}")
    for part, keys in _KEYS.items():
        if not keys <= set(getattr(card, part)):
            raise TypeError(f"{part} must hold {keys}")
    if card.transform not in TRANSFORMS:
        raise TypeError(f"transform must be one of {', '.join(TRANSFORMS)}")
    if card.evaluation not in (HELD_OUT, CROSS_VALIDATED):
        raise TypeError(f"evaluation must be {HELD_OUT} or {CROSS_VALIDATED}")
    edges, half_widths = card.interval["edges"], card.interval["half_widths"]
    coverage = card.interval["coverage"]
    numbers = [card.interval["level"], *edges, *half_widths]
    numbers += [] if coverage is None and card.transfer else [coverage]
    if len(half_widths) != len(edges) + 1 or not all(_is_a(number, float) for number in numbers):
        raise TypeError("interval must hold numbers, one half-width more than edges")
    if card.support is not None and not _is_a(card.support.threshold, float):
        raise TypeError("the threshold of support must be a number")
    if card.importances is not None:
        _check_importances(card.importances)


def _check_importances(importances: dict[str, Any]) -> None:
    if not _is_a(importances["n_repeats"], int):
        raise TypeError("n_repeats of importances must be a whole number")
    for level in LEVELS:
        for name, figures in importances[level].items():
            is_named = level == "set" or "/" in name
            if not is_named or not all(_is_a(figures[key], float) for key in ("drop", "std")):
                raise TypeError("importances must be numbers of features named with their set")


def _is_a(value: Any, hint: Any) -> bool:
    """Whether a value read from JSON is of a type; a float must be finite, a bool is no number."""
    if hint is Any:
        return True
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return any(_is_a(value, each) for each in inner)
    if kind is dict:
        return isinstance(value, dict) and all(_is_a(each, inner[1]) for each in value.values())
    if kind is tuple:
        return isinstance(value, tuple) and all(_is_a(each, inner[0]) for each in value)
    if hint in (int, float):
        is_number = isinstance(value, int | hint) and not isinstance(value, bool)
        return is_number and math.isfinite(value)
    return isinstance(value, hint)


def write_card(path: Path, card: Card) -> None:
    """Write a card as JSON, whole or not at all."""
    data = {"schema": SCHEMA, **dataclasses.asdict(card)}
    if card.evaluation == HELD_OUT:
        # As older cards, which know no other way.
        del data["evaluation"]
    write_json(path, data)
