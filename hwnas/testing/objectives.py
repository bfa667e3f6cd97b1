"""The contract of objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import QUANTITIES, Direction, Source
from hwnas.core.space import SearchSpace
from hwnas.spaces import load_space
from hwnas.testing._require import require

# Single precision may round a batch in another order differently, and no more than that.
_RELATIVE_TOLERANCE = 1e-6


def check_objective(
    objective: Objective, archs: Sequence[Architecture], space: SearchSpace | None = None
) -> None:
    """Assert that an objective keeps the contract of ``Objective``.

    It checks that

    - its ``spec`` has a column, a title, a known direction and a known source, and agrees with
      hwnas on the unit and direction of a quantity that hwnas knows;
    - it answers with arrays of shape ``(n_archs,)`` and no infinities (unknown is NaN);
    - each interval holds its value;
    - asked twice, in another order or for one architecture alone, it gives the same values (to
      a relative 1e-6; a live measurement is exempt).

    Args:
        objective: The objective.
        archs: Some architectures it can value, at least one.
        space: Their search space; the one of that name as it is by default.

    Raises:
        AssertionError: A sentence on what must hold and what was found instead.
    """
    spec = objective.spec
    _check_spec(spec)
    require(len(archs) > 0, "check_objective must be given at least one architecture; got none.")
    space = load_space(archs[0].space) if space is None else space
    first = _estimate(objective, archs, space)
    if spec.source == "measured":
        return
    again = _estimate(objective, archs, space)
    backwards = _estimate(objective, archs[::-1], space)
    alone = _estimate(objective, archs[:1], space)
    for name in ("value", "lower", "upper"):
        values = getattr(first, name)
        require(
            np.array_equal(values, getattr(again, name), equal_nan=True),
            f"{spec.column}: {name} must be the same when asked twice; it changed.",
        )
        require(
            _is_close(values, getattr(backwards, name)[::-1]),
            f"{spec.column}: {name} must not depend on the order of the batch; it does.",
        )
        require(
            _is_close(values[:1], getattr(alone, name)),
            f"{spec.column}: {name} must not depend on the rest of the batch; it does.",
        )


def _check_spec(spec: ObjectiveSpec) -> None:
    require(
        bool(spec.column) and not any(character.isspace() for character in spec.column),
        f"spec.column must be a word such as 'latency_ms'; got {spec.column!r}.",
    )
    require(bool(spec.title), f"{spec.column}: spec.title must be a heading; it is empty.")
    for name, value, known in (
        ("direction", spec.direction, get_args(Direction)),
        ("source", spec.source, get_args(Source)),
    ):
        require(
            value in known,
            f"{spec.column}: spec.{name} must be one of {', '.join(known)}; got {value!r}.",
        )
    for quantity in QUANTITIES.values():
        if spec.column.partition("@")[0] == quantity.column:
            require(
                (spec.unit, spec.direction) == (quantity.unit, quantity.direction),
                f"{spec.column}: unit and direction must be {quantity.unit!r} and "
                f"{quantity.direction!r}; got {spec.unit!r} and {spec.direction!r}.",
            )


def _estimate(objective: Objective, archs: Sequence[Architecture], space: SearchSpace) -> Estimate:
    column = objective.spec.column
    estimate = objective(Batch.of(space, archs))
    require(
        estimate.value.shape == (len(archs),),
        f"{column}: values must have shape (n_archs,) = ({len(archs)},); "
        f"got {estimate.value.shape}.",
    )
    for name in ("value", "lower", "upper"):
        require(
            not np.isinf(getattr(estimate, name)).any(),
            f"{column}: {name} must be finite, or NaN where unknown; it holds an infinity.",
        )
    # A comparison with NaN is false, so an unknown end excludes nothing.
    outside = (estimate.value < estimate.lower) | (estimate.value > estimate.upper)
    require(
        not outside.any(),
        f"{column}: an interval must hold its value; that of {archs[int(outside.argmax())]} "
        "does not.",
    )
    return estimate


def _is_close(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.allclose(first, second, rtol=_RELATIVE_TOLERANCE, atol=0.0, equal_nan=True))
