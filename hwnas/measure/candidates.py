"""What is measured: models of architectures, checked, and the anchor that runs beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.measure.backends import Model
from hwnas.measure.files import check_memory, read_model
from hwnas.measure.quantization import QUANTIZATION_LABEL, quantize_static
from hwnas.models._onnx_writer import INPUT_NAME
from hwnas.models.conversion import convert, torch_model
from hwnas.models.graph_onnx import serialized
from hwnas.models.graph_weights import random_inputs
from hwnas.models.onnx_shapes import fix_batch

Precision = Literal["float32", "int8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "int8")

_N_ANCHORS = 200
"""Random architectures whose middle one is the anchor."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be measured; its model is made when its turn comes.

    Args:
        name: An architecture's string, or a file's name.
        make: Makes the model.
    """

    name: str
    make: Callable[[], Prepared]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A model that is ready for a backend.

    Args:
        model: The model.
        origin: What wrote it and what checked it, in words.
        max_abs_error: Largest absolute difference to the torch model; None where there is none to
            compare with.
    """

    model: Model
    origin: str
    max_abs_error: float | None = None


def candidate_of(
    space: SearchSpace,
    arch: Architecture,
    batch: int = 1,
    precision: Precision = "float32",
    seed: int = 0,
) -> Candidate:
    """An architecture as a candidate, with fresh weights: they do not matter to latency.

    Args:
        space: Its search space.
        arch: What to measure.
        batch: Images in a run.
        precision: ``"int8"`` quantises weights and activations with random calibration.
        seed: Of weights and inputs.
    """
    return Candidate(str(arch), lambda: _prepared(space, arch, batch, precision, seed))


def file_candidate(
    path: Path,
    batch: int | None = None,
    precision: Precision = "float32",
    seed: int = 0,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Candidate:
    """An ONNX file as a candidate; it is read now, so that a bad one is refused at once.

    Args:
        path: The file.
        batch: Size of the first axis where the file leaves it open.
        precision: ``"int8"`` quantises weights and activations with random calibration.
        seed: Of the inputs.
        shapes: Shapes of inputs by name, where other axes are open.

    Raises:
        ArtifactError: The file is missing, damaged, not ONNX or not whole.
        ConfigError: A size is missing, or is another than the file's.
        MeasurementError: The model cannot be run here, or not be quantised.
    """
    model, origin = read_model(path, batch, seed, shapes), f"file {path.name}"
    if precision == "int8":
        model, origin = quantize_static(model, seed), f"{origin}; {QUANTIZATION_LABEL}"
    prepared = Prepared(model, origin)
    return Candidate(model.name, lambda: prepared)


def anchor_architecture(space: SearchSpace) -> Architecture:
    """The architecture that runs beside all others of a space: of middling size, always the same.

    It is the one with the median multiply-accumulates of 200 random architectures, without dead
    operations.
    """
    drawn = space.sample_genotypes(_N_ANCHORS, np.random.default_rng(0))
    pruned = space.pruned_genotypes(drawn)
    archs = [space.architecture(genotype) for genotype in pruned]
    macs = np.array([space.graph(arch).macs for arch in archs])
    return archs[int(np.argsort(macs, kind="stable")[len(archs) // 2])]


def _prepared(
    space: SearchSpace, arch: Architecture, batch: int, precision: Precision, seed: int
) -> Prepared:
    converted = convert(space, arch, None, seed)
    fix_batch(converted.proto, batch)
    check_memory(str(arch), converted.proto)
    inputs = {INPUT_NAME: random_inputs(space.graph(arch), batch, seed)}
    # The same fresh weights, for a backend that runs torch's own module.
    module = partial(torch_model, space, arch, seed)
    model = Model(str(arch), serialized(converted.proto), inputs, module)
    origin = f"{converted.exporter}; checked by {converted.checked}"
    if precision == "int8":
        model = quantize_static(model, seed)
        origin += f"; {QUANTIZATION_LABEL}"
    return Prepared(model, origin, converted.max_abs_error)
