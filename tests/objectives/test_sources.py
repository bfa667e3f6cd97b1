"""A source of values for each objective, and the default one for those that name none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.api import make_objective
from hwnas.api._objectives import objective_name
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError, UnknownNameError
from hwnas.objectives.devices import load_device
from hwnas.tables import import_file, load_table


@pytest.fixture
def own_latency(nasbench201: SearchSpace, tmp_path: Path) -> None:
    """A table of a thousand networks' latency on edgegpu, another's than the predictor's."""
    archs = dict.fromkeys(nasbench201.sample(1000, np.random.default_rng(0)))
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["arch,cifar10_edgegpu_latency_ms", *(f"{a},7" for a in archs)]))
    import_file("mine", path, "nasbench201")


@pytest.mark.usefixtures("own_latency")
def test_one_search_may_have_several_sources(tmp_path: Path) -> None:
    run = hwnas.search(
        "nasbench201",
        device="edgegpu",
        objectives=["accuracy", "latency:table", "energy"],
        population=8,
        generations=2,
        out=tmp_path / "run",
    )
    sources = {spec.column: spec.source for spec in run.record.columns}
    assert sources["accuracy_pct@validation"] == sources["energy_mj"] == "predicted"
    assert sources["latency_ms"] == "tabulated"
    assert tuple(run.config["objectives"]) == ("accuracy", "latency:table", "energy")
    assert set(run.front.values[:, 1]) == {7.0}


@pytest.mark.usefixtures("own_latency")
def test_the_default_source_is_for_those_that_name_none(nasbench201: SearchSpace) -> None:
    device = load_device("edgegpu")
    assert make_objective(nasbench201, "latency", device, "table").spec.source == "tabulated"
    named = make_objective(nasbench201, "latency:predictor", device, "table")
    assert named.spec.source == "predicted"


@pytest.mark.usefixtures("own_latency")
def test_predict_takes_sources_too() -> None:
    table = load_table("mine")
    frame = hwnas.predict(
        "nasbench201", table.archs[:2], "edgegpu", None, ["latency:table", "energy"]
    )
    assert frame["latency_ms_source"].tolist() == ["tabulated"] * 2
    assert frame["energy_mj_source"].tolist() == ["predicted"] * 2


def test_energy_that_names_its_source_is_not_estimated_from_a_power(
    nasbench201: SearchSpace,
) -> None:
    device = load_device("edgegpu")
    assert make_objective(nasbench201, "energy", device, power_w=5.0).spec.source == "estimated"
    named = make_objective(nasbench201, "energy:predictor", device, power_w=5.0)
    assert named.spec.source == "predicted"


def test_a_count_that_names_a_table_is_looked_up(nasbench201: SearchSpace) -> None:
    assert make_objective(nasbench201, "params", source="table").spec.source == "counted"
    with pytest.raises((TableError, LookupError, ValueError), match="params"):
        make_objective(nasbench201, "params:table")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("latency_ms:table", "latency:table"),
        (" latency_ms@batch=32:predictor ", "latency@batch32:predictor"),
        ("accuracy", "accuracy"),
    ],
)
def test_an_objective_is_recorded_in_one_form(text: str, name: str) -> None:
    assert objective_name(text) == name


@pytest.mark.parametrize("text", ["latency:tabel", "latency:"])
def test_unknown_source_is_refused(text: str) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown source of values '(tabel|)'"):
        objective_name(text)
