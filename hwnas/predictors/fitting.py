"""From a column of a table to a predictor: split by functional class, choose, fit, calibrate."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hwnas._files import sha256_bytes, write_bytes
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_layout, feature_matrix
from hwnas.predictors.artifacts import SUPPORT_SUFFIX, names_sha256
from hwnas.predictors.calibration import calibrate
from hwnas.predictors.card import TRANSFORMS, Card, Support, to_unit, write_card
from hwnas.predictors.estimators import (
    LOOK_UP,
    N_SMALL,
    Layout,
    candidates,
    cross_validate,
    fit_candidate,
    run_onnx,
    to_onnx,
)
from hwnas.predictors.importance import measure_importances
from hwnas.predictors.metrics import kendall_tau, regression_metrics
from hwnas.predictors.scores import SCORES, has_scores
from hwnas.predictors.selection import fit_best
from hwnas.predictors.splits import Split
from hwnas.tables import ClassMeans, Column, Table, class_means

CELL_FEATURES = ("counts", "graph", "paths", "one_hot")
CHAIN_FEATURES = ("groups", "one_hot", "ordinal", "stages", "operators", "counts")
N_FOLDS = 3
NO_BETTER = 0.001
"""A difference in Kendall tau that is not worth a larger model."""
MIN_CLASSES = 20
SCORED_QUANTITIES = ("accuracy", "robustness")
"""What proxies of untrained networks can know of."""
# Fitted on fewer classes than the predictor that it replaces, it would not be better.
MIN_SCORED_SHARE = 0.9
SUPPORT_ESTIMATOR = "gradient_boosting"
SUPPORT_THRESHOLD = 0.5
# Fewer gaps than this are measurements that went missing, not networks that a device cannot run.
MIN_UNSUPPORTED_SHARE = 0.02
_PACKAGES = ("hwnas", "numpy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A predictor not yet on disk.

    Args:
        card: What it predicts and how wrong it is.
        model: Serialised ONNX model.
        support: Serialised ONNX model of what the device runs, or None.
    """

    card: Card
    model: bytes
    support: bytes | None


def versions() -> dict[str, str]:
    """Versions of the packages that a predictor is made with."""
    return {name: importlib.metadata.version(name) for name in _PACKAGES}


def default_features(space: SearchSpace) -> tuple[str, ...]:
    """Feature sets that suit a space."""
    return CHAIN_FEATURES if space.cell is None else CELL_FEATURES


def fit_column(
    space: SearchSpace,
    table: Table,
    column: Column,
    seed: int = 0,
    features: Sequence[str] | None = None,
    tolerance: float = NO_BETTER,
) -> Fitted:
    """A predictor of the class means of one column of a table.

    A tenth of the functional classes is held out to measure the predictor, a tenth to calibrate
    its intervals; on the rest, cross-validation chooses the estimator, which is then fitted. What
    was measured is what is kept: nothing is fitted again afterwards.

    Args:
        space: Search space with the column's data set.
        table: The table.
        column: A column that holds a quantity.
        seed: Seed of splits and estimators.
        features: Names of feature sets; those that suit the space by default.
        tolerance: How far below the best Kendall tau of cross-validation a smaller model may be
            to be preferred.

    Raises:
        TableError: The column holds no quantity, never varies, or has too few values.
        ArtifactError: The estimator cannot be turned into ONNX.
    """
    from threadpoolctl import threadpool_limits

    sets = tuple(features or default_features(space))
    means = class_means(space, table, column.name)
    if SCORES in sets:
        means = means.where(has_scores(space, means.genotypes))
    _check(column, means)
    x = feature_matrix(space, means.genotypes, sets)
    layout = feature_layout(space, sets)
    split = Split.draw(len(x), seed)
    # One thread: sums in another order would give other bits on another machine.
    with threadpool_limits(1):
        values = means.values[split.train]
        choice = _choose(column, layout, x[split.train], values, seed, tolerance)
        model = to_onnx(choice.estimator, x)
        support, support_model = _fit_support(space, means, x, sets, seed)
    mean, scale = choice.mean, choice.scale
    y = TRANSFORMS[choice.transform](means.values)
    predicted = run_onnx(model, x) * scale + mean
    intervals = calibrate(y[split.calibrate], predicted[split.calibrate])
    in_unit = to_unit(predicted, choice.transform, column.unit)
    card = Card(
        space=space.name,
        dataset=space.dataset,
        device=column.device,
        quantity=str(column.quantity),
        variant=column.variant,
        is_default=column.is_default,
        column=column.name,
        unit=column.unit,
        detail=column.detail,
        table={
            "name": table.name,
            "column": column.name,
            "sha256": table.sha256,
            "sources": list(table.sources),
        },
        feature_sets=sets,
        n_features=x.shape[1],
        features_sha256=names_sha256(space, sets),
        transform=choice.transform,
        mean=mean,
        scale=scale,
        estimator=choice.name,
        candidates=choice.candidates,
        n_classes=split.sizes(),
        held_out=regression_metrics(means.values[split.test], in_unit[split.test]),
        interval={
            "level": intervals.level,
            "edges": list(intervals.edges),
            "half_widths": list(intervals.half_widths),
            "coverage": intervals.coverage(y[split.test], predicted[split.test]),
        },
        sha256=sha256_bytes(model),
        seed=seed,
        versions=versions(),
        support=support,
    )
    held_out = (means.genotypes[split.test], means.values[split.test])
    importances = measure_importances(card, model, space, *held_out)
    return Fitted(replace(card, importances=importances), model, support_model)


