"""Memory that a network needs, counted: activations alive at once, and numbers to store.

The schedule that is counted, for one image or sequence:

- Operators run in the order of the graph, those alone that the output needs; the network's input
  is in memory until its last reader has run, and so is what every operator puts out, whole.
- An activation or normalisation that alone reads an operator's output is fused with it: it works
  in place. An identity and a reshaping are no operators, and zeros are not added.
- Everything else writes an output of its own beside its inputs: a sum works on none of its terms
  in place, a concatenation copies. What an operator needs while it runs, such as the unrolled
  windows of a convolution, is not counted, and nor is what an allocator adds.
- A batch normalisation that is fused with a convolution leaves a bias a channel of it and
  nothing else; any other keeps a scale and a shift. Weights that are shared are stored once.

References:
    Lin et al. 2020, MCUNet: Tiny Deep Learning on IoT Devices, https://arxiv.org/abs/2007.10319
    (activations and weights as the two limits of microcontrollers)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation, operation_kind
from hwnas.core.space import SearchSpace
from hwnas.features.measured import graph_by_graph

COLUMNS = ("peak_numbers", "weights", "biases")
"""Largest sum of activations alive at once; stored numbers that are multiplied with activations;
stored biases, and scales and shifts of normalisations."""

_NORMALISATIONS = ("batch_norm", "layer_norm")


@dataclass(frozen=True, slots=True)
class Precision:
    """How many bytes numbers take.

    Args:
        activation: An activation, the network's input and output among them.
        weight: A weight.
        bias: A bias, or a scale or shift of a normalisation.
    """

    activation: int
    weight: int
    bias: int


PRECISIONS: Mapping[str, Precision] = {
    "float32": Precision(4, 4, 4),
    "float16": Precision(2, 2, 2),
    # Integer kernels add biases to sums of 32 bits. Scales of the quantisation are not counted.
    "int8": Precision(1, 1, 4),
}
USUAL_PRECISION = "float32"


@dataclass(slots=True)
class _Step:
    """An operator that is run.

    Args:
        operation: The operator.
        reads: Numbers of the steps whose output it reads; ``-1`` is the network's input.
        fused_with: The step whose output it changes in place; None for an output of its own.
    """

    operation: Operation
    reads: tuple[int, ...]
    fused_with: int | None = None


def measure_memory(graph: OperationGraph) -> dict[str, int]:
    """Each of ``COLUMNS``, for the schedule that the module states.

    Args:
        graph: The network.

    Raises:
        UnknownNameError: It has a kind of operation that is not known.
    """
    steps, output = _scheduled(graph)
    n_input = math.prod(graph.in_shape) if graph.in_shape else 0
    weights = biases = 0
    for step in steps.values():
        stored = _stored(steps, step)
        weights += stored[0]
        biases += stored[1]
    return {
        "peak_numbers": _peak(steps, output, n_input),
        "weights": weights,
        "biases": biases,
    }


def memory_genotypes(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """``measure_memory`` of genotypes, integers of shape ``(n_archs, 3)``.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``.
    """
    genotypes = space.check_genotypes(genotypes)
    # A peak is no sum over operators: what adds up over genes does not tell it.
    return graph_by_graph(space, measure_memory).values(genotypes)


def peak_memory_bytes(measured: np.ndarray, precision: Precision) -> np.ndarray:
    """Largest sum of the activations alive at once, in bytes, shape ``(n_archs,)``.

    Args:
        measured: As ``memory_genotypes`` gives it, shape ``(n_archs, 3)``.
        precision: How many bytes numbers take.
    """
    return np.asarray(measured[:, 0] * precision.activation)


def size_bytes(measured: np.ndarray, precision: Precision) -> np.ndarray:
    """Stored numbers in bytes, without what a file format adds, shape ``(n_archs,)``.

    Args:
        measured: As ``memory_genotypes`` gives it, shape ``(n_archs, 3)``.
        precision: How many bytes numbers take.
    """
    return np.asarray(measured[:, 1:] @ np.array([precision.weight, precision.bias]))


# --- the schedule --------------------------------------------------------------------------------


def _scheduled(graph: OperationGraph) -> tuple[dict[int, _Step], int]:
    """What is run, by position in the graph and in its order, and the step that is the output."""
    operations = graph.operations
    # The last entry stands for the network's input, position -1.
    source = [*range(len(operations)), -1]
    reads: list[tuple[int, ...]] = []
    zeros: set[int] = set()
    for position, operation in enumerate(operations):
        found = tuple([source[node] for node in operation.inputs])
        kind = operation_kind(operation.kind).output
        if operation.kind == "add" and not zeros.isdisjoint(found):
            found = tuple(node for node in found if node not in zeros)
            if len(found) < 2:
                kind = "view" if found else "zeros"
        if kind == "zeros":
            zeros.add(position)
            found = ()
        elif kind == "view":
            source[position] = found[0]
        reads.append(found)
    output = source[len(operations) - 1] if operations else -1
    steps = {node: _Step(operations[node], reads[node]) for node in _needed(reads, output)}
    readers = Counter(node for step in steps.values() for node in set(step.reads))
    for step in steps.values():
        if operation_kind(step.operation.kind).output == "in_place":
            (node,) = step.reads
            if node >= 0 and readers[node] == 1:
                step.fused_with = node
    return steps, output


def _needed(reads: list[tuple[int, ...]], output: int) -> list[int]:
    """Positions that lead to the output, rising."""
    needed = {output}
    for position in range(output, -1, -1):
        if position in needed:
            needed.update(reads[position])
    return sorted(needed - {-1})


def _peak(steps: dict[int, _Step], output: int, n_input: int) -> int:
    """Largest sum of numbers alive while an operator runs."""
    buffer = {-1: -1}
    last_reader: dict[int, int] = {}
    for position, step in steps.items():
        for node in step.reads:
            last_reader[buffer[node]] = position
        buffer[position] = position if step.fused_with is None else buffer[step.fused_with]
    last_reader[buffer[output]] = len(buffer) + max(steps, default=0)
    ending: dict[int, list[int]] = {}
    for each, position in last_reader.items():
        ending.setdefault(position, []).append(each)
    sizes = {-1: n_input}
    alive = peak = n_input if -1 in last_reader else 0
    for position, step in steps.items():
        if buffer[position] == position:
            sizes[position] = math.prod(step.operation.out_shape)
            alive += sizes[position]
            peak = max(peak, alive)
        alive -= sum(sizes[each] for each in ending.get(position, ()))
    return peak


def _stored(steps: dict[int, _Step], step: _Step) -> tuple[int, int]:
    """Weights and biases of an operator as they are stored, scales and shifts among the latter."""
    operation = step.operation
    if operation.kind in _NORMALISATIONS:
        producer = None if step.fused_with is None else steps[step.fused_with].operation
        if operation.kind == "batch_norm" and producer is not None and producer.kind == "conv":
            # Its scale goes into the weights; a bias that is there already takes its shift.
            return 0, 0 if producer.has_bias else operation.out_shape[0]
        return 0, operation.params
    n_biases = 0
    if operation.has_bias:
        n_biases = operation.out_shape[0 if operation.kind == "conv" else -1]
    return operation.params - n_biases, n_biases
