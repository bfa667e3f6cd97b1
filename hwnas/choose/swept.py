"""One front under many limits: the pick at each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.choose.choice import constraints_on, select
from hwnas.choose.front import Front
from hwnas.choose.pick import Choice
from hwnas.choose.selection import Selection, selection_record
from hwnas.core.columns import resolve_column, resolve_columns
from hwnas.core.limits import Goal, Limit, Relation, in_own_units
from hwnas.core.numbers import outward
from hwnas.core.residuals import DEFAULT_LIMIT_AT, judged, limit_share
from hwnas.errors import ConfigError, NoCandidateError

N_LIMITS = 10


@dataclass(frozen=True, slots=True)
class SweptLimit:
    """What is chosen at one limit.

    Args:
        limit: The limit.
        selection: What is chosen; None where nothing keeps it together with the other limits.
    """

    limit: Limit
    selection: Selection | None


def sweep(
    front: Front,
    column: str,
    at_most: Mapping[str, Goal] | None = None,
    at_least: Mapping[str, Goal] | None = None,
    prefer: Mapping[str, float] | None = None,
    method: str | None = None,
    limit_at: str = DEFAULT_LIMIT_AT,
    baseline: Choice | None = None,
    n_limits: int = N_LIMITS,
    constraints: Sequence[str | Limit] = (),
) -> tuple[SweptLimit, ...]:
    """The pick at each of several limits on a column, the tightest first.

    The limits are quantiles of what the front's architectures keep, so that each allows about as
    many more as the one before; the loosest allows all.

    Args:
        front: Where to choose from.
        column: The column to limit: from above if less of it is better, else from below.
        at_most: As for ``select``, and so on.
        at_least: The same.
        prefer: The same.
        method: The same.
        limit_at: The same.
        baseline: The same.
        n_limits: How many limits.
        constraints: As for ``select``.

    Raises:
        NoCandidateError: The front is empty, or no limit leaves anything.
        UnknownNameError: The front has no such column, or there is no such method.
        ConfigError: The column is limited already, its values are not known, or as for ``select``.
    """
    name = resolve_column(column, front.names)
    if not len(front):
        # Says what is to be done.
        select(front)
    for given in (at_most or {}, at_least or {}):
        if name in resolve_columns(in_own_units(given, front.names), front.names):
            raise ConfigError(f"{name} must be swept or limited, not both; drop one of the two.")
    if any(limit.column == name for limit in constraints_on(front, constraints)):
        raise ConfigError(f"{name} must be swept or limited, not both; drop one of the two.")
    swept, lacking = [], None
    for limit in _limits(front, name, limit_share(limit_at), n_limits):
        upper, lower = dict(at_most or {}), dict(at_least or {})
        (upper if limit.relation == "<=" else lower)[name] = limit.bound
        try:
            chosen = select(front, upper, lower, prefer, method, limit_at, baseline, constraints)
        except NoCandidateError as error:
            chosen, lacking = None, error
        swept.append(SweptLimit(limit, chosen))
    if lacking is not None and all(each.selection is None for each in swept):
        raise lacking
    return tuple(swept)


def _limits(front: Front, column: str, share: float, n_limits: int) -> list[Limit]:
    """Limits on a column, the tightest first, each once."""
    if not np.isfinite(front.column(column)).any():
        raise NoCandidateError(f"A column to sweep must be known; {column} is unknown for all.")
    place = front.place(column)
    is_cost = front.columns[place].direction == "min"
    relation: Relation = "<=" if is_cost else ">="
    values, lower, upper = (array[:, place] for array in (front.values, front.lower, front.upper))
    # Any limit tells on which side the interval's end counts.
    side = Limit(column, relation, float(np.nanmax(values)))
    kept = judged(side, values, lower, upper, share)
    kept = kept[np.isfinite(kept)]
    # The tightest first: in each tenth, the last one of its architectures.
    ordered = np.sort(kept) if is_cost else np.sort(kept)[::-1]
    places = np.ceil(len(kept) * np.arange(1, n_limits + 1) / n_limits).astype(int) - 1
    bounds = dict.fromkeys(
        float(outward(each, is_upper=is_cost)) for each in ordered[places].tolist()
    )
    return [Limit(column, relation, bound) for bound in bounds]


def sweep_record(swept: Sequence[SweptLimit]) -> list[dict[str, Any]]:
    """A sweep as JSON can hold it."""
    return [
        {
            "limit": str(each.limit),
            "selection": None if each.selection is None else selection_record(each.selection),
        }
        for each in swept
    ]
