"""Which directory a run takes, and that it never takes another's."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from changed_records import rewrite, sealed

from hwnas._lock import LOCK
from hwnas.core.objective import ObjectiveSpec
from hwnas.engine.directory import (
    claimed,
    difference,
    latest_directory,
    new_directory,
    resume_notes,
)
from hwnas.engine.record import RECORD, Record, read_record
from hwnas.errors import RunError, SkippedFileWarning, StorageError

SPEC = ObjectiveSpec("cost", "", "min", "predicted", "Cost", origin="cost.onnx sha256 12ab")
CONFIG = {
    "space": "nasbench201",
    "dataset": "cifar10",
    "options": {"cells": 5},
    "device": None,
    "seed": 0,
    "limit_at": "interval",
}


def _record(**changes: object) -> Record:
    return Record(config={**CONFIG, **changes}, columns=(SPEC,), n_objectives=1, versions={})


def claim(path: Path, record: Record, is_resumed: bool) -> None:
    """Take a directory and let go of it."""
    with claimed(path, record, is_resumed):
        pass


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
    with pytest.raises(RunError, match=r"already holds a run\. Choose another out=, or continue"):
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
    assert {path.name for path in tmp_path.iterdir()} == {RECORD, LOCK, ".front.csv.bak"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 1}, "seed is 0 there and 1 here"),
        ({"device": "edgegpu"}, "device is not given there and edgegpu here"),
        ({"options": {"cells": 1}}, "options is cells=5 there and cells=1 here"),
        ({"constraints": ["latency_ms <= 5"]}, "constraints is not given there and latency_ms"),
    ],
)
def test_another_configuration_is_not_resumed(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    claim(tmp_path, _record(), is_resumed=False)
    with pytest.raises(
        RunError, match=rf"resume=True needs the configuration of the run .*: {said}"
    ):
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


def test_another_meaning_of_limits_is_a_difference_unless_it_is_left_open() -> None:
    stored, other = _record(), _record(limit_at="point")
    assert difference(stored, other) == "limit_at is interval there and point here"
    assert difference(other, _record(limit_at=None)) is None


def test_values_alone_kept_the_limits_of_a_record_that_does_not_say(tmp_path: Path) -> None:
    old = _record()
    del old.config["limit_at"]
    old.write(tmp_path)
    assert read_record(tmp_path).config["limit_at"] == "point"


def test_the_same_configuration_has_no_difference() -> None:
    stored = dataclasses.replace(_record(), status="finished", versions={"numpy": "1"})
    assert difference(stored, _record()) is None


@pytest.mark.parametrize("change", [{"generations": 9}, {"budget": 500}])
def test_when_a_run_ends_is_no_difference(change: dict[str, object]) -> None:
    assert difference(_record(generations=5, budget=None), _record(**change)) is None


def test_a_run_that_ends_alike_comes_before_a_later_one_that_does_not(runs: Path) -> None:
    for number, generations in ((1, 5), (2, 50), (3, 20)):
        claim(runs / f"stem-{number}", _record(generations=generations), is_resumed=False)
    assert latest_directory("stem", _record(generations=50)) == runs / "stem-2"
    assert latest_directory("stem", _record(generations=60)) == runs / "stem-3"


def test_the_latest_run_of_the_configuration_is_resumed(runs: Path) -> None:
    for number, seed in ((1, 0), (2, 0), (9, 1), (10, 0), (11, 1)):
        claim(runs / f"stem-{number}", _record(seed=seed), is_resumed=False)
    (runs / "stem-more-20").mkdir()
    assert latest_directory("stem", _record()) == runs / "stem-10"


def test_no_run_of_the_configuration_is_said(runs: Path) -> None:
    claim(runs / "stem-1", _record(seed=1), is_resumed=False)
    with pytest.raises(
        RunError, match=r"resume=True needs a run of this configuration; runs/ holds"
    ):
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
        limits=("cost <= 5",),
        device_title="A board of mine",
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
    with pytest.raises(
        RunError, match=r"run\.json must be what hwnas search wrote; .* Start again"
    ):
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
    with pytest.raises(RunError, match=r"run\.json must be what hwnas search wrote; "):
        read_record(tmp_path)


@pytest.mark.parametrize("key", ["schema", "config", "columns", "n_objectives", "versions"])
def test_a_record_without_a_part_is_refused(tmp_path: Path, key: str) -> None:
    _record().write(tmp_path)
    data = json.loads((tmp_path / RECORD).read_text())
    del data[key]
    (tmp_path / RECORD).write_text(json.dumps(sealed(data) if "schema" in data else data))
    with pytest.raises(RunError, match=r"run\.json must be what hwnas search wrote; "):
        read_record(tmp_path)


def test_a_record_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RunError, match="it is no JSON"):
        read_record(tmp_path)


def test_a_record_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text('{"schema": 4}')
    with pytest.raises(RunError, match=r"schema must be at most 3; got 4\. Update hwnas"):
        read_record(tmp_path)


def test_a_word_that_is_no_part_of_a_record_is_refused_with_the_nearest(tmp_path: Path) -> None:
    _record().write(tmp_path)
    rewrite(tmp_path / RECORD, note=[])
    with pytest.raises(RunError, match=r"it has no 'note', did you mean 'notes'"):
        read_record(tmp_path)


def test_a_directory_without_a_record_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"must be the directory of a run; it holds no run\.json"):
        read_record(tmp_path)


# --- searches that fail, and runs that are resumed ------------------------------------------------


def _fail(path: Path, record: Record, error: BaseException, is_resumed: bool = False) -> None:
    with claimed(path, record, is_resumed):
        raise error


@pytest.mark.parametrize("error", [ValueError("no data"), SystemExit(3), StorageError("full")])
def test_a_search_that_fails_before_it_begins_leaves_nothing(
    tmp_path: Path, error: BaseException
) -> None:
    with pytest.raises(type(error), match=str(error)):
        _fail(tmp_path / "runs" / "run", _record(), error)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_was_there_stays_there_empty(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no data"):
        _fail(tmp_path, _record(), ValueError("no data"))
    assert list(tmp_path.iterdir()) == []


def test_a_search_that_was_interrupted_keeps_its_run(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        _fail(tmp_path, _record(), KeyboardInterrupt("stopped"))
    assert read_record(tmp_path) == _record()


def test_a_run_that_was_there_survives_a_failure(tmp_path: Path) -> None:
    claim(tmp_path, _record(), is_resumed=False)
    with pytest.raises(ValueError, match="no data"):
        _fail(tmp_path, _record(), ValueError("no data"), is_resumed=True)
    assert read_record(tmp_path) == _record()


def test_a_folder_without_a_run_is_said_before_one_begins_there(tmp_path: Path) -> None:
    assert resume_notes(tmp_path / "typo", _record()) == [
        f"{tmp_path / 'typo'} holds no run to resume: a new one begins there."
    ]


def test_other_versions_are_said_before_a_run_goes_on(tmp_path: Path) -> None:
    stored = dataclasses.replace(_record(), versions={"numpy": "1.26.0", "pymoo": "0.6.2"})
    claim(tmp_path, stored, is_resumed=False)
    now = dataclasses.replace(stored, versions={"numpy": "2.0.1", "pymoo": "0.6.2"})
    assert resume_notes(tmp_path, stored) == []
    (note,) = resume_notes(tmp_path, now)
    assert "was begun with numpy 1.26.0 (now 2.0.1): from here on it may differ" in note


def test_a_run_whose_columns_were_renamed_can_be_read_alone(tmp_path: Path) -> None:
    named = [dataclasses.replace(SPEC, column=each) for each in ("accuracy_pct", "accuracy_pct@x")]
    old, new = (dataclasses.replace(_record(), columns=(each,)) for each in named)
    claim(tmp_path, old, is_resumed=False)
    with pytest.raises(RunError, match=r"called accuracy_pct what .* can be read, not continued\."):
        claim(tmp_path, new, is_resumed=True)


def test_a_damaged_run_is_left_out_where_the_latest_is_looked_for(runs: Path) -> None:
    claim(runs / "stem-1", _record(), is_resumed=False)
    (runs / "stem-2").mkdir()
    (runs / "stem-2" / RECORD).write_text("{")
    with pytest.warns(SkippedFileWarning, match=r"Left out: runs/stem-2/run\.json must be what"):
        assert latest_directory("stem", _record()) == runs / "stem-1"
