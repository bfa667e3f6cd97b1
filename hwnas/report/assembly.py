"""What all pages are put together from: files of ``page``, scripts, policy, data.

Everything from a run is text to the browser. It is escaped where this package writes it and set as
text where a script does, and the page's content security policy runs no script but the two whose
hashes it names and loads nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template

from hwnas._files import check_plain

GENERATOR = '<meta name="generator" content="hwnas">'
_HEAD_BYTES = 4096
"""The generator's name stands within these first bytes of a page."""


def page(template: str, scripts: tuple[str, ...], data: object, **parts: str) -> str:
    """A whole page.

    Args:
        template: Name of its HTML in ``page``.
        scripts: Names of its scripts; each may use the constants of those before it.
        data: What the scripts read, as JSON.
        parts: The rest that the template names, as HTML.
    """
    plotly, own = _plotly(), _own_script(scripts)
    return Template(_page_file(template)).substitute(
        generator=GENERATOR,
        policy=html.escape(_policy(plotly, own)),
        style=_page_file("report.css"),
        data=_json_in_html(data),
        plotly=plotly,
        script=own,
        **parts,
    )


def fragment(template: str, **parts: str) -> str:
    """A part of a page.

    Args:
        template: Name of its HTML in ``page``.
        parts: What the template names, as HTML.
    """
    return Template(_page_file(template)).substitute(parts)


def is_page(path: Path) -> bool:
    """Whether a file is a page that this package wrote, an older version too."""
    try:
        check_plain(path)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    # Pages had no generator's name before they had this style.
    return GENERATOR.encode() in head or (b"<html" in head and b"--accent-soft" in head)


def facts(told: Mapping[str, str]) -> str:
    """Names and values as items of a list of facts."""
    return "\n".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in told.items()
    )


def items(texts: Iterable[str]) -> str:
    """Texts as items of a list."""
    return "\n".join(f"<li>{html.escape(text)}</li>" for text in texts)


@cache
def _page_file(name: str) -> str:
    return resources.files("hwnas.report").joinpath("page", name).read_text(encoding="utf-8")


@cache
def _own_script(names: tuple[str, ...]) -> str:
    """The page's own scripts as one, in a scope of their own."""
    return "'use strict'; {\n" + "\n".join(_page_file(f"{name}.js") for name in names) + "}\n"


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
