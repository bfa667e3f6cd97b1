"""References are made from the code: every command with its options, every public name."""

from __future__ import annotations

import _generated
import pytest

import hwnas
from hwnas import testing


@pytest.fixture(scope="module")
def command_line() -> str:
    return _generated.command_line()


def test_every_command_and_option_is_in_the_reference(command_line: str) -> None:
    found = {context.command_path: context.command for context in _generated.commands()}
    assert {"hwnas", "hwnas search", "hwnas devices show"} <= set(found)
    parts = dict(
        part.split("\n", 1) for part in command_line.replace("### ", "## ").split("## ")[1:]
    )
    assert set(parts) == set(found)
    for path, command in found.items():
        for parameter in command.params:
            if not parameter.hidden and parameter.param_type_name == "option":
                assert any(name in parts[path] for name in parameter.opts), (path, parameter.opts)


def test_the_reference_is_in_plain_words_of_one_width(command_line: str) -> None:
    assert "nsga2" in command_line
    assert "{least populations}" not in command_line
    assert "\x1b" not in command_line
    assert max(map(len, command_line.splitlines())) <= 100


def test_every_public_name_is_in_the_reference() -> None:
    names, contracts = _generated.public_names(), _generated.contracts()
    # The version is a word.
    public = [name for name in hwnas.__all__ if not isinstance(getattr(hwnas, name), str)]
    assert [name for name in public if f":: hwnas.{name}\n" not in names] == []
    assert [name for name in testing.__all__ if f"testing.{name}\n" not in contracts] == []


def test_every_object_is_found_where_it_is_defined() -> None:
    directives = _generated.objects()
    assert ":: hwnas.core.space.SearchSpace\n" in directives
    assert directives.count(".. autoclass::") == len(_generated.OBJECTS)
