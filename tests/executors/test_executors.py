"""Executors: every item has one outcome, failures are outcomes too, and interrupts are not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import threadpoolctl

from hwnas.errors import ConfigError, UnknownNameError
from hwnas.executors import EXECUTORS, Executor, Outcome, make_executor


@pytest.fixture(params=["serial", "processes"])
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param](2)


def _run(executor: Executor, work: Callable[[Any], Any], items: list[Any]) -> list[Outcome[Any]]:
    """Outcomes in the order of the items."""
    return sorted(executor.run(work, items), key=lambda outcome: outcome.index)


def _sevenfold(item: int) -> int:
    return 7 * item


def _odd_fails(item: int) -> int:
    if item % 2:
        raise UnknownNameError("board", f"board-{item}", [])
    return item


def _dies(item: int) -> int:
    if item == 1:
        os._exit(9)
    return item


def _pause(item: float) -> float:
    time.sleep(item)
    return item


def _n_threads(_: int) -> int:
    import numpy

    # In another process it is loaded only now.
    assert numpy.ones(2) @ numpy.ones(2) == 2.0
    return max(int(pool["num_threads"]) for pool in threadpoolctl.threadpool_info())


def _unpicklable(_: int) -> Callable[[], None]:
    return lambda: None


def test_items_may_end_while_others_are_at_work(executor: Executor) -> None:
    done: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            if len(done) >= 3:
                return
            yield item

    for outcome in executor.run(_sevenfold, items()):
        done += [outcome.index]
    # What was taken by then is done: at most one more for each worker.
    assert sorted(done) == list(range(len(done)))
    assert 3 <= len(done) <= 5


def test_every_item_has_its_outcome(executor: Executor) -> None:
    found = _run(executor, _sevenfold, list(range(5)))
    assert [(each.index, each.result()) for each in found] == [(n, 7 * n) for n in range(5)]
    assert all(each.seconds >= 0 and each.worker for each in found)


def test_no_items_have_no_outcomes(executor: Executor) -> None:
    assert _run(executor, _sevenfold, []) == []


def test_a_failure_is_the_outcome_of_its_item_alone(executor: Executor) -> None:
    found = _run(executor, _odd_fails, list(range(4)))
    assert [each.value for each in found] == [0, None, 2, None]
    assert found[0].error is None
    assert "Unknown board 'board-3'" in str(found[3].error)
    with pytest.raises(Exception, match="Unknown board 'board-1'"):
        found[1].result()


def test_work_has_one_thread_and_what_comes_after_has_all(executor: Executor) -> None:
    before = threadpoolctl.threadpool_info(), os.environ.get("OMP_NUM_THREADS")
    assert [each.result() for each in _run(executor, _n_threads, [0])] == [1]
    assert (threadpoolctl.threadpool_info(), os.environ.get("OMP_NUM_THREADS")) == before


def test_outcomes_of_processes_come_when_they_are_there() -> None:
    slow_first = EXECUTORS["processes"](2).run(_pause, [0.6, 0.0, 0.0])
    assert [outcome.index for outcome in slow_first] == [1, 2, 0]


def test_a_process_that_dies_fails_its_item_alone() -> None:
    found = _run(EXECUTORS["processes"](1), _dies, [0, 1, 2])
    assert [each.value for each in found] == [0, None, 2]
    assert "its process ended with status 9 before it was done" in str(found[1].error)


def test_a_value_that_cannot_be_sent_is_a_failure() -> None:
    (found,) = _run(EXECUTORS["processes"](1), _unpicklable, [0])
    assert found.error is not None
    assert found.value is None


def test_work_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Move them into a file that can be imported, or use"):
        list(EXECUTORS["processes"](2).run(lambda item: item, [1, 2]))


def test_a_run_that_is_closed_stops_what_is_at_work() -> None:
    run = EXECUTORS["processes"](2).run(_pause, [0.0, 60.0, 60.0])
    next(run)
    start = time.monotonic()
    run.close()
    assert time.monotonic() - start < 10


def _interrupts(_: int) -> int:
    signal.raise_signal(signal.SIGINT)
    return 0


def test_an_interrupt_in_this_process_passes() -> None:
    with pytest.raises(KeyboardInterrupt):
        list(EXECUTORS["serial"](1).run(_interrupts, [0]))


def test_an_interrupt_does_not_reach_processes() -> None:
    (found,) = EXECUTORS["processes"](1).run(_interrupts, [0])
    assert found.result() == 0


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    script = tmp_path / "starts.py"
    script.write_text(
        "import os, time\n"
        "from hwnas.executors import EXECUTORS\n"
        "def work(item):\n"
        "    print(os.getpid(), flush=True)\n"
        "    return item\n"
        "if __name__ == '__main__':\n"
        "    run = EXECUTORS['processes'](1).run(work, [0, 1])\n"
        "    next(run)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    worker = int(done.stdout.split()[0])
    for _ in range(200):
        state = Path(f"/proc/{worker}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("the worker outlived the one that started it")


@pytest.mark.parametrize(("n_workers", "name"), [(1, "serial"), (2, "processes")])
def test_one_worker_is_this_process(n_workers: int, name: str) -> None:
    assert type(make_executor(n_workers)) is EXECUTORS[name]


def test_no_workers_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1 worker; got 0"):
        make_executor(0)


def test_an_error_is_sent_as_it_is_where_it_can_be() -> None:
    (found,) = EXECUTORS["processes"](1).run(partial(divmod, 1), [0])
    assert type(found.error) is ZeroDivisionError
