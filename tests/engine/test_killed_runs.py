"""A run that is killed at any moment and resumed ends where it would have ended."""

from __future__ import annotations

import os
import random
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import hwnas

# A search that is slow enough to be killed, and that kills itself where it is told to: at the
# n-th event of Python's audit hooks that names a file with a text in its name.
SCRIPT = """
import os, sys, time
import numpy as np
import hwnas

out, resume, pause, event, text, count = sys.argv[1:]
left = int(count)

def watch(name, arguments):
    global left
    if name == event and any(text in os.path.basename(str(item)) for item in arguments):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)

if event:
    sys.addaudithook(watch)

def cost(archs):
    time.sleep(float(pause))
    return np.array([sum(arch.genotype) for arch in archs], dtype=float)

hwnas.search("nasbench201", objectives=[cost, "macs"], algorithm="nsga2", population=8,
             generations=12, seed=1, out=out, resume=resume == "resume")
"""
COMPARED = ("front.csv", "front.json", "run.json")
FINISHED = "SELECT COALESCE(MAX(ask), 1) - 1 FROM trials"


class Searches:
    """Starts the search in processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "search.py"
        self.script.write_text(SCRIPT)

    def words(self, name: str, resume: bool, pause: float, *kill: str) -> list[str]:
        event, text, count = kill or ("", "", "0")
        mode = "resume" if resume else "new"
        return [
            sys.executable, str(self.script), str(self.folder / name), mode, str(pause),
            event, text, count,
        ]  # fmt: skip

    def run(self, name: str, *kill: str, resume: bool = False) -> int:
        done = subprocess.run(self.words(name, resume, 0.0, *kill), check=False)
        return done.returncode

    def kill_after(self, name: str, seconds: float, resume: bool = False) -> int:
        process = subprocess.Popen(self.words(name, resume, 0.1))
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


@pytest.fixture(scope="module")
def searches(tmp_path_factory: pytest.TempPathFactory) -> Searches:
    """With one run, ``whole``, that was never killed."""
    searches = Searches(tmp_path_factory.mktemp("killed"))
    assert searches.run("whole") == 0
    return searches


def _rows(path: Path) -> list[str]:
    """All of the store but how long trials took."""
    with (
        closing(sqlite3.connect(path / "run.sqlite")) as database,
        closing(sqlite3.connect(":memory:")) as found,
    ):
        database.backup(found)
        found.execute("UPDATE trials SET seconds = NULL")
        return list(found.iterdump())


def _is_whole(searches: Searches, name: str) -> bool:
    """Whether a run ended as the one that was never killed, and left nothing behind."""
    whole, found = searches.folder / "whole", searches.folder / name
    assert {path.name for path in found.iterdir()} == {path.name for path in whole.iterdir()}
    assert _rows(found) == _rows(whole)
    return all((found / file).read_bytes() == (whole / file).read_bytes() for file in COMPARED)


# Events in the order in which a run meets them.
MOMENTS = {
    "before the directory is made": ("os.mkdir", "before", 1),
    "before run.json is begun": ("tempfile.mkstemp", ".run.json", 1),
    "while run.json is written": ("os.rename", "run.json", 1),
    "between run.json and run.sqlite": ("sqlite3.connect", "run.sqlite", 1),
    "when all generations are there": ("tempfile.mkstemp", ".run.json", 2),
    "while run.json is written again": ("os.rename", "run.json", 2),
    "while front.csv is written": ("os.rename", "front.csv", 1),
    "while front.json is written": ("os.rename", "front.json", 1),
    "while the report is written": ("os.rename", "report.html", 1),
}


@pytest.mark.long
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_a_certain_moment_and_resumed(searches: Searches, moment: str) -> None:
    name = moment.replace(" ", "-")
    event, text, count = MOMENTS[moment]
    assert searches.run(name, event, text, str(count)) == -signal.SIGKILL
    assert searches.run(name, resume=True) == 0
    assert _is_whole(searches, name)


@pytest.mark.long
@pytest.mark.parametrize("number", range(6))
def test_killed_at_a_random_moment_and_resumed(searches: Searches, number: int) -> None:
    # A search takes a second to start and 1.2 s to pause; later ones may find it finished.
    seconds = random.Random(number).uniform(0.3, 3.0)
    searches.kill_after(f"random-{number}", seconds)
    assert searches.run(f"random-{number}", resume=True) == 0
    assert _is_whole(searches, f"random-{number}")


def _wait_for_generations(path: Path, n: int, process: subprocess.Popen[str]) -> None:
    """Wait until a run has stored ``n`` generations."""
    while process.poll() is None:
        if path.is_file():
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                try:
                    (stored,) = database.execute(FINISHED).fetchone()
                except sqlite3.OperationalError:
                    stored = 0
            if stored >= n:
                return
        time.sleep(0.01)
    raise AssertionError(f"the search ended by itself, with status {process.returncode}")


@pytest.mark.long
def test_killed_twice_and_resumed_twice(searches: Searches) -> None:
    path = searches.folder / "twice"
    for n_generations, resume in ((2, False), (6, True)):
        process = subprocess.Popen(searches.words("twice", resume, 0.2), text=True)
        _wait_for_generations(path / "run.sqlite", n_generations, process)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert n_generations <= len(hwnas.load_run(path).history) < 12
    assert searches.run("twice", resume=True) == 0
    assert _is_whole(searches, "twice")


@pytest.mark.long
def test_a_killed_run_can_be_looked_at(searches: Searches) -> None:
    process = subprocess.Popen(searches.words("looked-at", False, 0.2), text=True)
    path = searches.folder / "looked-at"
    _wait_for_generations(path / "run.sqlite", 3, process)
    process.kill()
    process.wait()
    run = hwnas.load_run(path)
    assert run.record.status == "running"
    assert len(run.evaluations) == run.history[-1].n_evaluated
    assert len(run.front) > 0


@pytest.mark.long
def test_a_finished_run_that_is_resumed_is_the_same(searches: Searches) -> None:
    assert searches.run("finished") == 0
    report = (searches.folder / "finished" / "report.html").read_bytes()
    assert searches.run("finished", resume=True) == 0
    assert _is_whole(searches, "finished")
    assert (searches.folder / "finished" / "report.html").read_bytes() == report


@pytest.fixture
def interrupted(tmp_path: Path) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Starts the command in a folder and interrupts it after three generations."""
    started: list[subprocess.Popen[str]] = []

    def run(path: Path, *words: str) -> tuple[int, str, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hwnas", "search", *words],
            cwd=tmp_path,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        _wait_for_generations(tmp_path / path / "run.sqlite", 3, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        return process.returncode, out, err

    yield run
    for process in started:
        process.kill()
        process.wait()


SETTINGS = (
    "nasbench201",
    "--objectives",
    "params,macs",
    "--population",
    "20",
    "--generations",
    "120",
)


@pytest.mark.long
@pytest.mark.parametrize("out", [None, "my runs/[1]"])
def test_the_command_an_interrupted_search_prints_goes_on(
    interrupted: Callable[..., tuple[int, str, str]], tmp_path: Path, out: str | None
) -> None:
    path = Path(out or "runs/nasbench201-1")
    status, shown, err = interrupted(path, *SETTINGS, *(("--out", out) if out else ()))
    assert status == 130
    run = hwnas.load_run(tmp_path / path)
    assert run.record.status == "interrupted"
    assert 3 <= len(run.history) < 120
    assert len(run.front) == (tmp_path / path / "front.csv").read_text().count("\n") - 1 > 0
    assert (tmp_path / path / "report.html").stat().st_size > 0
    assert f"{len(run.front)} architectures on the Pareto front" in shown
    assert "Interrupted; the front so far is kept. To go on:" in err
    command = shlex.split(err.strip().splitlines()[-1])
    assert command[0] == "hwnas"
    assert str(path) in command
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert (done.returncode, "Error" in done.stderr) == (0, False)
    straight = [sys.executable, "-m", "hwnas", "search", *SETTINGS, "--out", "straight", "--quiet"]
    subprocess.run(straight, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    for name in COMPARED:
        expected = (tmp_path / "straight" / name).read_bytes()
        assert (tmp_path / path / name).read_bytes() == expected


@pytest.mark.long
@pytest.mark.parametrize("mode", ["--quiet", "--json"])
def test_a_quiet_search_is_interrupted_alike(
    interrupted: Callable[..., tuple[int, str, str]], tmp_path: Path, mode: str
) -> None:
    status, out, err = interrupted(Path("run"), *SETTINGS, "--out=run", mode)
    assert status == 130
    assert err.strip().splitlines()[-1].endswith(f"--out=run {mode} --resume")
    assert out == "run\n" or out.startswith("{")
    assert os.access(tmp_path / "run" / "front.csv", os.R_OK)


# A warm start whose scores are computed, on networks small enough, and which kills itself or is
# interrupted when so many of them are there.
WARM_SCRIPT = """
import os, sys
from pathlib import Path
import hwnas
from hwnas.proxies import shipped
from hwnas.spaces.nasbench201 import NasBench201

out, resume, sign, count = sys.argv[1:]
shipped.artifacts_dir = lambda: Path(out).parent / "nothing"

def watch(scoring):
    if scoring.n_done == int(count):
        os.kill(os.getpid(), int(sign))

hwnas.search(NasBench201(channels=2, cells=1), objectives=["params", "macs"], population=8,
             generations=3, warm_start="nwot:32", out=out, resume=resume == "resume",
             on_scoring=watch)
"""


@pytest.mark.long
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_stopped_while_it_scores_and_resumed(tmp_path: Path, sign: signal.Signals) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    script = tmp_path / "search.py"
    script.write_text(WARM_SCRIPT)

    def run(name: str, count: int, resume: bool = False) -> int:
        words = [sys.executable, str(script), str(tmp_path / name), "resume" if resume else "new"]
        environment = {**os.environ, "HWNAS_CACHE": str(tmp_path / f"cache-{name}")}
        return subprocess.run(
            [*words, str(int(sign)), str(count)], check=False, env=environment, stderr=-1
        ).returncode

    assert run("whole", -1) == 0
    assert run("stopped", 16) == (-sign if sign == signal.SIGKILL else 1)
    status = hwnas.load_run(tmp_path / "stopped").record.status
    assert status == ("running" if sign == signal.SIGKILL else "interrupted")
    # What was scored is kept: there are never again as few as 8.
    assert run("stopped", 8, resume=True) == 0
    for name in COMPARED:
        expected = (tmp_path / "whole" / name).read_bytes()
        assert (tmp_path / "stopped" / name).read_bytes() == expected
    assert _rows(tmp_path / "stopped") == _rows(tmp_path / "whole")
