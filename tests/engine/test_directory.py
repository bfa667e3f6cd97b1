"""Which directory a run takes, and that it never takes another's."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from hwnas.core.objective import ObjectiveSpec
from hwnas.engine.directory import claim, difference, latest_directory, new_directory
from hwnas.engine.run import RECORD, Record, read_record
from hwnas.errors import RunError, StorageError

SPEC = ObjectiveSpec("cost", "", "min", "predicted", "Cost", origin="cost.onnx sha256 12ab")
CONFIG = {"space": "nasbench201", "dataset": "cifar10", "device": None, "seed": 0}


def _record(**changes: object) -> Record:
    return Record(config={**CONFIG, **changes}, columns=(SPEC,), n_objectives=1, versions={})


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("runs")


def test_runs_are_numbered_from_1(runs: Path) -> None:
    assert new_directory("space-device") == runs / "space-device-1"
    (runs / "space-device-1").mkdir(parents=True)
    assert new_directory("space-device") == runs / "space-device-2"


def test_a_new_directory_is_made_with_its_record(tmp_path: Path) -> None:
    claim(tmp_path / "deep" / "run", _record(), is_resumed=False)
    assert read_record(tmp_path / "deep" / "run") == _record()


def test_an_empty_directory_is_taken(tmp_path: Path) -> None:
    claim(tmp_path, _record(), is_resumed=False)
    assert (tmp_path / RECORD).is_file()


def test_a_directory_with_a_run_is_not_taken(tmp_path: Path) -> None:
    claim(tmp_path, _record(), is_resumed=False)
    before = (tmp_path / RECORD).read_bytes()
    with pytest.raises(RunError, match=r"already holds a run\. Choose another --out, or continue"):
        claim(tmp_path, _record(seed=1), is_resumed=False)
    assert (tmp_path / RECORD).read_bytes() == before


@pytest.mark.parametrize("is_resumed", [False, True])
def test_a_directory_with_other_files_is_not_taken(tmp_path: Path, is_resumed: bool) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunError, match=r"must be a new or an empty directory; it holds something"):
        claim(tmp_path, _record(), is_resumed)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunError, match="must be a new or an empty directory"):
        claim(tmp_path / "run", _record(), is_resumed=False)
    assert (tmp_path / "run").read_text() == "mine"


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"must be writable; it cannot be made \(Not a dir"):
        claim(tmp_path / "file" / "run", _record(), is_resumed=False)


@pytest.mark.parametrize("is_resumed", [False, True])
def test_what_a_killed_run_left_before_it_began_is_no_obstacle(
    tmp_path: Path, is_resumed: bool
) -> None:
    (tmp_path / f".{RECORD}.x7s_2k9a").write_text('{"sche')
    claim(tmp_path, _record(), is_resumed)
    assert read_record(tmp_path) == _record()


def test_a_run_that_was_killed_before_it_began_begins(tmp_path: Path) -> None:
    claim(tmp_path / "run", _record(), is_resumed=True)
    assert read_record(tmp_path / "run") == _record()


def test_a_resumed_run_sweeps_what_was_left_half_written(tmp_path: Path) -> None:
    claim(tmp_path, _record(), is_resumed=False)
    for name in (".front.csv.abcd1234", ".report.html.abcd1234"):
        (tmp_path / name).touch()
    (tmp_path / ".front.csv.bak").touch()
    claim(tmp_path, _record(), is_resumed=True)
    assert {path.name for path in tmp_path.iterdir()} == {RECORD, ".front.csv.bak"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 1}, "seed is 0 there and 1 here"),
        ({"device": "edgegpu"}, "device is not given there and edgegpu here"),
        ({"constraints": ["latency_ms <= 5"]}, "constraints is not given there and latency_ms"),
    ],
)
def test_another_configuration_is_not_resumed(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    claim(tmp_path, _record(), is_resumed=False)
    with pytest.raises(RunError, match=rf"--resume needs the configuration of the run .*: {said}"):
        claim(tmp_path, _record(**changes), is_resumed=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"origin": "cost.onnx sha256 34cd"}, "the values of cost come from another file"),
        ({"direction": "max"}, "cost is min, predicted there"),
        ({"source": "estimated"}, "cost is min, predicted there"),
        ({"column": "price"}, "its columns are others"),
    ],
)
def test_values_of_another_origin_are_not_resumed(change: dict[str, str], said: str) -> None:
    other = dataclasses.replace(_record(), columns=(dataclasses.replace(SPEC, **change),))  # type: ignore[arg-type]
    assert difference(_record(), other) == said


def test_more_columns_are_a_difference() -> None:
    other = dataclasses.replace(_record(), columns=(SPEC, SPEC))
    assert difference(_record(), other) == "its columns are others"


def test_the_same_configuration_has_no_difference() -> None:
    stored = dataclasses.replace(_record(), status="finished", versions={"numpy": "1"})
    assert difference(stored, _record()) is None


def test_the_latest_run_of_the_configuration_is_resumed(runs: Path) -> None:
    for number, seed in ((1, 0), (2, 0), (9, 1), (10, 0), (11, 1)):
        claim(runs / f"stem-{number}", _record(seed=seed), is_resumed=False)
    (runs / "stem-more-20").mkdir()
    assert latest_directory("stem", _record()) == runs / "stem-10"


def test_no_run_of_the_configuration_is_said(runs: Path) -> None:
    claim(runs / "stem-1", _record(seed=1), is_resumed=False)
    with pytest.raises(RunError, match=r"--resume needs a run of this configuration; runs/ holds"):
        latest_directory("stem", _record())


def test_without_any_run_a_new_one_is_begun(runs: Path) -> None:
    (runs / "stem-1").mkdir(parents=True)
    assert latest_directory("stem", _record()) == runs / "stem-2"


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    record = dataclasses.replace(
        _record(),
        status="finished",
        normalisation={"best": [0.1], "worst": [0.9], "reference": [1.0]},
        notes=("one", "two"),
        versions={"numpy": "2.0"},
    )
    record.write(tmp_path)
    assert read_record(tmp_path) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"run"',
        "{}",
        '{"schema": 1}',
        '{"schema": "one"}',
        "\x00\x01",
    ],
)
def test_a_damaged_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(RunError, match=r"run\.json must be what hwnas search wrote; it is damaged"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("columns", []),
        ("columns", {}),
        ("columns", [{"column": "x"}]),
        ("columns", 3),
        ("config", {}),
        ("config", []),
        ("config", None),
        ("n_objectives", 0),
        ("n_objectives", 2),
        ("n_objectives", "1"),
        ("notes", 5),
        ("stray", 1),
    ],
)
def test_a_record_with_a_wrong_part_is_refused(tmp_path: Path, key: str, value: object) -> None:
    _record().write(tmp_path)
    data = json.loads((tmp_path / RECORD).read_text())
    (tmp_path / RECORD).write_text(json.dumps({**data, key: value}))
    with pytest.raises(RunError, match=r"run\.json must be what hwnas search wrote; it is damaged"):
        read_record(tmp_path)


@pytest.mark.parametrize("key", ["schema", "config", "columns", "n_objectives", "notes"])
def test_a_record_without_a_part_is_refused(tmp_path: Path, key: str) -> None:
    _record().write(tmp_path)
    data = json.loads((tmp_path / RECORD).read_text())
    del data[key]
    (tmp_path / RECORD).write_text(json.dumps(data))
    with pytest.raises(RunError, match=r"run\.json must be what hwnas search wrote; it is damaged"):
        read_record(tmp_path)


def test_a_record_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RunError, match=r"damaged \(UnicodeDecodeError\)"):
        read_record(tmp_path)


def test_a_record_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text('{"schema": 2}')
    with pytest.raises(RunError, match=r"has schema 2; this version reads up to 1\. Update hwnas"):
        read_record(tmp_path)


def test_a_directory_without_a_record_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"must be the directory of a run; it holds no run\.json"):
        read_record(tmp_path)
