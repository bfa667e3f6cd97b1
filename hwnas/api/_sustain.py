"""Running a model on and on: does the device throttle?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from hwnas.api._backends import backend_of
from hwnas.api._measure import is_file
from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.measure.backends import Backend
from hwnas.measure.candidates import Precision, candidate_of, file_candidate
from hwnas.measure.clock import SystemClock
from hwnas.measure.environment import pinned
from hwnas.measure.modes import Opener
from hwnas.measure.plan import Plan
from hwnas.measure.recording import networks
from hwnas.measure.sustain import Sustained, parse_duration, run_on
from hwnas.spaces import load_space

__all__ = ["parse_duration", "sustain"]


def sustain(
    models: Sequence[str | os.PathLike[str] | Architecture],
    seconds: float,
    space: str | SearchSpace = "nasbench201",
    backend: str | Backend = "ort",
    plan: Plan | None = None,
    precision: Precision = "float32",
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> dict[str, Sustained]:
    """Run each model again and again: does the device throttle, and how slow is the model then?

    Args:
        models: Architectures, their strings, or paths that end in ``.onnx``.
        seconds: How long each runs.
        space: Search space of the architectures, or its name.
        backend: Name of the backend, or one that ``load_backend`` made.
        plan: Threads, batch, rhythm and seed.
        precision: ``"int8"`` quantises with random calibration.
        shapes: Shapes of a file's inputs by name.

    Raises:
        MeasurementError: A model cannot be run.
    """
    plan, clock = plan or Plan(), SystemClock()
    runs_on = backend_of(backend)
    given = load_space(space) if isinstance(space, str) else space
    opener, found = Opener(runs_on, plan.threads, plan.mode), dict[str, Sustained]()
    for model in models:
        if is_file(model):
            path = Path(str(model))
            candidate = file_candidate(path, plan.batch, precision, plan.seed, shapes)
        else:
            (arch,) = networks(given, [given.as_arch(model)])
            candidate = candidate_of(given, arch, plan.batch or 1, precision, plan.seed)
        with (
            pinned(plan.threads) if plan.is_pinned and not runs_on.is_remote else nullcontext(),
            closing(opener.open(candidate.make().model)) as runner,
        ):
            found[candidate.name] = run_on(runner, seconds, clock)
    return found
