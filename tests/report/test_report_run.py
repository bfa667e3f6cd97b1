"""What a run's page is made of: the fronts on its way, its limits, its files."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas.api import compare_runs, load_run, write_report
from hwnas.errors import ConfigError
from hwnas.objectives.indicators import minimised, non_dominated


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> hwnas.Run:
    """100 architectures of FBNet under a limit on what is counted."""
    return hwnas.search(
        "fbnet",
        objectives=["params", "macs"],
        constraints=["params<=3000000"],
        population=20,
        budget=100,
        out=tmp_path_factory.mktemp("report") / "run",
    )


@pytest.fixture(scope="module")
def data(run: hwnas.Run) -> dict[str, Any]:
    page = (run.path / "report.html").read_text(encoding="utf-8")
    text = page.split('id="report-data">', 1)[1].split("</script>", 1)[0]
    found: dict[str, Any] = json.loads(text)
    return found


def test_fronts_on_the_way_are_those_of_the_first_evaluated(
    run: hwnas.Run, data: dict[str, Any]
) -> None:
    told = run.evaluations
    assert [each["n_evaluated"] for each in data["earlier"]] == [
        -(-len(told) // 10),
        -(-len(told) // 2),
    ]
    for each in data["earlier"]:
        first = told.head(each["n_evaluated"])
        values = first.loc[first["feasible"], ["params", "macs"]].to_numpy()
        kept = values[non_dominated(minimised(values, run.front.objectives))]
        assert sorted(map(tuple, each["values"])) == sorted(map(tuple, kept.tolist()))


def test_the_whole_is_the_front(run: hwnas.Run) -> None:
    whole = run.front_after(run.n_evaluated)
    assert whole.archs == run.front.archs
    np.testing.assert_array_equal(whole.values, run.front.values)


def test_limits_pick_and_strips_are_told(run: hwnas.Run, data: dict[str, Any]) -> None:
    assert data["limits"] == [{"column": 0, "relation": "<=", "bound": 3e6}]
    assert data["choice"]["pick"] == hwnas.select(run).pick.index
    assert len(data["strips"]) == len(run.front)
    assert {len(strip) for strip in data["strips"]} == {22}
    assert data["run"] == str(run.path)


def test_the_foot_names_versions_seed_and_the_hash_of_the_front(run: hwnas.Run) -> None:
    page = (run.path / "report.html").read_text(encoding="utf-8")
    foot = " ".join(re.sub(r"<[^>]*>", " ", page.split("<footer>")[1]).split())
    digits = hashlib.sha256((run.path / "front.csv").read_bytes()).hexdigest()[:12]
    assert digits in foot
    assert "Seed 0 Versions" in foot
    assert f"hwnas {run.record.versions['hwnas']}" in foot


def test_a_page_is_not_written_over_what_is_none(run: hwnas.Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("<html>mine</html>")
    with pytest.raises(ConfigError, match=r"mine\.html must be a page of hwnas"):
        write_report(run, mine)
    assert mine.read_text() == "<html>mine</html>"


def test_a_run_is_not_compared_with_itself(run: hwnas.Run) -> None:
    with pytest.raises(ConfigError, match="is named twice"):
        compare_runs(run, load_run(run.path))
