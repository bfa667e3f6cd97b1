"""What the first epochs of a training tell of its end: training speed and extrapolated curves.

References:
    Lyle et al. 2020, A Bayesian Perspective on Training Speed and Model Selection,
    https://arxiv.org/abs/2010.14499
    Ru et al. 2021, Speedy Performance Estimation for Neural Architecture Search,
    https://arxiv.org/abs/2006.04492
    Domhan et al. 2015, Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks
    by Extrapolation of Learning Curves, https://www.ijcai.org/Proceedings/15/Papers/487.pdf
    Mohr and van Rijn 2022, Learning Curves for Decision Making in Supervised Machine Learning,
    https://arxiv.org/abs/2201.12150
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas._names import shown
from hwnas.core.arguments import checked, many, must_be, number, whole
from hwnas.errors import ConfigError, ShapeError

_N_PARAMETERS = 3
_EXPONENTS = np.geomspace(0.05, 5.0, 241)
"""Power laws that are tried first: from curves that hardly bend to those that end at once."""
_UPPER = 0.95
"""Upper end of a 90 % interval."""


@checked(last=whole(at_least=1), decay=number)
def training_speed(
    losses: Sequence[float] | Sequence[Sequence[float]] | np.ndarray,
    last: int | None = None,
    decay: float | None = None,
) -> float | np.ndarray:
    """Sum of the training losses over epochs: the less, the sooner a network learnt (TSE).

    Networks that learn sooner end better, by a bound on their marginal likelihood; this ranks them
    and is no estimate of an accuracy. Compare networks that were trained for as many epochs, on
    the same data.

    Args:
        losses: Mean training loss of each epoch, shape ``(n_epochs,)``, or ``(n_archs, n_epochs)``
            for several networks; NaN where it is unknown.
        last: How many epochs at the end count (TSE-E); all by default.
        decay: What an epoch counts of the next one, above 0 and at most 1 (TSE-EMA); 1 by default.

    Returns:
        The sum in the unit of the losses, or sums of shape ``(n_archs,)``; NaN where a loss is.

    Raises:
        ConfigError: ``last`` is more than there are epochs, or ``decay`` is out of range.
        ShapeError: The losses have another shape, or there are none.

    References:
        Lyle et al. 2020, https://arxiv.org/abs/2010.14499
        Ru et al. 2021, https://arxiv.org/abs/2006.04492

    Example:
        >>> training_speed([2.0, 1.0, 0.5]), training_speed([2.0, 1.0, 0.5], last=2)
        (3.5, 1.5)
        >>> training_speed([2.0, 1.0, 0.5], decay=0.5)
        1.5
    """
    values = _numbers("losses", losses)
    if values.ndim not in (1, 2) or not values.shape[-1]:
        raise ShapeError(
            "losses must have shape (n_epochs,) or (n_archs, n_epochs), with an epoch at least; "
            f"got {values.shape}."
        )
    n_epochs = values.shape[-1]
    if last is not None and last > n_epochs:
        raise ConfigError(f"last must be at most the {n_epochs} epochs there are; got {last}.")
    if decay is not None and not 0 < decay <= 1:
        raise ConfigError(f"decay must be above 0 and at most 1; got {decay:g}.")
    weights = (1.0 if decay is None else decay) ** np.arange(n_epochs - 1, -1, -1)
    weights[: n_epochs - (last or n_epochs)] = 0
    # What does not count may be unknown.
    speed = np.where(weights > 0, values * weights, 0).sum(axis=-1)
    return float(speed) if values.ndim == 1 else np.asarray(speed)


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """A value that was not reached, from those before it.

    Args:
        value: What is expected, in the unit of the curve.
        lower: Lower end of its 90 % interval; NaN where three values were all there was, and the
            value itself where that was seen.
        upper: Upper end.
    """

    value: float
    lower: float
    upper: float

    @property
    def standard_error(self) -> float:
        """That of a normal distribution whose 90 % interval reaches as far; NaN without one.

        What ``evaluate`` of ``hwnas.search`` takes beside a value.
        """
        from scipy.special import ndtri

        return float(max(self.upper - self.value, self.value - self.lower) / ndtri(_UPPER))


@checked(curve=many(number), at=number, epochs=many(number), bounds=many(number))
def extrapolate(
    curve: Sequence[float] | np.ndarray,
    at: float,
    epochs: Sequence[float] | np.ndarray | None = None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Extrapolation:
    """The value of a learning curve at a later epoch, by the power law ``y = a - b n^-c``.

    The law is fitted by least squares: for each exponent ``c`` the best ``a`` and ``b`` have a
    closed form, so that every exponent can be tried and no start value is needed. The interval is
    where the likelihood, at the best of all laws through a value, still holds 90 % (profile
    likelihood), widened by the scatter of a single value: of simulated power laws with 4 to 20
    epochs known, 88 to 91 % of the intervals held the value. Scatter is taken to be independent
    between epochs, and a learning rate that changes later is not foreseen. What was seen is given
    as it was, with an interval of no width, however few values there are.

    Args:
        curve: Values, such as accuracies in percent or losses, after each epoch, shape
            ``(n_epochs,)``; NaN where unknown. At least three must be known, four for an interval.
        at: The epoch to know the value after: one whose value is known, or one later than all.
        epochs: After how many epochs each value was; 1, 2, 3 and so on by default.
        bounds: Least and largest value that there can be, such as ``(0, 100)`` for a percentage.

    Raises:
        ConfigError: Too little is known, an epoch is not positive or there twice, or ``at`` is
            before the last and its value not known.
        ShapeError: There are not as many epochs as values.

    References:
        Domhan et al. 2015, https://www.ijcai.org/Proceedings/15/Papers/487.pdf: this is the
        three-parameter power law of their eleven curves, by least squares for their sampling.
        Mohr and van Rijn 2022, https://arxiv.org/abs/2201.12150

    Example:
        >>> curve = [90 - 40 / epoch for epoch in (1, 2, 3, 4, 5)]
        >>> round(extrapolate(curve, at=20).value, 6)
        88.0
    """
    values = np.asarray(curve, dtype=float)
    found = np.arange(1.0, len(values) + 1) if epochs is None else np.asarray(epochs, dtype=float)
    if len(found) != len(values):
        raise ShapeError(f"epochs must be as many as the values, {len(values)}; got {len(found)}.")
    is_known = np.isfinite(values)
    found, values = found[is_known], values[is_known]
    _check_epochs(found, at)
    lowest, highest = _checked_bounds(bounds)
    if at in found:
        return Extrapolation(*values[found == at].tolist() * 3)
    _check_later(found, at)
    ends = np.clip(_power_law(np.log(found), values, float(np.log(at))), lowest, highest)
    return Extrapolation(*ends.tolist())


def _power_law(epochs: np.ndarray, values: np.ndarray, at: float) -> np.ndarray:
    """Value of the best law, lower and upper end, shape ``(3,)``.

    Args:
        epochs: Logarithms of the epochs, shape ``(n_epochs,)``.
        values: After these, shape ``(n_epochs,)``.
        at: Logarithm of the epoch to know the value after.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import stdtrit

    def squares(exponent: float) -> float:
        return float(_laws(np.array([np.exp(exponent)]), epochs, values, at)[0][0])

    near = np.argmin(_laws(_EXPONENTS, epochs, values, at)[0])
    between = np.log(_EXPONENTS[np.clip([near - 1, near + 1], 0, len(_EXPONENTS) - 1)])
    best = minimize_scalar(squares, bounds=between, method="bounded", options={"xatol": 1e-10}).x
    left, value, leverage = _laws(np.append(_EXPONENTS, np.exp(best)), epochs, values, at)
    n_free = len(values) - _N_PARAMETERS
    expected, least = value[-1], left[-1]
    if n_free < 1:
        return np.array([expected, np.nan, np.nan])
    # A value is plausible if some law through it leaves hardly more than the best law does.
    scatter = stdtrit(n_free, _UPPER) ** 2 * least / n_free
    reach = np.sqrt(leverage * np.maximum(least + scatter - left, 0))
    is_plausible = left <= least + scatter
    lower, upper = (value - reach)[is_plausible].min(), (value + reach)[is_plausible].max()
    return np.array(
        [
            expected,
            expected - np.hypot(expected - lower, np.sqrt(scatter)),
            expected + np.hypot(upper - expected, np.sqrt(scatter)),
        ]
    )


