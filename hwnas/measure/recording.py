"""Profiling that is kept: resumed where it stopped, raw samples written block by block."""

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
from hwnas.errors import ConfigError, MeasurementError, StorageError, TableError, UnknownNameError
from hwnas.measure.backends import Backend
from hwnas.measure.candidates import (
    PRECISIONS,
    Candidate,
    Precision,
    anchor_architecture,
    candidate_of,
)
from hwnas.measure.clock import Clock, SystemClock
from hwnas.measure.environment import pinned, read_environment
from hwnas.measure.metering import Metering
from hwnas.measure.plan import Plan, parse_mode
from hwnas.measure.profiling import Block, profile
from hwnas.measure.record import (
    SUFFIX,
    Pass,
    Profile,
    ProfileRecord,
    read_profile,
    write_profile,
)
from hwnas.measure.tables import is_unstable, summaries, table_of
from hwnas.models.onnx_metadata import fresh_origin
from hwnas.tables.store import names_in, save_table
from hwnas.tables.table import Table

OnBlock = Callable[[Block, int, int], None]
"""Called after each block with what it gave, how many of those asked for are done, whether now or
before, measured or failed, and how many there are."""


@dataclass(frozen=True, slots=True)
class Job:
    """Where and how to measure.

    Args:
        device: What the machine with this backend is called.
        backend: What runs the models.
        plan: How each is measured.
        precision: Of weights and activations.
        again: Whether nets that were measured already are measured once more.
        metering: How energy is measured; None not to.
        settles: Whether nets that were unstable are measured again.
        otherwise: What else to do than wait while another process measures into the table.
    """

    device: str
    backend: Backend
    plan: Plan
    precision: Precision = "float32"
    again: bool = False
    metering: Metering | None = None
    settles: bool = True
    otherwise: str = "name another --table"

    def target(self, dataset: str | None) -> Target:
        """What the measured values are about."""
        conditions = conditions_of(self.plan, self.precision)
        return Target("latency", dataset, self.device, conditions)


def conditions_of(plan: Plan, precision: Precision) -> Conditions:
    """What differs from the usual: one thread, one image, 32 bits, one run after the other."""
    given = {
        "batch": None if plan.batch in (None, 1) else str(plan.batch),
        "threads": None if plan.threads == 1 else str(plan.threads),
        "precision": None if precision == "float32" else precision,
        "mode": plan.mode.condition,
    }
    return tuple((key, value) for key, value in given.items() if value is not None)


def plan_of(conditions: Conditions) -> tuple[Plan, Precision]:
    """How to measure so that values hold under conditions; the inverse of ``conditions_of``.

    Raises:
        ConfigError: A condition is none that a measurement has, or cannot be.
    """
    given = dict(conditions)
    batch, threads = (_count(key, given.pop(key, "1")) for key in ("batch", "threads"))
    named = given.pop("precision", "float32")
    precision = next((each for each in PRECISIONS if each == named), None)
    if precision is None:
        raise UnknownNameError("precision", named, PRECISIONS)
    mode = parse_mode(given.pop("mode", "burst").replace("-", ":", 1))
    if given:
        raise ConfigError(
            "What is measured may have the conditions batch, mode, precision and threads; got "
            f"{', '.join(given)}. Leave {'it' if len(given) == 1 else 'them'} out."
        )
    return Plan(batch=None if batch == 1 else batch, threads=threads, mode=mode), precision


def _count(key: str, text: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"{key} must be a whole number; got '{text}'.")
    return int(text)


def measure_into_table(
    job: Job,
    space: SearchSpace,
    archs: Sequence[Architecture],
    folder: Path,
    name: str,
    clock: Clock | None = None,
    on_block: OnBlock | None = None,
) -> tuple[Profile, Table]:
    """The same as ``measure_networks``, and the table.

    Raises:
        HwnasError: As for ``measure_networks``.
        MeasurementError: No architecture could be measured.
    """
    found = measure_networks(job, space, archs, folder, name, clock, on_block)
    if not any(found.samples):
        raise MeasurementError(next(iter(found.record.passes[-1].failed.values())))
    return found, table_of(found, folder / f"{name}{SUFFIX}")


def measure_networks(
    job: Job,
    space: SearchSpace,
    archs: Sequence[Architecture],
    folder: Path,
    name: str,
    clock: Clock | None = None,
    on_block: OnBlock | None = None,
) -> Profile:
    """Measure architectures and add what was measured to a table.

    What is measured are networks as they stand, without dead operations. The raw samples are
    written after each block, the table when the last one is done or something stops it.

    Args:
        job: Where and how to measure.
        space: Search space.
        archs: The architectures; those that the table holds already and that were steady are left
            out.
        folder: Where the table lies.
        name: Its name.
        clock: Tells the time; the machine's by default.
        on_block: Called after each block.

    Raises:
        TableError: Another process measures into the table, or it was measured on another machine,
            with another backend, or not by profiling.
        MeasurementError: The anchor cannot be measured.
        LostDeviceError: The device went away twice.
        StorageError: The folder cannot be written; what was written before is kept.
    """
    return measure_into_file(
        job,
        [_candidate(job, space, arch) for arch in networks(space, archs)],
        _candidate(job, space, anchor_architecture(space)),
        job.target(space.dataset),
        _samples_of(folder, name),
        ProfileRecord(space.name, dict(space.options)),
        clock,
        on_block,
    )


