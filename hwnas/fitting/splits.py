"""Which functional classes a predictor is fitted on, calibrated on and measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.predictors.card import Sizes

# The fewest residuals of which one is a 90 % quantile.
MIN_CALIBRATION = 9
TEST_SHARE = CALIBRATION_SHARE = 0.1
MIN_HELD_OUT = 200
"""Fewer classes than this are all fitted on and cross-validated. A tenth of them, held out, would
say little: Kendall tau of 20 independent pairs has a standard deviation of 0.16, and the 90 %
half-width of 20 residuals is the second largest of them."""


@dataclass(frozen=True, slots=True)
class Split:
    """Positions of functional classes, each class in one part only.

    Args:
        train: Positions of the classes to fit on.
        calibrate: Positions of those that calibrate intervals.
        test: Positions of those held out to measure the predictor.
    """

    train: np.ndarray
    calibrate: np.ndarray
    test: np.ndarray

    @classmethod
    def draw(cls, n_classes: int, seed: int) -> Split:
        """The split of ``n_classes`` classes that a seed gives."""
        order = np.random.default_rng(seed).permutation(n_classes)
        n_test = max(1, round(TEST_SHARE * n_classes))
        n_held = n_test + max(MIN_CALIBRATION, round(CALIBRATION_SHARE * n_classes))
        return cls(order[n_held:], order[n_test:n_held], order[:n_test])

    def sizes(self) -> Sizes:
        """Number of classes of each part."""
        return Sizes(len(self.train), len(self.calibrate), len(self.test))


def folds(n_archs: int, n_folds: int, seed: int) -> np.ndarray:
    """Number of the fold of each architecture, shape ``(n_archs,)``."""
    from sklearn.model_selection import KFold

    fold_of = np.empty(n_archs, dtype=int)
    parts = KFold(n_folds, shuffle=True, random_state=seed).split(fold_of)
    for number, (_, test) in enumerate(parts):
        fold_of[test] = number
    return fold_of
