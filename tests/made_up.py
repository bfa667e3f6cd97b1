"""Proxy scores and predictors that are made up, so that what follows from them is known exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression

from hwnas._files import sha256_bytes
from hwnas._resources import cache_dir
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.features import feature_names
from hwnas.fitting.estimators import to_onnx
from hwnas.fitting.procedure import Fitted, versions, write_predictor
from hwnas.predictors.artifacts import names_sha256
from hwnas.predictors.card import Card
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
    **changes: Any,
) -> Fitted:
    """A predictor whose values are ``mean`` and a weighted sum of features, give or take 2 or 5.

    Args:
        space: Search space with its data set.
        sets: Feature sets.
        weights: Shape ``(n_features,)``.
        mean: What is added.
        quantity: What it predicts.
        **changes: Other parts of its card.
    """
    linear = LinearRegression().fit(np.eye(2, len(weights)), [0.0, 1.0])
    linear.coef_, linear.intercept_ = np.asarray(weights, dtype=float), 0.0
    model = to_onnx(linear, np.eye(len(weights), dtype=np.float32))
    card = {
        "space": space.name,
        "dataset": space.dataset,
        "device": None,
        "quantity": quantity,
        "variant": "",
        "is_default": True,
        "column": f"{space.dataset}_{QUANTITIES[quantity].column}",
        "unit": "%",
        "detail": "made up",
        "table": {"name": "mine", "column": "made up", "sha256": "0" * 64, "sources": []},
        "feature_sets": tuple(sets),
        "n_features": len(weights),
        "features_sha256": names_sha256(space, tuple(sets)),
        "transform": "identity",
        "mean": mean,
        "scale": 1.0,
        "estimator": "ridge",
        "candidates": {"ridge": 0.5},
        "n_classes": {"train": 1, "calibrate": 1, "test": 1},
        "held_out": {"kendall_tau": 0.5, "within_10_pct": 50.0},
        "interval": {
            "level": 0.9,
            "edges": [],
            "half_widths": [2.0 if "proxies" in sets else 5.0],
            "coverage": 0.9,
        },
        "sha256": sha256_bytes(model),
        "seed": 0,
        "versions": versions(),
    }
    return Fitted(Card(**(card | changes)), model, None)


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
