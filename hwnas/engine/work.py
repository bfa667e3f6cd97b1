"""When, where and for how long a run was worked at: ``work.json``, an entry for each process.

It stands apart from ``run.json``, so that two runs of one seed have the same of that.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from hwnas._records import Count, RecordFormat
from hwnas.errors import RunError
from hwnas.measure.environment import Environment, read_environment

WORK = "work.json"
_GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one process did for a run.

    Args:
        begun: When it began, UTC, as ISO 8601 has it.
        seconds: How long it took, everything from preparing to the report; None where it was
            killed.
        n_evaluated: Architectures that the run held when it ended; None where it was killed.
        cpu: Model name of the processor; None where the system does not tell.
        n_cpus: Logical processors of the machine; None where the system does not tell.
        system: Operating system and its version.
        python: Version of Python.
        commit: The commit of hwnas, with ``-dirty`` where files differ from it; None where it was
            not run from its repository.
    """

    begun: str
    seconds: float | None
    n_evaluated: Count | None
    cpu: str | None
    n_cpus: int | None
    system: str
    python: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class Work:
    """All that was done for a run.

    Args:
        stretches: In order.
    """

    stretches: tuple[Stretch, ...] = ()

    @property
    def seconds(self) -> float | None:
        """How long all of it took; None where that is not known of a part, or nothing was noted."""
        known = [each.seconds for each in self.stretches if each.seconds is not None]
        return sum(known) if known and len(known) == len(self.stretches) else None


FORMAT = RecordFormat(
    Work,
    schema=1,
    error=RunError,
    what="what hwnas search wrote",
    advice="Remove it: the run can be read without.",
    sealed_from=1,
)


def read_work(folder: Path) -> Work:
    """What was noted of the work at a run; nothing for runs of older versions.

    Raises:
        RunError: The file is damaged or of a newer schema.
    """
    path = folder / WORK
    return FORMAT.read(path) if path.exists() else Work()


class WorkLog:
    """Notes what this process does for a run.

    Args:
        folder: The run's directory.
        clock: Seconds that never go back.
        now: The time of day.
        machine: Reads what is known of this machine.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        machine: Callable[[], Environment] = read_environment,
    ) -> None:
        self._folder, self._clock = folder, clock
        self._started_s, self._begun = clock(), now()
        self._machine = machine
        self._before: tuple[Stretch, ...] = ()
        self._own: Stretch | None = None

    def begin(self) -> None:
        """Note that something new will be evaluated, so that this is known of a killed run too.

        Raises:
            RunError: What was noted before is damaged.
            StorageError: The folder cannot be written.
        """
        found = self._machine()
        self._before = read_work(self._folder).stretches
        self._own = Stretch(
            begun=self._begun.isoformat(timespec="seconds"),
            seconds=None,
            n_evaluated=None,
            cpu=found.cpu,
            n_cpus=found.n_cpus,
            system=found.system,
            python=found.python,
            commit=commit(),
        )
        self._write(self._own)

    def end(self, n_evaluated: int) -> None:
        """Note how long it took, if anything was begun.

        Args:
            n_evaluated: Architectures that the run holds.

        Raises:
            StorageError: The folder cannot be written.
        """
        if self._own is not None:
            seconds = round(self._clock() - self._started_s, 3)
            self._write(replace(self._own, seconds=seconds, n_evaluated=n_evaluated))

    def _write(self, own: Stretch) -> None:
        FORMAT.write(self._folder / WORK, Work((*self._before, own)))


@cache
def commit() -> str | None:
    """The commit of hwnas that runs, with ``-dirty`` where its files differ; None if unknown."""
    root = Path(__file__).resolve().parents[2]
    # An installed package may lie within somebody else's repository.
    if not (root / ".git").exists():
        return None
    words = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--match="]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=True, timeout=_GIT_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
