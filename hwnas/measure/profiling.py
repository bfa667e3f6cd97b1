"""Profiling: candidates are made, checked on the backend and sampled in blocks beside an anchor."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hwnas.errors import ConfigError, HwnasError, LostDeviceError, MeasurementError, StorageError
from hwnas.measure.backends import Backend, Runner, largest_difference
from hwnas.measure.candidates import Candidate, Prepared
from hwnas.measure.clock import Clock
from hwnas.measure.environment import heap_bytes, pinned
from hwnas.measure.metering import NOTHING_METERED, Metered, Metering, meter_models
from hwnas.measure.modes import Opener
from hwnas.measure.plan import Plan
from hwnas.measure.samples import Samples
from hwnas.measure.sampling import sample_block
from hwnas.models.parity import PARITY_TOLERANCE
from hwnas.models.sessions import open_session


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one measurement besides its samples.

    Args:
        origin: What wrote the model and what checked it.
        export_error: Largest absolute difference of the ONNX model to the torch model; None where
            there is none to compare with.
        backend_error: Largest absolute difference of the backend's outputs to ONNX Runtime's.
        output_scale: Largest absolute output.
        size_bytes: Size of the ONNX file.
        session_memory_bytes: What this process took from its allocator to load and run the model
            once, and holds; None where that cannot be told.
        prepare_s: Seconds to make and check the model.
        load_s: Seconds to load it.
        warmup_s: Seconds until it ran steadily.
    """

    origin: str
    export_error: float | None
    backend_error: float
    output_scale: float
    size_bytes: int
    session_memory_bytes: int | None
    prepare_s: float
    load_s: float
    warmup_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A candidate that was measured.

    Args:
        name: Its name.
        samples: Its runs.
        facts: What else is known.
    """

    name: str
    samples: Samples
    facts: Facts


@dataclass(frozen=True, slots=True)
class Failed:
    """A candidate that could not be measured.

    Args:
        name: Its name.
        reason: Why, in one line.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """What a block of candidates gave.

    Args:
        measured: Those that were measured.
        failed: Those that could not be.
        cooled_s: Seconds that were waited for the device to cool down.
        metered: Energy of the models, or marks for the log of a meter outside.
        n_retries: How often the block was begun again because the device went away.
    """

    measured: tuple[Measured, ...]
    failed: tuple[Failed, ...]
    cooled_s: float
    metered: Metered = NOTHING_METERED
    n_retries: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A candidate that is loaded and computes what it should."""

    name: str
    runner: Runner
    facts: Facts


def profile(
    candidates: Sequence[Candidate],
    anchor: Candidate,
    backend: Backend,
    plan: Plan,
    clock: Clock,
    metering: Metering | None = None,
) -> Iterator[Block]:
    """Measure candidates block by block.

    A candidate that cannot be made, loaded or run, or computes something else on the backend, is
    reported with the reason and does not stop the others. A device that goes away costs one retry
    of the block.

    Args:
        candidates: What to measure.
        anchor: What runs beside them.
        backend: What runs them.
        plan: How.
        clock: Tells the time.
        metering: How energy is measured; None not to.

    Raises:
        ConfigError: A local meter is to measure a remote device.
        MissingExtraError: What the backend needs is not installed.
        MeasurementError: The anchor cannot be measured.
        LostDeviceError: The device went away twice in one block.
    """
    if metering is not None and metering.meter is not None and backend.is_remote:
        raise ConfigError(
            f"Backend '{backend.name}' runs models elsewhere; the meter '{metering.meter.name}' "
            "would count this machine's energy. Use --meter external and the log of a meter there."
        )
    for start in range(0, len(candidates), plan.block):
        rng = np.random.default_rng([plan.seed, start])
        part = candidates[start : start + plan.block]
        measure = partial(_profile_block, part, anchor, backend, plan, clock, rng, metering)
        try:
            yield measure()
        except LostDeviceError:
            yield replace(measure(), n_retries=1)


def _profile_block(
    candidates: Sequence[Candidate],
    anchor: Candidate,
    backend: Backend,
    plan: Plan,
    clock: Clock,
    rng: np.random.Generator,
    metering: Metering | None,
) -> Block:
    opener, failed = Opener(backend, plan.threads, plan.mode), list[Failed]()
    made = list[tuple[Candidate, Prepared, float]]()
    for candidate in candidates:
        try:
            made.append((candidate, *_timed(candidate, clock)))
        except (LostDeviceError, StorageError):
            raise
        except HwnasError as error:
            failed.append(Failed(candidate.name, str(error)))
    is_pinned = plan.is_pinned and not backend.is_remote
    with contextlib.ExitStack() as stack:
        if is_pinned:
            # What a backend starts while it loads a model stays on these cores.
            stack.enter_context(pinned(plan.threads))
        beside = _load(anchor.name, *_timed(anchor, clock), opener, clock)
        stack.callback(beside.runner.close)
        loaded = list[_Loaded]()
        for candidate, prepared, seconds in made:
            try:
                loaded.append(_load(candidate.name, prepared, seconds, opener, clock))
            except LostDeviceError:
                raise
            except MeasurementError as error:
                failed.append(Failed(candidate.name, str(error)))
                continue
            stack.callback(loaded[-1].runner.close)
        runners = [each.runner for each in loaded]
        sampled = sample_block(runners, beside.runner, plan, clock, rng)
        metered = NOTHING_METERED
        if metering is not None:
            pairs = [(each.name, each.runner) for each in loaded]
            metered = meter_models(pairs, metering, clock)
    measured = tuple(
        Measured(each.name, samples, _with_warmup(each.facts, seconds))
        for each, samples, seconds in zip(loaded, sampled.samples, sampled.warmup_s, strict=True)
    )
    return Block(measured, tuple(failed), sampled.cooled_s, metered)


def _timed(candidate: Candidate, clock: Clock) -> tuple[Prepared, float]:
    """The model of a candidate, and the seconds that it took to make and check it."""
    start = clock.now_ns()
    prepared = candidate.make()
    return prepared, (clock.now_ns() - start) / 1e9


def _load(name: str, prepared: Prepared, prepare_s: float, opener: Opener, clock: Clock) -> _Loaded:
    """Load a model and check what it computes.

    Raises:
        MeasurementError: It cannot be run, or computes something else than in ONNX Runtime.
    """
    model = prepared.model
    expected = [np.asarray(each) for each in open_session(model.data).run(None, dict(model.inputs))]
    before, start = heap_bytes(), clock.now_ns()
    runner = opener.open(model)
    load_s = (clock.now_ns() - start) / 1e9
    try:
        error, scale = largest_difference(expected, runner.outputs())
        # Written so that NaN fails.
        if not error <= PARITY_TOLERANCE * scale:
            raise MeasurementError(
                f"{name}: what the backend computes must agree with ONNX Runtime to "
                f"{PARITY_TOLERANCE:g} of the largest output, {scale:.4g}; it differs by "
                f"{error:.4g}. Nothing was measured."
            )
    except BaseException:
        runner.close()
        raise
    after = heap_bytes()
    facts = Facts(
        origin=prepared.origin,
        export_error=prepared.max_abs_error,
        backend_error=error,
        output_scale=scale,
        size_bytes=len(model.data),
        session_memory_bytes=None if before is None or after is None else max(after - before, 0),
        prepare_s=prepare_s,
        load_s=load_s,
        warmup_s=0.0,
    )
    return _Loaded(name, runner, facts)


def _with_warmup(facts: Facts, seconds: float) -> Facts:
    return replace(facts, warmup_s=seconds)
