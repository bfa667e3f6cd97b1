"""Memory that a network needs, counted: activations alive at once, and numbers to store.

The schedule that is counted, for one image or sequence:

- Operators run in the order of the graph, those alone that the output needs; the network's input
  is in memory until its last reader has run, and so is what every operator puts out, whole.
- An activation or normalisation that alone reads an operator's output is fused with it: it works
  in place. An identity and a reshaping are no operators, and zeros are not added.
- Everything else writes an output of its own beside its inputs: a sum works on none of its terms
  in place, a concatenation copies. What an operator needs while it runs, such as the unrolled
  windows of a convolution, is not counted, and nor is what an allocator adds.
- Stored is what a trained network runs with, no file format around it: a batch normalisation that
  is fused with a convolution leaves it a bias a channel and nothing else; any other is a scale and
  a shift, into which its running statistics go. A matrix that is shared is stored once.

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


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is run of a network.

    Args:
        operations: All operators of the graph.
        reads: By operator, the positions whose outputs it reads; ``-1`` is the network's input.
        order: Positions of those that are run, rising.
        fused_with: By operator that works in place, the one whose output it changes.
        output: Whose output is the network's.
    """

    operations: tuple[Operation, ...]
    reads: list[tuple[int, ...]]
    order: list[int]
    fused_with: dict[int, int]
    output: int


def measure_memory(graph: OperationGraph) -> dict[str, int]:
    """Each of ``COLUMNS``, for the schedule that the module states.

    Args:
        graph: The network.

    Raises:
        UnknownNameError: It has a kind of operation that is not known.
    """
    schedule = scheduled(graph)
    stored = [_stored(schedule, position) for position in schedule.order]
    return {
        "peak_numbers": _peak(schedule, math.prod(graph.in_shape) if graph.in_shape else 0),
        "weights": sum(weights for weights, _ in stored),
        "biases": sum(biases for _, biases in stored),
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


def scheduled(graph: OperationGraph) -> Schedule:
    """What is run of a network, in order.

    Args:
        graph: The network.

    Raises:
        UnknownNameError: It has a kind of operation that is not known.
    """
    operations = graph.operations
    outputs = [operation_kind(operation.kind).output for operation in operations]
    # The last entry stands for the network's input, position -1.
    source = [*range(len(operations)), -1]
    reads: list[tuple[int, ...]] = []
    zeros: set[int] = set()
    for position, operation in enumerate(operations):
        found = tuple([source[node] for node in operation.inputs])
        output = outputs[position]
        if operation.kind == "add" and not zeros.isdisjoint(found):
            found = tuple(node for node in found if node not in zeros)
            if len(found) < 2:
                output = "view" if found else "zeros"
        if output == "zeros":
            zeros.add(position)
            found = ()
        elif output == "view":
            source[position] = found[0]
        reads.append(found)
    last = source[len(operations) - 1] if operations else -1
    order = _needed(reads, last)
    readers = Counter(node for position in order for node in set(reads[position]))
    fused_with = {
        position: reads[position][0]
        for position in order
        if outputs[position] == "in_place"
        and reads[position][0] >= 0
        and readers[reads[position][0]] == 1
    }
    return Schedule(operations, reads, order, fused_with, last)


def _needed(reads: list[tuple[int, ...]], output: int) -> list[int]:
    """Positions that lead to the output, rising."""
    needed = {output}
    for position in range(output, -1, -1):
        if position in needed:
            needed.update(reads[position])
    return sorted(needed - {-1})


def _peak(schedule: Schedule, n_input: int) -> int:
    """Largest sum of numbers alive while an operator runs."""
    buffer = {-1: -1}
    last_reader: dict[int, int] = {}
    for position in schedule.order:
        for node in schedule.reads[position]:
            last_reader[buffer[node]] = position
        fused_with = schedule.fused_with.get(position)
        buffer[position] = position if fused_with is None else buffer[fused_with]
    # After all of them.
    last_reader[buffer[schedule.output]] = len(schedule.operations)
    ending: dict[int, list[int]] = {}
    for each, position in last_reader.items():
        ending.setdefault(position, []).append(each)
    sizes = {-1: n_input}
    alive = peak = n_input if -1 in last_reader else 0
    for position in schedule.order:
        if position not in schedule.fused_with:
            size = sizes[position] = math.prod(schedule.operations[position].out_shape)
            alive += size
            peak = max(peak, alive)
        for each in ending.get(position, ()):
            alive -= sizes[each]
    return peak


def _stored(schedule: Schedule, position: int) -> tuple[int, int]:
    """Weights and biases of an operator as they are stored, scales and shifts among the latter."""
    operation = schedule.operations[position]
    params = operation.params
    if params and operation.kind in _NORMALISATIONS:
        fused_with = schedule.fused_with.get(position)
        producer = None if fused_with is None else schedule.operations[fused_with]
        if operation.kind == "batch_norm" and producer is not None and producer.kind == "conv":
            # Its scale goes into the weights; a bias that is there already takes its shift.
            return 0, 0 if producer.has_bias else operation.out_shape[0]
        return 0, params
    n_biases = 0
    if operation.has_bias:
        n_biases = operation.out_shape[0 if operation.kind == "conv" else -1]
    return params - n_biases, n_biases
