"""The clock that measuring goes by: the machine's own, or one that a test turns."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    now_ns = staticmethod(time.perf_counter_ns)
    sleep = staticmethod(time.sleep)
