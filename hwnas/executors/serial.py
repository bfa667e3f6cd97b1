"""One item after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from hwnas.executors import EXECUTORS, Outcome, attempt, one_thread

T = TypeVar("T")
R = TypeVar("R")


@EXECUTORS.register("serial")
class Serial:
    """This process.

    Args:
        n_workers: There is one, whatever is asked.
    """

    def __init__(self, n_workers: int = 1) -> None:
        del n_workers

    def run(self, work: Callable[[T], R], items: Iterable[T]) -> Generator[Outcome[R], None, None]:
        """Outcomes in the order of the items."""
        with one_thread():
            for index, item in enumerate(items):
                yield attempt(work, index, item, "main")
