"""From a column of a table to a predictor: split by functional class, choose, fit, calibrate."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hwnas._files import sha256_bytes
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import TableError
from hwnas.features import feature_layout, feature_matrix, feature_names
from hwnas.fitting.device_prior import Sources, cost_sets, unrelated
from hwnas.fitting.evaluation import FittedModel, fit_and_measure
from hwnas.fitting.few_costs import MIN_NETS, fit_few_costs, is_few_costs
from hwnas.fitting.importance import MIN_CLASSES as MIN_FOR_IMPORTANCES
from hwnas.fitting.importance import measure_importances
from hwnas.fitting.procedure import NO_BETTER, Sample
from hwnas.fitting.support import fit_support
from hwnas.predictors.card import Card, Evaluation, Features, Model, Origin
from hwnas.predictors.importances import Importances
from hwnas.predictors.intervals import Intervals
from hwnas.predictors.loading import names_sha256
from hwnas.predictors.store import add_predictor
from hwnas.proxies.feature_set import SCORES, has_scores
from hwnas.tables import ClassMeans, Column, Table, class_means, net_means
from hwnas.tables.importers import IMPORTERS

MIN_CLASSES = 20
MAX_RANKED = 500
"""Classes whose ranking importances are measured on: the time that it takes grows with them."""
SCORED_QUANTITIES = ("accuracy", "robustness")
"""What proxies of untrained networks can know of."""
# Fitted on fewer classes than the predictor that it replaces, it would not be better.
MIN_SCORED_SHARE = 0.9
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


def fit_column(
    space: SearchSpace,
    table: Table,
    column: Column,
    seed: int = 0,
    features: Sequence[str] | None = None,
    tolerance: float = NO_BETTER,
    sources: Sources | None = None,
) -> Fitted:
    """A predictor of the class means of one column of a table.

    Cross-validation chooses the estimator, which is fitted to all functional classes. What it is
    measured on and its intervals are calibrated on are predictions out of fold, by models that
    were fitted to the other four fifths.

    The cost of a device of fewer than 1,500 classes is learned from nets as they stand, next to
    what known devices ask for them.

    Args:
        space: Search space with the column's data set.
        table: The table.
        column: A column that holds a quantity.
        seed: Seed of splits and estimators.
        features: Names of feature sets; those that suit the space by default.
        tolerance: How far below the best Kendall tau of cross-validation a smaller model may be
            to be preferred.
        sources: The known costs that few nets of a device are learned next to; all that ship by
            default, but where the table is published those of its own device.

    Raises:
        TableError: The column holds no quantity, never varies, or has too few values.
        ArtifactError: The estimator cannot be turned into ONNX.
    """
    from threadpoolctl import threadpool_limits

    sets = tuple(features or space.feature_sets)
    means = class_means(space, table, column.name)
    if features is None and is_few_costs(space, column, means.values):
        return _fit_few_costs(space, table, column, means, seed, sources)
    if SCORES in sets:
        means = means.where(has_scores(space, means.genotypes))
    _check(column, means)
    x = feature_matrix(space, means.genotypes, sets)
    layout = feature_layout(space, sets)
    failing = feature_matrix(space, means.unsupported, sets)
    quantity = target_of(column).meaning
    # One thread: sums in another order would give other bits on another machine.
    with threadpool_limits(1):
        found = fit_and_measure(quantity, layout, x, means.values, seed, tolerance)
        support, support_model = fit_support(layout, x, failing, seed)
        model = _model_of(found)
        card = _card(space, table, column, sets, model, found.evaluation, found.interval, seed)
        card = replace(card, support=support)
        if len(x) >= MIN_FOR_IMPORTANCES:
            card = replace(card, importances=_importances(space, sets, found.sample))
    return Fitted(card, found.model, support_model)


def _fit_few_costs(
    space: SearchSpace,
    table: Table,
    column: Column,
    means: ClassMeans,
    seed: int,
    sources: Sources | None,
) -> Fitted:
    """A predictor of a device's cost from few nets."""
    from threadpoolctl import threadpool_limits

    _check(column, means, MIN_NETS)
    if sources is None and table.name in IMPORTERS:
        # What ships of its device was smoothed from these very values.
        sources = unrelated(space, column.device)
    sets = cost_sets(space)
    nets = net_means(space, table, column.name)
    with threadpool_limits(1):
        found = fit_few_costs(space, target_of(column).meaning, nets, sources)
        running, failing = (
            feature_matrix(space, each, sets) for each in (means.genotypes, means.unsupported)
        )
        support, support_model = fit_support(feature_layout(space, sets), running, failing, seed)
    card = _card(space, table, column, sets, found.model, found.evaluation, found.interval, seed)
    return Fitted(replace(card, support=support), found.data, support_model)


