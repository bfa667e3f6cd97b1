"""Figures stand in results alone: the page and the README's ranges are rendered from them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import page
import predictor_cards
import pytest
from _environment import RESULTS, provenance, read_results
from _sections_checklist import checklist

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


def _kept(seeds: int, gap: float | None, commit: str) -> dict[str, Any]:
    return {
        "seeds": list(range(seeds)),
        "gap_pct": {"50": [gap] * seeds},
        "commits": [commit],
        "environments": ["machine; versions"],
    }


def _answers(algorithms: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Answers of the checklist's rows by their numbers, each with its evidence."""
    told = checklist({"budgets": [50], "devices": {"d": {"algorithms": algorithms}}})
    return dict(re.findall(r"^\| (\d+) \| [^|]+ \| (.*) \|$", told, re.MULTILINE))


def test_checklist_answers_by_the_runs_that_are_kept() -> None:
    same = _answers({"surrogate": _kept(10, 1.0, "a"), "random": _kept(10, 2.0, "a")})
    assert len(same) == 12
    assert same["5"] == "yes | 50 evaluations each."
    assert same["7"] == "yes | On d."
    assert same["8"] == "yes | 10 seeds each."
    assert same["10"].startswith("yes | Commits: 1; machines and versions: 1.")


def test_checklist_says_what_the_kept_runs_lack() -> None:
    mixed = _answers(
        {
            "surrogate": _kept(10, 1.0, "a"),
            "optuna-gp": _kept(2, None, "b"),
            # It is a bound, and no peer.
            "greedy-oracle": _kept(1, None, "c"),
        }
    )
    assert mixed["5"] == "partly | 50 evaluations each. Not known to the end of: `optuna-gp`."
    assert mixed["7"] == "no | On no device."
    assert mixed["8"] == "partly | 2 to 10 seeds each. Fewer than 5: optuna-gp on d (2)."
    assert mixed["10"].startswith("partly | Commits: 2; machines and versions: 1.")
