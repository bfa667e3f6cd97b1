"""A device of the user's own: measured, fitted, described; and whether that still holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.api._fit import fit
from hwnas.core.device import (
    Device,
    Option,
    Reach,
    check_own_device,
    described_names,
    write_device,
)
from hwnas.core.target import Target
from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.backends import in_words, load_backend
from hwnas.measure.candidates import anchor_architecture, candidate_of
from hwnas.measure.clock import SystemClock
from hwnas.measure.plan import Plan
from hwnas.measure.profiling import profile
from hwnas.measure.recheck import Compared, Recheck, judge
from hwnas.measure.record import SUFFIX, Profile, read_profile
from hwnas.measure.recording import Job, measure_into_table, plan_of
from hwnas.measure.samples import Samples, reference_ns, summarize
from hwnas.measure.tables import is_unstable, recorded_space, summaries
from hwnas.objectives.devices import load_device
from hwnas.spaces import load_space
from hwnas.tables import load_table, net_means
from hwnas.tables.store import user_folder

if TYPE_CHECKING:
    from hwnas.core.space import SearchSpace
    from hwnas.fitting.held_out import HeldOut
    from hwnas.measure.profiling import Block
    from hwnas.predictors.card import Card

MIN_BUDGET = 10
"""Nets of a space that a predictor needs."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of a device on one space.

    Args:
        space: The space.
        table: Table of what was measured.
        n_nets: Nets that were measured and are stable.
        n_unstable: Nets whose visits varied too much to be learned from.
        card: Card of the predictor.
        held_out: How good it is on nets that it was not fitted on.
    """

    space: str
    table: str
    n_nets: int
    n_unstable: int
    card: Card
    held_out: HeldOut


def add_device(
    name: str,
    spaces: Sequence[str] = ("nasbench201",),
    backend: str = "ort",
    options: Mapping[str, Option] | None = None,
    budget: int = 20,
    plan: Plan | None = None,
    title: str | None = None,
    seed: int = 0,
    on_block: Callable[[str, Block, int, int], None] | None = None,
) -> tuple[Device, list[Learned]]:
    """Measure a few networks on a device, fit predictors, and describe it for searches.

    Which networks are measured is chosen so that they say most of all others. What was measured is
    kept block by block: the same call goes on where it was stopped.

    Args:
        name: What to call the device.
        spaces: Search spaces to learn it on.
        backend: Name of the backend that runs models on it.
        options: What the backend is made with.
        budget: Networks of each space to measure.
        plan: How to measure.
        title: Full name for people; the processor and the backend by default.
        seed: Of the choice and the fit.
        on_block: Called after each block with the space, what it gave, how many networks are done
            and how many there are.

    Returns:
        The device, and what was learned of it on each space.

    Raises:
        ConfigError: The name is taken or no plain word, the budget is too small, or there is no
            space.
        UnknownNameError: There is no such space or backend.
        MissingExtraError: What the backend needs is not installed.
        MeasurementError: Too few networks could be measured.
        LostDeviceError: The device does not answer.
        StorageError: A folder cannot be written; what was measured before is kept.
    """
    from hwnas.fitting.design import choose_to_measure

    _check_new(name, spaces, budget)
    plan, runs_on = plan or Plan(), load_backend(backend, **(options or {}))
    job, learned = Job(name, runs_on, plan, otherwise="stop it"), list[Learned]()
    # All of them before anything is measured: one may be misspelt.
    for space in [load_space(each) for each in spaces]:
        nets = choose_to_measure(space, budget, seed)
        archs = [space.architecture(genotype) for genotype in nets]
        table = f"{space.name}-{name}"

        def tell(block: Block, n_done: int, n_nets: int, about: str = space.name) -> None:
            if on_block is not None:
                on_block(about, block, n_done, n_nets)

        measured, _ = measure_into_table(job, space, archs, user_folder(), table, on_block=tell)
        learned.append(_learn(space, job, measured, table, seed))
    environment = measured.record.passes[-1].environment
    where = "a remote board" if runs_on.is_remote else environment.cpu or environment.machine
    device = Device(
        name=name,
        title=title or f"{where}, {backend}",
        kind=f"measured with {backend}",
        source=(
            f"Measured with hwnas devices add, {datetime.now(UTC):%Y-%m-%d}: "
            f"{in_words(runs_on.describe())}, {plan.threads_in_words}"
        ),
        backend=Reach(backend, dict(options or {}), plan.threads),
    )
    # Last: a device that is described can be searched for.
    write_device(device)
    return device, learned


def _check_new(name: str, spaces: Sequence[str], budget: int) -> None:
    check_own_device(name)
    if name in described_names():
        raise ConfigError(
            f"Device '{name}' is there already. Choose another name, or see whether it still holds "
            f"with hwnas devices recheck {name}"
        )
    if not spaces:
        raise ConfigError("--spaces must name at least one search space; see: hwnas spaces")
    if budget < MIN_BUDGET:
        raise ConfigError(f"--budget must be at least {MIN_BUDGET} networks; got {budget}.")


def _learn(space: SearchSpace, job: Job, measured: Profile, table: str, seed: int) -> Learned:
    """Fit what was measured on a space."""
    from hwnas.fitting.held_out import measure_held_out

    target = job.target(space.dataset)
    found = summaries(measured, target)
    n_unstable = sum(is_unstable(each, job.plan) for each in found.values())
    n_nets = len(found) - n_unstable
    if n_nets < MIN_BUDGET:
        raise MeasurementError(
            f"At least {MIN_BUDGET} networks of {space.name} must be measured and stable; "
            f"{n_nets} are, {n_unstable} are unstable. Measure again when less else runs."
        )
    (card,) = fit(table, [target.table_column], seed=seed)
    nets = net_means(space, load_table(table), target.table_column)
    return Learned(space.name, table, n_nets, n_unstable, card, measure_held_out(space, nets, seed))


def recheck_device(
    name: str, budget: int = 5, plan: Plan | None = None, space: str | None = None
) -> Recheck:
    """Measure a few networks of a device again: does what is known of it still hold?

    The networks are spread over the latencies of the device's table, which is left as it is.

    Args:
        name: A device that ``add_device`` made.
        budget: Networks to measure.
        plan: How to measure; with the threads of the device.
        space: Search space to measure; the first one that was measured by default.

    Raises:
        UnknownNameError: There is no such device.
        ConfigError: The budget is below 1, or nobody said how to reach the device.
        MeasurementError: Nothing of it was measured here, or nothing can be.
        LostDeviceError: The device does not answer.
    """
    device = load_device(name)
    if budget < 1:
        raise ConfigError(f"--budget must be at least 1; got {budget}.")
    if device.backend is None:
        raise ConfigError(
            f"Device '{name}' must say how it is reached, as hwnas devices add writes it; its "
            "values were published, and only its owner can measure again."
        )
    backend = load_backend(device.backend.name, **device.backend.options)
    found, target = _measured_of(name, space)
    last = next(each for each in reversed(found.record.passes) if each.target == target)
    given = recorded_space(found.record)
    precision = plan_of(target.conditions)[1]
    job = Job(name, backend, plan or last.plan, precision)
    known = summaries(found, target)
    chosen = _spread({net: each.latency_ms for net, each in known.items()}, budget)
    samples = _measure_again(job, given, chosen)
    now_ns = reference_ns(list(samples.values()))
    now = {net: summarize(each, now_ns) for net, each in samples.items()}
    compared = tuple(
        Compared(net, known[net].latency_ms, each.latency_ms, each.cv or 0.0)
        for net, each in now.items()
    )
    changed = _changed(last.settings, backend.describe(), backend.progress)
    return judge(compared, _usual(found.of(target)), changed)


def _measured_of(name: str, space: str | None) -> tuple[Profile, Target]:
    """What was measured of a device, and the target that was measured first."""
    found = list[tuple[float, Profile, Target]]()
    for path in user_folder().glob(f"*{SUFFIX}"):
        profile = read_profile(path)
        if profile.record.space is None or space not in (None, profile.record.space):
            continue
        found += [
            (each.started_unix_s, profile, each.target)
            for each, samples in zip(profile.record.passes, profile.samples, strict=True)
            if each.target.device == name and samples
        ]
    if not found:
        raise MeasurementError(
            f"Networks of device '{name}' must have been measured here; no table has any"
            f"{'' if space is None else f' of {space}'}. Measure some: hwnas profile SPACE "
            f"--sample 20 --device {name}"
        )
    _, profile, target = min(found, key=lambda each: each[0])
    return profile, target


def _spread(latency_ms: Mapping[str, float], n: int) -> list[str]:
    """So many nets from the fastest to the slowest, at even steps of rank."""
    ordered = sorted(latency_ms, key=lambda net: (latency_ms[net], net))
    places = np.unique(np.linspace(0, len(ordered) - 1, min(n, len(ordered))).round().astype(int))
    return [ordered[place] for place in places]


def _measure_again(job: Job, space: SearchSpace, nets: Sequence[str]) -> dict[str, Samples]:
    """Samples of the nets that can be measured.

    Raises:
        MeasurementError: None can.
    """

    def candidate(arch: Any) -> Any:
        return candidate_of(space, arch, job.plan.batch or 1, job.precision, job.plan.seed)

    blocks = list(
        profile(
            [candidate(space.parse(net)) for net in nets],
            candidate(anchor_architecture(space)),
            job.backend,
            job.plan,
            SystemClock(),
        )
    )
    found = {each.name: each.samples for block in blocks for each in block.measured}
    if not found:
        raise MeasurementError(blocks[0].failed[0].reason)
    return found


def _usual(parts: Sequence[Mapping[str, Samples]]) -> tuple[float, float]:
    """Range of nine tenths of the anchor's visits when a target was measured, by their median."""
    medians = np.array(
        [
            np.median(each.anchor_ns[each.visit == visit])
            for part in parts
            for each in part.values()
            for visit in np.unique(each.visit)
        ]
    )
    low, high = np.quantile(medians, (0.05, 0.95)) / np.median(medians)
    return float(low), float(high)


def _changed(
    before: Mapping[str, Any], now: Mapping[str, Any], progress: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Settings that are not what they were; what says how far a backend has come is none."""
    return {
        key: (str(before.get(key)), str(now.get(key)))
        for key in {**before, **now}
        if key not in progress and before.get(key) != now.get(key)
    }


def learned_record(learned: Learned) -> dict[str, Any]:
    """What was learned of a device on a space, as JSON can hold it."""
    from hwnas.predictors.card import CARDS

    return {**asdict(learned), "card": CARDS.encode(learned.card)}


def recheck_record(found: Recheck) -> dict[str, Any]:
    """A recheck as JSON can hold it."""
    nets = [{**asdict(each), "factor": each.factor} for each in found.nets]
    return {**asdict(found), "nets": nets}
