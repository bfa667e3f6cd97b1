"""What a report tells, and the part of it that the page's script reads, as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Source
from hwnas.core.space import SearchSpace

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the values of a column come from and how wrong they are.

    Args:
        column: Name of the column, such as ``"latency_ms"``.
        source: Where its values come from.
        detail: One line on what exactly they are: table, dataset, attack, device.
        figures: What was found on architectures that were not fitted on:
            ``{"Kendall tau": 0.97}``; None where a figure is unknown.
        evaluation: How: ``held_out`` or ``cross_validated``.
        lacks_skill: Whether its predictor ranks no better than chance; None where unknown.
    """

    column: str
    source: Source
    detail: str
    figures: Mapping[str, float | None]
    evaluation: str = "held_out"
    lacks_skill: bool | None = None


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a report tells.

    Args:
        title: Heading of the page.
        front: The architectures found, with their values and intervals.
        space: The search space they belong to.
        history: Distinct architectures evaluated and the hypervolume then, in order.
        facts: Device, dataset, algorithm, seed, versions and the like, printed in order.
        provenance: Where each column comes from.
        notes: Warnings the reader must see before trusting the front.
    """

    title: str
    front: Front
    space: SearchSpace
    history: tuple[tuple[int, float], ...]
    facts: Mapping[str, str]
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]


def known(number: float | None) -> float | None:
    """``number``, or None where it is unknown or not finite: JSON has neither NaN nor infinity."""
    return None if number is None or not math.isfinite(number) else float(number)


def payload(data: ReportData) -> dict[str, Any]:
    """The JSON that the page's script reads; arrays are lists of shape ``(n_archs, n_columns)``.

    Raises:
        ArchitectureError: A string of the front is no architecture of the space.
    """
    front = data.front
    return {
        "schema": SCHEMA,
        "columns": [_column(spec) for spec in front.columns],
        "n_objectives": front.n_objectives,
        "axes": default_axes(front.columns, front.n_objectives),
        "archs": list(front.archs),
        "genotypes": [data.space.parse(arch).genotype for arch in front.archs],
        "values": _rows(front.values),
        "lower": _rows(front.lower),
        "upper": _rows(front.upper),
        "history": [[int(n_archs), known(volume)] for n_archs, volume in data.history],
        "space": _space(data.space),
    }


def default_axes(columns: Sequence[ObjectiveSpec], n_objectives: int) -> dict[str, int | None]:
    """Positions of the columns that the scatter plot shows first; ``colour`` is None for none.

    The first objective is ``y``; one that pulls the other way is ``x``, for that is where the
    trade-off shows.
    """
    others = list(range(1, len(columns)))
    if not others:
        return {"x": 0, "y": 0, "colour": None}

    def order(position: int) -> tuple[bool, bool, int]:
        is_beside = position >= n_objectives
        return is_beside, columns[position].direction == columns[0].direction, position

    x = min(others, key=order)
    colours = [position for position in others if position != x]
    return {"x": x, "y": 0, "colour": colours[0] if colours else None}


def _column(spec: ObjectiveSpec) -> dict[str, Any]:
    """What the script needs of a column; what predictions rest on is in the page itself."""
    return dataclasses.asdict(dataclasses.replace(spec, importances={}))


def _rows(array: np.ndarray) -> list[list[float | None]]:
    """An array of shape ``(n_archs, n_columns)`` as lists, None for what is unknown."""
    return [[known(number) for number in row] for row in array.tolist()]


def _space(space: SearchSpace) -> dict[str, Any]:
    pictures = [cell.picture() for cell in space.cell_types]
    # The page draws one cell, an edge a gene; of other spaces it lists the genes.
    is_drawn = len(pictures) == 1 and len(pictures[0].get("edges", ())) == len(space.genes)
    return {
        "genes": space.genes,
        "n_choices": space.n_choices,
        "cell": pictures[0] if is_drawn else None,
    }
