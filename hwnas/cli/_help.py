"""Help pages, all of one kind: options in groups, one style of placeholders, examples.

Capitals stand for what is put in, small letters are typed as they are. Lists of what is registered
are made when a page is shown, since registries take time to load.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from hwnas.cli import _exit

Function = TypeVar("Function", bound=Callable[..., Any])

_PLACE = re.compile(r"\{[a-z ]+\}")
_INDENT = 2
_GAP = 2
_WIDEST_NAME = 26
"""Longer names of options stand on a line of their own."""
_REST = "Options"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

PANELS: Mapping[str, tuple[str, ...]] = {
    "Input": ("raw", "offset_s"),
    "Space and device": (
        "space", "spaces", "dataset", "option", "device", "objectives", "quantity", "quantities",
        "names", "sample", "n_archs", "score_all", "from_space", "to_space",
    ),
    "Limits and preferences": (
        "constraint", "at_most", "at_least", "limit_at", "prefer", "method", "sweep",
        "baseline",
    ),
    "Where values come from": ("source", "power_w", "column", "batch"),
    "Algorithm": ("algorithm", "warm_start", "population", "islands", "migrate", "seed"),
    "When it ends": ("generations", "budget", "time_text", "until_stable"),
    "Backend": (
        "backend", "provider", "tuning_trials", "tracker", "key", "target", "database", "cc",
        "timeout_s", "threads",
    ),
    "Measuring": (
        "batch_size", "input_shape", "precision", "mode", "sustain", "visits", "min_samples",
        "min_seconds", "max_cv", "meter", "window_s", "again",
    ),
    "Output": (
        "table", "out", "resume", "export", "export_onnx", "weights", "force", "quiet", "as_json",
        "as_markdown", "png",
    ),
}  # fmt: skip
"""Groups of options, by the names of their parameters: the same on every page."""


def examples(*lines: str) -> Callable[[Function], Function]:
    """Give a command's function the command lines that its help shows.

    Args:
        lines: Command lines that work, such as ``"hwnas spaces"``.
    """

    def mark(function: Function) -> Function:
        function.__dict__["examples"] = lines
        return function

    return mark


def listing(heading: str, kind: str) -> Callable[[Function], Function]:
    """Give a command's function a list of what is registered, below the options of its help.

    Args:
        heading: Its heading.
        kind: What it lists, as ``hwnas.api.summaries`` has it.
    """

    def mark(function: Function) -> Function:
        function.__dict__["listing"] = heading, kind
        return function

    return mark


def examples_of(command: Any) -> tuple[str, ...]:
    """The command lines that a command's help shows; of a group, the first of each command."""
    children = getattr(command, "commands", {}).values()
    first = [line for child in children for line in examples_of(child)[:1]]
    return tuple(getattr(command.callback, "examples", first))


class Pages(typer.Typer):
    """A tree of commands whose help pages are of the one kind."""

    def __init__(self, **settings: Any) -> None:
        usual: dict[str, Any] = {"cls": Group, "context_settings": _CONTEXT}
        super().__init__(**usual | settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Function], Function]:
        """Register a command."""
        return super().command(name, **{"cls": Command} | settings)


class Command(TyperCommand):
    """A command with such a help page."""

    def collect_usage_pieces(self, _: Any) -> list[str]:
        """Words of the usage line after the command's own."""
        return [*map(_argument, _shown(self, "argument")), "[OPTIONS]"]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        _write_page(self, ctx, formatter)


class Group(TyperGroup):
    """A group of commands with such a help page, which it shows where no command is named."""

    def collect_usage_pieces(self, _: Any) -> list[str]:
        """Words of the usage line after the group's own."""
        return ["COMMAND", "[OPTIONS]"]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words apart; where there are none and one is needed, show the page."""
        if not args and not ctx.resilient_parsing:
            print(ctx.get_help())
            ctx.exit(_exit.USER_ERROR)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        _write_page(self, ctx, formatter)


class Listing(Group):
    """A group that alone does what its command ``list`` does."""

    def collect_usage_pieces(self, _: Any) -> list[str]:
        """Words of the usage line after the group's own."""
        return ["[COMMAND]", "[OPTIONS]"]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words apart; without a command's name they are those of ``list``."""
        is_named = bool(args) and not args[0].startswith("-")
        is_help = bool(args) and args[0] in ctx.help_option_names
        usual = args if is_named or is_help or ctx.resilient_parsing else ["list", *args]
        return super().parse_args(ctx, usual)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page, with the options of ``list``."""
        usual: Any = self.get_command(ctx, "list")
        self.params = [*usual.params]
        super().format_help(ctx, formatter)


def _write_page(command: Any, ctx: Any, formatter: Any) -> None:
    width = formatter.width
    usage = " ".join(command.collect_usage_pieces(ctx))
    _write(formatter, "", _wrapped(f"Usage: {ctx.command_path} {usage}", width, 7))
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        _write(formatter, "", _wrapped(paragraph, width))
    for heading, rows in _sections(command, ctx):
        _write(formatter, heading, _listing(rows, width))
    if found := getattr(command.callback, "listing", None):
        from hwnas import api

        heading, kind = found
        _write(formatter, heading, _listing(api.summaries(kind), width))
    lines = [line for each in examples_of(command) for line in _continued(each, width)]
    _write(formatter, "Examples", lines)
    _write(formatter, "", _wrapped(command.epilog or "", width))


def _sections(command: Any, ctx: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Headings of a page, each with names and what they are for."""
    arguments = [(_argument(each), _told(each, ctx)) for each in _shown(command, "argument")]
    yield "Arguments", arguments
    hints = _hints(command)
    options = [
        (_panel(each), _names(each, hints), _told(each, ctx)) for each in _shown(command, "option")
    ]
    for panel in dict.fromkeys([*PANELS, *(panel for panel, _, _ in options), _REST]):
        rows = [(names, told) for where, names, told in options if where == panel != _REST]
        yield panel, rows
    helping = command.get_help_option(ctx)
    rest = [(names, told) for where, names, told in options if where == _REST]
    yield _REST, [*rest, (", ".join(sorted(helping.opts, key=len)), "Show this page.")]
    children = [
        (_group(each), each)
        for name in getattr(command, "list_commands", lambda _: ())(ctx)
        if not (each := command.get_command(ctx, name)).hidden
    ]
    for panel in dict.fromkeys(panel for panel, _ in children):
        yield (
            panel,
            [
                (str(each.name), inspect.cleandoc(each.help or "").split("\n\n")[0])
                for where, each in children
                if where == panel
            ],
        )


