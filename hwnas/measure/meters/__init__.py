"""Meters: counters of energy that can be read; a file that registers one is found by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from hwnas.registry import Registry


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter of energy, as far as a reader must know it.

    Args:
        name: What it counts: ``"CPU package 0"``.
        update_s: Seconds between two of its updates.
        wraps_at_mj: Where it begins again at 0, in millijoules; None if it does not.
    """

    name: str
    update_s: float
    wraps_at_mj: float | None = None


class Meter(Protocol):
    """Counters of energy that can be read at any moment; what they count adds up.

    The first line of a class's docstring describes it to users, and its constructor takes the
    options of the meter, all with defaults and checked.

    Attributes:
        name: Its name on the command line.
    """

    name: ClassVar[str]

    def why_not(self) -> str | None:
        """Why it cannot read anything here and what would help, in one line; None if it can."""
        ...

    def describe(self) -> dict[str, Any]:
        """What a reading with it must say: versions, counters; as JSON can hold it."""
        ...

    def counters(self) -> tuple[Counter, ...]:
        """The counters that it reads, no energy counted by two of them.

        Raises:
            MeasurementError: It cannot read any here.
        """
        ...

    def read_mj(self) -> tuple[float, ...]:
        """What each counter says now, in the order of ``counters()``, in millijoules.

        Raises:
            MeasurementError: A counter cannot be read.
        """
        ...


METERS: Registry[type[Meter]] = Registry(
    "meter", "hwnas.measure.meters", "hwnas.meters", "hwnas backends"
)
