"""Parts of the pages that are made from the code: every command, and every public name."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

OBJECTS = (
    "Front", "Selection", "Choice", "Comparison", "Card", "Evaluation", "SearchSpace",
    "GraphBuilder", "Device", "ObjectiveSpec", "Limit", "Quantity", "Target",
)  # fmt: skip
"""Classes that the API takes and returns, beside those that have public names."""
_ROOT = Path(__file__).resolve().parents[1]
_LAYERS = re.compile(r"(?<=<!-- layers -->\n).*?(?=<!-- end of layers -->)", re.DOTALL)
_WIDTH = 88
"""Columns of help pages."""


def commands(command: Any = None, path: str = "hwnas", parent: Any = None) -> Iterator[Any]:
    """Contexts of every command that is not hidden, a group before its own.

    Args:
        command: Where to begin; the whole command line by default.
        path: Words that call it.
        parent: Context of the group that it is in.
    """
    if command is None:
        from typer.main import get_command

        from hwnas.cli._app import app

        command = get_command(app)
    context = command.make_context(path, [], parent=parent, resilient_parsing=True)
    yield context
    for name, each in getattr(command, "commands", {}).items():
        if not each.hidden:
            yield from commands(each, name, context)


def command_line() -> str:
    """The reference of the command line as Markdown: the help pages."""
    parts = []
    for context in commands():
        context.terminal_width = _WIDTH
        path = context.command_path
        mark = "##" if path.count(" ") < 2 else "###"
        parts.append(f"{mark} {path}\n\n```text\n{context.get_help().strip()}\n```")
    return "\n\n".join(parts)


def with_layers(design: str) -> str:
    """The text of the page on the design, with the layers as ``pyproject.toml`` has them."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["id"] == "layers"]
    block = "".join(f"{layer}\n" for layer in layers)
    return _LAYERS.sub(lambda _: f"```text\n{block}```\n", design)


def public_names() -> str:
    """Functions, classes and modules of ``hwnas`` as autodoc's directives, functions first."""
    import hwnas

    kinds: dict[str, list[str]] = {"function": [], "class": [], "exception": [], "module": []}
    for name in hwnas.__all__:
        each = getattr(hwnas, name)
        if inspect.ismodule(each):
            kinds["module"].append(name)
        elif not callable(each):
            continue
        elif not inspect.isclass(each):
            kinds["function"].append(name)
        elif issubclass(each, BaseException):
            kinds["exception"].append(name)
        else:
            kinds["class"].append(name)
    parts = []
    for kind, names in kinds.items():
        for name in names:
            heading = f"## hwnas.{name}\n\n" if kind == "module" else ""
            parts.append(f"{heading}{_directive(f'auto{kind}', f'hwnas.{name}')}")
    return "\n\n".join(parts)


def objects() -> str:
    """Classes that the API takes and returns, as autodoc's directives."""
    return "\n\n".join(_directive("autoclass", _home(name)) for name in OBJECTS)


def _home(name: str) -> str:
    """Where a class is defined, by its name: found where the API uses it."""
    from hwnas.api import search, select

    # A public function is loaded with what it uses when it is first read.
    assert callable(search)
    assert callable(select)
    homes = {
        f"{each.__module__}.{name}"
        for module in list(sys.modules.values())
        if module.__name__.startswith("hwnas.") and inspect.isclass(each := vars(module).get(name))
    }
    if len(homes) != 1:
        raise LookupError(f"One class must be called {name}; found {sorted(homes)}.")
    return homes.pop()


def contracts() -> str:
    """The functions of ``hwnas.testing`` as autodoc's directives."""
    from hwnas import testing

    names = [f"hwnas.testing.{name}" for name in testing.__all__]
    return "\n\n".join(_directive("autofunction", name) for name in names)


def _directive(kind: str, name: str) -> str:
    members = "\n   :members:" if kind in ("autoclass", "automodule") else ""
    return f"```{{eval-rst}}\n.. {kind}:: {name}{members}\n```"


GENERATED: Mapping[str, Callable[[], str]] = {
    "reference/cli": command_line,
    "reference/api": public_names,
    "reference/objects": objects,
    "reference/testing": contracts,
}
"""What follows the text of a page, by the page's name."""
