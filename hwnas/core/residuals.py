"""How far values may be from the truth: residuals that a 90 % interval tells of, taken as normal.

Only an interval travels with a value. On each side of the value its residual is taken as normal,
calibrated so that 5 % of it lie beyond the interval's end. On unseen classes of NAS-Bench-201
that is about as good as Laplace's distribution, calibrated alike: ``benchmarks/pick.py``.
"""

from __future__ import annotations

import math
import re
from statistics import NormalDist

import numpy as np

from hwnas._names import shown
from hwnas.core.limits import Limit
from hwnas.errors import ConfigError

POINT, INTERVAL = "point", "interval"
LIMIT_AT = (INTERVAL, POINT)
"""Which value must keep a limit: the far end of its 90 % interval, or the value itself."""
DEFAULT_LIMIT_AT = INTERVAL

INEXACT = ("predicted", "extrapolated", "estimated")
"""Sources of values that are not exact where they have no interval: nothing is known of their
error, and a limit can only be judged at the value itself."""

_NORMAL = NormalDist()
_BEYOND = 0.95
"""Probability that the truth is not beyond one end of a 90 % interval."""
_END = _NORMAL.inv_cdf(_BEYOND)
_PERCENT = re.compile(r"([0-9.]+)\s*%")


def limit_share(text: str) -> float:
    """How much of the way from a value to its interval's far end must keep a limit.

    Args:
        text: ``"interval"``, ``"point"``, or the probability with which it must hold, from 50 %
            (the point) over 95 % (the interval) to below 100 %: ``"90%"``.

    Raises:
        ConfigError: It is none of these.

    Example:
        >>> limit_share("interval"), limit_share("point"), round(limit_share("90%"), 3)
        (1.0, 0.0, 0.779)
    """
    if text in LIMIT_AT:
        return 1.0 if text == INTERVAL else 0.0
    match = _PERCENT.fullmatch(text.strip())
    try:
        probability = float(match[1]) / 100 if match else math.nan
    except ValueError:
        probability = math.nan
    if not 0.5 <= probability < 1:
        raise ConfigError(
            f"A limit is kept at the {INTERVAL}, the {POINT}, or with a probability from 50% to "
            f"below 100%, such as 90%; got {shown(text)}."
        )
    return 1.0 if probability == _BEYOND else _NORMAL.inv_cdf(probability) / _END


def interval_of(value: np.ndarray, standard_error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 90 % intervals of values with standard errors, taken as normal.

    Args:
        value: Shape ``(n_archs,)``.
        standard_error: Standard deviation of each value, shape ``(n_archs,)``; NaN for unknown.

    Returns:
        Lower and upper ends, shape ``(n_archs,)`` each; NaN where the standard error is.

    Example:
        >>> [end.round(2).tolist() for end in interval_of(np.array([90.0]), np.array([1.0]))]
        [[88.36], [91.64]]
    """
    return value - _END * standard_error, value + _END * standard_error


def judged(
    limit: Limit, value: np.ndarray, lower: np.ndarray, upper: np.ndarray, share: float
) -> np.ndarray:
    """What must keep a limit: a value between the estimate and its interval's far end.

    Args:
        limit: The limit.
        value: Shape ``(n_archs,)``; NaN where unknown.
        lower: Lower ends of the 90 % intervals, shape ``(n_archs,)``; NaN for none.
        upper: Upper ends, shape ``(n_archs,)``.
        share: As ``limit_share`` gives it.

    Returns:
        Shape ``(n_archs,)``; the value itself where it has no interval.
    """
    end = upper if limit.relation == "<=" else lower
    has_end = np.isfinite(value) & np.isfinite(end)
    if share == 1:
        return np.where(has_end, end, value)
    way = np.where(has_end, end, 0.0) - np.where(has_end, value, 0.0)
    return np.asarray(value + share * way)


def chance_at_most(value: float, lower: float, upper: float, bound: float) -> float:
    """Probability that the truth behind a value with a 90 % interval is ``bound`` at most.

    Example:
        >>> round(chance_at_most(4.0, 3.0, 6.0, 6.0), 2), chance_at_most(4.0, 3.0, 6.0, 4.0)
        (0.95, 0.5)
    """
    side = upper - value if bound >= value else value - lower
    if not side > 0:
        return 1.0 if bound >= value else 0.0
    return _NORMAL.cdf(_END * (bound - value) / side)


def chance_larger(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Probability that the truth behind ``one`` is larger than that behind ``other``.

    Residuals of the two count as independent.

    Args:
        one: Value, lower and upper end of its 90 % interval.
        other: The same of the other.

    Example:
        >>> chance_larger((4.0, 3.0, 5.0), (4.0, 3.9, 4.1))
        0.5
    """
    (value, lower, upper), (other_value, other_lower, other_upper) = one, other
    gap = value - other_value
    # The sides that face each other.
    sides = (value - lower, other_upper - other_value)
    if gap < 0:
        sides = (upper - value, other_value - other_lower)
    width = math.hypot(*sides)
    if width == 0:
        return 0.5 if gap == 0 else float(gap > 0)
    return _NORMAL.cdf(_END * gap / width)
