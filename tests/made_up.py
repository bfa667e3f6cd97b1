"""Proxy scores and predictors that are made up, so that what follows from them is known exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression

from hwnas._files import sha256_bytes
from hwnas._resources import artifacts_dir, cache_dir
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_conditions
from hwnas.features import feature_names
from hwnas.fitting.columns import Fitted, features_of, versions, write_predictor
from hwnas.fitting.conversion import to_onnx
from hwnas.predictors.card import Card, Evaluation, Model, Origin, Sizes
from hwnas.predictors.intervals import Intervals
from hwnas.predictors.store import Stored, add_predictor, stored_in
from hwnas.proxies import shipped
from hwnas.proxies.scoring import Scores
from hwnas.proxies.store import Row, ScoreCard, write_scores


def write_proxies(
    folder: Path, space: SearchSpace, genotypes: np.ndarray, scores: Mapping[str, np.ndarray]
) -> Path:
    """Ships scores of classes with a package whose artifacts lie in ``folder``.

    Args:
        folder: Folder of artifacts.
        space: The search space.
        genotypes: Canonical genotypes, shape ``(n_archs, n_genes)``.
        scores: For each proxy its values, shape ``(n_archs,)``; NaN where it has none.
    """
    rows = {}
    for number, genotype in enumerate(genotypes.tolist()):
        values = {
            name: None if np.isnan(each[number]) else float(each[number])
            for name, each in scores.items()
        }
        rows[space.format(genotype)] = Row(tuple(genotype), Scores(values, {}))
    path = folder / space.name / shipped.FILE
    write_scores(path, rows, score_card(space, tuple(scores)))
    return path


def score_card(space: SearchSpace, proxies: tuple[str, ...], **options: Any) -> ScoreCard:
    """How made-up scores of a space were made: on four photographs, with options of the space."""
    return ScoreCard(
        space=space.name,
        options={"dataset": space.dataset, **options},
        batch="photos",
        n_images=4,
        batch_sha256="0" * 64,
        proxies=proxies,
        seed=0,
        device="cpu",
        torch="none",
    )


def linear_predictor(
    space: SearchSpace,
    sets: Sequence[str],
    weights: np.ndarray,
    mean: float = 50.0,
    quantity: str = "accuracy",
    variant: str = "",
    device: str | None = None,
    **changes: Any,
) -> Fitted:
    """A predictor whose values are ``mean`` and a weighted sum of features, give or take 2 or 5.

    Args:
        space: Search space with its data set.
        sets: Feature sets.
        weights: Shape ``(n_features,)``.
        mean: What is added.
        quantity: What it predicts.
        variant: Under which conditions.
        device: On which device.
        **changes: Other parts of its card.
    """
    linear = LinearRegression().fit(np.eye(2, len(weights)), [0.0, 1.0])
    linear.coef_, linear.intercept_ = np.asarray(weights, dtype=float), 0.0
    model = to_onnx(linear, np.eye(len(weights), dtype=np.float32))
    card = Card(
        target=Target(quantity, space.dataset, device, parse_conditions(variant)),
        space=space.name,
        options=dict(space.options),
        is_default=True,
        detail="made up",
        table=Origin("mine", "made up", "0" * 64),
        features=features_of(space, tuple(sets)),
        model=Model(sha256_bytes(model), "identity", mean, 1.0, "ridge", {"ridge": 0.5}),
        evaluation=Evaluation(
            "cross_validated",
            Sizes(100, 100, 100),
            {"kendall_tau": 0.5, "within_10_pct": 50.0},
            0.9,
        ),
        interval=Intervals.uniform(0.9, 2.0 if "proxies" in sets else 5.0),
        seed=0,
        versions=versions(),
    )
    return Fitted(replace(card, **changes), model, None)


def shipped_predictor(space: str, dataset: str, name: str) -> Stored:
    """One that ships: ``shipped_predictor("nasbench201", "cifar10", "edgegpu.latency")``."""
    return next(
        each
        for each in stored_in(artifacts_dir(), space)
        if (each.card.target.dataset, each.card.name) == (dataset, name)
    )


def own_copy(stored: Stored, **changes: Any) -> Stored:
    """A copy of a predictor in the user's cache, with other parts of its card."""
    card = replace(stored.card, **changes)
    models = [stored.read(name) for name in (stored.model, stored.support) if name]
    add_predictor(cache_dir() / "artifacts", card, models)
    own = stored_in(cache_dir() / "artifacts", card.space)
    return next(each for each in own if each.card == card)


def write_half_scored(space: SearchSpace, folder: Path, scored: np.ndarray) -> None:
    """Two predictors of accuracy in the user's cache, one of which reads the scores of classes.

    Args:
        space: Search space with its data set.
        folder: Folder of artifacts, from which scores must already be shipped.
        scored: Canonical genotypes of the classes that have scores, shape ``(n_scored, n_genes)``.
    """
    write_proxies(folder, space, scored, {"zen": np.arange(float(len(scored)))})
    n_columns = len(feature_names(space, ("ordinal",)))
    plain = linear_predictor(space, ("ordinal",), np.ones(n_columns))
    for each in (plain, linear_predictor(space, ("proxies",), np.array([5.0]))):
        write_predictor(cache_dir() / "artifacts", each)