def fit_scored(
    space: SearchSpace, table: Table, column: Column, alone: Card, seed: int = 0
) -> Fitted | None:
    """A predictor that reads proxy scores beside features, where these make it better.

    Args:
        space: Search space with the column's data set.
        table: The table.
        column: A column of accuracy or robustness.
        alone: Card of the predictor from features alone, which serves where there are no scores.
        seed: Seed of splits and estimators.

    Returns:
        The predictor; None if too few of the table's classes have shipped scores, or they do not
        help in cross-validation.

    Raises:
        TableError: The column holds no quantity or never varies.
        ArtifactError: The estimator cannot be turned into ONNX.
    """
    if column.quantity not in SCORED_QUANTITIES:
        return None
    genotypes = class_means(space, table, column.name).genotypes
    n_scored = has_scores(space, genotypes).sum()
    if n_scored < MIN_SCORED_SHARE * len(genotypes):
        return None
    fitted = fit_column(space, table, column, seed, (*alone.feature_sets, SCORES))
    gain = max(fitted.card.candidates.values()) - max(alone.candidates.values())
    return fitted if gain > NO_BETTER else None


@dataclass(frozen=True, slots=True)
class _Choice:
    """The candidate that cross-validation chose.

    Args:
        transform: What it predicts of a value.
        mean: Mean of that target.
        scale: Standard deviation of that target.
        name: Its name.
        candidates: Kendall tau of each candidate.
        estimator: It, fitted to the standardised target.
    """

    transform: str
    mean: float
    scale: float
    name: str
    candidates: dict[str, float]
    estimator: Any


def _choose(
    column: Column,
    layout: Layout,
    x: np.ndarray,
    values: np.ndarray,
    seed: int,
    tolerance: float,
) -> _Choice:
    """Choose what the model predicts of a value, and how, by cross-validation, and fit it."""
    if len(values) < N_SMALL:
        return _choose_small(column, layout, x, values, seed)
    taus: dict[str, float] = {}
    best_of: dict[str, tuple[float, str]] = {}
    transforms = _transforms(column, layout, values)
    for transform in transforms:
        z, mean, scale = _target(column, transform, values)
        predicted = cross_validate(seed, layout, x, z, N_FOLDS)
        for name, target in predicted.items():
            in_unit = to_unit(target * scale + mean, transform, column.unit)
            key = name if len(transforms) == 1 else f"{name} of {transform}"
            tau = kendall_tau(values, in_unit)
            taus[key] = -1.0 if tau is None else tau
            if name not in best_of or taus[key] > best_of[name][0]:
                best_of[name] = taus[key], transform
    best = max(taus.values())
    # Small models come first: one that is hardly better is not worth its size.
    chosen = next(name for name in candidates(layout) if best_of[name][0] >= best - tolerance)
    transform = best_of[chosen][1]
    z, mean, scale = _target(column, transform, values)
    return _Choice(transform, mean, scale, chosen, taus, fit_candidate(chosen, seed, layout, x, z))


