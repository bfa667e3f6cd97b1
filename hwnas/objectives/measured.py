"""Values measured on the device while a search runs, through the table of all that was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.device import Device, check_own_device
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.backends import Backend, load_backend
from hwnas.measure.clock import Clock
from hwnas.measure.profiling import Block
from hwnas.measure.record import SUFFIX, Profile, read_profile
from hwnas.measure.recording import Job, known_profile, measure_networks, plan_of
from hwnas.measure.samples import Summary
from hwnas.measure.tables import seconds_a_net, summaries
from hwnas.objectives import SOURCES, Question
from hwnas.objectives._missing import need_device
from hwnas.tables.store import check_own_name, user_folder

SOURCE = "measure"
"""Name of the source."""
QUANTITY = "latency"
"""The one quantity that can be measured in a search."""
USUAL_BACKEND = "ort"
_LEVEL = 0.9
"""Level of the intervals, which is that of all estimates."""


class MeasuredObjective:
    """Latency on a device, measured when it is asked for and not known yet.

    What is measured is the network of the canonical architecture without dead operations. It goes
    into the table ``{space}-{device}`` that ``hwnas profile`` adds to, with every raw sample and by
    the same plan; what the table holds is read from it, so that a search that was stopped, and any
    later one, measures nothing twice. Architectures are measured when the batch that holds them is
    announced (``prepare``), in this process, one at a time in random turns beside an anchor.

    A value is the median over all visits of a network, and its interval the 90 % bootstrap
    interval of that median: it tells how well this machine's median is known, not what another day
    gives. A network whose visits vary more than the plan allows has its value all the same, with
    the wide interval that comes of it.

    Milliseconds are ratios to the anchor times its usual time, that of the table's first pass:
    what a search measures later, when the machine may be slower, is on the scale of what it
    measured first. So a value depends on nothing that is measured afterwards, but for more visits
    of the same network (``hwnas profile --again``): a search that is resumed, and any other with
    this table, are told the same.

    Args:
        space: Search space.
        job: Where and how to measure.
        folder: Where the table lies.
        as_given: Whether to measure networks as they stand, and not those of their classes.
        clock: Tells the time; the machine's by default.

    Attributes:
        note: What the user should know before anything is measured.

    Raises:
        TableError: The table cannot be added to: it is another backend's, machine's or space's.
        ConfigError: The device has the name of a published or shipped table.
    """

    def __init__(
        self,
        space: SearchSpace,
        job: Job,
        folder: Path,
        as_given: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.table = f"{space.name}-{job.device}"
        check_own_name(self.table)
        self._space, self._as_given = space, as_given
        self._target = job.target(space.dataset)
        self._where: tuple[Job, Path, Clock | None] | None = (job, folder, clock)
        self._known: dict[str, Summary] = {}
        self._failed: dict[str, str] = {}
        settings = ", ".join(f"{key} {value}" for key, value in job.backend.describe().items())
        known = known_profile(job, space, folder, self.table)
        self.note = _note(space, self.table, job, known)
        self.spec = ObjectiveSpec.of(
            self._target,
            source="measured",
            stage=2,
            detail=(
                f"measured as the search asked for it: median of at least {job.plan.min_samples} "
                f"runs in {job.plan.visits} visits, each by a run of an anchor; backend "
                f"{job.backend.name} ({settings})"
            ),
            origin=f"raw samples of table {self.table}",
        )

    def __getstate__(self) -> dict[str, Any]:
        """What another process has of it: what is known; measuring stays here."""
        return {**self.__dict__, "_where": None}

    def prepare(self, batch: Batch) -> None:
        """Measure what is not known yet.

        Raises:
            MissingExtraError: What the backend needs is not installed.
            MeasurementError: The anchor cannot be measured.
            LostDeviceError: The device went away twice; what was measured before is kept.
            TableError: Another process measures into the table.
            StorageError: The folder cannot be written; what was measured before is kept.
        """
        nets = {str(net): net for net in self._nets(batch) if net is not None}
        new = [net for name, net in nets.items() if name not in {**self._known, **self._failed}]
        if not new or self._where is None:
            return
        job, folder, clock = self._where

        def tell(block: Block, *_: int) -> None:
            self._failed |= {each.name: each.reason for each in block.failed}

        found = measure_networks(job, self._space, new, folder, self.table, clock, tell)
        self._known |= summaries(found, self._target, {str(net) for net in new}, _LEVEL)

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Milliseconds of ``n_archs`` architectures; NaN where the input reaches no output.

        Raises:
            MeasurementError: One of them cannot be measured.
        """
        batch = Batch.of(self._space, archs)
        self.prepare(batch)
        rows = np.full((len(batch), 3), np.nan)
        for row, net in zip(rows, self._nets(batch), strict=True):
            if net is None:
                continue
            summary = self._known.get(str(net))
            if summary is None:
                raise MeasurementError(self._failed[str(net)])
            value = summary.latency_ms
            row[:] = value, min(summary.low_ms, value), max(summary.high_ms, value)
        return Estimate(*rows.T)

    def _nets(self, batch: Batch) -> list[Architecture | None]:
        """The network that answers for each architecture; None where there is no path through."""
        genotypes = batch.genotypes if self._as_given else batch.canonical
        pruned = self._space.pruned_genotypes(genotypes)
        return [
            self._space.architecture(genotype) if is_valid else None
            for genotype, is_valid in zip(pruned, batch.is_valid, strict=True)
        ]


