"""Executors: where work is done; a file that registers one here is found by itself."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from hwnas.errors import ConfigError
from hwnas.registry import Registry

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What came of one item.

    Args:
        index: Its place among the items.
        value: What the work returned; None where it raised.
        error: What it raised, or None.
        seconds: How long it took.
        worker: Who did it.
    """

    index: int
    value: R | None
    error: Exception | None
    seconds: float
    worker: str

    def result(self) -> R:
        """What the work returned.

        Raises:
            Exception: What it raised instead.
        """
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


class Executor(Protocol):
    """Does work on items, each with one thread, so that sums are added in one order wherever.

    An instance is made of the number of workers.
    """

    def __init__(self, n_workers: int) -> None: ...

    def run(self, work: Callable[[T], R], items: Iterable[T]) -> Generator[Outcome[R], None, None]:
        """Outcomes as they are there, which need not be the order of the items.

        An item is taken when a worker is free for it, so that items may come to an end early.
        An exception in the work is part of an outcome; ``KeyboardInterrupt`` passes. What is
        still at work when the iterator is closed is stopped.
        """
        ...


EXECUTORS: Registry[type[Executor]] = Registry("executor", "hwnas.executors", "hwnas.executors")


def make_executor(n_workers: int) -> Executor:
    """This process for one worker, else so many processes.

    Raises:
        ConfigError: ``n_workers`` is below 1.
    """
    if n_workers < 1:
        raise ConfigError(f"There must be at least 1 worker; got {n_workers}.")
    return EXECUTORS["serial" if n_workers == 1 else "processes"](n_workers)


def attempt(work: Callable[[T], R], index: int, item: T, worker: str) -> Outcome[R]:
    """Do the work on one item, and keep what it raises."""
    start = time.monotonic()
    value, error = None, None
    try:
        value = work(item)
    except Exception as raised:  # whatever a user's function raises is its item's outcome
        error = raised
    return Outcome(index, value, error, time.monotonic() - start, worker)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread for linear algebra, and for torch where it is loaded, as long as this lasts."""
    import threadpoolctl

    torch = sys.modules.get("torch")
    n_threads = None if torch is None else torch.get_num_threads()
    before = os.environ.get("OMP_NUM_THREADS")
    # Libraries that are loaded later look here.
    os.environ["OMP_NUM_THREADS"] = "1"
    if torch is not None:
        torch.set_num_threads(1)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(n_threads)
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def n_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
