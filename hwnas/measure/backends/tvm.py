"""TVM in this process: Relax from ONNX, LLVM for this host, tuned by MetaSchedule if asked."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hwnas.measure.backends import BACKENDS, Model
from hwnas.measure.backends._tvm_compile import MAIN, Compiled, cannot_run, flattened, tvm_library
from hwnas.measure.backends._tvm_compiler import PROGRESS, Compiler
from hwnas.measure.backends._tvm_tuning import time_kernel
from hwnas.measure.clock import Clock


@BACKENDS.register("tvm")
class Tvm:
    """TVM in this process, compiled for its CPU; tuned with --tuning-trials.

    Args:
        tuning_trials: Schedules to try of each kernel that the database does not know yet; 0 for
            none.
        database: Folder of the tuning database, one for all models; one of the target and the
            number of trials in the user's cache by default.
        target: TVM's target; this host's CPU by default. Its ``num-cores`` are the threads of a
            measurement where it names none.

    Raises:
        ConfigError: ``tuning_trials`` is negative or ``target`` is no CPU's.
    """

    name: ClassVar[str] = "tvm"
    is_remote: ClassVar[bool] = False
    is_compiled: ClassVar[bool] = True
    progress: ClassVar[tuple[str, ...]] = PROGRESS

    def __init__(
        self,
        tuning_trials: int = 0,
        database: str | Path | None = None,
        target: str | None = None,
    ) -> None:
        self._compiler = Compiler(self.name, tuning_trials, database, target)

    def why_not(self) -> str | None:
        """Why it cannot run here, or cannot tune if it is to."""
        return self._compiler.why_not()

    def describe(self) -> dict[str, Any]:
        """Versions, target, threads' setting and how kernels were tuned."""
        return {**self._compiler.describe(), "thread_binding": "none"}

    def prepare(self, models: Iterable[Model], threads: int) -> int:
        """Tune what models need and the database does not have yet.

        Each kernel is kept as soon as it is tuned, so that a call that was broken off goes on
        where it stopped.

        Args:
            models: The models.
            threads: How many threads their operators may use.

        Returns:
            How many kernels were tuned.
        """
        _use_threads(threads)
        return sum(self._compiler.tune(model, threads, self._time) for model in models)

    def open(self, model: Model, threads: int) -> TvmRunner:
        """A virtual machine of the model, after tuning what is new in it."""
        _use_threads(threads)
        return TvmRunner(model, self._compiler.compile(model, threads, self._time), threads)

    def _time(self, kernel: Any, shapes: Any) -> float:
        return time_kernel(kernel, shapes, tvm_library(self.name).cpu())


class TvmRunner:
    """A virtual machine with its inputs set.

    Args:
        model: The model.
        compiled: What became of it.
        threads: How many threads its kernels use.
    """

    def __init__(self, model: Model, compiled: Compiled, threads: int) -> None:
        tvm = tvm_library("tvm")
        self._model, self._threads = model, threads
        try:
            self._machine: Any = tvm.relax.VirtualMachine(compiled.executable, tvm.cpu())
            inputs = [tvm.runtime.tensor(each) for each in compiled.arguments]
            self._machine.set_input(MAIN, *inputs)
            self._invoke: Any = self._machine.module["invoke_stateful"]
        except Exception as error:  # TVM has no root of its errors
            raise cannot_run(model, "load", error) from error

    def outputs(self) -> list[np.ndarray]:
        """What the machine makes of its inputs."""
        self._run()
        return flattened(self._machine.get_outputs(MAIN))

    def run_ns(self, clock: Clock) -> int:
        """Run once by the given clock; inputs are where they must be already."""
        _use_threads(self._threads)
        start = clock.now_ns()
        self._run()
        return clock.now_ns() - start

    def close(self) -> None:
        """Let the machine go."""
        self._machine = self._invoke = None

    def _run(self) -> None:
        try:
            self._invoke(MAIN)
        except Exception as error:  # TVM has no root of its errors
            raise cannot_run(self._model, "run", error) from error


_pool = threading.local()


def _use_threads(threads: int) -> None:
    """Set the size of TVM's pool; each thread that calls kernels has one, for all of them."""
    if threads != getattr(_pool, "size", None):
        any_core = 1
        tvm_library("tvm").get_global_func("runtime.config_threadpool")(any_core, threads)
        _pool.size = threads
