"""Weights drawn for an operation graph without any framework."""

from __future__ import annotations

import math

import numpy as np

from hwnas.core.graph import OperationGraph
from hwnas.models._onnx_writer import Weights
from hwnas.models.graph_onnx import weight_shapes

_NORMALISING = ("conv", "linear", "batch_norm", "layer_norm", "embedding")
_HALVING = ("relu", "relu6", "silu", "hard_swish", "gelu")


def fresh_weights(graph: OperationGraph, seed: int = 0) -> list[Weights]:
    """Arrays of each operation, in double precision.

    Matrices are normal, scaled so that outputs have a mean square of about 1 however large the
    inputs are; for an input of 1 it is what He et al. have but for their factor for ReLU, which the
    inputs' size takes care of. The statistics of batch normalisations are those to expect. Biases,
    scales and statistics are drawn too, so that what mixes two of them up shows in the outputs.

    Args:
        graph: The network.
        seed: Of what is drawn; the same one gives the same arrays.

    Returns:
        Arrays by name, as ``weight_shapes`` has them, for each operation; none for most. A tied
        matrix is the embedding's own.

    Raises:
        ExportError: There is a kind of operation without a rule for ONNX.

    References:
        He et al. 2015, Delving Deep into Rectifiers, https://arxiv.org/abs/1502.01852
    """
    rng = np.random.default_rng(seed)
    weights: list[Weights] = []
    squares = {-1: 1.0}
    for position, operation in enumerate(graph):
        read = [squares[node] for node in operation.inputs]
        squares[position] = _mean_square(operation.kind, read)
        arrays = {
            name: _drawn(name, shape, max(read[0], 1e-6), rng)
            for name, shape in weight_shapes(operation).items()
        }
        if operation.is_tied:
            arrays["weight"] = _embedding_matrix(graph, weights, arrays["weight"].shape)
        weights.append(arrays)
    return weights


def _mean_square(kind: str, read: list[float]) -> float:
    """Mean square to expect of an output, from those of its inputs; roughly."""
    if kind in _NORMALISING:
        return 1.0
    if kind == "add":
        return sum(read)
    if kind == "mul":
        return math.prod(read)
    known = {"zero": 0.0, "sigmoid": 0.3, "hard_sigmoid": 0.3, "tanh": 0.4}
    return known.get(kind, read[0] * (0.5 if kind in _HALVING else 1.0))


def _drawn(
    name: str, shape: tuple[int, ...], mean_square: float, rng: np.random.Generator
) -> np.ndarray:
    """An array for inputs of a mean square."""
    normal = rng.standard_normal(shape, dtype=np.float32).astype(np.float64)
    if name == "variance":
        return mean_square * np.exp(0.1 * normal)
    if name == "mean":
        return 0.1 * math.sqrt(mean_square) * normal
    if len(shape) > 1:
        return normal / math.sqrt(math.prod(shape[1:]) * mean_square)
    return (name == "weight") + 0.1 * normal


def _embedding_matrix(
    graph: OperationGraph, weights: list[Weights], shape: tuple[int, ...]
) -> np.ndarray:
    """The matrix of the embedding that a linear layer of this shape is tied to."""
    return next(
        arrays["weight"]
        for operation, arrays in zip(graph, weights, strict=False)
        if operation.kind == "embedding" and arrays["weight"].shape == shape
    )


def random_inputs(graph: OperationGraph, n: int, seed: int) -> np.ndarray:
    """Inputs for a network to be tried with, shape ``(n, *in_shape)``.

    Args:
        graph: The network.
        n: How many.
        seed: Of what is drawn: normal single-precision numbers; tokens where an embedding reads.
    """
    rng, shape = np.random.default_rng(seed), (n, *(graph.in_shape or ()))
    entries = [each.n_entries for each in graph if each.kind == "embedding" and -1 in each.inputs]
    if entries:
        return rng.integers(min(entries), size=shape)
    return rng.standard_normal(shape).astype(np.float32)