def _laws(
    exponents: np.ndarray, epochs: np.ndarray, values: np.ndarray, at: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best law of each exponent: sum of squares left, value, and the value's leverage.

    Each of shape ``(n_exponents,)``; arguments as for ``_power_law``.
    """
    columns = np.exp(-exponents[:, None] * epochs)
    mean = columns.mean(axis=1)
    centred, risen = columns - mean[:, None], values - values.mean()
    spread = (centred**2).sum(axis=1)
    slope = centred @ risen / spread
    left = ((risen - slope[:, None] * centred) ** 2).sum(axis=1)
    far = np.exp(-exponents * at) - mean
    return left, values.mean() + slope * far, 1 / len(values) + far**2 / spread


def _check_epochs(epochs: np.ndarray, at: float) -> None:
    """See that epochs are positive, and each there once."""
    for must, given in (
        ("epochs must be positive numbers", epochs),
        ("at must be a positive number", np.array([at])),
    ):
        is_wrong = ~(np.isfinite(given) & (given > 0))
        if is_wrong.any():
            raise ConfigError(f"{must}; got {given[is_wrong][0]:g}.")
    if len(np.unique(epochs)) < len(epochs):
        raise ConfigError(f"epochs must each be there once; got {shown(epochs.tolist())}.")


def _check_later(epochs: np.ndarray, at: float) -> None:
    """See that there are enough epochs, and one to know the value after is later than all."""
    if len(epochs) < _N_PARAMETERS:
        raise ConfigError(
            f"curve must hold at least {_N_PARAMETERS} known values; got {len(epochs)}."
        )
    if at < epochs.max():
        raise ConfigError(
            f"at must be an epoch whose value is known, or one later than the last of these, "
            f"{epochs.max():g}; got {at:g}."
        )


def _checked_bounds(bounds: Sequence[float]) -> tuple[float, float]:
    if len(bounds) != 2 or not bounds[0] < bounds[1]:
        raise ConfigError(
            f"bounds must be the least and the largest value, such as (0, 100); got "
            f"{shown(tuple(bounds))}."
        )
    return bounds[0], bounds[1]


def _numbers(name: str, given: object) -> np.ndarray:
    """What was given as an array of numbers.

    Raises:
        ArgumentError: It is no such thing.
    """
    try:
        values = np.asarray(given)
    except ValueError:
        values = np.array("")
    if values.dtype.kind not in "iuf":
        raise must_be(name, "an array of numbers", given)
    return values.astype(float)
