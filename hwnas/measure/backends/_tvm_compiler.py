"""Compiles models for a target with what was tuned for it, and tunes what is new if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwnas.errors import ConfigError
from hwnas.measure.backends import Model
from hwnas.measure.backends._tvm_compile import (
    Compiled,
    arguments,
    build,
    lower,
    make_target,
    parse_target,
    tvm_library,
    tvm_versions,
    why_no_tuning,
    why_no_tvm,
)
from hwnas.measure.backends._tvm_tuning import (
    Timer,
    TuningDatabase,
    default_database,
    is_tuned,
    only_one_tunes,
    open_database,
    tune,
    workloads,
)

PROGRESS = ("tuning_search", "tuning_database", "kernels", "tuned_kernels")
"""What a backend says of the kernels that it has seen so far, and where their schedules lie."""


class Compiler:
    """What the backends of TVM have in common.

    Args:
        backend: Name of the backend.
        trials: Schedules to try of each kernel that is new; 0 for none.
        database: Folder of the tuning database; the user's cache by default.
        target: TVM's target; this host's CPU by default.

    Raises:
        ConfigError: ``trials`` is negative or ``target`` is no CPU's.
    """

    def __init__(
        self, backend: str, trials: int, database: str | Path | None, target: str | None
    ) -> None:
        if trials < 0:
            raise ConfigError(f"--tuning-trials must be 0 or more; got {trials}.")
        self._backend, self._trials = backend, trials
        self._folder = None if database is None else Path(database).expanduser()
        self._wanted = parse_target(target) if target else None
        self._databases: dict[Path, TuningDatabase] = {}
        self._targets: dict[int, Any] = {}
        self._n_workloads = self._n_tuned = 0

    def why_not(self) -> str | None:
        """Why it cannot run here, or cannot tune if it is to; None if it can."""
        return why_no_tvm() or (why_no_tuning() if self._trials else None)

    def describe(self) -> dict[str, Any]:
        """Versions, target, and how the kernels of all models so far were tuned."""
        database = next(iter(self._databases.values()), None)
        targets = [str(target) for _, target in sorted(self._targets.items())]
        return {
            **tvm_versions(),
            "target": targets[0] if len(targets) == 1 else targets or None,
            "tuning_trials": database.trials if database else self._trials,
            "tuning_search": "random schedules; the fastest is kept" if database else None,
            "tuning_database": database.folder.name if database else None,
            "kernels": self._n_workloads,
            "tuned_kernels": self._n_tuned,
        }

    def target(self, threads: int) -> Any:
        """The target for a number of threads."""
        if threads not in self._targets:
            self._targets[threads] = make_target(tvm_library(self._backend), self._wanted, threads)
        return self._targets[threads]

    def tune(self, model: Model, threads: int, timer: Timer) -> int:
        """Tune the kernels of a model that are new; how many that were."""
        target = self.target(threads)
        return self._tune_new(lower(tvm_library(self._backend), model, target), target, timer)

    def compile(self, model: Model, threads: int, timer: Timer) -> Compiled:
        """Compile a model, after tuning what is new in it."""
        tvm, target = tvm_library(self._backend), self.target(threads)
        module = lower(tvm, model, target)
        if self._trials:
            self._tune_new(module, target, timer)
        database = self._known(target)
        kernels = workloads(module, target)
        n_tuned = 0 if database is None else sum(is_tuned(database, each) for each in kernels)
        self._n_workloads += len(kernels)
        self._n_tuned += n_tuned
        executable = build(tvm, model, module, target, database and database.records)
        return Compiled(executable, arguments(model), len(kernels), n_tuned)

    def _tune_new(self, module: Any, target: Any, timer: Timer) -> int:
        refusal = why_no_tuning()
        if refusal:
            raise ConfigError(f"--tuning-trials {self._trials}: {refusal}")
        folder, n_new = self._folder_of(target), 0
        with only_one_tunes(folder):
            # Another process may have tuned meanwhile.
            database = self._databases[folder] = open_database(folder, target, self._trials)
            for workload in workloads(module, target):
                if not is_tuned(database, workload):
                    n_new += tune(database, workload, target, timer)
        return n_new

    def _folder_of(self, target: Any) -> Path:
        return self._folder or default_database(target, self._trials)

    def _known(self, target: Any) -> TuningDatabase | None:
        """The tuning database of a target; None if there is to be none."""
        if self._folder is None and not self._trials:
            return None
        folder = self._folder_of(target)
        if folder not in self._databases:
            self._databases[folder] = open_database(folder, target, self._trials)
        return self._databases[folder]
