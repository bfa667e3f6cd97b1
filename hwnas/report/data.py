"""What a report tells, and the part of it that the page's script reads, as JSON."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.choose import Selection
from hwnas.choose.candidates import by_content
from hwnas.choose.front import Front
from hwnas.core.blocks import Block
from hwnas.core.columns import columns_meant, quantity_of
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Source
from hwnas.core.space import SearchSpace

SCHEMA = 2


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
        origin: The files behind it, with their hashes.
    """

    column: str
    source: Source
    detail: str
    figures: Mapping[str, float | None]
    evaluation: str = "held_out"
    lacks_skill: bool | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class EarlierFront:
    """The front that a search had found at some time before its end.

    Args:
        share_pct: How much of what was evaluated in the end had been evaluated then, in percent.
        n_evaluated: Distinct architectures evaluated by then.
        values: Shape ``(n_archs, n_columns)``, as those of a front.
    """

    share_pct: int
    n_evaluated: int
    values: np.ndarray


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
        run: Where the run lies, as commands are to name it; empty where there is none to name.
        limits: What the search kept, drawn as lines.
        earlier: Fronts on the way, the first one first.
        selection: What is chosen where nothing is limited or preferred; None where nothing can be.
    """

    title: str
    front: Front
    space: SearchSpace
    history: tuple[tuple[int, float], ...]
    facts: Mapping[str, str]
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]
    run: str = ""
    limits: tuple[Limit, ...] = ()
    earlier: tuple[EarlierFront, ...] = ()
    selection: Selection | None = None


def known(number: float | None) -> float | None:
    """``number``, or None where it is unknown or not finite: JSON has neither NaN nor infinity."""
    return None if number is None or not math.isfinite(number) else float(number)


def payload(data: ReportData) -> dict[str, Any]:
    """The JSON that the page's script reads; arrays are lists of shape ``(n_archs, n_columns)``.

    Raises:
        ArchitectureError: A string of the front is no architecture of the space.
    """
    return {
        **front_payload(data.front),
        "choice": _choice(data.front, data.selection),
        "run": data.run,
        "limits": _limits(data.front, data.limits),
        "earlier": [
            {
                "share_pct": each.share_pct,
                "n_evaluated": each.n_evaluated,
                "values": _rows(each.values),
            }
            for each in data.earlier
        ],
        "history": [[int(n_archs), known(volume)] for n_archs, volume in data.history],
        **_drawn(data.front.archs, data.space),
    }


def front_payload(front: Front) -> dict[str, Any]:
    """What both kinds of page read of a front."""
    return {
        "schema": SCHEMA,
        "columns": [_column(spec) for spec in front.columns],
        "n_objectives": front.n_objectives,
        "axes": default_axes(front.columns, front.n_objectives),
        "archs": list(front.archs),
        "values": _rows(front.values),
        "lower": _rows(front.lower),
        "upper": _rows(front.upper),
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
    """What the script needs of a column; how good predictions are is in the page itself."""
    quantity = quantity_of(spec.column)
    return {
        "column": spec.column,
        "unit": spec.unit,
        "direction": spec.direction,
        "source": spec.source,
        "title": spec.title,
        "detail": spec.detail,
        "is_quality": quantity is not None and quantity.is_quality,
        # A limit must lie within what the quantity can be, which None leaves open.
        "least": None if quantity is None else known(quantity.lower),
        "most": None if quantity is None else known(quantity.upper),
    }


def _choice(front: Front, selection: Selection | None) -> dict[str, Any]:
    """What is chosen without limits, and the order of rows in which the page chooses under some."""
    runner_up = selection and selection.runner_up
    return {
        "pick": selection and selection.pick.index,
        "runner_up": runner_up and runner_up.index,
        "order": by_content(front),
    }


def _limits(front: Front, limits: Sequence[Limit]) -> list[dict[str, Any]]:
    """Limits on columns of the front; one that names no single column is left out."""
    meant = [(limit, columns_meant(limit.column, front.names)) for limit in limits]
    return [
        {
            "column": front.names.index(found[0]),
            "relation": limit.relation,
            "bound": limit.bound,
        }
        for limit, found in meant
        if len(found) == 1
    ]


def _rows(array: np.ndarray) -> list[list[float | None]]:
    """An array of shape ``(n_archs, n_columns)`` as lists, None for what is unknown."""
    return [[known(number) for number in row] for row in array.tolist()]


def _drawn(archs: Sequence[str], space: SearchSpace) -> dict[str, Any]:
    """How architectures are drawn: as a cell with an operation on each edge, else as a strip.

    ``blocks`` holds each different block once, ``strips`` the positions of each architecture's.
    """
    parsed = [space.parse(arch) for arch in archs]
    pictures = [cell.picture() for cell in space.cell_types]
    if len(pictures) == 1 and len(pictures[0].get("edges", ())) == len(space.genes):
        genotypes = [arch.genotype for arch in parsed]
        return {"cell": pictures[0], "genotypes": genotypes, "blocks": [], "strips": []}
    places: dict[Block, int] = {}
    strips = [
        [places.setdefault(block, len(places)) for block in space.blocks(arch)] for arch in parsed
    ]
    blocks = [dataclasses.asdict(block) for block in places]
    return {"cell": None, "genotypes": [], "blocks": blocks, "strips": strips}


def short_hashes(text: str) -> str:
    """A text whose SHA-256 sums are cut to 12 digits, enough to tell files apart."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", text)
