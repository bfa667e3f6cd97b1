"""How good a device's predictor is on nets that it was not fitted on, and what more nets would do.

Each net is predicted by models fitted without it: in ten folds for what there is, in two for half
as many. The two errors make a power law, which says what twice as many would give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.fitting.few_costs import fit_and_predict
from hwnas.fitting.metrics import CLOSE, spearman
from hwnas.tables import NetMeans

_N_RESAMPLES = 500
_LEVEL = 0.9
_FOLDS, _HALVES, _REPEATS = 10, 2, 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 90 % bootstrap interval over nets.

    Args:
        value: The figure.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How good predictions of nets are that models were not fitted on.

    Args:
        n_nets: Nets that there are; nine tenths of them were fitted on.
        spearman: Rank correlation with what was measured.
        within_10_pct: Share within 10 % of what was measured, in percent.
        median_error_pct: Median relative error, in percent.
        at_half_pct: Median relative error of models fitted on half as many.
        at_twice_pct: What the two errors let expect of twice as many.
    """

    n_nets: int
    spearman: Figure
    within_10_pct: Figure
    median_error_pct: Figure
    at_half_pct: float
    at_twice_pct: float


def measure_held_out(space: SearchSpace, nets: NetMeans, seed: int = 0) -> HeldOut:
    """Predict each net by models fitted without it.

    Args:
        space: Search space.
        nets: At least ten, with positive values that vary.
        seed: Of the folds and the bootstrap.
    """
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    # One thread: sums in another order would give other bits on another machine.
    with threadpool_limits(1):
        full = _left_out(space, nets, _FOLDS, rng)
        halves = [_left_out(space, nets, _HALVES, rng) for _ in range(_REPEATS)]
    errors = np.abs(full / nets.values - 1)
    at_half = float(np.median([np.abs(each / nets.values - 1) for each in halves]))
    now = float(np.median(errors))
    # Ten folds leave nine tenths to fit on, two a half.
    gain = math.log(at_half / now) / math.log(0.9 * _HALVES) if 0 < now < at_half else 0.0
    drawn = rng.integers(len(errors), size=(_N_RESAMPLES, len(errors)))
    rhos = [spearman(nets.values[rows], full[rows]) or 0.0 for rows in drawn]
    return HeldOut(
        n_nets=len(errors),
        spearman=_figure(spearman(nets.values, full) or 0.0, np.array(rhos)),
        within_10_pct=_figure(
            100 * float(np.mean(errors <= CLOSE)), 100 * (errors[drawn] <= CLOSE).mean(axis=1)
        ),
        median_error_pct=_figure(100 * now, 100 * np.median(errors[drawn], axis=1)),
        at_half_pct=100 * at_half,
        at_twice_pct=100 * now * 2.0 ** -min(gain, 1.0),
    )


def _left_out(
    space: SearchSpace, nets: NetMeans, n_folds: int, rng: np.random.Generator
) -> np.ndarray:
    """What each net is predicted as by a model fitted without its fold, shape ``(n_nets,)``."""
    order = rng.permutation(len(nets.values))
    found = np.empty(len(order))
    for fold in np.array_split(order, n_folds):
        rest = np.setdiff1d(order, fold)
        found[fold] = fit_and_predict(space, nets, rest)[fold]
    return found


def _figure(value: float, resampled: np.ndarray) -> Figure:
    low, high = np.quantile(resampled, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return Figure(value, float(low), float(high))
