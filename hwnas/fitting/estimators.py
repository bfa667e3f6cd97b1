"""The estimators that compete to be a predictor, and how one becomes ONNX."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from hwnas.errors import ArtifactError
from hwnas.models.sessions import run_onnx

OPSET = {"": 17, "ai.onnx.ml": 3}
N_NETWORKS = 2
LOOK_UP = "groups"
"""Feature set with a column for each choice of independent genes."""
# Float32 arithmetic and rounding of tree thresholds, in units of the standardised target.
PARITY = 1e-3


Layout = Mapping[str, Sequence[int]]
"""Columns of each feature set in a feature matrix."""


def _chosen(layout: Layout, sets: Sequence[str], estimator: Any) -> Any:
    """An estimator of the columns of some feature sets only."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    columns = [column for name in sets for column in layout[name]]
    return make_pipeline(ColumnTransformer([("chosen", "passthrough", columns)]), estimator)


def _scaled(estimator: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


def _dense(layout: Layout) -> list[str]:
    """The feature sets but for look-up columns, which only a linear model can use."""
    return [name for name in layout if name != LOOK_UP]


def _ridge(_: int, __: Layout) -> Any:
    from sklearn.linear_model import RidgeCV

    return _scaled(RidgeCV(np.logspace(-2, 3, 6)))


def _trees(seed: int, layout: Layout) -> Any:
    # On features as they are, mostly small integers: scaled ones would fall on the other side of
    # a split when ONNX rounds them to float32.
    from sklearn.ensemble import GradientBoostingRegressor

    trees = GradientBoostingRegressor(
        n_estimators=150,
        learning_rate=0.1,
        max_depth=4,
        max_features=0.2,
        subsample=0.8,
        random_state=seed,
    )
    return _chosen(layout, _dense(layout), trees) if LOOK_UP in layout else trees


def _networks(seed: int, layout: Layout) -> Any:
    from sklearn.ensemble import VotingRegressor
    from sklearn.neural_network import MLPRegressor

    def network(number: int) -> Any:
        return MLPRegressor(
            hidden_layer_sizes=(64, 32),
            alpha=1.0,
            learning_rate_init=2e-3,
            max_iter=120,
            random_state=seed + number,
        )

    networks = _scaled(
        VotingRegressor([(f"network{number}", network(number)) for number in range(N_NETWORKS)])
    )
    return _chosen(layout, _dense(layout), networks) if LOOK_UP in layout else networks


def _random_trees(seed: int, layout: Layout) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    trees = ExtraTreesRegressor(
        n_estimators=100, max_features=0.4, min_samples_leaf=2, random_state=seed
    )
    return _chosen(layout, _dense(layout), trees)


def _slow_trees(seed: int, layout: Layout) -> Any:
    # Many weak steps on few features and half of the sample: variance is what hurts here.
    from sklearn.ensemble import GradientBoostingRegressor

    trees = GradientBoostingRegressor(
        n_estimators=300,
        learning_rate=0.04,
        max_depth=5,
        max_features=0.1,
        subsample=0.5,
        min_samples_leaf=2,
        random_state=seed,
    )
    return _chosen(layout, _dense(layout), trees)


def _process(_: int, layout: Layout) -> Any:
    from hwnas.fitting.gaussian_process import GroupedGaussianProcess

    return GroupedGaussianProcess([list(layout[name]) for name in _dense(layout)])


def _look_up(_: int, layout: Layout) -> Any:
    from sklearn.linear_model import RidgeCV

    return _chosen(layout, [LOOK_UP], RidgeCV(np.logspace(-4, 3, 8)))


def _look_up_and_trees(seed: int, layout: Layout) -> Any:
    from hwnas.fitting._composed import ResidualRegressor

    return ResidualRegressor(_look_up(seed, layout), _trees(seed, layout))


MEMBERS: dict[str, Callable[[int, Layout], Any]] = {
    "ridge": _ridge,
    "gradient_boosting": _trees,
    "mlp": _networks,
}
"""Name to a function of seed and layout that makes an unfitted estimator; small ones first."""

ADDITIVE_MEMBERS: dict[str, Callable[[int, Layout], Any]] = {
    "look_up": _look_up,
    "look_up_residual": _look_up_and_trees,
    "gradient_boosting": _trees,
    "mlp": _networks,
}
"""The same where features hold a look-up column for each choice of independent genes: costs of
such spaces are nearly sums over them."""


SMALL_MEMBERS: dict[str, Callable[[int, Layout], Any]] = {
    "ridge": _ridge,
    "extra_trees": _random_trees,
    "small_gradient_boosting": _slow_trees,
    "gaussian_process": _process,
}
"""What competes where there are only tens to hundreds of architectures to learn from."""


def members(layout: Layout) -> dict[str, Callable[[int, Layout], Any]]:
    """The estimators that compete for features of a layout, where there are many architectures."""
    return ADDITIVE_MEMBERS if LOOK_UP in layout else MEMBERS


def small_members(layout: Layout) -> dict[str, Callable[[int, Layout], Any]]:
    """The same for tens to hundreds of architectures."""
    look_up = {"look_up": _look_up} if LOOK_UP in layout else {}
    return look_up | SMALL_MEMBERS


def averages(names: Collection[str]) -> tuple[str, ...]:
    """All averages of members, their names joined by ``+``, small ones first."""
    return tuple(
        "+".join(chosen)
        for size in range(1, len(names) + 1)
        for chosen in itertools.combinations(names, size)
    )


def candidates(layout: Layout) -> tuple[str, ...]:
    """What competes where there are many architectures: averages of members, small ones first."""
    return averages(members(layout))


def fit_candidate(
    name: str, seed: int, layout: Layout, features: np.ndarray, target: np.ndarray
) -> Any:
    """A fitted candidate: the average of some members.

    Args:
        name: One of ``candidates``.
        seed: Seed of the estimators.
        layout: Columns of each feature set.
        features: Shape ``(n_archs, n_features)``.
        target: Shape ``(n_archs,)``, standardised.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # The number of epochs is the regularisation here: stopping before convergence is meant.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_candidate(name, seed, layout).fit(features, target)


def make_candidate(name: str, seed: int, layout: Layout) -> Any:
    """An unfitted candidate.

    Args:
        name: One of ``candidates``.
        seed: Seed of the estimators.
        layout: Columns of each feature set.
    """
    from sklearn.ensemble import VotingRegressor

    makers = ADDITIVE_MEMBERS | MEMBERS | SMALL_MEMBERS
    made = [(member, makers[member](seed, layout)) for member in name.split("+")]
    return made[0][1] if len(made) == 1 else VotingRegressor(made)


def cross_validate(
    seed: int,
    layout: Layout,
    features: np.ndarray,
    target: np.ndarray,
    n_folds: int,
) -> dict[str, np.ndarray]:
    """Out-of-fold predictions of every candidate.

    Args:
        seed: Seed of folds and estimators.
        layout: Columns of each feature set.
        features: Shape ``(n_classes, n_features)``, one row a functional class, so that folds
            never share one.
        target: Shape ``(n_classes,)``, standardised.
        n_folds: Number of folds.

    Returns:
        Name of the candidate to predictions of shape ``(n_classes,)``.
    """
    from sklearn.model_selection import KFold

    predicted = {member: np.empty(len(target)) for member in members(layout)}
    for train, test in KFold(n_folds, shuffle=True, random_state=seed).split(features):
        for member, values in predicted.items():
            fitted = fit_candidate(member, seed, layout, features[train], target[train])
            values[test] = fitted.predict(features[test])
    # The out-of-fold prediction of an average is the average of its members' predictions.
    return {
        name: np.mean([predicted[member] for member in name.split("+")], axis=0)
        for name in candidates(layout)
    }


def to_onnx(estimator: Any, features: np.ndarray) -> bytes:
    """A fitted regressor as an ONNX model that agrees with it.

    Args:
        estimator: Fitted on features of shape ``(n_archs, n_features)``.
        features: Rows on which both must agree, float32.

    Returns:
        The serialised model: input ``features`` of shape ``(n_archs, n_features)``, one output of
        shape ``(n_archs, 1)``.

    Raises:
        ArtifactError: The two disagree.
    """
    from skl2onnx import to_onnx as convert

    from hwnas.fitting._composed import register_converters

    register_converters()
    model = convert(estimator, features[:1].astype(np.float32), target_opset=OPSET)
    # The converter lists operator sets as a set of texts comes, which differs between processes.
    imports = sorted(model.opset_import, key=lambda each: str(each.domain))
    del model.opset_import[:]
    model.opset_import.extend(imports)
    data: bytes = model.SerializeToString()
    difference = np.abs(run_onnx(data, features) - estimator.predict(features)).max()
    if not difference <= PARITY:
        raise ArtifactError(
            f"The ONNX model must agree with the estimator to {PARITY}; they differ by "
            f"{difference:.2g}. Choose another estimator."
        )
    return data
