"""What is measured: models of architectures, checked, and the anchor that runs beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.measure.backends import Model
from hwnas.measure.quantization import quantize_static
from hwnas.models._onnx_writer import INPUT_NAME
from hwnas.models.conversion import convert
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
        output_scale: Largest absolute output of the torch model; None likewise.
    """

    model: Model
    origin: str
    max_abs_error: float | None = None
    output_scale: float | None = None


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
    inputs = {INPUT_NAME: random_inputs(space.graph(arch), batch, seed)}
    model = Model(str(arch), serialized(converted.proto), inputs)
    origin = f"{converted.exporter}; checked by {converted.checked}"
    if precision == "int8":
        model = quantize_static(model, seed)
        origin += "; static int8 quantisation with random calibration, for latency only"
    return Prepared(model, origin, converted.max_abs_error, converted.output_scale)
