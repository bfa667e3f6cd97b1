"""Kernels tuned by TVM's MetaSchedule: schedules tried on the device, the fastest one kept.

Shao et al. 2022, Tensor Program Optimization with Probabilistic Programs,
https://arxiv.org/abs/2205.13603
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import logging
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from hwnas._records import Count, RecordFormat
from hwnas._resources import cache_dir
from hwnas.errors import ConfigError, HwnasError, StorageError

_CARD = "tuning.json"
_SEED = 1
_MIN_REPEAT_MS = 20

Timer = Callable[[Any, Sequence[Any]], float]
"""Seconds that a built kernel takes on the device with arguments of given shapes and types."""


@dataclass(frozen=True, slots=True)
class TuningCard:
    """What a database was made with.

    Args:
        target: What its schedules are for.
        trials: Schedules that were tried of each kernel.
    """

    target: dict[str, Any]
    trials: Count


_CARDS = RecordFormat(
    kind=TuningCard,
    schema=2,
    error=ConfigError,
    what="the card of a tuning database",
    advice="Choose another folder with --database.",
    upgrades={1: dict},
    sealed_from=2,
)


def default_database(target: Any, trials: int) -> Path:
    """Folder of the tuning database of a target in the user's cache."""
    text = json.dumps(json.loads(str(target)), sort_keys=True)
    short = hashlib.sha256(text.encode()).hexdigest()[:12]
    return cache_dir() / "tvm" / f"{short}-trials-{trials}"


@dataclass(frozen=True, slots=True)
class TuningDatabase:
    """A folder's tuned kernels.

    Args:
        folder: Where they lie.
        trials: Schedules that were tried of each.
        records: TVM's database.
    """

    folder: Path
    trials: int
    records: Any


def open_database(folder: Path, target: Any, trials: int) -> TuningDatabase:
    """The tuning database of a folder; made there if there is none.

    Args:
        folder: Where it lies.
        target: What its schedules are for.
        trials: Schedules tried of each kernel; 0 if nothing is to be tuned.

    Raises:
        ConfigError: The folder holds one for another target or number of trials, or none although
            nothing is to be tuned.
        StorageError: The folder cannot be written.
    """
    from tvm.s_tir.meta_schedule.database import JSONDatabase

    made_with = _trials_of_card(folder, json.loads(str(target)), trials)
    try:
        return TuningDatabase(folder, made_with, JSONDatabase(work_dir=str(folder)))
    except Exception as error:  # TVM has no root of its errors
        raise ConfigError(
            f"--database: {folder} must hold a tuning database that this TVM reads; it does not. "
            "Choose another folder."
        ) from error


def _trials_of_card(folder: Path, target: dict[str, Any], trials: int) -> int:
    """Trials of each kernel in a folder's database, which must be what is asked for."""
    path = folder / _CARD
    if not path.is_file():
        if trials == 0:
            raise ConfigError(
                f"--database: {folder} must hold a tuning database; it does not. Make one with: "
                "--tuning-trials 64"
            )
        _CARDS.write(path, TuningCard(target, trials))
        return trials
    card = _CARDS.read(path)
    if card.target != target or trials not in (0, card.trials):
        raise ConfigError(
            f"--database: {folder} must be for {json.dumps(target)} with {trials} trials a kernel; "
            f"it is for {json.dumps(card.target)} with {card.trials}. Choose another folder."
        )
    return card.trials


@contextmanager
def only_one_tunes(folder: Path) -> Iterator[None]:
    """Wait until no other process tunes into a folder.

    Raises:
        StorageError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        with lock:
            yield
    except OSError as error:
        raise StorageError(f"{folder} must be writable; it is not ({error}).") from error


def workloads(module: Any, target: Any) -> list[Any]:
    """The different kernels of a lowered model, each a module of its own."""
    from tvm.s_tir.meta_schedule.relax_integration import extract_tasks

    return [task.dispatched[0] for task in extract_tasks(module, target)]


def is_tuned(database: TuningDatabase, workload: Any) -> bool:
    """Whether a database has a schedule for a kernel."""
    records = database.records
    return bool(records.has_workload(workload)) and bool(
        records.get_top_k(records.commit_workload(workload), 1)
    )


def tune(database: TuningDatabase, workload: Any, target: Any, timer: Timer) -> bool:
    """Try schedules of a kernel and keep the fastest.

    Args:
        database: Where to keep it.
        workload: The kernel.
        target: What it is compiled for.
        timer: Tries one on the device.

    Returns:
        Whether some schedule ran.
    """
    from tvm.s_tir.meta_schedule.database import TuningRecord

    best: tuple[float, Any] | None = None
    for candidate in _candidates(workload, target, database.trials):
        try:
            seconds = timer(_built(candidate.sch.mod, target), candidate.args_info)
        except HwnasError:
            raise
        except Exception:  # a schedule that cannot be built or run is none
            continue
        if best is None or seconds < best[0]:
            best = seconds, candidate
    if best is None:
        return False
    seconds, candidate = best
    record = TuningRecord(
        candidate.sch.trace,
        database.records.commit_workload(workload),
        [seconds],
        target,
        candidate.args_info,
    )
    database.records.commit_tuning_record(record)
    return True


def _candidates(workload: Any, target: Any, trials: int) -> list[Any]:
    """Schedules drawn from a kernel's design space, each once."""
    _know_instructions()
    from tvm.s_tir import meta_schedule

    # TVM's own logger would write to the screen.
    context = meta_schedule.TuneContext(
        mod=workload,
        target=target,
        space_generator="post-order-apply",
        search_strategy="replay-trace",
        rand_state=_SEED,
        num_threads=1,
        logger=logging.getLogger(__name__),
    )
    context.pre_tuning(max_trials=trials, num_trials_per_iter=trials)
    drawn = context.generate_measure_candidates() or []
    context.post_tuning()
    return list({str(each.sch.trace): each for each in drawn}.values())


def _know_instructions() -> None:
    """Let TVM know the instructions of CPUs that its design spaces name.

    Its own package of them also reads those of GPUs, for most of a minute.
    """
    name = "tvm.s_tir.tensor_intrin"
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None:  # pragma: no cover - a later TVM may have it elsewhere
        return
    package = types.ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[name] = package
    for each in ("x86", "arm_cpu"):
        importlib.import_module(f"{name}.{each}")


def _built(module: Any, target: Any) -> Any:
    """A scheduled kernel, compiled."""
    import tvm
    from tvm.s_tir.transform import RemoveWeightLayoutRewriteBlock

    return tvm.tirx.build(RemoveWeightLayoutRewriteBlock(skip_tensor_rewrite=True)(module), target)


def time_kernel(kernel: Any, shapes: Sequence[Any], device: Any) -> float:
    """Seconds that a kernel takes on a device, with random arguments; the least of three."""
    import tvm

    rng = np.random.default_rng(_SEED)
    arguments = [
        tvm.runtime.tensor(
            rng.random([int(size) for size in each.shape]).astype(str(each.dtype)), device
        )
        for each in shapes
    ]
    timer = kernel.time_evaluator("main", device, number=1, repeat=3, min_repeat_ms=_MIN_REPEAT_MS)
    return float(min(timer(*arguments).results))
