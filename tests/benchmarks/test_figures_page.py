"""Figures stand in results alone: the page and the README's ranges are rendered from them."""

from __future__ import annotations

from pathlib import Path

import page
import predictor_cards
import pytest
from _environment import RESULTS, provenance, read_results

_AGAIN = "make it again with: python benchmarks/page.py"
_RECORDS = sorted(RESULTS.glob("*.json"))


def test_page_of_figures_is_what_the_results_say() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), _AGAIN


def test_readmes_ranges_are_what_the_results_say() -> None:
    readme = page.README.read_text(encoding="utf-8")
    assert "| Kendall tau |" in readme
    assert page.with_ranges(readme) == readme, _AGAIN


def test_ranges_that_drift_are_written_again() -> None:
    readme = page.README.read_text(encoding="utf-8")
    assert page.with_ranges(readme.replace("| 0.", "| 1.")) == readme


def test_every_result_has_a_section() -> None:
    sections = {name for part in page.PARTS.values() for name in part}
    assert {path.stem for path in _RECORDS} <= sections


@pytest.mark.parametrize("path", _RECORDS, ids=[path.stem for path in _RECORDS])
def test_a_result_says_where_it_comes_from(path: Path) -> None:
    record = read_results(path)
    assert bool(record["commit"]) != bool(record.get("source"))
    assert "versions: " in "\n".join(record["environment"])
    assert provenance(record).startswith(("*Commit `", "*No commit kept; README at commit "))


def test_scripts_of_the_page_exist() -> None:
    scripts = {
        section.script.split()[0]
        for part in page.PARTS.values()
        for section in part.values()
        if section.script
    }
    assert [name for name in scripts if not (page.PAGE.parent / name).is_file()] == []


def test_figures_of_predictors_are_those_of_the_cards_that_ship() -> None:
    record = read_results(RESULTS / "predictor_cards.json")
    assert record["predictors"] == predictor_cards.shipped_figures()
    assert record["extrapolated"] == predictor_cards.extrapolated_figures()
