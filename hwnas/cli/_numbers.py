"""Numbers among the options: one grammar for all, in which 100k and 1e5 are whole numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_args

import typer

_KINDS = (int, float)
_WHAT = {
    int: "must be a whole number, such as 500, 1e5 or 100k",
    float: "must be a number, such as 2.5 or 1e-3",
}


def use_one_grammar(app: typer.Typer) -> None:
    """Make every option of an app that takes a number read it by the project's grammar.

    In one place, since typer's own reading takes ``1_0`` for 10 and knows no ``1e5``.

    Args:
        app: The app, with those that it holds.
    """
    for command in app.registered_commands:
        if command.callback is not None:
            _read_numbers(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            use_one_grammar(group.typer_instance)


def _read_numbers(function: Callable[..., Any]) -> None:
    # As text, annotations would be made anew whenever they are asked for.
    hints = inspect.get_annotations(function, eval_str=True)
    for hint in hints.values():
        annotated, *about = get_args(hint) or (None,)
        kind = next((each for each in _KINDS if each in (annotated, *get_args(annotated))), None)
        for info in about if kind else ():
            if getattr(info, "parser", True) is None and not getattr(info, "click_type", None):
                info.parser = _reader(kind, info.min, info.max)
                info.min = info.max = None
    function.__annotations__ = hints


def _reader(kind: Any, least: float | None, most: float | None) -> Callable[[Any], Any]:
    """What reads the text of an option as a number of a kind, within bounds if there are any."""

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        from hwnas import api

        number = api.parse_whole(value) if kind is int else api.parse_number(value)
        if number is None:
            advice = api.hint(value, of_things=kind is int)
            raise typer.BadParameter(f"{_WHAT[kind]}; got {api.quoted(value)}{advice}.")
        if (least is not None and number < least) or (most is not None and number > most):
            bound = f"at least {least:g}" if most is None else f"from {least:g} to {most:g}"
            raise typer.BadParameter(f"must be {bound}; got {value}.")
        return number

    # It names the kind in the help.
    read.__name__ = "integer" if kind is int else "float"
    return read
