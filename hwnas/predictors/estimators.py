"""The estimators that compete to be a predictor, and how one becomes ONNX."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from hwnas.errors import ArtifactError

OPSET = {"": 17, "ai.onnx.ml": 3}
N_NETWORKS = 2
# Float32 arithmetic and rounding of tree thresholds, in units of the standardised target.
PARITY = 1e-3


def _scaled(estimator: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


def _ridge(_: int) -> Any:
    from sklearn.linear_model import RidgeCV

    return _scaled(RidgeCV(np.logspace(-2, 3, 6)))


def _trees(seed: int) -> Any:
    # On features as they are, mostly small integers: scaled ones would fall on the other side of
    # a split when ONNX rounds them to float32.
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(
        n_estimators=150,
        learning_rate=0.1,
        max_depth=4,
        max_features=0.2,
        subsample=0.8,
        random_state=seed,
    )


def _networks(seed: int) -> Any:
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

    networks = [(f"network{number}", network(number)) for number in range(N_NETWORKS)]
    return _scaled(VotingRegressor(networks))


MEMBERS: dict[str, Callable[[int], Any]] = {
    "ridge": _ridge,
    "gradient_boosting": _trees,
    "mlp": _networks,
}
"""Name to a function of the seed that makes an unfitted estimator of a standardised target."""

CANDIDATES = tuple(
    "+".join(members)
    for size in range(1, len(MEMBERS) + 1)
    for members in itertools.combinations(MEMBERS, size)
)
"""Averages of one or more members, small ones first."""


def fit_candidate(name: str, seed: int, features: np.ndarray, target: np.ndarray) -> Any:
    """A fitted candidate: the average of its members.

    Args:
        name: One of ``CANDIDATES``.
        seed: Seed of the estimators.
        features: Shape ``(n_archs, n_features)``.
        target: Shape ``(n_archs,)``, standardised.
    """
    from sklearn.ensemble import VotingRegressor
    from sklearn.exceptions import ConvergenceWarning

    members = [(member, MEMBERS[member](seed)) for member in name.split("+")]
    average = members[0][1] if len(members) == 1 else VotingRegressor(members)
    with warnings.catch_warnings():
        # The number of epochs is the regularisation here: stopping before convergence is meant.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return average.fit(features, target)


def cross_validate(
    seed: int, features: np.ndarray, target: np.ndarray, n_folds: int
) -> dict[str, float]:
    """Kendall tau of every candidate on out-of-fold predictions.

    Args:
        seed: Seed of folds and estimators.
        features: Shape ``(n_classes, n_features)``, one row a functional class, so that folds
            never share one.
        target: Shape ``(n_classes,)``, standardised.
        n_folds: Number of folds.

    Returns:
        Name of the candidate to Kendall tau.
    """
    from scipy.stats import kendalltau
    from sklearn.model_selection import KFold

    predicted = {member: np.empty(len(target)) for member in MEMBERS}
    for train, test in KFold(n_folds, shuffle=True, random_state=seed).split(features):
        for member, values in predicted.items():
            fitted = fit_candidate(member, seed, features[train], target[train])
            values[test] = fitted.predict(features[test])
    # The out-of-fold prediction of an average is the average of its members' predictions.
    return {
        name: float(
            kendalltau(
                target, np.mean([predicted[member] for member in name.split("+")], axis=0)
            ).statistic
        )
        for name in CANDIDATES
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

    model = convert(estimator, features[:1].astype(np.float32), target_opset=OPSET)
    data: bytes = model.SerializeToString()
    difference = np.abs(run_onnx(data, features) - estimator.predict(features)).max()
    if not difference <= PARITY:
        raise ArtifactError(
            f"The ONNX model must agree with the estimator to {PARITY}; they differ by "
            f"{difference:.2g}. Choose another estimator."
        )
    return data


def open_session(data: bytes) -> Any:
    """An onnxruntime session on one thread, so that two runs give the same bits."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def run_session(session: Any, features: np.ndarray) -> np.ndarray:
    """Predictions of shape ``(n_archs,)``, float64."""
    outputs = session.run(None, {session.get_inputs()[0].name: features.astype(np.float32)})
    return np.asarray(outputs[0], dtype=np.float64).reshape(len(features))


def run_onnx(data: bytes, features: np.ndarray) -> np.ndarray:
    """Predictions of a serialised model, shape ``(n_archs,)``."""
    return run_session(open_session(data), features)
