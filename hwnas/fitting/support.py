"""Which architectures a device can run at all, learned from those that a table has no value of."""

from __future__ import annotations

import numpy as np

from hwnas._files import sha256_bytes
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.members import Candidate, Layout
from hwnas.fitting.procedure import N_FOLDS
from hwnas.fitting.splits import folds
from hwnas.models.sessions import run_onnx
from hwnas.predictors.card import Support

ESTIMATOR = "gradient_boosting"
THRESHOLD = 0.5
# Fewer gaps than this are measurements that went missing, not networks that a device cannot run.
MIN_UNSUPPORTED_SHARE = 0.02


def fit_support(
    layout: Layout, running: np.ndarray, failing: np.ndarray, seed: int
) -> tuple[Support | None, bytes | None]:
    """A model of which classes the device runs at all; none where it runs nearly all.

    Args:
        layout: Columns of each feature set.
        running: Features of the classes that run, shape ``(n_running, n_features)``.
        failing: Of those that do not, shape ``(n_failing, n_features)``.
        seed: Seed of splits and estimators.

    Returns:
        What a card says of it, measured out of fold; and the serialised ONNX model, which is
        fitted to all.
    """
    if len(failing) <= MIN_UNSUPPORTED_SHARE * len(running):
        return None, None
    x = np.concatenate([running, failing])
    runs = np.arange(len(x)) < len(running)

    def fit(rows: np.ndarray) -> bytes:
        target = runs[rows].astype(float)
        return to_onnx(Candidate(ESTIMATOR, seed, layout).fit(x[rows], target).estimator_, x)

    model, score = fit(np.arange(len(x))), np.empty(len(x))
    fold_of = folds(len(x), N_FOLDS, seed)
    for fold in range(N_FOLDS):
        is_out = fold_of == fold
        score[is_out] = run_onnx(fit(np.flatnonzero(~is_out)), x[is_out])
    recognised = score >= THRESHOLD

    def share(truth: bool) -> float | None:
        of_kind = runs == truth
        right = recognised[of_kind] == truth
        return float(100 * right.mean()) if len(right) else None

    card = Support(
        threshold=THRESHOLD,
        n_unsupported=len(failing),
        recall_pct=share(True),
        specificity_pct=share(False),
        sha256=sha256_bytes(model),
    )
    return card, model
