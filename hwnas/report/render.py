"""The page of one run: what is fixed is written here, what moves is drawn by the page's scripts."""

from __future__ import annotations

import html
from pathlib import Path

from hwnas._files import write_text
from hwnas.choose import Selection
from hwnas.report.assembly import facts, items, page
from hwnas.report.basis import basis
from hwnas.report.data import Provenance, ReportData, known, payload, short_hashes

SCRIPTS = (
    "state",
    "format",
    "figure",
    "choice",
    "nothing",
    "limits",
    "plots",
    "parallel",
    "table",
    "detail",
    "main",
)

_SOURCES = {
    "predicted": "by a model fitted to a table",
    "tabulated": "as the table has it",
    "measured": "on the device",
    "extrapolated": "by a model fitted on another space",
    "estimated": "from a formula with a rated figure in it",
    "counted": "exactly, from the operation graph",
    "scored": "by a zero-cost proxy of the untrained network; it tells no accuracy",
    "custom": "(your own function)",
}
_NO_FIGURES = {
    "predicted": "error unknown: it was not measured",
    "extrapolated": "error unknown: untested on this space",
    "estimated": "error unknown: it is a formula",
    "counted": "exact",
}
"""What is said of values without figures, by their source; of all others, that nothing is
predicted."""
_NOT_PREDICTED = "not predicted, so there is no model to be wrong"


def write_report(data: ReportData, path: Path) -> None:
    """Write the report as one HTML file, whole or not at all.

    Raises:
        ArchitectureError: A string of the front is no architecture of the space.
        StorageError: ``path`` cannot be written.
    """
    write_text(path, render_report(data))


def render_report(data: ReportData) -> str:
    """The report as one HTML page that needs nothing but a browser.

    Raises:
        ArchitectureError: A string of the front is no architecture of the space.
    """
    is_empty = len(data.front) == 0
    rests_on = basis(data.front.columns, data.space)
    objectives = ", ".join(spec.title for spec in data.front.objectives)
    return page(
        "template.html",
        SCRIPTS,
        payload(data),
        title=html.escape(data.title),
        summary=html.escape(_summary(data, objectives)),
        pick=html.escape(_pick(data.selection)),
        why=html.escape(_why(data.selection)),
        kept=html.escape(_kept(data)),
        facts=facts(data.facts),
        notes=items(data.notes),
        provenance=_provenance(data),
        basis=rests_on,
        basis_hidden="" if rests_on else "hidden",
        empty_hidden="" if is_empty else "hidden",
        front_hidden="hidden" if is_empty else "",
        objectives=html.escape(objectives),
        history_hidden="" if data.history else "hidden",
        provenance_hidden="" if data.provenance else "hidden",
        facts_hidden="" if data.facts else "hidden",
    )


def _summary(data: ReportData, objectives: str) -> str:
    n_archs = len(data.front)
    noun = "architecture" if n_archs == 1 else "architectures"
    evaluated = f", of {data.history[-1][0]:,} evaluated" if data.history else ""
    return f"{n_archs:,} {noun} on the front{evaluated} · {objectives}"


def _pick(selection: Selection | None) -> str:
    """Which architecture is picked where nothing is limited, as the page begins."""
    if selection is None:
        return ""
    return f"Pick: row {selection.pick.index + 1:,} of {selection.n_archs:,}"


def _why(selection: Selection | None) -> str:
    """Why that one, what it costs, and which comes next."""
    if selection is None:
        return ""
    if selection.n_archs == 1:
        return "The only architecture on the front."
    why = f"The best {selection.columns[0].title}."
    if selection.n_objectives > 1:
        why = (
            f"The best balance of {selection.n_objectives} objectives that count alike (method "
            f"{selection.method}). {_given_up(selection)}"
        )
    if selection.runner_up is None:
        return why
    return f"{why} Runner-up: row {selection.runner_up.index + 1:,}."


def _given_up(selection: Selection) -> str:
    """How far the pick is behind the best of each objective."""
    behind = [
        f"{spec.title} by {_amount(gap)} {'points' if spec.unit == '%' else spec.unit}".strip()
        for spec in selection.columns[: selection.n_objectives]
        if (gap := selection.gives_up[spec.column]) > 0
    ]
    return f"Behind the best in {', '.join(behind)}." if behind else "The best in every objective."


def _amount(number: float) -> str:
    """Three digits of a number, large ones in thousands and so on as the page's script has them."""
    for least, divisor, suffix in ((1e9, 1e9, " G"), (1e6, 1e6, " M"), (1e4, 1e3, " k")):
        if number >= least:
            return f"{number / divisor:.3g}{suffix}"
    return f"{number:.3g}"


def _kept(data: ReportData) -> str:
    """The limits that the search kept."""
    if not data.limits:
        return ""
    return f"The search kept {', '.join(map(str, data.limits))}."


def _provenance(data: ReportData) -> str:
    titles = {spec.column: spec.title for spec in data.front.columns}
    return "\n".join(
        f'<tr><th scope="row">{html.escape(titles.get(entry.column, entry.column))}'
        f"<small>{html.escape(entry.column)}</small></th>"
        f"<td>{html.escape(_origin(entry.source))}</td>"
        f"<td>{html.escape(entry.detail)}"
        f"<small>{html.escape(short_hashes(entry.origin))}</small></td>"
        f"<td>{html.escape(_error(entry))}</td></tr>"
        for entry in data.provenance
    )


def _origin(source: str) -> str:
    how = _SOURCES.get(source)
    return f"{source} {how}" if how else source


def _error(entry: Provenance) -> str:
    """How wrong a column is, in words: ``held-out: Kendall tau: 0.970``."""
    error = _figures(entry)
    return f"{error}; without skill, ranks no better than chance" if entry.lacks_skill else error


def _figures(entry: Provenance) -> str:
    numbers = {name: known(value) for name, value in entry.figures.items()}
    figures = [_figure(name, value) for name, value in numbers.items() if value is not None]
    if not figures:
        return _NO_FIGURES.get(entry.source, _NOT_PREDICTED)
    return f"{entry.evaluation.replace('_', '-')}: {' · '.join(figures)}"


def _figure(title: str, value: float) -> str:
    """A figure after its name and before its unit: ``within 10 % of the truth: 98.2 %``."""
    name, _, unit = title.partition(", ")
    # Three digits, zeros at the end among them: 0.9997 is 1.00, not 1.
    return f"{name}: {value:#.3g}".rstrip(".") + (f" {unit}" if unit else "")
