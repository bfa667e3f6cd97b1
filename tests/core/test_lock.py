"""A run's directory is one process's at a time, and the others are told whose."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hwnas
from hwnas._lock import HOLDER, LOCK, hold
from hwnas.errors import RunError, StorageError

OTHERWISE = "choose another --out"
HOLDING = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from hwnas._lock import hold\n"
    "from hwnas.errors import RunError\n"
    "OTHERWISE = 'choose another --out'\n"
    "with hold(Path(sys.argv[1]), RunError, OTHERWISE):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(60)\n"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the directory."""
    words = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_is_told_who_holds_it(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    who = rf"in use by process {holder.pid} on {re.escape(platform.node())}, since 20\d\d-\d\d-"
    with pytest.raises(RunError, match=who), hold(tmp_path, RunError, OTHERWISE):
        pass
    # Nothing of it is harmed: a third is told the same.
    with pytest.raises(RunError, match=who), hold(tmp_path, RunError, OTHERWISE):
        pass


def test_a_killed_process_holds_nothing(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    assert (tmp_path / HOLDER).exists()
    with hold(tmp_path, RunError, OTHERWISE):
        assert json.loads((tmp_path / HOLDER).read_text())["pid"] == os.getpid()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_what_the_holder_wrote_may_be_lost(tmp_path: Path) -> None:
    with hold(tmp_path, RunError, OTHERWISE):
        (tmp_path / HOLDER).write_text("{")
        with (
            pytest.raises(RunError, match="in use by another process"),
            hold(tmp_path, RunError, OTHERWISE),
        ):
            pass


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match="must be writable"),
        hold(tmp_path / "file", RunError, OTHERWISE),
    ):
        pass


def test_a_run_in_use_is_not_resumed(tmp_path: Path) -> None:
    settings = {"objectives": ["params"], "population": 6, "generations": 2}
    run = hwnas.search("nasbench201", out=tmp_path / "run", **settings)  # type: ignore[arg-type]
    before = (run.path / "run.sqlite").read_bytes()
    with hold(run.path, RunError, OTHERWISE):
        (run.path / HOLDER).write_text('{"pid": 7, "host": "board", "since": "2026-01-02"}')
        with pytest.raises(RunError, match="in use by process 7 on board, since 2026-01-02"):
            hwnas.search("nasbench201", out=run.path, resume=True, **settings)  # type: ignore[arg-type]
        assert hwnas.load_run(run.path).record.status == "finished"
    assert (run.path / "run.sqlite").read_bytes() == before
