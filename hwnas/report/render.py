"""The page itself: what is fixed is written here, what moves is drawn by the scripts in ``page``.

Everything from a run is text to the browser. It is escaped where this file writes it and set as
text where a script does, and the page's content security policy runs no script but the two whose
hashes it names and loads nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template

from hwnas._files import write_text
from hwnas.report.basis import basis
from hwnas.report.data import Provenance, ReportData, known, payload

UNKNOWN = "\N{EN DASH}"

# In this order: each may use the constants of those before it.
_SCRIPTS = ("state", "format", "plots", "parallel", "table", "detail", "main")

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
_ERROR_UNKNOWN = {
    "predicted": "error unknown: it was not measured",
    "extrapolated": "error unknown: untested on this space",
}
"""What is said of values without figures, by their source."""


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
    scripts = (_plotly(), _own_script())
    return Template(_page_file("template.html")).substitute(
        policy=html.escape(_policy(*scripts)),
        title=html.escape(data.title),
        style=_page_file("report.css"),
        summary=html.escape(_summary(data)),
        facts=_facts(data.facts),
        notes=_notes(data.notes),
        provenance=_provenance(data),
        basis=rests_on,
        basis_hidden="" if rests_on else "hidden",
        empty_hidden="" if is_empty else "hidden",
        front_hidden="hidden" if is_empty else "",
        objectives=html.escape(", ".join(_objectives(data))),
        history_hidden="" if data.history else "hidden",
        provenance_hidden="" if data.provenance else "hidden",
        data=_json_in_html(payload(data)),
        plotly=scripts[0],
        script=scripts[1],
    )


@cache
def _page_file(name: str) -> str:
    return resources.files("hwnas.report").joinpath("page", name).read_text(encoding="utf-8")


@cache
def _own_script() -> str:
    """The page's own scripts as one, in a scope of their own."""
    return "'use strict'; {\n" + "\n".join(_page_file(f"{name}.js") for name in _SCRIPTS) + "}\n"


@cache
def _plotly() -> str:
    """The plotting library, as plotly's package ships it."""
    return (
        resources.files("plotly")
        .joinpath("package_data", "plotly.min.js")
        .read_text(encoding="utf-8")
    )


@cache
def _policy(*scripts: str) -> str:
    """Content security policy: these scripts, styles of the page, and nothing from outside."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _json_in_html(value: object) -> str:
    """JSON that no HTML parser takes for markup: ``</script>`` and ``<!--`` both begin with <."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _summary(data: ReportData) -> str:
    n_archs = len(data.front)
    noun = "architecture" if n_archs == 1 else "architectures"
    evaluated = f", of {data.history[-1][0]:,} evaluated" if data.history else ""
    return f"{n_archs:,} {noun} on the front{evaluated} · {', '.join(_objectives(data))}"


def _objectives(data: ReportData) -> list[str]:
    return [spec.title for spec in data.front.objectives]


def _facts(facts: Mapping[str, str]) -> str:
    return "\n".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in facts.items()
    )


def _notes(notes: tuple[str, ...]) -> str:
    return "\n".join(f"<li>{html.escape(note)}</li>" for note in notes)


def _provenance(data: ReportData) -> str:
    titles = {spec.column: spec.title for spec in data.front.columns}
    return "\n".join(
        f'<tr><th scope="row">{html.escape(titles.get(entry.column, entry.column))}'
        f"<small>{html.escape(entry.column)}</small></th>"
        f"<td>{html.escape(_origin(entry.source))}</td>"
        f"<td>{html.escape(entry.detail)}</td>"
        f"<td>{html.escape(_error(entry))}</td></tr>"
        for entry in data.provenance
    )


def _origin(source: str) -> str:
    how = _SOURCES.get(source)
    return f"{source} {how}" if how else source


def _error(entry: Provenance) -> str:
    """How wrong a column is, in words: ``predicted, held-out Kendall tau 0.970``."""
    error = _figures(entry)
    return f"{error}; without skill, ranks no better than chance" if entry.lacks_skill else error


def _figures(entry: Provenance) -> str:
    if all(known(value) is None for value in entry.figures.values()):
        return _ERROR_UNKNOWN.get(entry.source, UNKNOWN)
    figures = " · ".join(_figure(name, value) for name, value in entry.figures.items())
    return f"{entry.source}, {entry.evaluation.replace('_', '-')} {figures}"


def _figure(title: str, value: float | None) -> str:
    """A figure after its name and before its unit: ``within 10 % of the truth 98.2 %``."""
    name, _, unit = title.partition(", ")
    number = known(value)
    if number is None:
        return f"{name} {UNKNOWN}"
    # Three digits, zeros at the end among them: 0.9997 is 1.00, not 1.
    return f"{name} {number:#.3g}".rstrip(".") + (f" {unit}" if unit else "")
