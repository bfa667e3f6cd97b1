"""Sphinx's settings for the pages: ``sphinx-build -W --keep-going docs docs/_build``."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from pygments.lexer import RegexLexer, bygroups
from pygments.token import Generic, Text

sys.path.insert(0, str(Path(__file__).parent))
from _generated import GENERATED

project = "hwnas"
author = "the hwnas authors"
project_copyright = "Apache-2.0"
release = version = installed_version("hwnas")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 80
add_module_names = False
toc_object_entries_show_parents = "hide"

# Options begin with two hyphens, which are no dash.
smartquotes = False

html_theme = "furo"
html_title = "hwnas"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "default"
pygments_dark_style = "native"


class TerminalLexer(RegexLexer):  # type: ignore[misc]
    """A terminal in which ``$`` alone prompts: outputs hold words that look like other prompts."""

    name = "Terminal"
    tokens: ClassVar = {
        "root": [
            (r"(\$ )(.*\\\n(?:.*\\\n)*.*\n)", bygroups(Generic.Prompt, Generic.Strong)),
            (r"(\$ )(.*\n?)", bygroups(Generic.Prompt, Generic.Strong)),
            (r".*\n", Text),
        ]
    }


def _fill_in(_app: Any, name: str, source: list[str]) -> None:
    """Write what is made from the code in its place."""
    if name in GENERATED:
        source[0] += GENERATED[name]()


def _join_with_dashes(_app: Any, page: nodes.document, _name: str) -> None:
    """Autodoc writes two hyphens between a parameter and what it is."""
    for text in list(page.findall(nodes.Text)):
        if text.astext() == " -- ":
            text.parent.replace(text, nodes.Text(" \u2013 "))


def setup(app: Any) -> None:
    """Join Sphinx's reading of pages."""
    app.connect("source-read", _fill_in)
    app.connect("doctree-resolved", _join_with_dashes)
    app.add_lexer("console", TerminalLexer)
