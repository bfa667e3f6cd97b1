"""Every mistake gets one line and status 2, and touches no file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hwnas.cli import main

SMALL = ("search", "nasbench201", "--objectives", "params,macs", "--population", "8")
CONFIG = (*SMALL, "--generations", "3")
EDGE = ("search", "nasbench201", "--device", "edgegpu")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def _snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file below a folder, and which folders there are.

    The file that tells who holds a run comes and goes, which changes the time of its folder, and
    older releases of filelock open it anew.
    """
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns if path.is_file() and path.name != ".lock" else 0,
        )
        for path in [folder, *folder.rglob("*")]
    }


class Mistake:
    """Types a command that must fail; returns its message."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self._folder = folder

    def __call__(self, *words: str) -> str:
        before = _snapshot(self._folder)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main(list(words))
        out, err = self._capsys.readouterr()
        assert leaving.value.code == 2, err
        assert out == ""
        assert err.startswith("Error: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert _snapshot(self._folder) == before, "a file was touched"
        return err


@pytest.fixture
def mistake(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Mistake:
    return Mistake(capsys, tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run."""
    with pytest.raises(SystemExit, match="0"):
        main([*CONFIG, "--out", "run", "--quiet"])
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("search", "nasbench20l"),
            "Unknown search space 'nasbench20l'. Did you mean 'nasbench201'?",
        ),
        (
            ("search", "nasbench201", "--device", "edgegpuu"),
            "Unknown device 'edgegpuu'. Did you mean 'edgegpu'? See: hwnas devices",
        ),
        ((*EDGE, "--dataset", "cifar11"), "Unknown dataset 'cifar11'. Did you mean 'cifar10'?"),
        (
            (*EDGE, "--objectives", "acuracy,latency"),
            "Unknown quantity 'acuracy'. Did you mean 'accuracy'?",
        ),
        (
            (*EDGE, "--objectives", "robustness@apgd-ce-esp1"),
            "Unknown condition of robustness 'apgd-ce-esp1'. Did you mean 'apgd-ce-eps1'?",
        ),
        ((*EDGE, "--algorithm", "nsga3"), "Unknown algorithm 'nsga3'. Did you mean 'nsga2'?"),
        ((*EDGE, "--source", "tables"), "Unknown source of values 'tables'. Did you mean 'table'?"),
        ((*EDGE, "--source", "latency:mesure"), "Unknown source of values 'mesure'. Did you mean"),
        ((*EDGE, "--source", "latncy:table"), "Unknown quantity 'latncy'. Did you mean 'latency'?"),
        (
            (*EDGE, "--source", "latency:measure", "--objectives", "accuracy,latency"),
            "Device 'edgegpu' is one that hwnas describes",
        ),
        (
            (*EDGE, "--constraint", "latencyms<=5"),
            "Unknown quantity 'latencyms'. Did you mean 'latency_ms'?",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    mistake: Mistake, words: tuple[str, ...], said: str
) -> None:
    assert said in mistake(*words)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("latency_ms", "a limit must have the form 'latency_ms<=5' or 'accuracy_pct>=92'."),
        ("latency_ms<5", "a limit must have the form"),
        ("latency_ms==5", "a limit must have the form"),
        ("latency_ms<=", "a limit must have the form"),
        ("<=5", "a limit must have the form"),
        ("", "a limit must have the form"),
        ("latency_ms<=5<=6", "a limit must have the form"),
        ("latency_ms<=five", "the value must be a finite number; got 'five'."),
        ("latency_ms<=nan", "the value must be a finite number; got 'nan'."),
        ("latency_ms<=inf", "the value must be a finite number; got 'inf'."),
        ("latency_ms<=-5", "the limit must be a positive number of milliseconds; got -5."),
        ("latency_ms<=0", "the limit must be a positive number of milliseconds; got 0."),
        ("accuracy_pct>=101", "the limit must be a percentage from 0 to 100; got 101."),
    ],
)
def test_a_constraint_that_cannot_be_is_quoted(mistake: Mistake, limit: str, said: str) -> None:
    message = mistake(*EDGE, "--constraint", limit)
    assert f'--constraint "{limit}": ' in message
    assert said in message


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--population", "3"), "population must be at least 4; got 3."),
        (("--population", "-5"), "population must be at least 4; got -5."),
        (("--generations", "0"), "generations must be at least 1; got 0."),
        (("--budget", "0"), "budget must be at least 1; got 0."),
        (("--budget", "-3"), "budget must be at least 1; got -3."),
        (("--seed", "-1"), "seed must be at least 0; got -1."),
        (("--power-w", "0"), "--power-w must be a positive number of watts; got 0."),
        (("--power-w", "-5"), "--power-w must be a positive number of watts; got -5."),
        (("--power-w", "nan"), "--power-w must be a positive number of watts; got nan."),
        (("--power-w", "inf"), "--power-w must be a positive number of watts; got inf."),
        (
            ("--objectives", "latency", "--power-w", "5"),
            "--power-w needs energy among the objectives, with no source of its own; it is not "
            "there.",
        ),
        (("--objectives", ""), "A search needs at least one objective; got none."),
        (("--objectives", ","), "A search needs at least one objective; got none."),
        (("--objectives", "latency,latency"), "Each objective counts once; latency is twice."),
        (("--objectives", "latency,latency_ms"), "Each objective counts once; latency is twice."),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    mistake: Mistake, words: tuple[str, ...], said: str
) -> None:
    assert said in mistake(*EDGE, *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search",), "Missing argument 'SPACE'. See: hwnas search --help"),
        (("select",), "Missing argument 'RUN'. See: hwnas select --help"),
        (("search", "nasbench201", "--population", "many"), "Invalid value for '--population'"),
        (("search", "nasbench201", "--population", "4.5"), "Invalid value for '--population'"),
        (("search", "nasbench201", "--power-w", "much"), "Invalid value for '--power-w'"),
        (("search", "nasbench201", "--bugdet", "5"), "No such option: --bugdet"),
        (("search", "nasbench201", "extra"), "unexpected extra argument"),
        (("serach",), "No such command 'serach'. Did you mean 'search'? See: hwnas --help"),
        (("devices", "shw"), "No such command 'shw'"),
        (("tables", "lst"), "See: hwnas tables --help"),
    ],
)
def test_words_that_are_no_command_are_answered_with_its_help(
    mistake: Mistake, words: tuple[str, ...], said: str
) -> None:
    message = mistake(*words)
    assert said in message
    assert "See: hwnas" in message


