"""Why limits leave nothing: the tightest of them, and the architecture that is nearest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hwnas.choose.front import Front
from hwnas.core.limits import Limit, limit_notes
from hwnas.core.numbers import outward
from hwnas.core.residuals import judged
from hwnas.core.words import joined


def why_nothing(
    front: Front,
    limits: Sequence[Limit],
    share: float,
    among: str = "on the front",
    otherwise: str = "",
    is_spared: bool = False,
) -> str:
    """Why limits leave nothing: the tightest of them, and the architecture that is nearest.

    Args:
        front: ``n_archs`` architectures, at least one, none of which satisfies all limits.
        limits: At least one, each on a column of the front.
        share: As for ``within``.
        among: What these architectures are.
        otherwise: What else helps than looser limits, as a sentence.
        is_spared: Whether what breaks one limit may not have been asked for the others, as in a
            search; what is unknown of it is then no fault of theirs.
    """
    far = far_values(front, limits, share)
    amounts = broken(front, limits, far)
    if is_spared:
        rows, places = _asked(amounts)
        among = among if len(rows) == len(front) else f"{among} in full"
        front, limits = front.part(rows), [limits[place] for place in places]
        far, amounts = far[np.ix_(rows, places)], amounts[np.ix_(rows, places)]
    for limit, column in zip(limits, far.T, strict=True):
        if np.isnan(column).all():
            who = f"all {len(front):,}" if len(front) > 1 else "the only one"
            return (
                f"No architecture satisfies {limit}: {limit.column} is unknown for {who} {among}. "
                "Drop the limit."
            )
    nearest = _nearest(front, amounts)
    kept = amounts[nearest] == 0
    doubtful = [limit for limit, holds in zip(limits, kept, strict=True) if not holds]
    end = "".join(f" {each}" for each in [otherwise, *limit_notes(doubtful)] if each)
    if len(limits) == 1:
        return _lone_limit(front, limits[0], nearest, float(far[nearest, 0]), among) + end
    has = _values(front, nearest, [limit.column for limit in limits])
    return (
        f"No architecture satisfies {joined(list(map(str, limits)))} together. "
        f"{_tightest(limits, amounts, among)} The nearest, {front.archs[nearest]}, has "
        f"{has}. {_advice(limits, far[nearest], amounts[nearest])}{end}"
    )


def tightest_limit(front: Front, limits: Sequence[Limit], share: float) -> str:
    """Which of some limits is the tightest, and how many break it, as a sentence.

    Args:
        front: Architectures that broke a limit in a search, at least one, each perhaps not asked
            for the others.
        limits: At least one, each on a column of the front.
        share: As for ``within``.
    """
    amounts = broken(front, limits, far_values(front, limits, share))
    rows, places = _asked(amounts)
    judged_by, amounts = [limits[place] for place in places], amounts[np.ix_(rows, places)]
    place = _tightest_place(amounts)
    is_broken = (amounts[:, place] > 0) & np.isfinite(amounts[:, place])
    if not is_broken.any():
        return f"Whether any keeps {judged_by[place]} is unknown."
    return (
        f"The tightest limit is {judged_by[place]}: {is_broken.sum():,} architectures break it, "
        f"of {len(rows):,} that break any."
    )


def _asked(amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and limits to judge by where what breaks one limit was not asked for all others.

    Those rows of which all is known, if there are any; else all of them, by the limits that were
    asked for wherever no other was broken.
    """
    is_unknown = np.isinf(amounts)
    is_whole = ~is_unknown.any(axis=1)
    if is_whole.any():
        return np.flatnonzero(is_whole), np.arange(amounts.shape[1])
    is_broken = ((amounts > 0) & ~is_unknown).any(axis=1, keepdims=True)
    return np.arange(len(amounts)), np.flatnonzero((~is_unknown | ~is_broken).any(axis=0))


def far_values(front: Front, limits: Sequence[Limit], share: float) -> np.ndarray:
    """What must keep each limit, shape ``(n_archs, n_limits)``; NaN for unknown."""
    far = np.empty((len(front), len(limits)))
    for position, limit in enumerate(limits):
        place = front.place(limit.column)
        value, lower, upper = (a[:, place] for a in (front.values, front.lower, front.upper))
        far[:, position] = judged(limit, value, lower, upper, share)
    return far


