"""``hwnas explain``, as a user types it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from made_up import shipped_predictor

import hwnas
from hwnas.cli import main

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types ``hwnas explain`` on a terminal of 80 columns: status, output, errors."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(["explain", *words])
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, *capsys.readouterr()

    return typed


def rows_under(out: str, heading: str) -> list[list[str]]:
    """Words of the lines from a heading to the next empty line."""
    lines = [line.split() for line in out.splitlines()]
    start = next(at for at, line in enumerate(lines) if " ".join(line).startswith(heading))
    end = next(at for at in range(start, len(lines)) if not lines[at])
    return lines[start + 1 : end]


def tables_of(out: str) -> list[str]:
    """Lines of the tables; what is not known is said below, in lines that a terminal wraps."""
    return [line.rstrip() for line in out.partition("Not known:")[0].splitlines()]


def test_one_predictor_gets_numbers_and_bars(type_: Type) -> None:
    status, out, err = type_("--target", "latency", "--device", "edgegpu", "--top", "3")
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "latency of edgegpu on nasbench201 (cifar10)"
    card = shipped_predictor("nasbench201", "cifar10", "edgegpu.latency").card
    tau = card.evaluation.figures["kendall_tau"]
    # A fifth of all 4,929, which the model that was measured has not seen.
    assert f"Kendall tau of {tau:.3f} on 500 unseen classes" in out
    assert max(map(len, tables_of(out))) <= 80
    sets = rows_under(out, "Sets of features")
    frame = hwnas.explain("nasbench201", "latency", device="edgegpu")
    expected = frame[frame.level == "set"]
    assert [row[0] for row in sets] == list(expected.name)
    assert [row[1] for row in sets] == [f"{drop:.3f}" for drop in expected.tau_drop]
    bars = [row[4] if len(row) > 4 else "" for row in sets]
    # The largest of all has the longest bar, the others as their share of it.
    longest = max(expected.tau_drop)
    assert [len(bar) for bar in bars] == [round(20 * d / longest) for d in expected.tau_drop]
    assert len(rows_under(out, "Parts of sets")) == 3


def test_every_name_shown_is_explained(type_: Type) -> None:
    _, out, _ = type_("--target", "latency", "--device", "edgegpu")
    legend = out[out.index("(GRAF)") :]
    for row in rows_under(out, "Parts of sets"):
        assert row[0] in legend or row[2] == "(one_hot)"
    assert "not what causes the value" in " ".join(out.split())


def test_devices_stand_beside_each_other(type_: Type) -> None:
    status, out, _ = type_("--target", "latency", "--top", "2")
    heading = next(line for line in out.splitlines() if "edgetpu" in line)
    assert status == 0
    frame = hwnas.explain("nasbench201", "latency")
    devices = set(frame.device)
    headings = [line.split() for line in out.splitlines() if devices & set(line.split())]
    shown = [name for names in headings for name in names]
    assert shown == sorted(devices)
    assert heading.split()[:2] == shown[:2]
    assert max(map(len, tables_of(out))) <= 80
    counts = next(row for row in rows_under(out, "Sets of features") if row[0] == "counts")
    expected = frame[(frame.level == "set") & (frame.name == "counts")]
    assert counts[1:] == [f"{drop:.3f}" for drop in expected.tau_drop][: len(counts) - 1]


def test_targets_stand_beside_each_other(type_: Type) -> None:
    _, out, _ = type_("--target", "accuracy,robustness,latency", "--device", "edgegpu")
    title = "accuracy@validation, robustness@apgd-ce-eps1, latency of edgegpu on nasbench"
    assert " ".join(out.split()).startswith(title)
    headings = [line.split() for line in out.splitlines()]
    place = headings.index(["accuracy", "robustness"])
    assert headings[place + 1] == ["@validation", "@apgd-ce-eps1", "latency"]


def test_columns_that_do_not_fit_go_below(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "55")
    _, out, _ = type_("--target", "latency", "--top", "1")
    assert max(map(len, tables_of(out))) <= 55
    devices = [word for line in out.splitlines() for word in line.split() if word == "raspi4"]
    assert len(devices) == 1
    assert sum(line.startswith("Kendall tau") for line in out.splitlines()) > 1


def test_what_cannot_be_measured_is_said_below_the_rest(type_: Type) -> None:
    _, out, _ = type_("--space", "mnasnet", "--target", "latency", "--top", "1")
    assert "Not known: latency of eyeriss on mnasnet (imagenet) is extrapolated from" in out


def test_json_is_strict_and_has_everything(type_: Type) -> None:
    status, out, err = type_("--space", "mnasnet", "--target", "latency", "--top", "2", "--json")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    records = {each["device"]: each for each in json.loads(out, parse_constant=refuse)}
    assert (status, err) == (0, "")
    measured = records["zcu102"]
    # A fifth of 5,123.
    assert measured["n_classes"] == 500
    assert measured["not_known"] is None
    levels = [each["level"] for each in measured["importances"]]
    assert (levels.count("kind"), levels.count("feature")) == (2, 2)
    assert measured["importances"][0]["tau_drop"] > 0.5
    extrapolated = records["eyeriss"]
    assert extrapolated["importances"] == []
    assert extrapolated["kendall_tau"] is None
    assert "is extrapolated from fbnet" in extrapolated["not_known"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Missing option '--target'."),
        (("--target", ""), "Unknown quantity ''."),
        (("--target", "latancy"), "Unknown quantity 'latancy'. Did you mean 'latency'?"),
        (("--target", "macs"), "macs is counted exactly, not predicted;"),
        (("--target", "latency", "--device", "edgegpuu"), "Unknown device 'edgegpuu'. Did you"),
        (("--target", "latency", "--space", "nasbench20l"), "Unknown search space 'nasbench20l'."),
        (("--target", "latency", "--dataset", "cifar1000"), "Unknown dataset 'cifar1000'."),
        (("--target", "latency", "--top", "0"), "Invalid value for '--top'"),
        (("--target", "energy", "--device", "raspi4"), "Device 'raspi4' has no energy data for"),
        (("--target", "throughput"), "No device has a predictor of throughput for nasbench201"),
        (("--target", "accuracy", "--space", "fbnet"), "No accuracy data is known for fbnet on"),
        (
            ("--target", "energy", "--device", "fpga", "--space", "mnasnet"),
            "energy of fpga on mnasnet (imagenet) is extrapolated from nasbench201; there are no",
        ),
    ],
)
def test_mistake_is_told_in_one_line(type_: Type, words: tuple[str, ...], sentence: str) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert err.startswith(f"Error: {sentence}")
    assert err.count("\n") == 1
