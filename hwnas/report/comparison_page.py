"""The page of two runs: both fronts in one plot, what differs and what dominates what."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np

from hwnas._files import write_text
from hwnas.choose.front import Front
from hwnas.core.words import joined
from hwnas.report.assembly import facts, items, page
from hwnas.report.comparison import FrontComparison
from hwnas.report.curves import LETTERS, Curves
from hwnas.report.curves_page import payload, section
from hwnas.report.data import front_payload

SCRIPTS = ("state", "format", "figure", "table", "compare")


def write_comparison(comparison: FrontComparison, path: Path, curves: Curves | None = None) -> None:
    """Write the page of two runs as one HTML file, whole or not at all.

    Args:
        comparison: The two.
        path: Where to.
        curves: How their fronts came about; left out by default.

    Raises:
        StorageError: ``path`` cannot be written.
    """
    write_text(path, render_comparison(comparison, curves))


def render_comparison(comparison: FrontComparison, curves: Curves | None = None) -> str:
    """Two runs as one HTML page that needs nothing but a browser.

    Args:
        comparison: The two.
        curves: As for ``write_comparison``.
    """
    one, other = comparison.sides
    objectives = joined([spec.title for spec in one.front.objectives])
    return page(
        "compare.html",
        SCRIPTS if curves is None else (*SCRIPTS, "curves"),
        {**_payload(comparison), **({} if curves is None else {"curves": payload(curves)})},
        title=html.escape(f"A: {one.name} and B: {other.name}"),
        summary=html.escape(f"Two Pareto fronts in {objectives}"),
        notes=items(comparison.notes),
        verdict=items(verdict(comparison)),
        figures=_figures(comparison),
        reference=html.escape(_reference(comparison)),
        curves="" if curves is None else section(curves),
        facts="\n".join(
            f'<h3>{letter}: {html.escape(side.name)}</h3><dl class="facts">{facts(side.facts)}</dl>'
            for letter, side in zip(LETTERS, comparison.sides, strict=True)
        ),
    )


def verdict(comparison: FrontComparison) -> list[str]:
    """What differs, a sentence each: hypervolume, then what dominates what."""
    sentences = [_volumes(*comparison.hypervolumes)]
    names = zip(LETTERS, LETTERS[::-1], comparison.sides, comparison.dominated, strict=True)
    for letter, rival, side, dominated in names:
        sentences.append(
            f"{rival} {_dominates(int(dominated.sum()), len(side.front))} of {letter}."
        )
    if comparison.n_shared:
        each = "is" if comparison.n_shared == 1 else "are"
        sentences.append(f"{comparison.n_shared:,} {each} on both fronts.")
    return sentences


def _dominates(n: int, n_archs: int) -> str:
    """What a front does to ``n`` of the other's architectures."""
    if n_archs == 1:
        return f"{'dominates' if n else 'does not dominate'} the only architecture"
    if n == n_archs:
        return f"dominates all {n:,} architectures"
    return f"dominates {f'{n:,}' if n else 'none'} of the {n_archs:,} architectures"


def _volumes(one: float, other: float) -> str:
    """Which hypervolume is larger and by how much."""
    if one == other:
        return "Both have the same hypervolume."
    larger, smaller = max(one, other), min(one, other)
    letters = LETTERS if one > other else LETTERS[::-1]
    if smaller == 0:
        return f"{letters[0]} has a hypervolume, {letters[1]} has none."
    gain_pct = 100 * (larger - smaller) / smaller
    gain = f"{gain_pct:.2g}" if gain_pct < 10 else f"{gain_pct:,.0f}"
    return f"{letters[0]} has the larger hypervolume, by {gain} % of that of {letters[1]}."


def _figures(comparison: FrontComparison) -> str:
    """Rows of the table of figures."""
    told = {
        "Hypervolume": [f"{volume:.4f}" for volume in comparison.hypervolumes],
        "On the front": [f"{len(side.front):,}" for side in comparison.sides],
        "Dominated by the other": [f"{int(each.sum()):,}" for each in comparison.dominated],
        "Evaluated": [f"{side.n_evaluated:,}" for side in comparison.sides],
    }
    return "\n".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(f'<td class="number">{value}</td>' for value in values)
        + "</tr>"
        for name, values in told.items()
    )


def _reference(comparison: FrontComparison) -> str:
    specs = comparison.sides[0].front.columns
    point = ", ".join(
        f"{spec.title} {value:.4g} {spec.unit}".strip()
        for spec, value in zip(specs, comparison.reference, strict=True)
    )
    return (
        f"Hypervolume with every objective from 0 (best of both fronts) to 1 (worst), up to the "
        f"reference point {point}: a tenth beyond the worst. Values that are predicted are as sure "
        "as their intervals say; a difference within them is none."
    )


def _payload(comparison: FrontComparison) -> dict[str, Any]:
    """What the page's script reads: the rows of A, then those of B."""
    sides = comparison.sides
    fronts = [side.front for side in sides]
    both = Front(
        archs=tuple(arch for front in fronts for arch in front.archs),
        columns=fronts[0].columns,
        values=np.concatenate([front.values for front in fronts]),
        lower=np.concatenate([front.lower for front in fronts]),
        upper=np.concatenate([front.upper for front in fronts]),
        n_objectives=fronts[0].n_objectives,
    )
    return {
        **front_payload(both),
        "comparison": {
            "sides": [side.name for side in sides],
            "side_of": [place for place, side in enumerate(sides) for _ in side.front.archs],
            "numbers": [number + 1 for side in sides for number in range(len(side.front))],
            "dominated": [bool(each) for flags in comparison.dominated for each in flags],
        },
    }
