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
    found = list(_generated.commands())
    assert len(found) > 15
    for path, command in found:
        assert f"# {path}\n" in command_line
        start = command_line.index(f"# {path}\n")
        part = command_line[start : command_line.find("\n## ", start)]
        for parameter in command.params:
            if not parameter.hidden and parameter.param_type_name == "option":
                assert any(name in part for name in parameter.opts), f"{path} {parameter.opts}"


def test_the_reference_fills_in_lists_and_leaves_no_markup(command_line: str) -> None:
    assert "nsga2" in command_line
    assert "{algorithms}" not in command_line
    assert "[bold]" not in command_line


def test_every_public_name_is_in_the_reference() -> None:
    names, contracts = _generated.public_names(), _generated.contracts()
    modules = {"features", "proxies"}
    assert {name for name in hwnas.__all__ if f":: hwnas.{name}" not in names} == modules
    assert [name for name in testing.__all__ if f"testing.{name}" not in contracts] == []
