"""What limits leave of a front, and what to tell when that is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

import numpy as np

from hwnas.core.front import Front
from hwnas.core.limits import Limit
from hwnas.core.residuals import judged
from hwnas.errors import NoCandidateError


def within(front: Front, limits: Sequence[Limit], share: float) -> np.ndarray:
    """Rows that satisfy all limits, shape ``(n_candidates,)``, in an order of their content.

    Args:
        front: Where the rows are from; not empty.
        limits: Applied one after the other, each on a column of the front.
        share: How much of the way to its interval's end a value must keep them; see
            :func:`hwnas.core.residuals.limit_share`.

    Raises:
        NoCandidateError: One of the limits removes all that the ones before it left.
    """
    standing = np.array(by_content(front))
    for position, limit in enumerate(limits):
        place = front.place(limit.column)
        values, lower, upper = (
            array[standing, place] for array in (front.values, front.lower, front.upper)
        )
        far = judged(limit, values, lower, upper, share)
        holds = limit.violation(far) == 0
        if not holds.any():
            unit = front.columns[place].unit
            raise NoCandidateError(_nothing_left(limit, values, far, unit, is_first=position == 0))
        standing = standing[holds]
    return standing


def by_content(front: Front) -> list[int]:
    """Rows in an order of their content, which decides where nothing else does."""
    return sorted(range(len(front)), key=lambda row: (front.archs[row], *front.values[row]))


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


def _nothing_left(
    limit: Limit, values: np.ndarray, far: np.ndarray, unit: str, is_first: bool
) -> str:
    """Why no architecture is left: the limit that none satisfies, and how nearly.

    Args:
        limit: The limit.
        values: Values of those that the limits before it left.
        far: What must keep the limit: these values, or the far ends of their intervals.
        unit: Their unit.
        is_first: Whether there were no limits before it.
    """
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
    closest = np.argmin(limit.violation(far))
    is_upper = limit.relation == "<="
    text, has = outward(far[closest], is_upper), outward(values[closest], is_upper)
    in_unit = f"{unit and ' ' + unit}"
    may_have = f", and {text}{in_unit} to be sure" if far[closest] != values[closest] else ""
    return (
        f"No architecture satisfies {limit}: {who} has {has}{in_unit}{may_have}. "
        f"Loosen it to at {'least' if is_upper else 'most'} {text}."
    )


def outward(value: float, is_upper: bool) -> str:
    """Four digits of a value, rounded so that as an upper or a lower bound it allows the value."""
    rounding = ROUND_CEILING if is_upper else ROUND_FLOOR
    text = format(Context(prec=4, rounding=rounding).create_decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
