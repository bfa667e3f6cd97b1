"""What was chosen, against what, and how sure that is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hwnas.choose.front import ARCH, ROW, frame_of, shown_columns
from hwnas.choose.pick import Choice
from hwnas.core.display import Listing, cell
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec
from hwnas.models.export import Export

if TYPE_CHECKING:
    import pandas as pd
    import torch


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pick against another architecture, by objective.

    Args:
        other: What it is compared with.
        differences: The pick's value minus the other's.
        chances: Probability that the pick is better, residuals taken as normal and independent;
            None where it is not known how far off a value may be.
        better: Objectives in which the pick's 90 % interval lies wholly on the better side of the
            other's; a value that is neither predicted nor estimated counts as exact without one.
        worse: Those in which it lies wholly on the worse side.
        indistinguishable: Those in which the two intervals overlap, or nothing is known of the
            error of one of the values.
    """

    other: Choice
    differences: Mapping[str, float]
    chances: Mapping[str, float | None]
    better: tuple[str, ...]
    worse: tuple[str, ...]
    indistinguishable: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Selection:
    """What was chosen from a front, against what, and at what price.

    It builds and exports as its pick does.

    Args:
        pick: The chosen architecture.
        versus_runner_up: The pick against the next in order; None when nothing else was left.
        versus_baseline: The pick against what the user has; None where that was not said.
        columns: What the front's columns are.
        n_objectives: How many of ``columns`` were optimised, the first ones.
        n_archs: Architectures of the front.
        n_candidates: Those of them that satisfy the limits and can be ranked.
        gives_up: By objective, how far the pick is behind the best candidate; 0 if it is the best.
        method: One of ``METHODS``.
        weights: Relative importance by column; columns not named were ignored.
        limits: What every candidate satisfies, in the order applied.
        limit_at: Where they satisfy it: ``"interval"``, ``"point"`` or with a probability.
        limit_chances: Probability that the pick keeps each of ``limits``, its residual taken as
            normal; None where it is not known how far off the value may be.
        uncertain_limits: Those of ``limits`` whose bound lies inside the pick's 90 % interval.
    """

    pick: Choice
    versus_runner_up: Comparison | None
    versus_baseline: Comparison | None
    columns: tuple[ObjectiveSpec, ...]
    n_objectives: int
    n_archs: int
    n_candidates: int
    gives_up: Mapping[str, float]
    method: str
    weights: Mapping[str, float]
    limits: tuple[Limit, ...] = ()
    limit_at: str = "interval"
    limit_chances: tuple[float | None, ...] = ()
    uncertain_limits: tuple[Limit, ...] = field(default=())

    @property
    def runner_up(self) -> Choice | None:
        """The next in order; None when nothing else was left."""
        return None if self.versus_runner_up is None else self.versus_runner_up.other

    @property
    def is_tie(self) -> bool:
        """Whether pick and runner-up cannot be told apart in any objective."""
        versus = self.versus_runner_up
        return versus is not None and len(versus.indistinguishable) == self.n_objectives

    @property
    def unsure_limits(self) -> tuple[Limit, ...]:
        """Limits that the pick keeps by a value of which nobody knows how far off it is."""
        chances = zip(self.limits, self.limit_chances, strict=True)
        return tuple(limit for limit, chance in chances if chance is None)

    @property
    def improves(self) -> bool:
        """Whether the pick is better than the baseline, if any, beyond the intervals."""
        return self.versus_baseline is None or bool(self.versus_baseline.better)

    def build(self, seed: int = 0) -> torch.nn.Module:
        """The pick's torch model; see :meth:`hwnas.choose.Choice.build`."""
        return self.pick.build(seed)

    def export(
        self,
        path: str | os.PathLike[str],
        weights: str | os.PathLike[str] | None = None,
        seed: int = 0,
        overwrite: bool = False,
    ) -> Export:
        """Write the pick's model, and a card that tells of the whole selection beside it.

        Args:
            path: As for :meth:`hwnas.choose.Choice.export`, and so on; it raises the same.
            weights: The same.
            seed: The same.
            overwrite: The same.
        """
        details = {"selection": selection_record(self)}
        return self.pick.export(path, weights, seed, overwrite, details)

    def to_frame(self) -> pd.DataFrame:
        """What was chosen and compared as a data frame: ``pick``, ``runner-up``, ``baseline``.

        Columns are ``row``, ``arch`` and four for each value, as in ``front.csv``; ``row`` is
        unknown for what is not on the front.
        """
        chosen = self._chosen()
        table: dict[str, list[Any]] = {"": [*chosen], ROW: [], ARCH: []}
        for choice in chosen.values():
            table[ROW].append(choice.row)
            table[ARCH].append(choice.arch or None)
            for column, told in choice.record(self.columns)["values"].items():
                table.setdefault(column, []).append(told["value"])
                for end in ("lower", "upper", "source"):
                    table.setdefault(f"{column}_{end}", []).append(told[end])
        frame = frame_of(table, "", self.columns)
        return frame.astype({ROW: "Int64"})

    def _chosen(self) -> dict[str, Choice]:
        found = {"pick": self.pick}
        if self.runner_up is not None:
            found["runner-up"] = self.runner_up
        if self.versus_baseline is not None:
            found["baseline"] = self.versus_baseline.other
        return found

    def __repr__(self) -> str:
        return self._listing().text()

    def _repr_html_(self) -> str:
        return self._listing().html()

    def _listing(self) -> Listing:
        """How it was chosen, and what with what values."""
        limits = ", ".join(map(str, self.limits))
        head = (
            f"Selection by {self.method} from {self.n_candidates:,} of {self.n_archs:,} "
            f"architectures{limits and ' that keep ' + limits}"
        )
        shown = [self.columns[place] for place in shown_columns(self.columns, self.n_objectives)]
        rows = []
        for name, choice in self._chosen().items():
            values = (spec.numbers([choice.values[spec.column]])[0] for spec in shown)
            place = "" if choice.row is None else str(choice.row)
            rows.append((name, place, *map(cell, values), choice.arch or "as given"))
        header = ("", ROW, *(spec.column for spec in shown), ARCH)
        return Listing([head], header, rows)


