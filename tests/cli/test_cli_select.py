"""``hwnas select``, as a user types it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.cli import main


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> hwnas.Run:
    """A finished run for edgegpu."""
    return hwnas.search(
        "nasbench201",
        device="edgegpu",
        objectives=["accuracy", "robustness", "latency"],
        population=40,
        generations=10,
        out=tmp_path_factory.mktemp("select") / "run",
    )


class Terminal:
    """Types a command on a run and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], run: hwnas.Run) -> None:
        self._capsys = capsys
        self._run = run

    def __call__(self, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(["select", str(self._run.path), *words])
        out, err = self._capsys.readouterr()
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, out, err


@pytest.fixture
def type_(
    capsys: pytest.CaptureFixture[str], run: hwnas.Run, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv("COLUMNS", "100")
    return Terminal(capsys, run)


def test_the_pick_is_printed_whole_on_the_first_line(type_: Terminal, run: hwnas.Run) -> None:
    status, out, err = type_()
    assert (status, err) == (0, "")
    assert out.splitlines()[0] in run.front.archs
    assert f"Chosen from {len(run.front)} of {len(run.front)} architectures, by knee." in out
    assert "Runner-up: |" in out


def test_the_pick_keeps_its_limits(type_: Terminal, run: hwnas.Run) -> None:
    bound = float(sorted(run.front.column("latency_ms"))[len(run.front) // 2])
    _, out, _ = type_("--at-most", f"latency_ms={bound}", "--at-least", "accuracy_pct=50", "--json")
    data = json.loads(out)
    latency = run.front.column("latency_ms")[run.front.archs.index(data["pick"]["arch"])]
    assert latency <= bound


def test_json_agrees_with_the_api(type_: Terminal, run: hwnas.Run) -> None:
    status, out, err = type_("--prefer", "accuracy=2,latency=1", "--method", "asf", "--json")
    assert (status, err) == (0, "")
    weights = {"accuracy_pct": 2.0, "latency_ms": 1.0}
    expected = hwnas.select(run, prefer=weights, method="asf")
    assert json.loads(out)["pick"]["arch"] == expected.pick.arch


@pytest.mark.parametrize("method", ["knee", "asf", "pseudo-weights"])
def test_every_method_picks_from_the_front(type_: Terminal, run: hwnas.Run, method: str) -> None:
    prefer = () if method == "knee" else ("--prefer", "accuracy=1,robustness=1,latency=1")
    _, out, _ = type_("--method", method, *prefer)
    assert out.splitlines()[0] in run.front.archs


def test_values_that_are_predicted_say_so(type_: Terminal) -> None:
    _, out, _ = type_()
    line = next(line for line in out.splitlines() if line.startswith("latency_ms"))
    assert "predicted" in line
    assert " to " in line


def test_selecting_changes_nothing(type_: Terminal, run: hwnas.Run) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in run.path.iterdir()}
    type_()
    assert {path.name: path.stat().st_mtime_ns for path in run.path.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at-most", "latency"), "must have the form"),
        (("--at-most", "latency_ms=-1"), "positive"),
        (("--at-most", "latencymz=5"), "Did you mean 'latency_ms'?"),
        (("--method", "kne"), "Did you mean 'knee'?"),
        (("--prefer", "latency_ms=nan"), "must be a finite number"),
        (("--weights", "w.safetensors"), "--weights must come with --export"),
    ],
)
def test_a_mistake_is_one_line(type_: Terminal, words: tuple[str, ...], said: str) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert said in err


def test_a_model_is_exported_with_its_card(type_: Terminal, tmp_path: Path) -> None:
    status, out, _ = type_("--export", str(tmp_path / "model.onnx"))
    assert status == 0
    card = json.loads((tmp_path / "model.onnx.json").read_text())
    assert (tmp_path / "model.onnx").stat().st_size > 0
    assert out.splitlines()[0] in json.dumps(card)
    assert "Train the model, then export it with --weights." in out


def test_the_command_that_exports_the_pick_is_printed(
    type_: Terminal, run: hwnas.Run, tmp_path: Path
) -> None:
    *_, line = type_()[1].splitlines()
    words = shlex.split(line.removeprefix("Next    "))
    assert words[:2] == ["hwnas", "export"]
    assert words[3:] == ["--out", "model.onnx"]
    exported = hwnas.export(words[2], tmp_path / "model.onnx")
    assert exported.arch == hwnas.select(run).pick.arch


def test_a_model_is_exported_without_torch(
    type_: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    status, out, _ = type_("--export", str(tmp_path / "model.onnx"))
    assert status == 0
    assert "Checked by counts and finite outputs alone; torch is not installed.\n" in out


def test_limit_is_kept_by_the_end_of_the_interval(type_: Terminal, run: hwnas.Run) -> None:
    bound = float(np.median(run.front.upper[:, 2]))
    found = {}
    for at in ("interval", "90%", "point"):
        _, out, _ = type_("--at-most", f"latency_ms={bound}", "--limit-at", at, "--json")
        found[at] = json.loads(out)
    assert found["interval"]["pick"]["values"]["latency_ms"]["upper"] <= bound
    assert found["interval"]["limit_probabilities"][0] >= 0.95
    assert found["90%"]["limit_probabilities"][0] >= 0.9
    assert found["point"]["pick"]["values"]["latency_ms"]["value"] <= bound
    _, out, _ = type_("--at-most", f"latency_ms={bound}", "--json")
    assert json.loads(out) == found["interval"]


def test_goals_are_relative_to_an_architecture(type_: Terminal) -> None:
    # Off the front: it is valued as the front is.
    have = "+".join(
        "|" + "".join(f"nor_conv_3x3~{start}|" for start in range(end)) for end in (1, 2, 3)
    )
    _, out, _ = type_("--baseline", have, "--at-most", "latency_ms=60%", "--json")
    data = json.loads(out)
    predicted = hwnas.predict("nasbench201", [have], device="edgegpu")
    assert data["baseline"]["arch"] == have
    columns = ("accuracy_pct@validation", "robustness_pct@apgd-ce-eps1", "latency_ms", "params")
    for column in columns:
        assert data["baseline"]["values"][column]["value"] == predicted[column].iloc[0]
    bound = float(data["limits"][0].removeprefix("latency_ms <= "))
    assert bound == pytest.approx(0.6 * predicted["latency_ms"].iloc[0], abs=1e-3)
    assert data["improves"]
    assert "latency_ms" in data["versus_baseline"]["better"]


def test_baseline_may_be_a_row_of_values(type_: Terminal) -> None:
    words = ("--baseline", "latency=8, accuracy=99.5", "--at-most", "latency_ms=60%")
    status, out, err = type_(*words)
    assert (status, err) == (0, "")
    assert "latency_ms <= 4.8 " in out
    assert "Baseline: as given" in out


def test_baseline_may_be_in_another_unit(type_: Terminal) -> None:
    words = ("--baseline", "latency_s=0.008, accuracy=99.5", "--at-most", "latency_us=4800")
    _, out, _ = type_(*words, "--json")
    data = json.loads(out)
    assert data["baseline"]["values"]["latency_ms"]["value"] == 8.0
    assert data["limits"] == ["latency_ms <= 4.8"]


def test_pick_that_does_not_beat_the_baseline_says_so(type_: Terminal) -> None:
    _, out, _ = type_("--baseline", "latency_ms=0.1,accuracy_pct=99,robustness_pct=90")
    assert "in no objective better than the baseline" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at-most", "latency_ms=60%"), "there is none. Give one with --baseline"),
        (("--baseline", "latency_ms=8", "--at-most", "params=60%"), "does not tell params"),
        (("--baseline", "conv"), "conv"),
        (("--baseline", "latncy=8"), "Unknown column 'latncy'"),
        (("--limit-at", "edge"), "from 50% to below 100%"),
    ],
)
def test_a_mistake_about_goals_is_one_line(type_: Terminal, words, said: str) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_sweep_prints_the_pick_at_each_of_ten_limits(type_: Terminal, run: hwnas.Run) -> None:
    status, out, err = type_("--sweep", "latency")
    assert (status, err) == (0, "")
    assert out.startswith("The pick at each limit on latency_ms, the largest value allowed:\n")
    rows = [line for line in out.splitlines() if " <= " in line]
    assert len(rows) == 10
    _, text, _ = type_("--sweep", "latency", "--json")
    swept = json.loads(text)
    for row, each in zip(rows, swept, strict=True):
        assert each["limit"].removeprefix("latency_ms ") in row
        words = ("--at-most", each["limit"].replace(" <= ", "="), "--json")
        alone = json.loads(type_(*words)[1])
        assert {**alone, "export": 0} == {**each["selection"], "export": 0}
    accuracies = [
        each["selection"]["pick"]["values"]["accuracy_pct@validation"]["value"] for each in swept
    ]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] == run.front.column("accuracy_pct").max()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sweep", "latncy"), "Unknown column 'latncy'"),
        (("--sweep", "latency", "--at-most", "latency_ms=5"), "swept or limited, not both"),
        (("--sweep", "latency", "--export", "m.onnx"), "--export needs one pick"),
    ],
)
def test_a_mistake_about_a_sweep_is_one_line(type_: Terminal, words, said: str) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_where_nothing_keeps_the_limits_the_choice_fails(type_: Terminal) -> None:
    for words in (("--constraint", "latency_us<=0.1"), ("--at-most", "latency_ms=0.0001")):
        status, out, err = type_(*words)
        assert (status, out) == (1, "")
        assert err.startswith("Error: No architecture satisfies latency_ms <= 0.0001: the closest")
        assert err.count("\n") == 1
    status, out, err = type_("--sweep", "latency", "--at-least", "accuracy_pct=99.9")
    assert (status, out) == (1, "")
    assert "and accuracy_pct@validation >= 99.9 together" in err


def test_limits_are_taken_as_a_search_takes_them(type_: Terminal) -> None:
    as_options = ("--at-most", "latency_ms=5", "--at-least", "accuracy_pct=80")
    in_search = ("--constraint", "latency<=5", "--constraint", "accuracy_pct >= 80")
    assert type_(*in_search, "--json") == type_(*as_options, "--json")
    assert type_(*in_search, "--sweep", "params") == type_(*as_options, "--sweep", "params")


def test_a_bound_that_looks_like_a_share_is_noted(type_: Terminal) -> None:
    status, _, err = type_("--constraint", "accuracy_pct>=0.9")
    assert status == 0
    assert "Note: accuracy_pct@validation >= 0.9 is a bound of 0.9 %" in err
