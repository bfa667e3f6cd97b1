"""``hwnas search``, as a user types it."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from made_up import write_half_scored
from rich.console import Console

import hwnas
from hwnas._lock import hold
from hwnas.algorithms import ALGORITHMS, summary
from hwnas.algorithms.surrogate import LEAST_BATCH, MOST_BATCH
from hwnas.cli import main
from hwnas.cli._bars import scoring_bar
from hwnas.cli.search import SHOWN, _print_front, _spread
from hwnas.errors import RunError
from hwnas.proxies import shipped
from hwnas.proxies.lookup import Scoring

SMALL = ("nasbench201", "--population", "20", "--generations", "4")
COUNTS = (*SMALL, "--objectives", "params,macs")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder and a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


class Terminal:
    """Types a command and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(["search", *words])
        out, err = self._capsys.readouterr()
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, out, err


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def test_a_search_says_what_it_found_and_where_it_is(type_: Terminal) -> None:
    status, out, err = type_(*SMALL, "--device", "edgegpu", "--objectives", "accuracy,latency")
    run = hwnas.load_run("runs/nasbench201-edgegpu-1")
    assert (status, "Error" in err) == (0, False)
    assert f"{len(run.front)} architectures on the Pareto front of nasbench201 (cifar10)" in out
    assert "Report  runs/nasbench201-edgegpu-1/report.html\n" in out
    assert "Front   runs/nasbench201-edgegpu-1/front.csv\n" in out
    assert "Next    hwnas select runs/nasbench201-edgegpu-1\n" in out


def test_values_and_architectures_are_seen_in_a_narrow_terminal(type_: Terminal) -> None:
    _, out, _ = type_(*SMALL, "--device", "edgegpu")
    run = hwnas.load_run("runs/nasbench201-edgegpu-1")
    lines = out.splitlines()
    heading = next(line for line in lines if "latency_ms ↓" in line)
    assert "accuracy_pct ↑  robustness_pct ↑" in heading
    rows = _spread(len(run.front))
    first = lines.index(heading) + 3
    assert lines[first - 2].split() == ["@validation", "@apgd-ce-eps1"]
    assert lines[first - 1].split() == ["predicted"] * 4
    table = lines[first : first + len(rows)]
    assert all(len(line) <= 80 for line in [heading, *table])
    for row, line in zip(rows, table, strict=True):
        number, *cells = line.split()
        assert int(number) == row + 1
        values = run.front.values[row, :4].tolist()
        assert [float(cell) for cell in cells] == pytest.approx(values, rel=1e-3)
    # Whole, on a line of its own: it can be copied.
    for row in rows:
        assert f"{row + 1:>3}  {run.front.archs[row]}" in lines


def test_a_wide_terminal_shows_architectures_beside_their_values(type_: Terminal) -> None:
    type_(*COUNTS)
    front = hwnas.load_run("runs/nasbench201-1").front
    text = io.StringIO()
    _print_front(Console(file=text, width=200, highlight=False), front)
    assert text.getvalue().count(front.archs[0]) == 1
    line = next(line for line in text.getvalue().splitlines() if front.archs[0] in line)
    assert line.startswith("1  ")
    assert f"{front.values[0, 0]:,.0f}" in line


def test_a_long_front_is_shown_in_part() -> None:
    rows = _spread(101)
    assert (len(rows), rows[0], rows[-1]) == (SHOWN, 0, 100)
    assert _spread(3) == [0, 1, 2]
    assert _spread(0) == []


def test_paths_are_printed_whole_with_brackets_and_spaces(type_: Terminal) -> None:
    path = f"my [runs]/{'x' * 90}"
    _, out, _ = type_(*COUNTS, "--out", path)
    assert f"Report  {path}/report.html\n" in out
    assert f"Next    hwnas select '{path}'\n" in out


def test_quiet_prints_the_path_alone(type_: Terminal) -> None:
    assert type_(*COUNTS, "--quiet") == (0, "runs/nasbench201-1\n", "")


