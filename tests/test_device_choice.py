"""On which devices limits can be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pytest

import hwnas
from hwnas.api import choose_device, device_choice_record
from hwnas.choose import Choice
from hwnas.cli import main
from hwnas.errors import ConfigError, UnknownNameError

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a command on a terminal of 80 columns: status, output, errors."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(["devices", "choose", *words])
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, *capsys.readouterr()

    return typed


def test_each_device_has_the_most_accurate_that_keeps_the_limits_for_sure() -> None:
    found = choose_device("nasbench201", {"latency": 20}, {"accuracy_pct": 90})
    assert (found.n_archs, found.is_sample) == (4929, False)
    space = hwnas.load_space("nasbench201")
    archs = sorted(
        {str(space.canonical(arch)) for arch in space.sample(400, np.random.default_rng(0))}
    )
    for device in ("edgegpu", "pixel3", "raspi4"):
        rows = hwnas.predict(space, archs, device=device)
        keeps = (rows["latency_ms_upper"] <= 20) & (rows["accuracy_pct@validation_lower"] >= 90)
        if device not in found.selections:
            assert not keeps.any()
            assert re.search("raise |lower ", found.refused[device], re.IGNORECASE)
            continue
        pick = found.selections[device].pick
        assert pick.intervals["latency_ms"][1] <= 20
        assert pick.intervals["accuracy_pct"][0] >= 90
        accuracy = rows["accuracy_pct@validation"]
        assert not (accuracy[keeps] > pick.values["accuracy_pct"]).any()
        own = hwnas.predict(space, [pick.arch], device=device).iloc[0]
        assert pick.values["latency_ms"] == own["latency_ms"]
    order = [
        (-selection.pick.values["accuracy_pct"], name)
        for name, selection in found.selections.items()
    ]
    assert order == sorted(order)
    assert {"edgegpu", "pixel3"} <= found.selections.keys()
    assert "raspi4" in found.refused
    assert "zcu102" in found.unknown
    assert "edgegpu" not in found.unknown


def test_a_tighter_limit_leaves_fewer_devices_and_none_at_last() -> None:
    names = [
        set(choose_device("nasbench_macro", {"energy_mj": bound}).selections)
        for bound in (1e9, 10, 1e-6)
    ]
    assert names[0] == {"edgegpu", "eyeriss", "fpga"}
    assert names[0] > names[1]
    assert names[2] == set()


def test_values_alone_keep_limits_where_that_is_asked() -> None:
    def pick(bound: float, limit_at: str) -> Choice:
        found = choose_device("nasbench201", {"latency": bound}, limit_at=limit_at)
        return found.selections["edgegpu"].pick

    known = pick(5, "interval")
    between = (known.values["latency_ms"] + known.intervals["latency_ms"][1]) / 2
    accuracies = [
        each.values["accuracy_pct"]
        for each in (pick(between, "interval"), known, pick(between, "point"))
    ]
    assert accuracies[0] < accuracies[1] <= accuracies[2]


def test_without_accuracy_the_fastest_is_best() -> None:
    found = choose_device("fbnet", {"latency": 1e6}, sample=50)
    picks = {name: selection.pick for name, selection in found.selections.items()}
    assert list(found.selections["gold_6240"].weights) == ["latency_ms"]
    latencies = [pick.values["latency_ms"] for pick in picks.values()]
    assert latencies == sorted(latencies)


def test_a_space_too_large_to_list_is_sampled() -> None:
    found = choose_device("mnasnet", {"latency": 5}, sample=200, seed=3)
    again = choose_device("mnasnet", {"latency": 5}, sample=200, seed=3)
    assert (found.n_archs, found.is_sample) == (200, True)
    record = device_choice_record(found)
    assert record == device_choice_record(again)
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_devices_are_printed_with_intervals_and_architectures(type_: Type) -> None:
    words = ("--at-least", "accuracy_pct=90", "--at-most", "latency_ms=20")
    status, out, err = type_(*words)
    assert (status, err) == (0, "")
    found = json.loads(type_(*words, "--json")[1])
    first = found["devices"][0]
    ends = first["selection"]["pick"]["values"]["accuracy_pct@validation"]
    row = next(line for line in out.splitlines() if f" {first['device']} " in line)
    assert f"{ends['value']:.4g} ({ends['lower']:.4g} to {ends['upper']:.4g})" in row
    assert first["selection"]["pick"]["arch"] in out
    assert f"{len(found['devices'])} of {len(found['devices']) + len(found['refused'])}" in out
    assert re.search(r"^Cannot: .*raspi4", out, re.MULTILINE)
    assert "Not known: a100" in out


def test_size_and_seed_of_a_sample_are_said(type_: Type) -> None:
    words = ("--space", "mnasnet", "--at-most", "latency=1e4", "--sample", "30", "--seed", "2")
    _, out, _ = type_(*words)
    assert "best architecture of a random sample of 30" in " ".join(out.split())
    expected = choose_device("mnasnet", {"latency": 1e4}, sample=30, seed=2)
    assert expected.selections["zcu102"].pick.arch in out


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({}, ConfigError, "got no limit"),
        ({"at_most": {"params": 1e6}}, ConfigError, "limit what depends on it.*; got params"),
        ({"at_most": {"latncy": 5}}, UnknownNameError, "Did you mean 'latency'"),
        ({"at_most": {"latency": -5}}, ConfigError, "must be a positive number of milliseconds"),
        ({"at_most": {"latency": 5}, "limit_at": "x"}, ConfigError, "from 50% to below 100%"),
    ],
)
def test_what_cannot_be_asked_is_said(settings, error, said: str) -> None:
    with pytest.raises(error, match=said):
        choose_device("nasbench_macro", **settings)


def test_limits_may_be_in_other_units() -> None:
    def picks(limits: dict[str, float]) -> dict[str, Choice]:
        found = choose_device("nasbench_macro", limits).selections
        return {name: selection.pick for name, selection in found.items()}

    mine = picks({"latency_us": 2000, "size_kb": 4000})
    assert mine == picks({"latency_ms": 2, "size_bytes": 4e6})
    assert mine
    assert all(pick.values["size_bytes"] <= 4e6 for pick in mine.values())
    with pytest.raises(ConfigError, match="latency_ms must be given once"):
        choose_device("nasbench_macro", {"latency_ms": 2, "latency_us": 2000})
    with pytest.raises(ConfigError, match="latency_ms must be given once"):
        choose_device("nasbench_macro", {"latency_ms": 2, "latency": 2})


def test_devices_that_cannot_stand_by_how_nearly_they_can() -> None:
    found = choose_device("nasbench_macro", {"latency_ms": 0.001})
    assert not found.selections
    # As each reason says of its own nearest architecture.
    nearest = [
        float(reason.partition(" has ")[2].split()[0].replace(",", ""))
        for reason in found.refused.values()
    ]
    assert nearest == sorted(nearest)


def test_where_none_can_the_nearest_are_told(type_: Type) -> None:
    status, out, err = type_("--space", "nasbench_macro", "--at-most", "latency_ms=0.001")
    assert (status, err) == (1, "")
    assert out.startswith("0 of ")
    assert out.count(": No architecture satisfies latency_ms <= 0.001: the closest") == 3


def test_a_pick_that_may_break_a_limit_is_told(type_: Type) -> None:
    words, doubt = ("--at-most", "latency_ms=4"), "lies inside the pick's 90 % interval on "
    assert doubt not in " ".join(type_(*words)[1].split())
    assert doubt in " ".join(type_(*words, "--limit-at", "point")[1].split())


def test_limits_are_taken_as_a_search_takes_them() -> None:
    options = choose_device("nasbench_macro", {"latency_ms": 2.0}, {"accuracy_pct": 80})
    texts = ["latency_us<=2000", "latency<=3", "accuracy_pct >= 80"]
    assert choose_device("nasbench_macro", constraints=texts).selections == options.selections
    with pytest.raises(ConfigError, match=r"latency_ms <= 2 and latency_ms >= 3 exclude each"):
        choose_device("nasbench_macro", {"latency": 2}, constraints=["latency_ms>=3"])


def test_where_no_device_can_the_command_fails(type_: Type) -> None:
    status, out, err = type_("--space", "nasbench_macro", "--constraint", "latency_us<=1")
    assert (status, err) == (1, "")
    assert out.startswith("0 of ")


def test_where_nothing_but_latency_is_known_a_device_that_cannot_says_how_near_it_comes() -> None:
    choices = choose_device("fbnet", at_most={"latency_ms": 0.5}, sample=50)
    assert not choices.selections
    reasons = choices.refused.values()
    assert reasons
    assert all(why.startswith("No architecture satisfies latency_ms") for why in reasons)