def _note(space: SearchSpace, table: str, job: Job, known: Profile) -> str:
    """What is said before it begins, but for the number of networks."""
    target = job.target(space.dataset)
    n_known = len({name for part in known.of(target) for name in part})
    seconds = seconds_a_net(known, target)
    pace = f"about {seconds:.2g} s" if seconds else f"at least {2 * job.plan.min_seconds:.2g} s"
    held = f"; {n_known:,} that table '{table}' holds are not measured again" if n_known else ""
    return (
        f"{target.column} is measured on {job.device} with {job.backend.name} as the search goes, "
        f"{pace} for each network{held}."
    )


def local_device(backend: str = USUAL_BACKEND) -> Device:
    """This machine, as ``hwnas profile`` calls it where nobody gives it a name."""
    return Device(
        f"local-{backend}", f"This machine with {backend}", "unknown", "measured with hwnas"
    )


@SOURCES.register(SOURCE)
def measured_objective(question: Question) -> Objective:
    """The objective that measures a quantity on a device.

    Raises:
        ConfigError: It is no quantity that can be measured here, its conditions are none of a
            measurement, or nobody says what runs models on the device.
        UnknownNameError: There is no such backend or precision.
        TableError: The device's table cannot be added to.
    """
    space, target = question.space, question.target
    if target.quantity != QUANTITY:
        raise ConfigError(
            f"A search can measure {QUANTITY}; got {target.quantity}. Name the source for that "
            f"alone: --source={QUANTITY}:{SOURCE}"
        )
    device, folder = need_device(target.meaning, question.device), user_folder()
    plan, precision = plan_of(target.conditions)
    if device.backend is not None and "threads" not in dict(target.conditions):
        plan = replace(plan, threads=device.backend.threads)
    check_own_device(device.name)
    backend = question.backend or _backend(space, device, folder)
    reason = backend.why_not()
    if reason is not None:
        raise ConfigError(f"Backend '{backend.name}' cannot run here: {reason}")
    # A value that was told once must stay what it was.
    job = Job(device.name, backend, plan, precision, settles=False, otherwise="stop it")
    return MeasuredObjective(space, job, folder, question.as_given)


def table_name(space: SearchSpace, device: Device) -> str:
    """The table of what was measured of a space on a device."""
    return f"{space.name}-{device.name}"


def _backend(space: SearchSpace, device: Device, folder: Path) -> Backend:
    """What runs models on a device: what its description says, else what measured it before.

    Raises:
        ConfigError: Nobody says so, and nothing did.
    """
    if device.backend is not None:
        return load_backend(device.backend.name, **device.backend.options)
    path = folder / f"{table_name(space, device)}{SUFFIX}"
    passes = read_profile(path).record.passes if path.exists() else ()
    if passes:
        return load_backend(passes[-1].backend)
    if device == local_device():
        return load_backend(USUAL_BACKEND)
    raise ConfigError(
        f"Device '{device.name}' does not say what runs models on it; name that with --backend, "
        "as listed by hwnas backends, or leave --device out to measure this machine."
    )
