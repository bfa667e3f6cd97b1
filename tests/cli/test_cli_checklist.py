"""``hwnas checklist``, as a user types it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import hwnas
from hwnas.cli import main

Type = Callable[..., str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two algorithms, one of them under two seeds."""
    folder = tmp_path_factory.mktemp("runs")
    for name, algorithm, seed in (("a", "nsga2", 0), ("b", "nsga2", 1), ("c", "random", 0)):
        hwnas.search(
            "nasbench201", objectives=["params", "macs"], algorithm=algorithm, seed=seed,
            population=8, budget=24, out=folder / name,
        )  # fmt: skip
    return [str(folder / name) for name in "abc"]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.setenv("COLUMNS", "80")

    def type_words(*words: str) -> str:
        with pytest.raises(SystemExit, match="0"):
            main(list(words))
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return type_words


def test_twelve_rows_fit_a_terminal(type_: Type, runs: list[str]) -> None:
    lines = type_("checklist", *runs).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines == [line.rstrip() for line in lines]
    heads = [line for line in lines if re.match(r"[ 1]\d  (yes|partly|no) ", line)]
    assert [int(line[:2]) for line in heads] == list(range(1, 13))
    assert "1 run of random, 24 evaluations at least." in " ".join(lines)


def test_json_has_the_rows_and_the_runs(type_: Type, runs: list[str]) -> None:
    told = json.loads(type_("checklist", *runs, "--json"))
    assert told["runs"] == runs
    by_number = {row["number"]: row for row in told["rows"]}
    assert len(by_number) == 12
    assert by_number[7]["answer"] == "yes"
    assert "4,929 functional classes" in by_number[1]["evidence"]
    assert "population 8" in by_number[11]["evidence"]
    assert " s a run" in by_number[12]["evidence"]


def test_markdown_is_a_table_of_twelve_rows(type_: Type, runs: list[str]) -> None:
    lines = type_("checklist", *runs, "--markdown").splitlines()
    assert len(lines) == 14
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {5}


def test_many_runs_are_a_table_a_page_and_a_picture(
    type_: Type, runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = type_("report", *runs, "--png", "curves.png").splitlines()
    assert lines[0].split() == [
        "Setting", "Runs", "Evaluations", "Gap", "after", "24", "to", "5", "%", "to", "1", "%",
        "to", "0.5", "%",
    ]  # fmt: skip
    assert lines[1].split()[:3] == ["nsga2", "2", "24"]
    assert lines[2].split()[:3] == ["random", "1", "24"]
    assert lines[-2:] == ["Report  comparison.html", "Picture curves.png"]
    assert "3 runs of 2 settings" in Path("comparison.html").read_text(encoding="utf-8")
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