def test_an_option_without_its_value_is_refused(mistake: Mistake) -> None:
    assert "Option '--seed' requires an argument." in mistake("search", "nasbench201", "--seed")


def test_energy_of_a_device_without_it_names_devices_that_have_it(mistake: Mistake) -> None:
    message = mistake(
        "search", "nasbench201", "--device", "raspi4", "--objectives", "latency,energy"
    )
    assert "Device 'raspi4' has no energy data for nasbench201 on cifar10." in message
    assert "Devices that have it: edgegpu, eyeriss, fpga." in message
    assert "--power-w W" in message


def test_latency_without_a_device_asks_for_one(mistake: Mistake) -> None:
    message = mistake("search", "nasbench201", "--objectives", "latency")
    assert "Latency needs a device; name one with --device" in message


def test_a_table_that_is_not_in_the_cache_says_how_to_get_it(mistake: Mistake) -> None:
    message = mistake(*EDGE, "--source", "table", "--objectives", "latency")
    assert "hwnas tables" in message


def test_a_directory_with_a_run_is_not_written_to(mistake: Mistake, run: Path) -> None:
    assert run.is_dir()
    message = mistake(*CONFIG, "--out", "run")
    assert "run already holds a run. Choose another --out, or continue that run with" in message


def test_a_directory_with_other_files_is_not_written_to(mistake: Mistake) -> None:
    Path("thesis").mkdir()
    Path("thesis/thesis.tex").write_text("\\title{}")
    assert "must be a new or an empty directory" in mistake(*CONFIG, "--out", "thesis")
    assert "must be a new or an empty directory" in mistake(*CONFIG, "--out", "thesis", "--resume")


