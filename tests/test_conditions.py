"""What a value is, validation, test, training proxy or attack, is said wherever it is shown."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hwnas
from hwnas.cli import main
from hwnas.errors import ConfigError

PROXY, ATTACK = "accuracy_pct@proxy", "robustness_pct@apgd-ce-eps1"
NET = "e1k3l1-e1k5l3se-e4k5l1se-e1k5l3-e1k5l3se-e6k3l1se-e1k5l3se"
TITLES = ("Accuracy (training proxy)", "Robust accuracy (APGD-CE, eps 1/255)")
Type = Callable[..., list[str]]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types ``hwnas`` on a terminal of 80 columns: the lines of its output."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str) -> list[str]:
        with pytest.raises(SystemExit) as leaving:
            main(list(words))
        assert leaving.value.code == 0
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return typed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> hwnas.Run:
    """A search of a space whose accuracy is a training proxy's, with a limit asked for in short."""
    return hwnas.search(
        "mnasnet",
        device="eyeriss",
        population=20,
        generations=3,
        constraints=["accuracy_pct>=50"],
        out=tmp_path_factory.mktemp("runs") / "mnasnet",
    )


def _search(out: Path, **settings: Any) -> hwnas.Run:
    return hwnas.search("nasbench201", out=out, population=8, generations=2, **settings)


def _fit(lines: list[str]) -> bool:
    """Whether lines fit the terminal; architectures and commands are whole, to be copied."""
    whole = ("e1k", "e6k", "Next    hwnas ")
    return all(len(line) <= 80 for line in lines if not any(word in line for word in whole))


def test_files_of_a_run_say_it(run: hwnas.Run) -> None:
    with (run.path / "front.csv").open() as file:
        assert next(csv.reader(file))[2:10:4] == [PROXY, ATTACK]
    record = json.loads((run.path / "front.json").read_text())
    assert record["objectives"][:2] == [PROXY, ATTACK]
    assert [column["title"] for column in record["columns"][:2]] == list(TITLES)


def test_a_report_says_it_in_words(run: hwnas.Run) -> None:
    page = (run.path / "report.html").read_text()
    assert f"Hypervolume of the front so far in {', '.join(TITLES)}, Latency, Energy." in page
    assert f"{PROXY} &gt;= 50, kept to the end of the 90 % intervals" in page
    # What the script draws axes, headings and details from.
    assert all(f'"title":"{title}"' in page for title in TITLES)


def test_a_limit_asked_for_in_short_is_on_the_one_column_of_its_quantity(run: hwnas.Run) -> None:
    assert run.record.limits == (f"{PROXY} >= 50",)
    assert run.config["constraints"] == ["accuracy_pct >= 50"]
    assert run.front.lower[:, 0].min() >= 50
    feasible = run.evaluations["feasible"]
    assert (run.evaluations.loc[feasible, PROXY] >= 50).all()


def test_search_says_it_in_80_columns(type_: Type, tmp_path: Path) -> None:
    words = ("--device", "eyeriss", "--generations", "2", "--population", "8")
    lines = type_("search", "mnasnet", *words, "--out", str(tmp_path / "run"))
    place = next(row for row, line in enumerate(lines) if "accuracy_pct" in line)
    heading = " ".join(lines[place].split())
    assert heading == "accuracy_pct ↑ robustness_pct ↑ latency_ms ↓ energy_mj ↓"
    assert lines[place + 1].split() == ["@proxy", "@apgd-ce-eps1"]
    assert lines[place + 2].split() == ["predicted", *["extrapolated"] * 3]
    assert max(map(len, lines[place : place + 8])) <= 80


def test_select_says_it_in_80_columns(type_: Type, run: hwnas.Run) -> None:
    lines = type_("select", str(run.path), "--at-least", "accuracy=51")
    assert f"keep {PROXY} >= 51 to" in " ".join(" ".join(lines).split())
    place = next(row for row, line in enumerate(lines) if "90 % interval " in line)
    names = [line.split()[0] for line in lines[place + 1 : place + 5]]
    assert names == ["accuracy_pct", "@proxy", "robustness_pct", "@apgd-ce-eps1"]
    assert _fit(lines)
    record = json.loads("\n".join(type_("select", str(run.path), "--json")))
    assert {PROXY, ATTACK} <= record["pick"]["values"].keys()


