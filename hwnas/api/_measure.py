"""Measuring on devices: profiles of architectures and of ONNX files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._files import sha256_bytes
from hwnas._resources import cache_dir
from hwnas.api._backends import backend_of
from hwnas.api._energy import metering_of
from hwnas.api._profiled import Profiled, ProfiledModel
from hwnas.core import arguments, given
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked, kind_of, many, mapping, whole
from hwnas.core.device import check_own_device
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.backends import Backend
from hwnas.measure.candidates import (
    PRECISIONS,
    Candidate,
    Precision,
    anchor_architecture,
    candidate_of,
    file_candidate,
)
from hwnas.measure.energy import estimate_energy
from hwnas.measure.plan import Plan, parse_mode
from hwnas.measure.record import SUFFIX, Profile, ProfileRecord
from hwnas.measure.recording import Job, measure_into_file, measure_networks, networks
from hwnas.measure.tables import is_unstable, summaries
from hwnas.spaces import load_space
from hwnas.tables.store import check_own_name, user_folder

if TYPE_CHECKING:
    from hwnas.measure.profiling import Block

__all__ = ["Plan", "parse_mode", "profile"]

ANCHOR_SPACE = "nasbench201"
"""Space of the anchor that runs beside files."""
MODEL_SUFFIX = ".onnx"


@checked(
    models=many(),
    space=given.space,
    sample=whole(),
    device=arguments.text,
    table=arguments.text,
    plan=kind_of(Plan, what="a plan, hwnas.api.Plan"),
    precision=arguments.text,
    again=arguments.flag,
    shapes=mapping(many(whole())),
    folder=arguments.path,
    on_block=arguments.function,
    meter=arguments.text,
    window_s=arguments.number,
    power_w=arguments.number,
)
def profile(
    models: Sequence[str | os.PathLike[str] | Architecture] = (),
    space: str | SearchSpace = "nasbench201",
    sample: int | None = None,
    backend: str | Backend = "ort",
    device: str | None = None,
    table: str | None = None,
    plan: Plan | None = None,
    precision: Precision = "float32",
    again: bool = False,
    shapes: Mapping[str, Sequence[int]] | None = None,
    folder: str | os.PathLike[str] | None = None,
    on_block: Callable[[Block, int, int], None] | None = None,
    meter: str | None = None,
    window_s: float | None = None,
    power_w: float | None = None,
) -> Profiled:
    """Measure the latency of architectures or ONNX files on this machine or a remote board.

    Architectures go into a table, which ``fit`` makes predictors of; files are kept by
    themselves. Every raw sample is kept. What was measured before is not measured again.

    Args:
        models: Architectures, their strings, or paths that end in ``.onnx``; not mixed.
        space: Search space of the architectures, or its name.
        sample: Random architectures of the space, in place of ``models``.
        backend: Name of the backend, or one that ``hwnas.measure.backends.load_backend`` made.
        device: What to call this machine with this backend; ``"local-ort"`` by default.
        table: Name of the table of architectures; space and device by default.
        plan: How to measure.
        precision: ``"int8"`` quantises with random calibration, for latency only.
        again: Whether what was measured before is measured once more.
        shapes: Shapes of a file's inputs by name, where axes other than the batch are open.
        folder: Where tables or raw samples lie; the user's cache by default.
        on_block: Called after each block with what it gave, how many models are done and how many
            there are.
        meter: What energy is read from: ``"zeus"``, or ``"external"`` for a meter whose log
            ``attach_energy`` takes later; none by default.
        window_s: Seconds that each model runs alone for it; what the meter needs by default.
        power_w: Power of the device in watts, for an estimate where there is no meter.

    Raises:
        ConfigError: Nothing is to be measured, files and architectures at once, or the meter
            cannot read anything here.
        UnknownNameError: There is no such space or backend.
        ArchitectureError: A string is no architecture.
        ArtifactError: A file is missing, damaged or no ONNX model.
        MissingExtraError: What the backend needs is not installed.
        MeasurementError: A model cannot be measured; with several, only if none can.
        TableError: The table is in use, or holds other things.
        StorageError: The folder cannot be written; what was written before is kept.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"--precision must be one of {', '.join(PRECISIONS)}; got '{precision}'.")
    runs_on = backend_of(backend)
    plan = plan or Plan()
    name_of_device = device or f"local-{runs_on.name}"
    check_own_device(name_of_device)
    if power_w is not None and not 0 < power_w < float("inf"):
        raise ConfigError(f"--power-w must be a number of watts above 0; got {power_w:g}.")
    metering = metering_of(meter, window_s)
    job = Job(name_of_device, runs_on, plan, precision, again, metering)
    files = [is_file(model) for model in models]
    if any(files) and not all(files):
        raise ConfigError("Give architectures or .onnx files, not both.")
    if any(files):
        if sample is not None or table is not None:
            raise ConfigError("--sample and --table are for architectures; files were given.")
        paths = [Path(str(model)) for model in models]
        found = _profile_files(job, paths, shapes or {}, folder, on_block)
        return found if power_w is None else _estimated(found, power_w)
    loaded = load_space(space) if isinstance(space, str) else space
    archs = _architectures(loaded, models, sample, plan.seed)
    name = table or f"{loaded.name}-{job.device}"
    check_own_name(name)
    found = _profile_archs(job, loaded, archs, name, folder, on_block)
    return found if power_w is None else _estimated(found, power_w)


