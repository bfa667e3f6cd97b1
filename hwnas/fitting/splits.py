"""Which functional classes a predictor is fitted on, and which measure it in the meantime."""

from __future__ import annotations

import numpy as np


def folds(n_archs: int, n_folds: int, seed: int) -> np.ndarray:
    """Number of the fold of each architecture, shape ``(n_archs,)``."""
    from sklearn.model_selection import KFold

    fold_of = np.empty(n_archs, dtype=int)
    parts = KFold(n_folds, shuffle=True, random_state=seed).split(fold_of)
    for number, (_, test) in enumerate(parts):
        fold_of[test] = number
    return fold_of
