"""The README keeps its promises: two commands alone in their blocks, short, with few badges."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shown

_README = Path(__file__).resolve().parents[1] / "README.md"
_TRY = "pip install -e . && hwnas search nasbench201 --device edgegpu"
_TEST = 'pip install -c constraints.txt -e ".[all,test]" && pytest'
_MOST_LINES = 220
_MOST_BADGES = 3


@pytest.mark.parametrize("command", [_TRY, _TEST])
def test_readme_gives_the_command_alone_in_a_bash_block(command: str) -> None:
    found = [block.text for block in shown.blocks(_README.read_text(encoding="utf-8"))]
    assert found.count(f"{command}\n") == 1


def test_readme_is_short() -> None:
    text = _README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= _MOST_LINES
    assert len(re.findall(r"!\[[^\]]*\]\(https?://", text)) <= _MOST_BADGES


def test_readmes_picture_and_session_are_of_one_search() -> None:
    picture = (_README.parent / "benchmarks" / "front.svg").read_text(encoding="utf-8")
    drawn = re.search(r"(\d+) architectures on the front, ([\d,]+) evaluated", picture)
    session = " ".join(_README.read_text(encoding="utf-8").split())
    found = re.search(
        r"(\d+) architectures on the Pareto front .*?, from ([\d,]+) evaluated", session
    )
    assert drawn
    assert found
    assert drawn.groups() == found.groups()


def test_readme_shows_a_session_and_a_script_and_then_the_way_to_a_model() -> None:
    ran = [block for block in shown.blocks(_README.read_text("utf-8")) if block.is_run]
    assert [block.language for block in ran] == ["console", *["python"] * 2, "console", "python"]
