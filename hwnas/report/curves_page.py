"""The page of many runs, and the part of the page of two: curves over the evaluations."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hwnas._files import write_text
from hwnas.choose.front import Front
from hwnas.core.words import joined
from hwnas.objectives.curves import Band
from hwnas.report.assembly import facts, fragment, items, page
from hwnas.report.comparison import Side
from hwnas.report.curves import Contender, Curves
from hwnas.report.data import front_payload

SCRIPTS = ("state", "format", "figure", "curves")
FLOOR_PCT = 0.01
"""Smaller gaps are drawn as this, since an axis of powers of ten has no zero."""
_MOST_POINTS = 800
"""Of a curve in a page; more cannot be told apart on a screen."""
_NUMBER = ' class="number"'


def write_curves(curves: Curves, sides: tuple[Side, ...], path: Path) -> None:
    """Write the page of many runs as one HTML file, whole or not at all.

    Args:
        curves: What is drawn.
        sides: The runs, for their facts.
        path: Where to.

    Raises:
        StorageError: ``path`` cannot be written.
    """
    write_text(path, render_curves(curves, sides))


def render_curves(curves: Curves, sides: tuple[Side, ...]) -> str:
    """Many runs as one HTML page that needs nothing but a browser."""
    objectives = joined([spec.title for spec in curves.objectives])
    n_settings = len(curves.contenders)
    settings = "one setting" if n_settings == 1 else f"{n_settings} settings"
    none = np.empty((0, len(curves.objectives)))
    front = Front((), curves.objectives, none, none, none, n_objectives=len(curves.objectives))
    return page(
        "curves.html",
        SCRIPTS,
        {**front_payload(front), "curves": payload(curves)},
        title=html.escape(f"{len(sides)} runs of {settings}"),
        summary=html.escape(f"Pareto fronts in {objectives} over the evaluations"),
        notes=items(curves.notes),
        curves=section(curves),
        facts=_facts(sides),
    )


def _facts(sides: Sequence[Side]) -> str:
    """What all runs share as a list of facts, and the rest as a table, a run a row."""
    first = sides[0].facts
    shared = {
        name: value
        for name, value in first.items()
        if all(each.facts.get(name) == value for each in sides)
    }
    others = [n for n in dict.fromkeys(k for each in sides for k in each.facts) if n not in shared]
    heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ("Run", *others))
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(each.name)}</th>'
        + "".join(f"<td>{html.escape(each.facts.get(name, ''))}</td>" for name in others)
        + "</tr>"
        for each in sides
    )
    return (
        f'<dl class="facts">{facts(shared)}</dl>\n'
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="facts-heading">'
        f'<table class="provenance"><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n'
        "</tbody></table></div>"
    )


def section(curves: Curves) -> str:
    """The part of a page with the curves and their table, as HTML."""
    headings = "".join(
        f'<th scope="col"{"" if place == 0 else _NUMBER}>{html.escape(text)}</th>'
        for place, text in enumerate(curves.headings())
    )
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(label)}</th>'
        + "".join(f"<td{_NUMBER}>{html.escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for label, *cells in curves.rows()
    )
    return fragment(
        "curves.part.html",
        headings=headings,
        rows=rows,
        meaning=html.escape(meaning(curves)),
        scale=html.escape(curves.scale),
    )


def meaning(curves: Curves) -> str:
    """What the table and the curves mean, in sentences."""
    return (
        f"Gap: the share of the hypervolume that is still missing. {curves.reach} {bands(curves)}"
        "Evaluations to a gap are the median of the runs. What failed or broke a limit counts as "
        f"evaluated. Gaps below {FLOOR_PCT:g} % are drawn there."
    )


def bands(curves: Curves) -> str:
    """What lines and bands are, as a sentence; empty where there is no band."""
    if all(each.n_runs == 1 for each in curves.contenders):
        return ""
    return "Lines are means of the runs of a setting, bands their standard error. "


def payload(curves: Curves) -> dict[str, Any]:
    """What the script of the curves reads."""
    return {
        "contenders": [_contender(each) for each in curves.contenders],
        "floor_pct": axis_floor_pct(curves),
    }


def axis_floor_pct(curves: Curves) -> float:
    """Where an axis of gaps begins: the power of ten below the least, ``FLOOR_PCT`` at least."""
    least_pct = max(100 * curves.least_gap, FLOOR_PCT)
    return float(max(10.0 ** math.floor(math.log10(least_pct)), FLOOR_PCT))


def _contender(contender: Contender) -> dict[str, Any]:
    n_evaluated = len(contender.gap)
    shown = np.unique(np.linspace(0, n_evaluated - 1, min(n_evaluated, _MOST_POINTS)).astype(int))
    return {
        "label": contender.label,
        "evaluations": (shown + 1).tolist(),
        "gap": band_of(contender.gap, shown, 100.0, FLOOR_PCT),
        "volume": band_of(contender.volume, shown),
    }


def band_of(
    band: Band, shown: np.ndarray, factor: float = 1.0, floor: float = -np.inf
) -> dict[str, Any]:
    """Mean and ends of a band at some places; without ends where the error is not known."""
    has_ends = bool(np.isfinite(band.error).all())
    ends = {"mean": band.mean, "low": band.mean - band.error, "high": band.mean + band.error}
    return {
        name: np.maximum(factor * curve[shown], floor).round(6).tolist()
        if name == "mean" or has_ends
        else None
        for name, curve in ends.items()
    }
