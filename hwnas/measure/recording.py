"""Profiling into a table: resumed where it stopped, raw samples kept block by block."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwnas._lock import hold
from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.core.target import Conditions, Target
from hwnas.errors import TableError
from hwnas.measure.backends import Backend
from hwnas.measure.candidates import Precision, anchor_architecture, candidate_of
from hwnas.measure.clock import Clock, SystemClock
from hwnas.measure.environment import pinned, read_environment
from hwnas.measure.plan import Plan
from hwnas.measure.profiling import Block, profile
from hwnas.measure.record import Pass, Profile, ProfileRecord, read_profile, write_profile
from hwnas.measure.tables import samples_path, table_of
from hwnas.models.onnx_metadata import fresh_origin
from hwnas.tables.store import names_in, save_table
from hwnas.tables.table import Table


@dataclass(frozen=True, slots=True)
class Job:
    """What to measure, and how.

    Args:
        space: Search space.
        device: What the machine with this backend is called.
        backend: What runs the models.
        plan: How each is measured.
        precision: Of weights and activations.
        again: Whether nets that the table holds already are measured once more.
    """

    space: SearchSpace
    device: str
    backend: Backend
    plan: Plan
    precision: Precision = "float32"
    again: bool = False

    @property
    def target(self) -> Target:
        """What the measured values are about."""
        conditions = conditions_of(self.plan, self.precision)
        return Target("latency", self.space.dataset, self.device, conditions)


def conditions_of(plan: Plan, precision: Precision) -> Conditions:
    """What differs from the usual: one thread, one image, 32 bits, one run after the other."""
    given = {
        "batch": None if plan.batch == 1 else str(plan.batch),
        "threads": None if plan.threads == 1 else str(plan.threads),
        "precision": None if precision == "float32" else precision,
        "mode": plan.mode.condition,
    }
    return tuple((key, value) for key, value in given.items() if value is not None)


def measure_into_table(
    job: Job,
    archs: Sequence[Architecture],
    folder: Path,
    name: str,
    clock: Clock | None = None,
    on_block: Callable[[Block, Profile], None] | None = None,
) -> tuple[Profile, Table]:
    """Measure architectures and add what was measured to a table.

    What is measured are networks as they stand, without dead operations. The raw samples are
    written after each block, the table when the last one is done or something stops it.

    Args:
        job: What to measure, and how.
        archs: The architectures; those that the table holds already are left out.
        folder: Where the table lies.
        name: Its name.
        clock: Tells the time; the machine's by default.
        on_block: Called after each block with what it gave and all that is known.

    Raises:
        TableError: Another process measures into the table, or it was measured on another machine,
            with another backend, or not by profiling.
        MeasurementError: The anchor cannot be measured.
        LostDeviceError: The device went away twice.
        StorageError: The folder cannot be written; what was written before is kept.
    """
    clock = clock or SystemClock()
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder, TableError, "name another --table", name):
        path = samples_path(folder, name)
        known = _known(job, folder, name, path)
        new = _new_pass(job, clock)
        _check_alike(known, new, name)
        todo = _todo(job, archs, known)
        found, is_first = known.begun(new), True
        candidates = [_candidate(job, arch) for arch in todo]
        try:
            for block in profile(
                candidates, _candidate(job, _anchor(job)), job.backend, job.plan, clock
            ):
                found = found.with_block(block)
                write_profile(path, found)
                is_first = False
                if on_block is not None:
                    on_block(block, found)
        finally:
            table = None if is_first else save_table(table_of(found, name, path), folder)
        return found, table or table_of(found, name, path)


def _known(job: Job, folder: Path, name: str, path: Path) -> Profile:
    """What the table holds already."""
    if path.exists():
        known = read_profile(path)
        if known.record.space != job.space.name:
            raise TableError(
                f"Table '{name}' holds measurements of {known.record.space}; got {job.space.name}. "
                "Name another --table."
            )
        return known
    if name in names_in(folder):
        raise TableError(
            f"Table '{name}' was not measured with hwnas profile, which cannot add to it. Name "
            "another --table."
        )
    return Profile(ProfileRecord(job.space.name, dict(job.space.options)))


def _new_pass(job: Job, clock: Clock) -> Pass:
    backend = job.backend
    with pinned(job.plan.threads if job.plan.is_pinned else 10**6) as cores:
        is_here = job.plan.is_pinned and not backend.is_remote
        return Pass(
            target=job.target,
            backend=backend.name,
            settings=backend.describe(),
            plan=job.plan,
            anchor=str(_anchor(job)),
            environment=read_environment(),
            cores=cores if is_here else None,
            weights=fresh_origin(job.plan.seed),
            started_unix_s=time.time(),
            started_clock_ns=clock.now_ns(),
        )


def _anchor(job: Job) -> Architecture:
    return anchor_architecture(job.space)


def _candidate(job: Job, arch: Architecture) -> Any:
    plan = job.plan
    return candidate_of(job.space, arch, plan.batch, job.precision, plan.seed)


def _check_alike(known: Profile, new: Pass, name: str) -> None:
    """Check that a column's values come from one backend on one machine.

    Raises:
        TableError: They would not.
    """
    for before in known.record.passes:
        pairs = {
            "backend": (before.backend, new.backend),
            "processor": (before.environment.cpu, new.environment.cpu),
        }
        for what, (there, here) in pairs.items():
            if before.target == new.target and there != here:
                raise TableError(
                    f"Table '{name}' holds values of {before.target.table_column} measured with "
                    f"{what} {there}; this is {here}. Choose another --device or --table."
                )


def _todo(job: Job, archs: Sequence[Architecture], known: Profile) -> list[Architecture]:
    """Architectures as they run, each once, without those that are known."""
    pruned = job.space.pruned_genotypes(job.space.genotypes(archs))
    wanted = list(dict.fromkeys(job.space.architecture(genotype) for genotype in pruned))
    if job.again:
        return wanted
    there = {name for part in known.of(job.target) for name in part}
    return [arch for arch in wanted if str(arch) not in there]
