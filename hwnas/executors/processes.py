"""Processes of this machine, one item each at a time."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
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

    def run(self, work: Callable[[T], R], items: Iterable[T]) -> Generator[Outcome[R], None, None]:
        """Outcomes as they are there; a process that dies fails its item, and another takes over.

        Raises:
            ConfigError: The work or an item cannot be sent to another process.
        """
        left: Iterator[tuple[int, T]] = iter(enumerate(items))
        # No process is started that has nothing to do.
        first = list(itertools.islice(left, self._n_workers))
        left = itertools.chain(first, left)
        workers = [_Worker(n, work) for n in range(len(first))]
        try:
            busy = {each.connection: each for each in workers if each.take(left)}
            while busy:
                for connection in wait(list(busy)):
                    worker = busy.pop(cast(Connection, connection))
                    outcome = worker.outcome()
                    if worker.is_lost:
                        workers[worker.number] = worker = _Worker(worker.number, work)
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
        work: What it does with each item.
    """

    def __init__(self, number: int, work: Callable[[Any], Any]) -> None:
        # Forking a process that has run torch may hang its threads.
        context = multiprocessing.get_context("spawn")
        self.number = number
        self.is_lost = False
        self.connection, theirs = context.Pipe()
        self._name = f"process {number + 1}"
        # Sent with the first item, so that all processes start at once.
        self._work: Callable[[Any], Any] | None = work
        self._index = -1
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def take(self, left: Iterator[tuple[int, Any]]) -> bool:
        """Begin the next item that is left; False if none is.

        Raises:
            ConfigError: The work or the item cannot be sent.
        """
        for self._index, item in left:
            try:
                if self._work is not None:
                    self.connection.send(self._work)
                self._work = None
                self.connection.send((self._index, item, self._name))
            except OSError:
                pass  # a process that died is seen when it is waited for
            except Exception as error:  # pickle lets through whatever an object raises
                raise ConfigError(
                    "What other processes work on must be made of functions and classes of a "
                    f"module; {error}. Move them into a file that can be imported, or use one "
                    "worker."
                ) from error
            return True
        return False

    def outcome(self) -> Outcome[Any]:
        """What came of the item."""
        try:
            seconds, reason = self.connection.recv()
            try:
                found = self.connection.recv()
            except EOFError:
                raise
            except Exception:  # exceptions with arguments of their own often cannot be made again
                found = None
        except (EOFError, OSError):
            self.is_lost = True
            self.stop()
            status = self._process.exitcode
            reason = f"its process ended with status {status} before it was done"
            seconds, found = 0.0, None
        if reason is None:
            return Outcome(self._index, found, None, seconds, self._name)
        error = found if isinstance(found, Exception) else RuntimeError(reason)
        return Outcome(self._index, None, error, seconds, self._name)

    def stop(self) -> None:
        """End the process, also in the middle of its item."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def _serve(connection: Connection) -> None:
    """What a process does: items that come through the connection, until it is closed."""
    # Ctrl-C reaches every process of a terminal; the one that started the workers ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with one_thread(), contextlib.suppress(EOFError, OSError):
        try:
            work = connection.recv()
        except EOFError:
            return
        except Exception as error:  # whatever its module raises when it is imported
            work = partial(_fail, f"{type(error).__name__}: {error}")
        # What the work is made of is loaded now.
        with one_thread():
            while True:
                index, item, name = connection.recv()
                _answer(connection, attempt(work, index, item, name))


def _answer(connection: Connection, outcome: Outcome[Any]) -> None:
    """Send how long it took and, in words, what was raised; then the value, or the error itself.

    What cannot be pickled is replaced by None before anything of it is sent.
    """
    error = outcome.error
    thing = outcome.value if error is None else error
    try:
        ForkingPickler.dumps(thing)
    except Exception as raised:  # pickle lets through whatever an object raises
        error, thing = error or raised, None
    reason = None if error is None else f"{type(error).__name__}: {error}"
    connection.send((outcome.seconds, reason))
    connection.send(thing)


def _fail(reason: str, _: Any) -> None:
    """Work in place of what could not be loaded."""
    raise RuntimeError(reason)
