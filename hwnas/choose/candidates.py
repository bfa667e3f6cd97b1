"""What limits leave of a front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hwnas.choose.front import Front
from hwnas.choose.infeasible import broken, far_values, why_nothing
from hwnas.core.limits import Limit
from hwnas.errors import NoCandidateError


def within(front: Front, limits: Sequence[Limit], share: float) -> np.ndarray:
    """Rows that satisfy all limits, shape ``(n_candidates,)``, in an order of their content.

    Args:
        front: Where the rows are from; not empty.
        limits: Each on a column of the front.
        share: How much of the way to its interval's end a value must keep them; see
            :func:`hwnas.core.residuals.limit_share`.

    Raises:
        NoCandidateError: The limits remove all.
    """
    standing = np.array(by_content(front))
    holds = (broken(front, limits, far_values(front, limits, share)) == 0).all(axis=1)
    if not holds.any():
        raise NoCandidateError(why_nothing(front, limits, share))
    return np.asarray(standing[holds[standing]])


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