def _shown(command: Any, kind: str) -> list[Any]:
    """Arguments or options of a command that its page shows."""
    return [
        each
        for each in command.params
        if each.param_type_name == kind and not getattr(each, "hidden", False)
    ]


def _panel(option: Any) -> str:
    given = option.rich_help_panel
    found = (panel for panel, names in PANELS.items() if option.name in names)
    return str(given) if isinstance(given, str) else next(found, _REST)


def _group(command: Any) -> str:
    given = command.rich_help_panel
    return given if isinstance(given, str) else "Commands"


def _argument(argument: Any) -> str:
    """An argument as the usage line has it: ``SPACE``, ``[TABLE]``, ``ARCH...``."""
    word = _with_lists(argument.metavar or argument.name.upper().replace("_", "-"))
    many = f"{word}..." if argument.nargs == -1 else word
    return many if argument.required else f"[{many}]"


def _names(option: Any, hints: Mapping[str, Any]) -> str:
    """An option as its page has it: ``--device DEVICE``."""
    names = ", ".join([*sorted(option.opts, key=len), *option.secondary_opts])
    if option.is_flag:
        return names
    return f"{names} {metavar(option, hints)}"


def metavar(option: Any, hints: Mapping[str, Any]) -> str:
    """What stands for an option's value: as given, or by its name and type.

    Args:
        option: The option.
        hints: Types of the parameters of its command's function.
    """
    if option.metavar:
        return _with_lists(option.metavar)
    types = _types(hints.get(option.name, str))
    for suffix, word in (("_s", "SECONDS"), ("_seconds", "SECONDS"), ("_w", "W")):
        if float in types and option.name.endswith(suffix):
            return word
    for kind, word in ((int, "N"), (float, "NUMBER"), (Path, "PATH")):
        if kind in types:
            return word
    return str(max(option.opts, key=len)).rpartition("-")[2].upper()


def _types(hint: Any) -> set[Any]:
    """The types that a hint is made of."""
    return {hint}.union(*map(_types, typing.get_args(hint)))


def _hints(command: Any) -> Mapping[str, Any]:
    if command.callback is None:
        return {}
    # Typer wraps a function; the innermost one may have parameters that are no options.
    function = inspect.unwrap(command.callback, stop=lambda each: hasattr(each, "__signature__"))
    return typing.get_type_hints(function)


def _told(parameter: Any, ctx: Any) -> str:
    """What a parameter is for, and its default."""
    default = parameter.get_default(ctx, call=False)
    is_told = isinstance(default, int | float | str) and default is not False and default != ""
    end = f" [default: {default}]" if is_told and parameter.show_default else ""
    return f"{_with_lists(parameter.help or '')}{end}"


def _with_lists(text: str) -> str:
    """A text with what is registered in place of ``{sources}`` and the like."""

    def listed(place: re.Match[str]) -> str:
        from hwnas import api

        return api.listed(place[0])

    return _PLACE.sub(listed, text)


def _write(formatter: Any, heading: str, lines: Iterable[str]) -> None:
    """Write a section, with an empty line before all but the first; nothing for none."""
    body = list(lines)
    if not any(body):
        return
    if formatter.buffer:
        formatter.write("\n")
    if heading:
        formatter.write(f"{heading}:\n")
    formatter.write("".join(f"{line}\n" for line in body))


def _listing(rows: list[tuple[str, str]], width: int) -> Iterator[str]:
    """Names, and beside them what they are for."""
    shown = [len(name) for name, _ in rows if len(name) <= _WIDEST_NAME]
    start = _INDENT + max(shown, default=_WIDEST_NAME) + _GAP
    for name, told in rows:
        lines = _wrapped(told, width - start)
        if len(name) > start - _INDENT - _GAP:
            yield from _wrapped(" " * _INDENT + name, width, 2 * _INDENT)
        else:
            first = lines.pop(0) if lines else ""
            yield f"{' ' * _INDENT}{name:<{start - _INDENT}}{first}".rstrip()
        yield from (" " * start + line for line in lines)


def _wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Lines of a text that break between words alone."""
    kept = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        " ".join(text.split()),
        max(width, 20),
        initial_indent=kept,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _continued(line: str, width: int) -> list[str]:
    """A command line on as many lines as it needs, each to be continued but the last."""
    lines = [" " * _INDENT]
    for part in re.split(r"(?<= )(?=--)", line):
        # An option and its value stay together.
        if len(lines[-1] + part) > width - 2 and lines[-1].strip():
            lines.append(" " * 3 * _INDENT)
        lines[-1] += part
    return [*(f"{each}\\" for each in lines[:-1]), *lines[-1:]]
