"""Rhythms other than one run after the other: at a camera's pace, or loaded anew each time."""

from __future__ import annotations

import numpy as np

from hwnas.errors import ConfigError
from hwnas.measure.backends import Backend, Model, Runner
from hwnas.measure.clock import Clock
from hwnas.measure.plan import Mode


class Pace:
    """Lets so many runs a second begin, whoever asks.

    Args:
        fps: Runs a second.
    """

    def __init__(self, fps: float) -> None:
        self._period_ns = 1e9 / fps
        self._next_ns: float | None = None

    def wait(self, clock: Clock) -> None:
        """Come back when the next run may begin; at once if the last one took too long."""
        now = clock.now_ns()
        if self._next_ns is not None and self._next_ns > now:
            clock.sleep((self._next_ns - now) / 1e9)
        self._next_ns = max(now, self._next_ns or now) + self._period_ns


class PacedRunner:
    """A loaded model whose runs begin at a pace.

    Args:
        runner: The model.
        pace: Shared by all that take turns.
    """

    def __init__(self, runner: Runner, pace: Pace) -> None:
        self._runner, self._pace = runner, pace

    def outputs(self) -> list[np.ndarray]:
        """What the model makes of its inputs."""
        return self._runner.outputs()

    def run_ns(self, clock: Clock) -> int:
        """Wait for the next moment, then run once."""
        self._pace.wait(clock)
        return self._runner.run_ns(clock)

    def close(self) -> None:
        """Let go of the model."""
        self._runner.close()


class ColdRunner:
    """A model that is loaded for each run, and whose loading is part of it.

    Args:
        backend: What loads it; neither a remote one nor a compiler.
        model: The model.
        threads: Threads of its operators.

    Raises:
        ConfigError: The backend is remote or compiles, and that would be timed.
    """

    def __init__(self, backend: Backend, model: Model, threads: int) -> None:
        if backend.is_remote or backend.is_compiled:
            what = "the upload" if backend.is_remote else "the compiler"
            raise ConfigError(
                f"--mode cold needs a backend that loads models in this process; with "
                f"'{backend.name}' {what} would be timed. Choose burst or paced."
            )
        self._backend, self._model, self._threads = backend, model, threads

    def outputs(self) -> list[np.ndarray]:
        """What the model makes of its inputs."""
        runner = self._backend.open(self._model, self._threads)
        try:
            return runner.outputs()
        finally:
            runner.close()

    def run_ns(self, clock: Clock) -> int:
        """Load the model and run it once; the time of both."""
        start = clock.now_ns()
        runner = self._backend.open(self._model, self._threads)
        runner.run_ns(clock)
        passed = clock.now_ns() - start
        runner.close()
        return passed

    def close(self) -> None:
        """Nothing is held between runs."""


class Opener:
    """Loads models so that they run in a mode; those that it loads share one pace.

    Args:
        backend: The backend.
        threads: Threads of a model's operators.
        mode: The rhythm.
    """

    def __init__(self, backend: Backend, threads: int, mode: Mode) -> None:
        self._backend, self._threads, self._mode = backend, threads, mode
        self._pace = Pace(mode.fps) if mode.fps is not None else None

    def open(self, model: Model) -> Runner:
        """Load a model.

        Raises:
            MeasurementError: It cannot be run.
            ConfigError: The backend has no such mode.
        """
        if self._mode.kind == "cold":
            return ColdRunner(self._backend, model, self._threads)
        runner = self._backend.open(model, self._threads)
        return runner if self._pace is None else PacedRunner(runner, self._pace)