def _choose_small(
    column: Column, layout: Layout, x: np.ndarray, values: np.ndarray, seed: int
) -> _Choice:
    """The same for tens to hundreds of architectures."""
    transform = _transforms(column, layout, values)[0]
    z, mean, scale = _target(column, transform, values)
    best = fit_best(x, z, layout, seed, by_rank=column.unit == "%")
    return _Choice(transform, mean, scale, best.name, best.candidates, best.estimator)


def _target(column: Column, transform: str, values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """What a model is fitted to, standardised, with its mean and standard deviation.

    Raises:
        TableError: It does not vary.
    """
    y = TRANSFORMS[transform](values)
    mean, scale = float(y.mean()), float(y.std())
    if scale == 0:
        raise TableError(
            f"{column.name} varies among too few functional classes to be split; "
            "there is nothing to predict. Choose another column."
        )
    return (y - mean) / scale, mean, scale


def _transforms(column: Column, layout: Layout, values: np.ndarray) -> tuple[str, ...]:
    """What a model may predict of a column: errors in time are relative, sums of times are not."""
    if column.unit == "%" or not np.all(values > 0):
        return ("identity",)
    if LOOK_UP not in layout:
        return ("log",)
    # Times and energies add up over the parts of a network; of a rate, the reciprocal does.
    return ("log", "reciprocal" if column.quantity == "throughput" else "identity")


def is_constant(space: SearchSpace, table: Table, column: Column) -> bool:
    """Whether a column is the same for every functional class that has a value."""
    values = class_means(space, table, column.name).values
    return bool(len(values) == 0 or np.ptp(values) == 0)


def _check(column: Column, means: ClassMeans) -> None:
    if column.quantity not in QUANTITIES:
        raise TableError(
            f"{column.name} holds no quantity that can be predicted; "
            "choose a column of accuracy, robustness, latency, energy or throughput."
        )
    if len(means.values) < MIN_CLASSES:
        raise TableError(
            f"{column.name} must have values for at least {MIN_CLASSES} functional classes; "
            f"it has {len(means.values)}. Add measurements."
        )
    if np.ptp(means.values) == 0:
        raise TableError(
            f"{column.name} is {means.values[0]:g} for every architecture; "
            "there is nothing to predict. Choose another column."
        )


def _fit_support(
    space: SearchSpace, means: ClassMeans, x: np.ndarray, sets: Sequence[str], seed: int
) -> tuple[Support | None, bytes | None]:
    """A model of which classes the device runs at all; none where it runs nearly all."""
    if len(means.unsupported) <= MIN_UNSUPPORTED_SHARE * len(x):
        return None, None
    x = np.concatenate([x, feature_matrix(space, means.unsupported, sets)])
    runs = np.arange(len(x)) < len(means.values)
    split = Split.draw(len(x), seed)
    estimator = fit_candidate(
        SUPPORT_ESTIMATOR,
        seed,
        feature_layout(space, sets),
        x[split.train],
        runs[split.train].astype(float),
    )
    model = to_onnx(estimator, x)
    recognised = run_onnx(model, x[split.test]) >= SUPPORT_THRESHOLD

    def share(truth: bool) -> float | None:
        of_kind = runs[split.test] == truth
        right = recognised[of_kind] == truth
        return float(100 * right.mean()) if len(right) else None

    card = Support(
        threshold=SUPPORT_THRESHOLD,
        n_unsupported=len(means.unsupported),
        recall_pct=share(True),
        specificity_pct=share(False),
        sha256=sha256_bytes(model),
    )
    return card, model


def write_predictor(folder: Path, fitted: Fitted) -> Path:
    """Write a predictor under ``<folder>/<space>/<dataset>``; returns the path of its card.

    The card goes last and names the hashes of the rest, so that a predictor is there as a whole
    or not at all.

    Raises:
        StorageError: The folder cannot be written.
    """
    card = fitted.card
    place = folder / card.space / card.dataset
    write_bytes(place / f"{card.stem}.onnx", fitted.model)
    if fitted.support is not None:
        write_bytes(place / f"{card.stem}{SUPPORT_SUFFIX}", fitted.support)
    path = place / f"{card.stem}.json"
    write_card(path, card)
    return path