def test_json_prints_the_front_alone(type_: Terminal) -> None:
    status, out, err = type_(*COUNTS, "--json")
    assert (status, err) == (0, "")

    def refuse(word: str) -> None:
        raise AssertionError(word)

    data = json.loads(out, parse_constant=refuse)
    stored = json.loads(Path("runs/nasbench201-1/front.json").read_text())
    assert data == {"run": "runs/nasbench201-1", **stored}


def test_notes_are_said_once_and_beside_the_result(type_: Terminal) -> None:
    _, out, err = type_(*COUNTS)
    note = "params and macs rank architectures alike"
    assert note in " ".join(err.split())
    assert err.count("Note:") == 1
    assert "Note:" not in out


def test_it_is_said_what_of_the_front_was_predicted_without_proxy_scores(
    type_: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = hwnas.load_space("nasbench201")
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path / "package")
    lonely = space.canonical_genotypes(space.sample_genotypes(1, np.random.default_rng(0)))
    write_half_scored(space, tmp_path / "package", lonely)
    words = (*SMALL, "--objectives", "accuracy,macs")
    status, out, err = type_(*words)
    (note,) = (note for note in hwnas.load_run("runs/nasbench201-1").record.notes)
    assert note.startswith("accuracy_pct: no proxy scores are known for ")
    assert status == 0
    assert " ".join(err.split()) == f"Note: {note}"
    assert "on the Pareto front of nasbench201" in out
    assert "Note:" not in out
    assert type_(*words, "--quiet") == (0, "runs/nasbench201-2\n", "")
    assert type_(*words, "--json")[2] == ""


def test_options_arrive_in_the_run(type_: Terminal) -> None:
    type_(
        *("nasbench201", "--device", "raspi4", "--dataset", "cifar100", "--power-w", "5"),
        *("--objectives", " latency , energy,params", "--constraint", "latency<=50"),
        *(
            "--limit-at",
            "90%",
            "--constraint",
            "params>=1000",
            "--algorithm",
            "random",
            "--population",
            "10",
        ),
        *("--warm-start", "params:60"),
        *("--generations", "9", "--budget", "25", "--seed", "7", "--out", "run"),
    )
    assert hwnas.load_run("run").config == {
        "space": "nasbench201",
        "dataset": "cifar100",
        "options": {"channels": 16, "cells": 5},
        "device": "raspi4",
        "objectives": ["latency", "energy", "params"],
        "constraints": ["latency_ms <= 50", "params >= 1000"],
        "limit_at": "90%",
        "source": "predictor",
        "power_w": 5.0,
        "algorithm": "random",
        "warm_start": "params:60",
        "population": 10,
        "generations": 9,
        "budget": 25,
        "time_s": None,
        "until_stable": False,
        "seed": 7,
        "fidelities": None,
        "islands": None,
        "migrate": None,
    }


def test_estimated_energy_is_labelled(type_: Terminal) -> None:
    _, out, _ = type_(*SMALL, "--device", "raspi4", "--objectives", "energy", "--power-w", "5")
    assert "estimated" in out


def test_a_finished_run_is_resumed_in_an_instant_and_alike(type_: Terminal) -> None:
    type_(*COUNTS, "--out", "run")
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    assert type_(*COUNTS, "--out", "run", "--resume", "--quiet") == (0, "run\n", "")
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


def test_a_new_run_in_place_of_a_resumed_one_is_told_even_in_quiet(type_: Terminal) -> None:
    status, out, err = type_(*COUNTS, "--out", "rum", "--resume", "--quiet")
    assert (status, out) == (0, "rum\n")
    assert " ".join(err.split()) == "Note: rum holds no run to resume: a new one begins there."


def test_memory_can_be_limited_in_kilobytes(type_: Terminal) -> None:
    _, out, _ = type_(*COUNTS, "--constraint", "peak_memory_kb<=200", "--json")
    columns = {each["column"] for each in json.loads(out)["columns"]}
    assert "peak_memory_bytes" in columns
    status, _, err = type_(*COUNTS, "--constraint", "peak_memory_kb<=160", "--out", "none")
    assert status == 1
    assert "No architecture satisfies peak_memory_bytes <= 160000" in err


