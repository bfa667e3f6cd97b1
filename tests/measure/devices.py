"""A clock that only runs of models turn, models that take a stated time, a device that drifts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from hwnas.measure.backends import Model
from hwnas.measure.clock import Clock
from hwnas.models.sessions import open_session


class TurnedClock:
    """Stands still unless it is turned; sleeping turns it."""

    def __init__(self) -> None:
        self.ns = 0
        self.slept_s = 0.0

    def now_ns(self) -> int:
        return self.ns

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.ns += round(seconds * 1e9)


class Timed:
    """A model whose run takes so many nanoseconds, or as a function of the time says."""

    def __init__(self, clock: TurnedClock, run_ns: float | Callable[[int], float]) -> None:
        self._clock, self._run_ns = clock, run_ns
        self.n_runs = 0
        self.is_closed = False

    def outputs(self) -> list[np.ndarray]:
        return [np.zeros(1)]

    def run_ns(self, clock: Clock) -> int:
        start = clock.now_ns()
        self.n_runs += 1
        takes_ns = self._run_ns(start) if callable(self._run_ns) else self._run_ns
        self._clock.ns += round(takes_ns)
        return clock.now_ns() - start

    def close(self) -> None:
        self.is_closed = True


class TimedBackend:
    """Runs every model in ONNX Runtime, and takes as long as its bytes say, one a
    nanosecond.

    Args:
        clock: Turned by each run.
        slowness: By how much the device is slower.
        errors: What is raised when a model of that name is opened, once for each item.
        wrong: By how much its outputs differ from ONNX Runtime's.
    """

    name: ClassVar[str] = "timed"
    is_remote: ClassVar[bool] = False
    is_compiled: ClassVar[bool] = False
    progress: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        clock: TurnedClock,
        slowness: float = 1.0,
        errors: Mapping[str, list[Exception]] | None = None,
        wrong: float = 0.0,
    ) -> None:
        self._clock, self._slowness, self._wrong = clock, slowness, wrong
        self._errors = dict(errors or {})
        self.opened: list[str] = []

    def why_not(self) -> str | None:
        return None

    def describe(self) -> dict[str, Any]:
        return {"timed": "1"}

    def open(self, model: Model, threads: int) -> Timed:  # noqa: ARG002
        self.opened.append(model.name)
        if self._errors.get(model.name):
            raise self._errors[model.name].pop(0)
        outputs = open_session(model.data).run(None, dict(model.inputs))
        runner = Timed(self._clock, self._slowness * len(model.data))
        runner.outputs = lambda: [each + self._wrong for each in outputs]  # type: ignore[method-assign]
        return runner