def known_profile(job: Job, space: SearchSpace, folder: Path, name: str) -> Profile:
    """What a table holds already, once it is sure that a job may add to it.

    Args:
        job: Where and how to measure.
        space: Search space.
        folder: Where the table lies.
        name: Its name.

    Raises:
        TableError: It was measured on another machine, with another backend, or not by profiling.
    """
    path, record = _samples_of(folder, name), ProfileRecord(space.name, dict(space.options))
    if not path.exists():
        return Profile(record)
    known = read_profile(path)
    anchor = _candidate(job, space, anchor_architecture(space))
    new = _new_pass(job, job.target(space.dataset), anchor, SystemClock())
    _check_alike(known, record, new, path, job.backend)
    return known


def _samples_of(folder: Path, name: str) -> Path:
    """File of the raw samples of a table.

    Raises:
        TableError: There is such a table, and it was not measured by profiling.
    """
    path = folder / f"{name}{SUFFIX}"
    is_taken = name in names_in(folder) or (folder / f"{name}.parquet").exists()
    if is_taken and not path.exists():
        raise TableError(
            f"Table '{name}' was not measured with hwnas profile, which cannot add to it. Name "
            "another --table."
        )
    return path


def networks(space: SearchSpace, archs: Sequence[Architecture]) -> list[Architecture]:
    """Architectures as they run, without dead operations, each once, in order."""
    pruned = space.pruned_genotypes(space.genotypes(archs))
    return list(dict.fromkeys(space.architecture(genotype) for genotype in pruned))


def measure_into_file(
    job: Job,
    candidates: Sequence[Candidate],
    anchor: Candidate,
    target: Target,
    path: Path,
    record: ProfileRecord,
    clock: Clock | None = None,
    on_block: OnBlock | None = None,
) -> Profile:
    """Measure candidates and add their raw samples to a file, block by block.

    Args:
        job: Where and how to measure.
        candidates: What to measure; those that the file holds already and that were steady are
            left out.
        anchor: What runs beside them.
        target: What the values are about.
        path: The file; it may be there.
        record: What a new one says of itself; one that is there must say the same.
        clock: Tells the time; the machine's by default.
        on_block: Called after each block.

    Raises:
        TableError: Another process measures into the file, or what it holds was measured on another
            machine, with another backend or of another space.
        MeasurementError: The anchor cannot be measured.
        LostDeviceError: The device went away twice.
        StorageError: The folder cannot be written; what was written before is kept.
    """
    clock = clock or SystemClock()
    _make_folder(path.parent)
    with hold(path.parent, TableError, job.otherwise, path.name.removesuffix(SUFFIX)):
        known = read_profile(path) if path.exists() else Profile(record)
        new = _new_pass(job, target, anchor, clock)
        _check_alike(known, record, new, path, job.backend)
        there = _settled(known, target, job)
        todo = [each for each in candidates if job.again or each.name not in there]
        if not todo:
            return known
        found = known.begun(new)
        try:
            for block in profile(todo, anchor, job.backend, job.plan, clock, job.metering):
                found = found.with_block(block, job.backend.describe())
                write_profile(path, found)
                last = found.record.passes[-1]
                n_done = len(candidates) - len(todo) + len({*last.facts, *last.failed})
                if on_block is not None:
                    on_block(block, n_done, len(candidates))
        finally:
            # What was measured before something stopped it makes a table too.
            if record.space is not None and found.samples[-1]:
                save_table(table_of(read_profile(path), path), path.parent)
        return found


def _settled(known: Profile, target: Target, job: Job) -> set[str]:
    """Nets that need not be measured again: they are known, and were steady where that counts."""
    found = summaries(known, target)
    return {
        name for name, each in found.items() if not (job.settles and is_unstable(each, job.plan))
    }


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{folder} must be a folder that can be written; it cannot be made "
            f"({error.strerror}). Choose another --out."
        ) from error


def _candidate(job: Job, space: SearchSpace, arch: Architecture) -> Candidate:
    return candidate_of(space, arch, job.plan.batch or 1, job.precision, job.plan.seed)


def _new_pass(job: Job, target: Target, anchor: Candidate, clock: Clock) -> Pass:
    plan = job.plan
    with pinned(plan.threads) as kept:
        cores = kept if plan.is_pinned and not job.backend.is_remote else None
    return Pass(
        target=target,
        backend=job.backend.name,
        settings=job.backend.describe(),
        plan=plan,
        anchor=anchor.name,
        environment=read_environment(),
        cores=cores,
        weights=fresh_origin(plan.seed),
        started_unix_s=time.time(),
        started_clock_ns=clock.now_ns(),
    )


def _check_alike(
    known: Profile, record: ProfileRecord, new: Pass, path: Path, backend: Backend
) -> None:
    """Check that a column's values come from one backend with one setting on one machine.

    Raises:
        TableError: They would not.
    """
    if (known.record.space, known.record.options) != (record.space, record.options):
        raise TableError(
            f"{path.name} holds measurements of {_space(known.record)}; got {_space(record)}. "
            "Name another --table."
        )
    for before in known.record.passes:
        pairs = {
            "backend": (before.backend, new.backend),
            "anchor": (before.anchor, new.anchor),
            **{key: (there, new.settings.get(key)) for key, there in before.settings.items()},
        }
        if not backend.is_remote:
            pairs["processor"] = (before.environment.cpu, new.environment.cpu)
        for what, (there, here) in pairs.items():
            # Some know their target only once they have compiled for it.
            is_known = what not in backend.progress and None not in (there, here)
            if before.target == new.target and is_known and there != here:
                raise TableError(
                    f"{path.name} holds values of {before.target.table_column} measured with "
                    f"{what} {there}; this is {here}. Choose another --device or --table."
                )


def _space(record: ProfileRecord) -> str:
    options: dict[str, Any] = record.options or {}
    return f"{record.space or 'files'} {options or ''}".strip()