def selection_record(selection: Selection) -> dict[str, Any]:
    """A selection as JSON can hold it: unknown is None, limits are text."""
    versus = selection.versus_runner_up
    baseline = selection.versus_baseline
    return {
        "pick": selection.pick.record(selection.columns),
        "runner_up": selection.runner_up and selection.runner_up.record(selection.columns),
        "baseline": baseline and baseline.other.record(selection.columns),
        "n_archs": selection.n_archs,
        "n_candidates": selection.n_candidates,
        "method": selection.method,
        "weights": dict(selection.weights),
        "limits": [str(limit) for limit in selection.limits],
        "limit_at": selection.limit_at,
        "limit_probabilities": list(selection.limit_chances),
        "uncertain_limits": [str(limit) for limit in selection.uncertain_limits],
        "gives_up": _numbers(selection.gives_up, selection.columns),
        "versus_runner_up": versus and _comparison_record(versus, selection.columns),
        "versus_baseline": baseline and _comparison_record(baseline, selection.columns),
        "is_tie": selection.is_tie,
        "improves": selection.improves,
    }


def _comparison_record(comparison: Comparison, columns: Sequence[ObjectiveSpec]) -> dict[str, Any]:
    return {
        "differences": _numbers(comparison.differences, columns),
        "probabilities": dict(comparison.chances),
        "better": list(comparison.better),
        "worse": list(comparison.worse),
        "indistinguishable": list(comparison.indistinguishable),
    }


def _numbers(
    values: Mapping[str, float], columns: Sequence[ObjectiveSpec]
) -> dict[str, int | float | None]:
    """Values by column as JSON can hold them."""
    specs = {spec.column: spec for spec in columns}
    return {column: specs[column].numbers([value])[0] for column, value in values.items()}