@pytest.mark.parametrize("how", ["--json", "--quiet", "--generations=3"])
def test_where_nothing_is_feasible_the_nearest_is_said_and_the_search_fails(
    type_: Terminal, how: str
) -> None:
    limits = ("--constraint", "params<=1k", "--constraint", "macs>=1M")
    status, out, err = type_(*COUNTS, *limits, "--out", "run", how)
    assert status == 1
    assert "hwnas select" not in out
    message = err.splitlines()[-1]
    assert message.startswith(
        "Error: No architecture satisfies params <= 1000 and macs >= 1000000 together. The "
        "tightest is params <= 1000: of the "
    )
    assert re.search(r"The nearest, \|.*\|, has params \d+ and macs \d+\. Raise ", message)
    assert message.endswith(". Or search longer.")


def test_a_bound_that_looks_like_a_share_is_noted_before_the_search(type_: Terminal) -> None:
    words = ("--objectives", "accuracy,params", "--constraint", "accuracy_pct>=0.9")
    _, _, err = type_(*SMALL, *words)
    assert "accuracy_pct >= 0.9 is a bound of 0.9 %" in " ".join(err.split())
    assert "Was 90 meant?" in " ".join(err.split())


def test_numbers_of_things_may_be_written_short(type_: Terminal) -> None:
    words = ("--budget", "0.05k", "--population", "2e1", "--constraint", "params<=1.5M")
    assert type_("nasbench201", "--objectives", "params,macs", *words, "--out", "run")[0] == 0
    config = json.loads(Path("run/run.json").read_text())["config"]
    assert (config["budget"], config["population"]) == (50, 20)
    assert config["constraints"] == ["params <= 1500000"]


def test_naswot_says_what_it_found(type_: Terminal) -> None:
    words = ("--algorithm", "naswot", "--warm-start", "params:500", "--population", "1")
    status, out, err = type_("nasbench201", "--objectives", "params,macs", *words)
    assert (status, err) == (0, "")
    assert "1 architecture on the Pareto front of nasbench201 (cifar10) on no device" in out
    run = hwnas.load_run("runs/nasbench201-1")
    assert (run.config["algorithm"], run.config["warm_start"]) == ("naswot", "params:500")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--warm-start", "nwot"), "--warm-start must be PROXY:N with a whole number N, such as"),
        (("--warm-start", "synflo:100"), "Unknown proxy 'synflo'. Did you mean 'synflow'?"),
        (("--warm-start", "nwot:10"), "must draw at least the population of 20; got nwot:10."),
        (("--algorithm", "naswott"), "Unknown algorithm 'naswott'. Did you mean 'naswot'?"),
    ],
)
def test_a_beginning_that_cannot_be_is_refused_in_one_line(
    type_: Terminal, words: tuple[str, ...], message: str
) -> None:
    status, out, err = type_(*COUNTS, *words)
    assert (status, out) == (2, "")
    assert message in " ".join(err.split())
    assert not Path("runs").exists()


def test_scoring_is_seen_on_a_terminal_and_gone_when_it_is_done() -> None:
    out = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    with scoring_bar(out, is_silent=False) as told:
        assert told is not None
        told(Scoring("nwot", 250, 1000))
        told(Scoring("nwot", 1000, 1000))
    assert isinstance(out.file, io.StringIO)
    assert "scoring 1,000 architectures by nwot" in out.file.getvalue()


def test_scoring_is_silent_where_nobody_looks() -> None:
    out = Console(file=io.StringIO(), width=80)
    for is_silent in (False, True):
        with scoring_bar(out, is_silent) as told:
            if told is not None:
                told(Scoring("nwot", 250, 1000))
                told(Scoring("nwot", 1000, 1000))
    assert isinstance(out.file, io.StringIO)
    assert out.file.getvalue() == ""


