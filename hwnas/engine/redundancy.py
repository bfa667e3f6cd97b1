"""Objectives that make no trade-off: two that rank alike, one that only counts, one that ties."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.words import joined
from hwnas.objectives.indicators import minimised

SAME_RANKING = 0.98
SAME_RATIO = 1e-6
MIN_ARCHS = 20
ARCHS_A_VALUE = 2
"""From so many architectures a value on, on average, it is said that a column takes few values."""


def redundancy_notes(
    values: np.ndarray, columns: Sequence[ObjectiveSpec], n_objectives: int
) -> list[str]:
    """What to say of objectives that are one in disguise, or none.

    Objectives that rank architectures as a count does share a sentence, and so do those that rank
    them like each other; a count that is no objective is compared too, other columns are not.

    Args:
        values: Shape ``(n_archs, n_columns)``, feasible architectures, in their own units; NaN
            where unknown.
        columns: What the columns are, the objectives first.
        n_objectives: How many of them are objectives.
    """
    if len(values) < MIN_ARCHS:
        return []
    objectives = list(range(n_objectives))
    notes = list(_tie_notes(values[:, objectives], columns[:n_objectives]))
    compared = _Compared(values, columns, n_objectives)
    one = list(_groups(compared.proportional(), compared.places(objectives)))
    notes += [compared.one_note(group) for group in one]
    repeated = {place for group in one for place in group[1:]}
    ranked = [place for place in compared.places(objectives) if place not in repeated]
    counted = compared.by_count(ranked)
    notes += [compared.count_note(count, group) for count, group in counted.items()]
    notes += [
        compared.alike_note(group)
        for group in _groups(compared.alike, ranked)
        # That they all rank as one count does has been said.
        if not any(set(group) <= set(said) for said in counted.values())
    ]
    return notes


class _Compared:
    """How columns rank the same architectures.

    Args:
        values: Shape ``(n_archs, n_columns)``.
        columns: What the columns are.
        n_objectives: How many of them are objectives.

    Attributes:
        rho: Spearman's correlation of every two columns, 0 where one of them is not compared,
            shape ``(n_columns, n_columns)``.
        alike: Where that is as good as 1, booleans of the same shape.
    """

    def __init__(
        self, values: np.ndarray, columns: Sequence[ObjectiveSpec], n_objectives: int
    ) -> None:
        self._values = values
        self._names = [spec.column for spec in columns]
        self._n_objectives = n_objectives
        is_count = np.array([spec.source == "counted" for spec in columns])
        is_compared = is_count | (np.arange(len(columns)) < n_objectives)
        is_compared &= np.isfinite(values).all(axis=0) & (np.ptp(values, axis=0) > 0)
        self._compared = np.flatnonzero(is_compared).tolist()
        # Of two counts that rank alike the last one is told: MACs, not parameters.
        self._counts = [place for place in reversed(self._compared) if is_count[place]]
        self.rho = np.zeros((len(columns), len(columns)))
        if self._compared:
            ranks = np.apply_along_axis(_ranks, 0, minimised(values, columns)[:, self._compared])
            self.rho[np.ix_(self._compared, self._compared)] = np.corrcoef(ranks, rowvar=False)
        self.alike = self.rho > SAME_RANKING

    def places(self, wanted: Sequence[int]) -> list[int]:
        """Those of some columns that are compared."""
        return [place for place in wanted if place in self._compared]

    def proportional(self) -> np.ndarray:
        """Which columns are multiples of each other, booleans ``(n_columns, n_columns)``."""
        found = np.zeros_like(self.alike)
        for first, second in zip(*np.nonzero(np.triu(self.alike, 1)), strict=True):
            pair = self._values[:, [first, second]]
            if np.all(pair[:, 0] != 0):
                ratio = pair[:, 1] / pair[:, 0]
                is_one = np.ptp(ratio) <= SAME_RATIO * np.abs(ratio).max()
                found[first, second] = found[second, first] = is_one
        return found

    def by_count(self, ranked: Sequence[int]) -> dict[int, list[int]]:
        """Objectives that are no counts, by the count that is none and that they rank most like."""
        found: dict[int, list[int]] = {}
        for place in ranked:
            if place in self._counts or not self._counts:
                continue
            count = max(self._counts, key=lambda each: self.rho[place, each])
            if self.alike[place, count] and count >= self._n_objectives:
                found.setdefault(count, []).append(place)
        return found

    def one_note(self, group: Sequence[int]) -> str:
        """What to say of objectives that are proportional."""
        names = joined([self._names[place] for place in group])
        if len(group) > 2:
            return (
                f"{names} are one objective: their ratios are the same for every architecture. "
                "Leave all but one of them out."
            )
        ratio = self._values[0, group[1]] / self._values[0, group[0]]
        return (
            f"{names} are one objective: their ratio is {ratio:.4g} for every architecture. "
            "Leave one of them out."
        )

    def count_note(self, count: int, group: Sequence[int]) -> str:
        """What to say of objectives that rank as a count does."""
        name, names = self._names[count], joined([self._names[place] for place in group])
        ranks, them = ("ranks", "it") if len(group) == 1 else ("rank", "them")
        return (
            f"{names} {ranks} architectures as {name} does "
            f"({self._spearman([count], group)}): a search over {them} is a search over {name}."
        )

    def alike_note(self, group: Sequence[int]) -> str:
        """What to say of objectives that rank alike."""
        names = joined([self._names[place] for place in group])
        n_said = {2: "two", 3: "three"}.get(len(group), str(len(group)))
        return (
            f"{names} rank architectures alike ({self._spearman(group, group)}): "
            f"they are hardly {n_said} objectives."
        )

    def _spearman(self, rows: Sequence[int], columns: Sequence[int]) -> str:
        """The least correlation of one column with another."""
        found = [self.rho[row, column] for row in rows for column in columns if row != column]
        least, most = (f"{rho:.3f}" for rho in (min(found), max(found)))
        how = least if least == most else f"at least {least}"
        return f"Spearman {how} over the first {len(self._values)}"


def _groups(is_alike: np.ndarray, places: Sequence[int]) -> Iterator[list[int]]:
    """Groups of columns of which every two are alike; every alike pair is in one of them.

    Args:
        is_alike: Symmetric booleans, shape ``(n_columns, n_columns)``.
        places: The columns to group.
    """
    found: list[list[int]] = []
    for pair in itertools.combinations(places, 2):
        if not is_alike[pair] or any(set(pair) <= set(group) for group in found):
            continue
        group = list(pair)
        for place in places:
            if place not in group and is_alike[place, group].all():
                group.append(place)
        found.append(sorted(group))
        yield found[-1]


def _tie_notes(values: np.ndarray, objectives: Sequence[ObjectiveSpec]) -> Iterator[str]:
    """What to say of objectives, values ``(n_archs, n_objectives)``, that take few values."""
    n_archs = len(values)
    n_values = {
        spec.column: len(np.unique(column))
        for spec, column in zip(objectives, values.T, strict=True)
        # An exact number that is equal is equal; what predicts or rounds sees no difference.
        if spec.source not in ("counted", "custom") or np.ptp(column) == 0
    }
    same = [name for name, n in n_values.items() if n == 1]
    if same:
        are = "is" if len(same) == 1 else "are"
        yield f"{joined(same)} {are} the same for all of the first {n_archs} architectures."
    few = {name: n for name, n in n_values.items() if 1 < n <= n_archs / ARCHS_A_VALUE}
    if few:
        first, *others = (f"{name} takes {n} values" for name, n in few.items())
        told = [f"{first} over the first {n_archs} architectures", *others]
        yield f"{joined(told)}: those that share a value are not ranked."


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of values ``(n,)``, equal ones sharing their mean rank.

    Importing scipy.stats for this would cost every search more time than half its generations.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])
