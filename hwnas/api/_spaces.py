"""Search spaces: which there are, and one by its name and options in words."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

from hwnas._names import same
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, known_name
from hwnas.spaces import SPACES, load_space


def spaces() -> dict[str, type[SearchSpace]]:
    """All search spaces by name, in alphabetical order."""
    return {name: SPACES[name] for name in SPACES}


def is_space(name: str) -> bool:
    """Whether a name is that of a search space, however it is spelled."""
    return bool(same(name, SPACES))


def spaces_with(text: str) -> list[str]:
    """Names of the search spaces that a string is an architecture of."""
    return [name for name in SPACES if _parses(name, text)]


def _parses(name: str, text: str) -> bool:
    try:
        load_space(name).parse(text)
    except Exception:  # a stranger's space must not keep the others from being found
        return False
    return True


def space_of(
    name: str, dataset: str | None = None, options: Sequence[str] | None = None
) -> SearchSpace:
    """The space that a name, a data set and texts such as ``cells=5`` stand for.

    Raises:
        UnknownNameError: There is no such space or data set.
        ConfigError: The space has no such option, or a text has another form.
    """
    parameters = inspect.signature(SPACES[name]).parameters
    given: dict[str, Any] = {}
    for text in options or ():
        key, equals, value = (part.strip() for part in text.partition("="))
        if not key or not equals:
            raise ConfigError(f"--option must have the form NAME=VALUE, as cells=5; got {text!r}.")
        if key == "dataset":
            raise ConfigError(f"The data set is named with --dataset; got --option {text}.")
        if key in given:
            raise ConfigError(f"--option {key} must be given once; got it twice.")
        given[key] = _value(key, value, parameters)
    return load_space(name, dataset=dataset, **given)


def resolve_space(space: str | SearchSpace, dataset: str | None) -> SearchSpace:
    """A space by its name, or one that was loaded, if it is of that data set."""
    if not isinstance(space, SearchSpace):
        return load_space(space, dataset=dataset)
    if dataset is not None and known_name("dataset", dataset, space.datasets) != space.dataset:
        raise ConfigError(
            f"The space was loaded for {space.dataset}; got dataset={dataset!r} as well. "
            "Give the space's name, or leave dataset out."
        )
    return space


def _value(key: str, text: str, parameters: Mapping[str, inspect.Parameter]) -> Any:
    """The value that a text states: of the type of the option's default, else as JSON has it."""
    default = parameters[key].default if key in parameters else None
    if isinstance(default, str):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    wants_number = isinstance(default, int | float) and not isinstance(default, bool)
    if wants_number and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ConfigError(f"--option {key} must be a number, as {default}; got '{text}'.")
    if type(default) in (int, bool) and type(value) is not type(default):
        kind = "true or false" if type(default) is bool else "a whole number"
        raise ConfigError(f"--option {key} must be {kind}; got '{text}'.")
    return value