def test_options_of_a_space_reach_the_run_and_what_is_exported(type_: Terminal) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    words = ("--option", "cells=1", "--option", "channels=8", "--out", "run")
    status, out, _ = type_(*COUNTS, *words)
    assert status == 0
    assert "nasbench201 (channels=8, cells=1)" in " ".join(out.split())
    run = hwnas.load_run("run")
    assert run.config["options"] == {"channels": 8, "cells": 1}
    with pytest.raises(SystemExit) as leaving:
        main(["select", "run", "--export", "model.onnx"])
    assert leaving.value.code == 0
    # The stem and one stage of 8 channels: the 5 cells of 16 would not go into so few numbers.
    assert run.front.column("params").max() < 0.1 * 372_346
    assert Path("model.onnx").stat().st_size < 372_346


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("cells", "--option must have the form NAME=VALUE, as cells=5; got 'cells'."),
        ("cells=two", "--option cells must be a number, as 5; got 'two'."),
        ("cells=1.5", "--option cells must be a whole number; got '1.5'."),
        ("dataset=cifar100", "The data set is named with --dataset; got --option dataset=cifar100"),
        ("cellz=1", "Search space 'nasbench201' has no option 'cellz'."),
    ],
)
def test_an_option_that_cannot_be_is_refused_in_one_line(
    type_: Terminal, word: str, message: str
) -> None:
    status, out, err = type_(*COUNTS, "--option", word)
    assert (status, out) == (2, "")
    assert message in " ".join(err.split())
    assert not Path("runs").exists()


def test_an_option_given_twice_is_refused(type_: Terminal) -> None:
    status, _, err = type_(*COUNTS, "--option", "cells=1", "--option", "cells=2")
    assert (status, "--option cells must be given once; got it twice." in err) == (2, True)


def test_help_lists_what_is_registered(type_: Terminal) -> None:
    status, out, _ = type_("--help")
    listed, words = out.partition("\nAlgorithms:")[2], " ".join(out.split())
    assert status == 0
    for name in ALGORITHMS:
        rest = " ".join(listed.partition(f"\n  {name} ")[2].split())
        assert rest.startswith(summary(name).replace("``", "")), name
    start = ALGORITHMS["naswot"].default_warm_start
    assert (
        f"and ends; with a population of 1 as published; begins with {start} by default." in words
    )


def test_help_tells_the_populations_that_are_not_any(type_: Terminal) -> None:
    words = " ".join(type_("--help")[1].split())
    assert "at least 4 of age-moea2, de, nsga2, nsga3 and sms-emoa; 2 of area, " in words
    assert f"surrogate asks for fewer at once, {LEAST_BATCH} to {MOST_BATCH}, " in words


def test_a_run_in_use_is_refused_in_one_line(type_: Terminal) -> None:
    type_(*COUNTS, "--out", "run")
    with hold(Path("run"), RunError, "choose another --out"):
        status, out, err = type_(*COUNTS, "--out", "run", "--resume")
    assert (status, out) == (2, "")
    assert f"run is in use by process {os.getpid()} on " in " ".join(err.split())


def test_a_finished_run_goes_on_for_more_generations(type_: Terminal) -> None:
    type_(*COUNTS, "--out", "run")
    words = (*COUNTS[:-3], "7", *COUNTS[-2:])
    assert words[4] == "7"
    assert type_(*words, "--out", "run", "--resume", "--quiet") == (0, "run\n", "")
    assert len(hwnas.load_run("run").history) == 7
    type_(*words, "--out", "straight")
    assert Path("run/front.csv").read_bytes() == Path("straight/front.csv").read_bytes()


def test_usual_objectives_that_are_not_known_are_left_out_with_a_note(type_: Terminal) -> None:
    words = ("nasbench201", "--device", "raspi4", "--population", "8")
    status, _, err = type_(*words, "--generations", "1", "--out", "run")
    assert status == 0
    assert "Energy is not known here: no objective." in err
    run = hwnas.load_run("run")
    assert run.record.config["objectives"] == ["accuracy", "robustness", "latency"]
