"""From an architecture to a checked ONNX model: from its graph where that works, else by torch."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hwnas.core.architecture import Architecture
from hwnas.core.graph import OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ExportError, MissingExtraError, ShapeError
from hwnas.models.building import build_model
from hwnas.models.graph_onnx import graph_to_onnx, serialized
from hwnas.models.graph_weights import fresh_weights, random_inputs
from hwnas.models.module_weights import assignments, read_weights, write_weights
from hwnas.models.parity import PARITY_TOLERANCE, Parity, check_alone, compare, torch_outputs
from hwnas.models.torch_onnx import to_onnx
from hwnas.models.weights import load_weights

if TYPE_CHECKING:
    import onnx
    import torch

FROM_GRAPH = "operation graph"

_ALONE = "counts and finite outputs alone; torch is not installed"


@dataclass(frozen=True, slots=True)
class Converted:
    """An ONNX model that was checked.

    Args:
        proto: The model.
        exporter: What wrote it: ``"operation graph"``, or torch and its version.
        exporter_note: Why it was not written from the graph; None if it was.
        checked: What it was checked by, in words.
        weights_sha256: SHA-256 of the weights file; None for fresh weights.
        max_abs_error: Largest absolute difference to the torch model; None where there is none to
            compare with.
        output_scale: Largest absolute output on random inputs.
    """

    proto: onnx.ModelProto
    exporter: str
    exporter_note: str | None
    checked: str
    weights_sha256: str | None
    max_abs_error: float | None
    output_scale: float


def convert(space: SearchSpace, arch: Architecture, weights: Path | None, seed: int) -> Converted:
    """An architecture's model in ONNX, checked.

    It is written from the operation graph, with the weights of the torch model, or fresh ones that
    need no torch; where torch is installed, its outputs are compared with the torch model's. If
    the graph cannot be written, or does not compute what the torch model does, torch's exporter
    writes the model.

    Args:
        space: Search space of the architecture.
        arch: What to convert.
        weights: A ``.safetensors`` file; fresh weights by default.
        seed: Of fresh weights, and of the inputs that the check is made with.

    Raises:
        ArtifactError: The weights file is missing, damaged or of another model.
        ExportError: No model could be written that computes what the torch model does.
        MissingExtraError: There is a file of weights and no torch or safetensors, or torch's
            exporter must do it and onnxscript is not installed.
    """
    graph = space.graph(arch)
    try:
        model = build_model(space, arch, seed).eval()
    except MissingExtraError:
        if weights is not None:
            raise
        return _alone(graph, seed)
    sha256 = None if weights is None else load_weights(model, weights)
    try:
        proto, parity = _from_graph(model, graph, seed, is_fresh=sha256 is None)
    except (ExportError, ShapeError) as error:
        if sha256 is None:
            # What was tried is in the other one.
            model = build_model(space, arch, seed).eval()
        return _by_torch(model, graph, seed, sha256, str(error))
    return Converted(proto, FROM_GRAPH, None, _torch(), sha256, *_numbers(parity))


def torch_model(space: SearchSpace, arch: Architecture, seed: int = 0) -> torch.nn.Module:
    """The torch model, in evaluation mode, that computes what its fresh ONNX model does.

    Args:
        space: Search space of the architecture.
        arch: What to build.
        seed: Of the weights, as for ``convert`` without a file and for ``model_onnx``.

    Raises:
        MissingExtraError: torch is not installed.
    """
    graph = space.graph(arch)
    model = build_model(space, arch, seed).eval()
    try:
        _from_graph(model, graph, seed, is_fresh=True)
    except (ExportError, ShapeError):
        # Then torch's exporter writes the ONNX model, with the weights that torch drew.
        model = build_model(space, arch, seed).eval()
    return model


def _alone(graph: OperationGraph, seed: int) -> Converted:
    """Fresh weights without torch."""
    proto = graph_to_onnx(graph, fresh_weights(graph, seed))
    scale = check_alone(serialized(proto), graph, seed)
    return Converted(proto, FROM_GRAPH, None, _ALONE, None, None, scale)


def _from_graph(
    model: torch.nn.Module, graph: OperationGraph, seed: int, is_fresh: bool
) -> tuple[onnx.ModelProto, Parity]:
    """A model written from the graph, with the torch model's weights or fresh ones in both.

    Raises:
        ExportError: There is none that computes what the torch model does.
        ShapeError: Sizes of the graph cannot be written.
    """
    fresh = fresh_weights(graph, seed) if is_fresh else None
    reason = "its graph has other operations with weights than its torch model has modules"
    for assignment in assignments(model, graph, random_inputs(graph, 1, seed)):
        if fresh is not None:
            write_weights(assignment, fresh)
        proto = graph_to_onnx(graph, fresh or read_weights(assignment))
        parity = compare(serialized(proto), *torch_outputs(model, graph, seed))
        if parity.holds:
            return proto, parity
        reason = "its graph does not compute what its torch model does"
    raise ExportError(f"The architecture's model cannot be written from its graph: {reason}.")


def _by_torch(
    model: torch.nn.Module, graph: OperationGraph, seed: int, sha256: str | None, note: str
) -> Converted:
    """A model that torch's exporter writes, for the reason of a note."""
    given = torch_outputs(model, graph, seed)
    proto = to_onnx(model, graph.in_shape or ())
    parity = compare(serialized(proto), *given)
    if not parity.holds:
        raise ExportError(
            f"The ONNX model must agree with the torch model to {PARITY_TOLERANCE:g} of its "
            f"largest output, {parity.output_scale:.4g}; they differ by "
            f"{parity.max_abs_error:.4g}. Nothing was written; report the architecture."
        )
    return Converted(proto, _torch(), note, _torch(), sha256, *_numbers(parity))


def _numbers(parity: Parity) -> tuple[float, float]:
    return parity.max_abs_error, parity.output_scale


def _torch() -> str:
    return f"torch {importlib.metadata.version('torch')}"
