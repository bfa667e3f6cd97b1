"""Whether an ONNX model computes what the torch model does, or counts what the graph does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.graph import OperationGraph
from hwnas.errors import ExportError
from hwnas.models._onnx_writer import INPUT_NAME, OUTPUT_NAME
from hwnas.models.graph_weights import random_inputs
from hwnas.models.onnx_graph import fold_batch_norms, read_onnx_data
from hwnas.models.sessions import open_session

if TYPE_CHECKING:
    import torch

# Largest difference between torch and onnxruntime, relative to the largest output.
PARITY_TOLERANCE = 1e-4

# Any size other than the one that an exporter sees shows that the batch axis is free.
_BATCH = 3


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an ONNX model is from the torch model on random inputs.

    Args:
        max_abs_error: Largest absolute difference; infinite where shapes differ.
        output_scale: Largest absolute output of the torch model.
    """

    max_abs_error: float
    output_scale: float

    @property
    def holds(self) -> bool:
        """Whether the difference is within the tolerance."""
        # Written so that NaN fails.
        return self.max_abs_error <= PARITY_TOLERANCE * self.output_scale


def torch_outputs(
    model: torch.nn.Module, graph: OperationGraph, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs and what a torch model makes of them.

    Args:
        model: In evaluation mode.
        graph: Tells what the model reads.
        seed: Of the inputs.

    Raises:
        ExportError: Some outputs are not finite.
    """
    import torch

    inputs = random_inputs(graph, _BATCH, seed)
    with torch.no_grad():
        expected = model(torch.from_numpy(inputs)).numpy()
    _scale(expected, "torch")
    return inputs, expected


def compare(data: bytes, inputs: np.ndarray, expected: np.ndarray) -> Parity:
    """An ONNX model beside the torch model.

    Args:
        data: The ONNX model.
        inputs: What both read, a batch.
        expected: What the torch model makes of it.

    Raises:
        ExportError: onnxruntime cannot run the model.
    """
    scale, actual = float(np.abs(expected).max()), _outputs(data, inputs)
    if actual.shape != expected.shape:
        return Parity(math.inf, scale)
    return Parity(float(np.abs(actual - expected).max()), scale)


def check_alone(data: bytes, graph: OperationGraph, seed: int) -> float:
    """The largest absolute output of an ONNX model whose torch model cannot be had.

    Args:
        data: The ONNX model.
        graph: What it was written from.
        seed: Of the inputs.

    Raises:
        ExportError: Its outputs are of another shape or not finite, or it does not count the
            parameters and multiply-accumulates of the graph.
    """
    outputs = _outputs(data, random_inputs(graph, _BATCH, seed))
    expected = (_BATCH, *graph.operations[-1].out_shape)
    if outputs.shape != expected:
        raise ExportError(
            f"The ONNX model must put out shape {expected}; got {outputs.shape}. "
            "Nothing was written."
        )
    read = read_onnx_data("The ONNX model", data)
    found = sum(each.params for each in read.operations), sum(each.macs for each in read.operations)
    wanted = fold_batch_norms(graph).params, graph.macs
    # What only another package's reader could count is not counted.
    if not read.uncounted and (found[0] - read.n_shared, found[1]) != wanted:
        raise ExportError(
            f"The ONNX model must have the graph's {wanted[0]} parameters and {wanted[1]} "
            f"multiply-accumulates; it has {found[0]} and {found[1]}. Nothing was written."
        )
    return _scale(outputs, "ONNX")


def _outputs(data: bytes, inputs: np.ndarray) -> np.ndarray:
    try:
        (outputs,) = open_session(data).run([OUTPUT_NAME], {INPUT_NAME: inputs})
    except Exception as error:  # each of onnxruntime's is a class of its own
        raise ExportError(
            f"onnxruntime must run the ONNX model; it cannot ({' '.join(str(error).split())})."
        ) from error
    return np.asarray(outputs)


def _scale(outputs: np.ndarray, name: str) -> float:
    """Largest absolute output."""
    if not np.isfinite(outputs).all():
        raise ExportError(
            f"The outputs of the {name} model must be finite; some are not. Nothing was written; "
            "check the weights."
        )
    return float(np.abs(outputs).max())