def broken(front: Front, limits: Sequence[Limit], far: np.ndarray) -> np.ndarray:
    """How far each limit is broken, relative to its bound, shape ``(n_archs, n_limits)``."""
    columns = [limit.relative_violation(far[:, place]) for place, limit in enumerate(limits)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(front), 0))


def _nearest(front: Front, amounts: np.ndarray) -> int:
    """The row that breaks limits least in all; what is unknown is further off than any number."""
    n_unknown = np.isinf(amounts).sum(axis=1)
    known = np.where(np.isinf(amounts), 0.0, amounts).sum(axis=1)
    return int(np.lexsort((np.array(front.archs), known, n_unknown))[0])


def _lone_limit(front: Front, limit: Limit, nearest: int, far: float, among: str) -> str:
    """Why a limit leaves nothing where it is the only one."""
    value, unit = front.column(limit.column)[nearest], _unit(front, limit)
    is_upper = limit.relation == "<="
    text = outward(far, is_upper)
    shown = outward(value, is_upper)
    sure = f", and {text}{unit} to be sure" if text != shown else ""
    others = _values(front, nearest, (), [limit.column])
    who = f"the closest of the {len(front):,} {among}"
    return (
        f"No architecture satisfies {limit}: {who if len(front) > 1 else f'the only one {among}'}, "
        f"{front.archs[nearest]}, has {shown}{unit}{sure}"
        f"{f', with {others}' if others else ''}. "
        f"{'Raise' if is_upper else 'Lower'} it to {text}."
    )


def _tightest(limits: Sequence[Limit], amounts: np.ndarray, among: str) -> str:
    """The limit without which most is left; of those alike, the one that fewest come near."""
    place = _tightest_place(amounts)
    n_alone, n_left = _n_kept(amounts, place)
    return (
        f"The tightest is {limits[place]}: of the {len(amounts):,} {among}, {n_alone:,} "
        f"satisfy it and {n_left:,} all others."
    )


def _tightest_place(amounts: np.ndarray) -> int:
    """Place of the tightest limit, from how far each is broken, ``(n_archs, n_limits)``."""
    kept = np.array([_n_kept(amounts, place) for place in range(amounts.shape[1])])
    return int(np.lexsort((-amounts.min(axis=0), kept[:, 0], -kept[:, 1]))[0])


def _n_kept(amounts: np.ndarray, place: int) -> tuple[int, int]:
    """How many keep the limit at a place, and how many all others."""
    holds = amounts == 0
    others = np.delete(holds, place, axis=1).all(axis=1)
    return int(holds[:, place].sum()), int(others.sum())


def _advice(limits: Sequence[Limit], far: np.ndarray, amounts: np.ndarray) -> str:
    """How far to loosen each limit so that an architecture satisfies them.

    Args:
        limits: The limits.
        far: What must keep each, shape ``(n_limits,)``.
        amounts: How far each is broken, shape ``(n_limits,)``.
    """
    looser, unknown = list[str](), list[str]()
    for limit, end, amount in zip(limits, far.tolist(), amounts.tolist(), strict=True):
        is_upper = limit.relation == "<="
        if np.isinf(amount):
            unknown.append(str(limit))
        elif amount > 0:
            way = "raise" if is_upper else "lower"
            looser.append(f"{way} {limit.column} to {outward(end, is_upper)}")
    parts = [joined(looser)] if looser else []
    parts += [f"drop {joined(unknown)}, of which its values are unknown"] if unknown else []
    text = " and ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _values(front: Front, row: int, first: Sequence[str], left_out: Sequence[str] = ()) -> str:
    """What is known of an architecture: some columns, then the objectives."""
    objectives = [spec.column for spec in front.objectives]
    names = [name for name in dict.fromkeys([*first, *objectives]) if name not in left_out]
    values = {name: float(front.column(name)[row]) for name in names}
    return joined(
        [f"{name} {_plain(value)}" for name, value in values.items() if math.isfinite(value)]
    )


def _plain(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _unit(front: Front, limit: Limit) -> str:
    unit = front.columns[front.place(limit.column)].unit
    return f"{unit and ' ' + unit}"
