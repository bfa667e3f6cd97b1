"""Processes of this machine, one item each at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast

from hwnas.errors import ConfigError
from hwnas.executors import EXECUTORS, Outcome, attempt, one_thread

T = TypeVar("T")
R = TypeVar("R")


@EXECUTORS.register("processes")
class Processes:
    """Processes that are started for each run and end with it.

    A script that uses them keeps its own work under ``if __name__ == "__main__"``, and functions
    where another process can import them.

    Args:
        n_workers: How many at most.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers

    def run(self, work: Callable[[T], R], items: Sequence[T]) -> Generator[Outcome[R], None, None]:
        """Outcomes as they are there; a process that dies fails its item, and another takes over.

        Raises:
            ConfigError: The work or an item cannot be sent to another process.
        """
        task, left = _pickled(work), iter(enumerate(items))
        workers = [_Worker(n, task) for n in range(min(self._n_workers, len(items)))]
        try:
            busy = {each.connection: each for each in workers if each.take(left)}
            while busy:
                for connection in wait(list(busy)):
                    worker = busy.pop(cast(Connection, connection))
                    outcome = worker.outcome()
                    if worker.is_lost:
                        workers[worker.number] = worker = _Worker(worker.number, task)
                    if worker.take(left):
                        busy[worker.connection] = worker
                    yield outcome
        finally:
            for worker in workers:
                worker.stop()


class _Worker:
    """A process and the item that it has.

    Args:
        number: Which of the workers.
        task: The work, pickled.
    """

    def __init__(self, number: int, task: bytes) -> None:
        # Forking a process that has run torch may hang its threads.
        context = multiprocessing.get_context("spawn")
        self.number = number
        self.is_lost = False
        self.connection, theirs = context.Pipe()
        self._name = f"process {number + 1}"
        self._index = -1
        self._process = context.Process(target=_serve, args=(theirs, task), daemon=True)
        self._process.start()
        theirs.close()

    def take(self, left: Iterator[tuple[int, Any]]) -> bool:
        """Begin the next item that is left; False if none is."""
        for self._index, item in left:
            with contextlib.suppress(OSError):  # a process that died is seen when it is waited for
                self.connection.send_bytes(_pickled((self._index, item, self._name)))
            return True
        return False

    def outcome(self) -> Outcome[Any]:
        """What came of the item."""
        try:
            return pickle.loads(self.connection.recv_bytes())  # type: ignore[no-any-return]
        except (EOFError, OSError):
            self.is_lost = True
            self.stop()
            error = RuntimeError(
                f"its process ended with status {self._process.exitcode} before it was done"
            )
            return Outcome(self._index, None, error, 0.0, self._name)

    def stop(self) -> None:
        """End the process, also in the middle of its item."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def _serve(connection: Connection, task: bytes) -> None:
    """What a process does: items that come through the connection, until it is closed."""
    # Ctrl-C reaches every process of a terminal; the one that started the workers ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with one_thread():
        try:
            work: Callable[[Any], Any] = pickle.loads(task)
        except Exception as error:  # whatever its module raises when it is imported
            work = _Raising(_sendable(error))
        # What the work is made of is loaded now.
        with one_thread(), contextlib.suppress(EOFError, BrokenPipeError):
            while True:
                index, item, name = pickle.loads(connection.recv_bytes())
                outcome = attempt(work, index, item, name)
                connection.send_bytes(_answer(outcome))


def _answer(outcome: Outcome[Any]) -> bytes:
    """An outcome, pickled; where its value cannot be, that is its error."""
    if outcome.error is not None:
        return pickle.dumps(replace(outcome, error=_sendable(outcome.error)))
    try:
        return pickle.dumps(outcome)
    except Exception as error:  # pickle lets through whatever an object raises
        return pickle.dumps(replace(outcome, value=None, error=_sendable(error)))


def _sendable(error: Exception) -> Exception:
    """An exception that survives being sent: itself, or one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # exceptions with arguments of their own often cannot be made again
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


class _Raising:
    """Work that could not be loaded; raises the reason for every item."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, _: Any) -> Any:
        raise self._error


def _pickled(thing: Any) -> bytes:
    try:
        return pickle.dumps(thing)
    except Exception as error:  # pickle lets through whatever an object raises
        raise ConfigError(
            "What other processes work on must be made of functions and classes of a module; "
            f"{error}. Move them into a file that can be imported, or use one worker."
        ) from error
