"""What limits leave of a front, and what to tell when that is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

import numpy as np

from hwnas.core.front import Front
from hwnas.core.limits import Limit
from hwnas.errors import NoCandidateError


def within(front: Front, limits: Sequence[Limit]) -> np.ndarray:
    """Rows that satisfy all limits, shape ``(n_candidates,)``, in an order of their content.

    Args:
        front: Where the rows are from; not empty.
        limits: Applied one after the other, each on a column of the front.

    Raises:
        NoCandidateError: One of the limits removes all that the ones before it left.
    """
    rows = sorted(range(len(front)), key=lambda row: (front.archs[row], *front.values[row]))
    standing = np.array(rows)
    for position, limit in enumerate(limits):
        values = front.column(limit.column)[standing]
        holds = limit.violation(values) == 0
        if not holds.any():
            unit = next(spec.unit for spec in front.columns if spec.column == limit.column)
            raise NoCandidateError(_nothing_left(limit, values, unit, is_first=position == 0))
        standing = standing[holds]
    return standing


def rankable(front: Front, rows: np.ndarray, columns: Iterable[str]) -> np.ndarray:
    """Those of ``rows`` whose values are known in all ``columns``, shape ``(n_candidates,)``.

    Raises:
        NoCandidateError: There are none.
    """
    for column in columns:
        known = np.isfinite(front.column(column)[rows])
        if not known.any():
            raise NoCandidateError(
                f"The choice needs a known {column}; all that are left ({len(rows)}) lack it. "
                "Leave it out of the preference, or search again with it."
            )
        rows = rows[known]
    return rows


def _nothing_left(limit: Limit, values: np.ndarray, unit: str, is_first: bool) -> str:
    """Why no architecture is left: the limit that none of ``values`` satisfies, and how nearly."""
    is_alone = len(values) == 1
    among = "on the front"
    if not is_first:
        among = f"that {'satisfies' if is_alone else 'satisfy'} the limits before it"
    if np.isnan(values).all():
        who = f"the only one {among}" if is_alone else f"all {len(values)} {among}"
        return (
            f"No architecture satisfies {limit}: {limit.column} is unknown for {who}. "
            "Drop the limit."
        )
    who = f"the only one {among}" if is_alone else f"the closest of the {len(values)} {among}"
    closest = values[np.argmin(limit.violation(values))]
    is_upper = limit.relation == "<="
    text = _outward(closest, ROUND_CEILING if is_upper else ROUND_FLOOR)
    return (
        f"No architecture satisfies {limit}: {who} has {text}{unit and ' ' + unit}. "
        f"Loosen it to at {'least' if is_upper else 'most'} {text}."
    )


def _outward(value: float, rounding: str) -> str:
    """Four digits of a value, rounded away from the limit it breaks so that the advice holds."""
    text = format(Context(prec=4, rounding=rounding).create_decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