def test_a_sweep_says_it_in_80_columns(type_: Type, run: hwnas.Run) -> None:
    lines = type_("select", str(run.path), "--sweep", "accuracy")
    assert lines[0] == f"The pick at each limit on {PROXY}, the smallest value allowed:"
    assert lines[2].split() == ["accuracy_pct", "robustness_pct", "latency_ms", "energy_mj"]
    assert lines[3].split() == ["limit", "@proxy", "@apgd-ce-eps1", "holds"]
    assert lines[4].split()[:2] == ["1", ">="]
    assert _fit(lines)


def test_predict_says_it_in_80_columns(type_: Type) -> None:
    words = ("predict", NET, "--space", "mnasnet", "--device", "eyeriss")
    lines = type_(*words)
    assert [line.split()[0] for line in lines[2:6]] == [
        "accuracy_pct", "@proxy", "robustness_pct", "@apgd-ce-eps1",
    ]  # fmt: skip
    assert _fit(lines)
    (record,) = json.loads("\n".join(type_(*words, "--json")))
    assert list(record)[:3] == ["arch", PROXY, ATTACK]


def test_a_choice_of_devices_says_it_in_80_columns(type_: Type) -> None:
    lines = type_("devices", "choose", "--at-least", "accuracy=90", "--at-most", "latency=20")
    place = next(row for row, line in enumerate(lines) if "accuracy_pct" in line)
    assert lines[place + 1].split() == ["@validation"]
    rows = {line.split()[1]: line for line in lines[place + 3 : place + 17]}
    assert rows["1080ti"].endswith("@batch1")
    assert "@" not in rows["edgegpu"]
    assert all(len(line) <= 80 for line in lines[place : place + 17])


def test_a_choice_of_devices_says_what_is_extrapolated(type_: Type) -> None:
    words = ("--space", "mnasnet", "--at-most", "latency_ms=1e4", "--sample", "30")
    lines = type_("devices", "choose", *words)
    rows = {line.split()[1]: line for line in lines if line[:1].isdigit()}
    assert rows["eyeriss"].endswith(" extrapolated")
    assert not rows["zcu102"].endswith("extrapolated")


def test_explain_says_it(type_: Type) -> None:
    lines = type_("explain", "--target", "accuracy", "--space", "mnasnet", "--top", "1")
    assert lines[0] == "accuracy@proxy on mnasnet (imagenet)"


def test_devices_under_conditions_of_their_own_are_told_apart(type_: Type) -> None:
    lines = type_("explain", "--target", "latency", "--top", "1")
    place = next(row for row, line in enumerate(lines) if line.startswith(" "))
    assert lines[place].split() == ["@batch1", "@batch1"]
    assert lines[place + 1].split()[:3] == ["1080ti", "2080ti", "edgegpu"]


def test_values_of_a_pick_answer_to_short_names(run: hwnas.Run) -> None:
    selection = hwnas.select(run, at_least={"accuracy_pct": 51}, prefer={"latency": 1})
    assert selection.pick.values["accuracy_pct"] == selection.pick.values[PROXY]
    assert selection.pick.interval("accuracy")[0] >= 51
    assert selection.weights == {"latency_ms": 1.0}


def test_a_limit_that_may_mean_two_columns_is_refused(tmp_path: Path) -> None:
    message = "it may be accuracy_pct@validation or accuracy_pct@test. Name one"
    settings = {"objectives": ["accuracy", "accuracy@test"], "constraints": ["accuracy>=90"]}
    with pytest.raises(ConfigError, match=message):
        _search(tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_a_limit_on_other_conditions_is_a_column_of_its_own(tmp_path: Path) -> None:
    settings = {"objectives": ["accuracy", "params"], "constraints": ["accuracy_pct@test>=50"]}
    run = _search(tmp_path / "run", **settings)
    assert run.record.limits == ("accuracy_pct@test >= 50",)
    columns = [spec.column for spec in run.record.columns]
    assert columns == ["accuracy_pct@validation", "params", "accuracy_pct@test", "macs"]


def test_one_objective_under_two_names_is_refused(tmp_path: Path) -> None:
    message = "accuracy and accuracy@validation are both accuracy_pct@validation"
    with pytest.raises(ConfigError, match=message):
        _search(tmp_path / "run", objectives=["accuracy", "accuracy@validation"])


def test_energy_from_a_power_holds_under_the_conditions_of_its_latency() -> None:
    arch = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    names = ["energy", "energy@batch32", "latency@batch32"]
    row = hwnas.predict("nasbench201", [arch], "1080ti", None, names, power_w=2.0).iloc[0]
    assert row["energy_mj@batch32"] == 2 * row["latency_ms@batch32"]
    assert row["energy_mj@batch1"] != row["energy_mj@batch32"]
