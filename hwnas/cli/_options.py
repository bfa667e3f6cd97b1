"""``--option NAME=VALUE``: options of a search space, as text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def parse_options(texts: Iterable[str]) -> dict[str, Any]:
    """Options by name; a value is a number, ``true`` or ``false`` where it reads as one, else text.

    Raises:
        ConfigError: A text has another form, or a name is given twice.
    """
    from hwnas.errors import ConfigError

    options: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise ConfigError(f"--option must have the form NAME=VALUE; got '{text}'.")
        if name in options:
            raise ConfigError(f"--option {name} must be given once; got it twice.")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options