def _estimated(found: Profiled, power_w: float) -> Profiled:
    """The same with an estimate where no energy was measured."""
    models = tuple(
        replace(each, energy=each.energy or estimate_energy(power_w, each.summary.latency_ms))
        for each in found.models
    )
    return replace(found, models=models)


def is_file(model: object) -> bool:
    """Whether what is to be measured is an ONNX file."""
    return isinstance(model, os.PathLike) or str(model).lower().endswith(MODEL_SUFFIX)


def _architectures(
    space: SearchSpace, models: Sequence[Any], sample: int | None, seed: int
) -> list[Architecture]:
    """The architectures that are asked for; of a sample, different networks."""
    if bool(models) == (sample is not None):
        raise ConfigError("Give one of: architectures, --sample N.")
    if sample is None:
        return space.as_archs(models)
    if sample < 1:
        raise ConfigError(f"--sample must be at least 1; got {sample}.")
    return sample_networks(space, sample, seed)


def sample_networks(space: SearchSpace, n: int, seed: int) -> list[Architecture]:
    """Different random networks without dead operations.

    The same seed gives the same first ones, however many are asked for.

    Raises:
        ConfigError: So many different ones were not found.
    """
    rng, found = np.random.default_rng(seed), dict[Architecture, None]()
    for _ in range(100):
        drawn = space.pruned_genotypes(space.sample_genotypes(256, rng))
        found.update(dict.fromkeys(space.architecture(genotype) for genotype in drawn))
        if len(found) >= n:
            return list(found)[:n]
    raise ConfigError(
        f"{space.label} must have as many different networks as are asked for; found "
        f"{len(found):,}, asked for {n:,}."
    )


def _profile_archs(
    job: Job,
    space: SearchSpace,
    archs: Sequence[Architecture],
    name: str,
    folder: str | os.PathLike[str] | None,
    on_block: Callable[[Block, int, int], None] | None,
) -> Profiled:
    place = Path(folder) if folder is not None else user_folder()
    asked = networks(space, archs)
    found = measure_networks(job, space, archs, place, name, on_block=on_block)
    names, path = [str(arch) for arch in asked], place / f"{name}{SUFFIX}"
    return _result(job, job.target(space.dataset), found, names, name, path)


def _profile_files(
    job: Job,
    paths: Sequence[Path],
    shapes: Mapping[str, Sequence[int]],
    folder: str | os.PathLike[str] | None,
    on_block: Callable[[Block, int, int], None] | None,
) -> Profiled:
    plan, space = job.plan, load_space(ANCHOR_SPACE)
    candidates = [
        file_candidate(path, plan.batch, job.precision, plan.seed, shapes) for path in paths
    ]
    names = [each.name for each in candidates]
    if len(set(names)) < len(names):
        raise ConfigError(f"Files must have different names; got {', '.join(names)}.")
    batch = _batch_of(candidates)
    job = replace(job, plan=replace(plan, batch=batch), again=True)
    arch = anchor_architecture(space)
    anchor = candidate_of(space, arch, batch, job.precision, plan.seed)
    place = Path(folder) if folder is not None else cache_dir() / "profiles"
    # A file that has changed is another model.
    mark = sha256_bytes(b"".join(each.make().model.data for each in candidates))[:12]
    stem = paths[0].stem if len(paths) == 1 else f"{len(paths)}-models"
    path = place / f"{stem}-{mark}-{job.device}{SUFFIX}"
    target, record = job.target(None), ProfileRecord(None, None)
    found = measure_into_file(job, candidates, anchor, target, path, record, on_block=on_block)
    return _result(job, target, found, names, None, path)


def _batch_of(candidates: Sequence[Candidate]) -> int:
    """How many inputs the models read at once.

    Raises:
        ConfigError: They do not agree.
    """
    sizes = {
        each.name: next(iter(each.make().model.inputs.values())).shape[:1] for each in candidates
    }
    if len(set(sizes.values())) > 1:
        words = ", ".join(
            f"{name} {shape[0] if shape else 'none'}" for name, shape in sizes.items()
        )
        raise ConfigError(
            f"Files that are measured together must have one batch size; got {words}. Measure them "
            "one by one."
        )
    shape = next(iter(sizes.values()))
    return int(shape[0]) if shape else 1


def _result(
    job: Job, target: Target, found: Profile, names: Sequence[str], table: str | None, path: Path
) -> Profiled:
    passes = [each for each in found.record.passes if each.target == target]
    facts = {name: fact for each in passes for name, fact in each.facts.items()}
    reasons = {name: reason for each in passes for name, reason in each.failed.items()}
    known = summaries(found, target)
    joules = {name: reading for each in passes for name, reading in each.energy.items()}
    failed = {name: reasons[name] for name in names if name not in known and name in reasons}
    if failed and not known:
        raise MeasurementError(next(iter(failed.values())))
    return Profiled(
        target=target,
        backend=job.backend.name,
        settings=passes[-1].settings,
        anchor=passes[-1].anchor,
        models=tuple(
            ProfiledModel(
                name,
                known[name],
                facts[name],
                is_unstable(known[name], job.plan),
                joules.get(name),
            )
            for name in names
            if name in known
        ),
        failed=failed,
        table=table,
        path=path,
    )