def target_of(column: Column) -> Target:
    """What a column's values are about.

    Raises:
        TableError: It holds no known quantity.
    """
    if column.target is None or column.target.quantity not in QUANTITIES:
        raise TableError(
            f"{column.name} holds no quantity that can be predicted; "
            f"choose a column of {', '.join(QUANTITIES)}."
        )
    return column.target


def origin_of(table: Table, column: Column) -> Origin:
    """Where a predictor of a column comes from, for its card."""
    return Origin(table.name, column.name, table.sha256, table.sources)


def features_of(space: SearchSpace, sets: tuple[str, ...]) -> Features:
    """What a predictor from feature sets reads, for its card."""
    return Features(sets, len(feature_names(space, sets)), names_sha256(space, sets))


def _importances(space: SearchSpace, sets: tuple[str, ...], sample: Sample) -> Importances:
    """What the ranking of a fold rests on, by a model of the others: the predictor saw them all."""
    rows = np.flatnonzero(sample.fold_of == 0)[:MAX_RANKED]
    features, truth = sample.features[rows], sample.values[rows]
    return measure_importances(space, sets, sample.without(0), features, truth, sample.seed)


def _model_of(found: FittedModel) -> Model:
    """What a card says of a model that was picked among estimators."""
    chosen = found.chosen
    return Model(
        sha256=sha256_bytes(found.model),
        transform=chosen.scale.transform,
        mean=chosen.mean,
        scale=chosen.deviation,
        estimator=chosen.candidate.name,
        candidates=chosen.taus,
    )


def _card(
    space: SearchSpace,
    table: Table,
    column: Column,
    sets: tuple[str, ...],
    model: Model,
    evaluation: Evaluation,
    interval: Intervals,
    seed: int,
) -> Card:
    """The card of a model, without what the device supports and what its ranking rests on."""
    return Card(
        target=target_of(column),
        space=space.name,
        options=dict(space.options),
        is_default=column.is_default,
        detail=column.detail,
        table=origin_of(table, column),
        features=features_of(space, sets),
        model=model,
        evaluation=evaluation,
        interval=interval,
        seed=seed,
        versions=versions(),
    )


def fit_scored(
    space: SearchSpace,
    table: Table,
    column: Column,
    alone: Card,
    seed: int = 0,
    tolerance: float = NO_BETTER,
) -> Fitted | None:
    """A predictor that reads proxy scores beside features, where these make it better.

    Args:
        space: Search space with the column's data set.
        table: The table.
        column: A column of accuracy or robustness.
        alone: Card of the predictor from features alone, which serves where there are no scores.
        seed: Seed of splits and estimators.
        tolerance: As for ``fit_column``.

    Returns:
        The predictor; None if too few of the table's classes have shipped scores, or they do not
        help in cross-validation.

    Raises:
        TableError: The column holds no quantity or never varies.
        ArtifactError: The estimator cannot be turned into ONNX.
    """
    if target_of(column).quantity not in SCORED_QUANTITIES:
        return None
    genotypes = class_means(space, table, column.name).genotypes
    n_scored = has_scores(space, genotypes).sum()
    if n_scored < max(MIN_CLASSES, MIN_SCORED_SHARE * len(genotypes)):
        return None
    sets = (*alone.features.sets, SCORES)
    fitted = fit_column(space, table, column, seed, sets, tolerance)
    gain = max(fitted.card.model.candidates.values()) - max(alone.model.candidates.values())
    return fitted if gain > NO_BETTER else None


def _check(column: Column, means: ClassMeans, n_least: int = MIN_CLASSES) -> None:
    target_of(column)
    if len(means.values) < n_least:
        raise TableError(
            f"{column.name} must have values for at least {n_least} functional classes; "
            f"it has {len(means.values)}. Add measurements."
        )
    if np.ptp(means.values) == 0:
        raise TableError(
            f"{column.name} is {means.values[0]:g} for every architecture; "
            "there is nothing to predict. Choose another column."
        )


def write_predictor(root: Path, fitted: Fitted) -> Path:
    """Put a predictor into a folder of predictors, in place of its like; returns its index.

    Raises:
        StorageError: The folder cannot be written.
        ArtifactError: The index that is there is damaged or newer.
    """
    return add_predictor(root, fitted.card, [m for m in (fitted.model, fitted.support) if m])
