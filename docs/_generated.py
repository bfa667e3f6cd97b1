"""Parts of the pages that are made from the code: every command, and every public name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

_PLACE = re.compile(r"\{[a-z ]+\}")
"""What a help text has where a list is filled in."""
_MARKUP = re.compile(r"\[/?(?:bold|dim|italic|cyan|green|red|yellow)\]")
_NO_BRACES = str.maketrans("", "", "{}")
_CALL = re.compile(r"\s*(?:\$ )?hwnas ")


def commands(command: Any = None, path: str = "hwnas") -> Iterator[tuple[str, Any]]:
    """Every command that is not hidden, with the words that call it, groups before their own.

    Args:
        command: Where to begin; the whole command line by default.
        path: Words that call it.
    """
    if command is None:
        from typer.main import get_command

        from hwnas.cli._app import app

        command = get_command(app)
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        if not each.hidden:
            yield from commands(each, f"{path} {name}")


def command_line() -> str:
    """The reference of the command line as Markdown."""
    return "\n\n".join(_command(path, each) for path, each in commands())


def _command(path: str, command: Any) -> str:
    context = command.make_context(path, [], resilient_parsing=True)
    parts = [f"## {path}" if path.count(" ") < 2 else f"### {path}", _prose(command.help)]
    if not hasattr(command, "commands"):
        usage = " ".join([path, *command.collect_usage_pieces(context)])
        parts.append(f"```text\n{usage.translate(_NO_BRACES)}\n```")
    parts += _panels(command.params, context)
    parts.append(_prose(command.epilog))
    return "\n\n".join(part for part in parts if part)


def _panels(parameters: Iterable[Any], context: Any) -> Iterator[str]:
    """Definitions of arguments and options, each group of options under its title."""
    panels: dict[str, list[str]] = {}
    for parameter in parameters:
        said = parameter.get_help_record(context)
        if said is None:
            continue
        names, text = (_filled(part) for part in said)
        title = getattr(parameter, "rich_help_panel", None)
        panel = panels.setdefault(title if isinstance(title, str) else "", [])
        panel.append(f"`{names}`\n: {_escaped(' '.join(text.split())) or 'No help.'}")
    for title, definitions in panels.items():
        if title:
            yield f"**{title}**"
        yield "\n\n".join(definitions)


def _prose(text: str | None) -> str:
    """A help text as Markdown: its lines that call ``hwnas`` are code."""
    lines = inspect.cleandoc(_filled(text or "")).splitlines()
    found: list[str] = []
    for is_code, some in groupby(lines, lambda line: bool(_CALL.match(line))):
        part = "\n".join(line.strip() for line in some)
        found.append(f"```text\n{part}\n```" if is_code else _escaped(part))
    return "\n\n".join(found).strip()


def _filled(text: str) -> str:
    """A text with its lists in place and without markup for terminals."""
    from hwnas import api

    text = _PLACE.sub(lambda place: api.listed(place[0]), text)
    return _MARKUP.sub("", text.replace("\b\n", "\n"))


def _escaped(text: str) -> str:
    """A text in which nothing is read as Markdown or HTML."""
    return re.sub(r"([<>*|\\_#`])", r"\\\1", text)


def public_names() -> str:
    """Functions, classes and modules of ``hwnas`` as autodoc's directives, functions first."""
    import hwnas

    kinds: dict[str, list[str]] = {"function": [], "class": [], "exception": []}
    for name in hwnas.__all__:
        each = getattr(hwnas, name)
        if inspect.ismodule(each) or not callable(each):
            continue
        if not inspect.isclass(each):
            kinds["function"].append(name)
        elif issubclass(each, BaseException):
            kinds["exception"].append(name)
        else:
            kinds["class"].append(name)
    lines = [
        _directive(f"auto{kind}", f"hwnas.{name}")
        for kind, names in kinds.items()
        for name in names
    ]
    return "\n\n".join(lines)


def contracts() -> str:
    """The functions of ``hwnas.testing`` as autodoc's directives."""
    from hwnas import testing

    names = [f"hwnas.testing.{name}" for name in testing.__all__]
    return "\n\n".join(_directive("autofunction", name) for name in names)


def _directive(kind: str, name: str) -> str:
    members = "\n   :members:" if kind == "autoclass" else ""
    return f"```{{eval-rst}}\n.. {kind}:: {name}{members}\n```"


GENERATED: Mapping[str, Callable[[], str]] = {
    "reference/cli": command_line,
    "reference/api": public_names,
    "reference/testing": contracts,
}
"""What follows the text of a page, by the page's name."""