def test_a_file_is_not_written_to(mistake: Mistake) -> None:
    Path("notes.txt").write_text("mine")
    assert "must be a new or an empty directory" in mistake(*CONFIG, "--out", "notes.txt")


def test_a_directory_that_cannot_be_made_is_said(mistake: Mistake) -> None:
    Path("notes.txt").write_text("mine")
    message = mistake(*CONFIG, "--out", "notes.txt/run")
    assert "must be writable; it cannot be made (Not a directory). Choose another --out" in message


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_directory_without_permission_is_said(mistake: Mistake, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "must be writable" in mistake(*CONFIG, "--out", "locked/run")
    assert "must be writable" in mistake(*CONFIG, "--out", "locked")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seed", "1"), "seed is 0 there and 1 here"),
        (("--population", "9"), "population is 8 there and 9 here"),
        (("--dataset", "cifar100"), "dataset is cifar10 there and cifar100 here"),
        (("--algorithm", "random"), "algorithm is nsga2 there and random here"),
        (("--device", "edgegpu"), "device is not given there and edgegpu here"),
        (("--objectives", "params"), "objectives is params, macs there and params here"),
        (("--constraint", "params<=9"), "constraints is empty there and params <= 9 here"),
    ],
)
def test_another_configuration_is_not_resumed(
    mistake: Mistake, run: Path, words: tuple[str, ...], said: str
) -> None:
    assert run.is_dir()
    message = mistake(*CONFIG, "--out", "run", "--resume", *words)
    assert f"--resume needs the configuration of the run in run: {said}." in message


def test_resume_without_a_run_of_the_configuration_is_refused(mistake: Mistake) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*CONFIG, "--quiet"])
    message = mistake(*CONFIG, "--seed", "5", "--resume")
    assert "--resume needs a run of this configuration; runs/ holds none" in message


def test_values_of_another_file_are_not_resumed(mistake: Mistake, run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    record["columns"][0]["origin"] = "params.onnx sha256 12ab"
    (run / "run.json").write_text(json.dumps(record))
    message = mistake(*CONFIG, "--out", "run", "--resume")
    assert "the values of params come from another file" in message


@pytest.mark.parametrize("command", [("select",), (*CONFIG, "--resume", "--out")])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:7892] + bytes(300) + data[8192:],
        lambda _: b"no database at all\n" * 500,
        lambda data: data[:100] + bytes(len(data) - 100),
    ],
)
def test_damaged_evaluations_are_refused(
    mistake: Mistake, run: Path, command: tuple[str, ...], damage: object
) -> None:
    assert callable(damage)
    (run / "run.sqlite").write_bytes(damage((run / "run.sqlite").read_bytes()))
    message = mistake(*command, "run")
    assert "run/run.sqlite must be the file that hwnas search wrote; it is damaged" in message


@pytest.mark.parametrize("command", [("select",), (*CONFIG, "--resume", "--out")])
@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}'])
def test_a_damaged_record_is_refused(
    mistake: Mistake, run: Path, command: tuple[str, ...], text: str
) -> None:
    (run / "run.json").write_text(text)
    message = mistake(*command, "run")
    assert "run/run.json must be what hwnas search wrote; it " in message


def test_a_record_of_a_newer_version_is_refused(mistake: Mistake, run: Path) -> None:
    (run / "run.json").write_text('{"schema": 99}')
    assert "run/run.json: schema must be at most 2; got 99. Update hwnas." in mistake(
        "select", "run"
    )


def test_select_of_what_is_no_run_is_refused(mistake: Mistake) -> None:
    message = mistake("select", "nowhere")
    assert "nowhere must be the directory of a run; it holds no run.json" in message


def test_select_of_a_run_that_lost_its_evaluations_is_refused(mistake: Mistake, run: Path) -> None:
    (run / "run.sqlite").unlink()
    assert "run/run.sqlite is missing; go on with --resume" in mistake("select", "run")
