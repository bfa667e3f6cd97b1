"""Devices: those that a file describes, and those that a table or a predictor names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up import linear_predictor

import hwnas
from hwnas._resources import cache_dir
from hwnas.core.device import described_names
from hwnas.core.space import SearchSpace
from hwnas.errors import UnknownNameError
from hwnas.features import feature_names
from hwnas.fitting.columns import write_predictor
from hwnas.objectives.devices import device_names, load_device
from hwnas.tables import import_file


@pytest.fixture
def myboard(nasbench201: SearchSpace, tmp_path: Path) -> str:
    """A board that the user's own table names and no file describes."""
    archs = nasbench201.sample(3, np.random.default_rng(0))
    rows = [f"{arch},{value}" for value, arch in enumerate(dict.fromkeys(archs), start=1)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["arch,cifar10_myboard_latency_ms", *rows]))
    import_file("mine", path, "nasbench201")
    return "myboard"


def test_a_device_that_a_table_names_is_a_device(myboard: str) -> None:
    device = hwnas.load_device(myboard)
    assert (device.name, device.title, device.kind) == (myboard, myboard, "unknown")
    assert device.source == "table mine"
    assert device_names() == sorted([*described_names(), myboard])


def test_a_search_for_it_runs(myboard: str, tmp_path: Path) -> None:
    run = hwnas.search(
        "nasbench201",
        device=myboard,
        objectives=["params", "latency:table"],
        population=8,
        generations=2,
        out=tmp_path / "run",
    )
    assert run.config["device"] == myboard


def test_a_device_that_a_predictor_names_is_a_device(nasbench201: SearchSpace) -> None:
    weights = np.ones(len(feature_names(nasbench201, ("ordinal",))))
    fitted = linear_predictor(
        nasbench201, ("ordinal",), weights, quantity="latency", device="lent_board"
    )
    write_predictor(cache_dir() / "artifacts", fitted)
    assert load_device("lent_board").source == "a predictor fitted on table mine"
    assert "lent_board" in device_names()


def test_unknown_device_is_refused_with_a_guess(myboard: str) -> None:
    assert myboard in device_names()
    with pytest.raises(UnknownNameError, match=r"Unknown device 'mybord'\. Did you mean 'myboard"):
        load_device("mybord")
