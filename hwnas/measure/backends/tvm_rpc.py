"""A remote board through TVM's RPC tracker: compiled here, run and timed there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hwnas.errors import ConfigError, HwnasError, LostDeviceError
from hwnas.measure.backends import BACKENDS, Model
from hwnas.measure.backends._tvm_board import Board
from hwnas.measure.backends._tvm_compile import (
    MAIN,
    Compiled,
    cannot_run,
    export_library,
    flattened,
    tvm_library,
)
from hwnas.measure.backends._tvm_compiler import PROGRESS, Compiler
from hwnas.measure.backends._tvm_tuning import time_kernel
from hwnas.measure.clock import Clock


@BACKENDS.register("tvm-rpc")
class TvmRpc:
    """A remote board through TVM's RPC tracker; for trusted networks only.

    What is measured is the board's own time. Whoever reaches the tracker or the board can run
    anything there.

    Args:
        tracker: Address of the tracker, ``host:port``.
        key: What the board is called there.
        target: TVM's target of the board, such as
            ``llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72 -num-cores=4``.
        tuning_trials: Schedules to try, on the board, of each kernel that the database does not
            know yet; 0 for none.
        database: Folder of the tuning database, one for all models; one of the target and the
            number of trials in the user's cache by default.
        cc: Compiler that links for the board, such as ``aarch64-linux-gnu-g++``. Without one this
            machine's links if it is of the same architecture, and else the board's does.
        timeout_s: Seconds that anything on the board may take before it counts as lost.

    Raises:
        ConfigError: An option cannot be.
    """

    name: ClassVar[str] = "tvm-rpc"
    is_remote: ClassVar[bool] = True
    is_compiled: ClassVar[bool] = True
    progress: ClassVar[tuple[str, ...]] = PROGRESS
    caution: ClassVar[str] = (
        "TVM's RPC has no authentication and no encryption: use it in trusted networks only."
    )

    def __init__(
        self,
        tracker: str | None = None,
        key: str | None = None,
        target: str | None = None,
        tuning_trials: int = 0,
        database: str | Path | None = None,
        cc: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self._compiler = Compiler(self.name, tuning_trials, database, target)
        self._board = Board(tracker, key, timeout_s) if tracker and key else None
        self._has_target, self._tracker, self._key, self._cc = bool(target), tracker, key, cc

    def why_not(self) -> str | None:
        """Why it cannot run here, or which options it needs."""
        reason = self._compiler.why_not()
        if reason is None and (self._board is None or not self._has_target):
            reason = "--tracker host:port, --key KEY and --target TARGET must be given."
        return reason

    def describe(self) -> dict[str, Any]:
        """Versions here, target, how kernels were tuned, board and the caution."""
        return {
            **self._compiler.describe(),
            "tracker": self._tracker,
            "key": self._key,
            "time": "the board's own, TVM's time_evaluator, each run after one that is not timed",
            "caution": self.caution,
        }

    def prepare(self, models: Iterable[Model], threads: int) -> int:
        """Tune what models need and the database does not have yet; how many kernels that were."""
        board = self._threaded(threads)
        return sum(
            self._compiler.tune(model, threads, lambda *kernel: self._time(board, threads, *kernel))
            for model in models
        )

    def open(self, model: Model, threads: int) -> RpcRunner:
        """A virtual machine of the model on the board."""
        board = self._threaded(threads)
        compiled = self._compiler.compile(
            model, threads, lambda *kernel: self._time(board, threads, *kernel)
        )
        target = self._compiler.target(threads)
        with tempfile.TemporaryDirectory() as folder:
            try:
                library = export_library(compiled.executable, Path(folder), target, self._cc)
                module = board.load(library)
            except HwnasError:
                raise
            except Exception as error:  # TVM has no root of its errors
                raise ConfigError(
                    f"--target must be that of {board}; the board cannot load what was made for "
                    f"{target} ({cannot_run(model, 'load', error)})."
                ) from error
        return RpcRunner(model, compiled, board, module)

    def _threaded(self, threads: int) -> Board:
        """The board, its kernels set to use so many threads."""
        reason = self.why_not()
        if self._board is None or reason is not None:
            raise ConfigError(f"Backend '{self.name}' cannot run: {reason}")
        board, any_core = self._board, 1
        # The target first: what is wrong here needs no board.
        self._compiler.target(threads)
        session = board.session()
        board.bounded(lambda: session.get_function("runtime.config_threadpool")(any_core, threads))
        return board

    def _time(self, board: Board, threads: int, kernel: Any, shapes: Any) -> float:
        with tempfile.TemporaryDirectory() as folder:
            target = self._compiler.target(threads)
            module = board.load(export_library(kernel, Path(folder), target, self._cc))
            return board.bounded(lambda: time_kernel(module, shapes, board.device()))


class RpcRunner:
    """A virtual machine on a board with its inputs set.

    Args:
        model: The model.
        compiled: What became of it.
        board: Where it runs.
        module: Its library there.
    """

    def __init__(self, model: Model, compiled: Compiled, board: Board, module: Any) -> None:
        self._model, self._board, self._session = model, board, board.session()

        def loaded() -> tuple[Any, Any]:
            tvm, device = tvm_library("tvm-rpc"), self._session.cpu(0)
            machine = tvm.relax.VirtualMachine(module, device)
            machine.set_input(
                MAIN, *(tvm.runtime.tensor(each, device) for each in compiled.arguments)
            )
            return machine, machine.time_evaluator("invoke_stateful", device, number=1, repeat=1)

        self._machine: Any
        self._timer: Any
        self._machine, self._timer = self._bounded("load", loaded)

    def outputs(self) -> list[np.ndarray]:
        """What the machine makes of its inputs."""

        def run() -> list[np.ndarray]:
            self._machine.invoke_stateful(MAIN)
            return flattened(self._machine.get_outputs(MAIN))

        arrays: list[np.ndarray] = self._bounded("run", run)
        return arrays

    def run_ns(self, clock: Clock) -> int:  # noqa: ARG002 - the board has its own
        """Run once by the board's clock."""
        seconds: float = self._bounded("run", lambda: self._timer(MAIN).results[0])
        return round(seconds * 1e9)

    def close(self) -> None:
        """Let the machine go."""
        self._machine = self._timer = None

    def _bounded(self, what: str, call: Any) -> Any:
        if not self._board.is_in(self._session):
            raise LostDeviceError(
                f"{self._board} was lost meanwhile; open {self._model.name} again."
            )
        try:
            return self._board.bounded(call)
        except HwnasError:
            raise
        except Exception as error:  # TVM has no root of its errors
            raise cannot_run(self._model, what, error) from error
