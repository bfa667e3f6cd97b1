"""``hwnas report``, as a user types it: the page of one run, and of two."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import hwnas
from hwnas.cli import main
from tests.cli.mistakes import Mistake

Type = Callable[..., str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs ``a`` and ``b`` that can be compared, and ``c``, which cannot with them."""
    folder = tmp_path_factory.mktemp("runs")
    settings = {"population": 8, "generations": 3}
    for name, seed in (("a", 0), ("b", 1)):
        hwnas.search(
            "nasbench201", objectives=["params", "macs"], seed=seed, out=folder / name, **settings
        )
    hwnas.search("fbnet", objectives=["params"], out=folder / "c", **settings)
    return folder


@pytest.fixture
def type_(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    runs: Path,
) -> Type:
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def type_words(*words: str) -> str:
        with pytest.raises(SystemExit, match="0"):
            main(["report", *words])
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return type_words


def test_the_page_of_a_run_is_written_anew(type_: Type) -> None:
    before = Path("a/report.html").read_text()
    Path("a/report.html").unlink()
    assert type_("a") == "Report  a/report.html\n"
    # The run is named as it was typed, and the rest is the same.
    after = Path("a/report.html").read_text()
    assert '"run":"a"' in after
    assert len(after) == pytest.approx(len(before), abs=400)


def test_the_page_may_be_written_elsewhere_and_over_an_older_one(type_: Type) -> None:
    for _ in range(2):
        assert type_("a", "--out", "pages/a.html") == "Report  pages/a.html\n"
    assert Path("pages/a.html").read_text().startswith("<!DOCTYPE html>")


def test_two_runs_are_compared_in_words_and_on_a_page(type_: Type) -> None:
    lines = type_("a", "b").splitlines()
    assert lines[:2] == ["A: a", "B: b"]
    assert "hypervolume" in lines[2]
    assert lines[-1] == "Report  comparison.html"
    page = Path("comparison.html").read_text()
    assert "A: a and B: b" in page
    assert lines[2] in page


def test_runs_of_other_objectives_are_not_compared(type_: Type, mistake: Mistake) -> None:
    del type_  # it laid the runs out
    message = "Two runs must have the same objectives to be compared; a has params, macs, c has"
    assert message in mistake("report", "a", "c")
