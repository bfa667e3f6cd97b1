"""Operators that a device does not support make architectures infeasible on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.api import choose_device
from hwnas.core.architecture import Architecture
from hwnas.core.device import Device
from hwnas.objectives.devices import load_device

_TOML = """schema = 3
title = "Mine"
kind = "CPU"
source = "a paper"
unsupported = ["channel_shuffle"]
"""


@pytest.fixture(scope="module")
def device() -> Device:
    """A board that cannot shuffle channels, as some blocks of FBNet do."""
    return replace(load_device("raspi4"), unsupported=("channel_shuffle",))


@pytest.fixture(scope="module")
def archs() -> list[Architecture]:
    """One without grouped convolutions, and one with them in a single block."""
    space = hwnas.load_space("fbnet")
    shuffling = np.zeros(len(space.genes), dtype=int)
    shuffling[3] = space.choice_names[3].index("k3_e1_g2")
    return [space.architecture(np.zeros_like(shuffling)), space.architecture(shuffling)]


def test_a_search_finds_only_what_the_device_can_run(device: Device, tmp_path: Path) -> None:
    asked: list[Architecture] = []

    def own(given: Sequence[Architecture]) -> np.ndarray:
        asked.extend(given)
        return np.arange(float(len(given)))

    run = hwnas.search(
        "fbnet", device, objectives=["latency", "macs", own], population=24, generations=2,
        algorithm="nsga2", out=tmp_path / "run",
    )  # fmt: skip
    found = run.evaluations
    can_run = found["unsupported_operators"] == 0
    assert 0 < can_run.sum() < len(found)
    assert set(found["status"][~can_run]) == {"infeasible"}
    assert found["latency_ms"][~can_run].isna().all()
    assert set(map(str, asked)) == set(found["arch"][can_run])
    assert set(run.front.archs) <= set(found["arch"][can_run])
    assert run.record.limits == ("unsupported_operators <= 0",)


def test_a_prediction_counts_them_and_tells_nothing_of_the_device(
    device: Device, archs: list[Architecture]
) -> None:
    rows = hwnas.predict("fbnet", archs, device)
    assert rows["unsupported_operators"].tolist() == [0, 1]
    assert rows["latency_ms"].notna().tolist() == [True, False]
    assert rows["macs"].notna().all()
    assert "unsupported_operators" not in hwnas.predict("fbnet", archs, "raspi4")


def test_a_device_that_supports_nothing_of_a_space_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every reduction of NAS-Bench-201 pools.
    folder = tmp_path / "devices"
    folder.mkdir()
    (folder / "mine.toml").write_text(_TOML.replace("channel_shuffle", "avg_pool"))
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path))
    run = hwnas.search(
        "nasbench201", "mine", objectives=["macs", "params"], population=8, generations=1,
        out=tmp_path / "run",
    )  # fmt: skip
    assert len(run.front) == 0
    assert set(run.evaluations["status"]) == {"infeasible"}


def test_devices_are_chosen_by_what_they_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"latency_ms": 1e6}
    free = choose_device("fbnet", limits, sample=2000).selections["raspi4"]
    described = load_device

    def load(name: str) -> Device:
        unsupported = {"raspi4": ("channel_shuffle",), "eyeriss": ("conv",)}.get(name, ())
        return replace(described(name), unsupported=unsupported)

    monkeypatch.setattr("hwnas.api._device_choice.load_device", load)
    found = choose_device("fbnet", limits, sample=2000)
    bound = found.selections["raspi4"]
    assert bound.n_candidates < free.n_candidates
    rows = hwnas.predict("fbnet", [bound.pick.arch], load("raspi4"))
    assert rows["unsupported_operators"].tolist() == [0]
    assert found.refused["eyeriss"] == (
        "All 2,000 architectures have operators that it does not support: conv."
    )
