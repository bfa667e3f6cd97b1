"""Memory that an ONNX model needs, estimated from the shapes of its tensors before it is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hwnas.models.onnx_external import all_tensors, bytes_of, tensor_bytes

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class NeededMemory:
    """What a model needs.

    Args:
        weights_bytes: All tensors that are stored in it.
        inputs_bytes: What it reads.
        activations_bytes: Largest sum of tensors alive at once, inputs among them, if operators
            run in the order of the file and none works in place. Working space of operators is not
            counted.
        unknown: Kinds of operators whose outputs have no shape that could be told, and how many
            there are of each; they are not counted.
    """

    weights_bytes: int
    inputs_bytes: int
    activations_bytes: int
    unknown: dict[str, int]


def needed_memory(model: onnx.ModelProto) -> NeededMemory:
    """The memory of a model whose shapes were inferred.

    Args:
        model: With fixed inputs and the shapes of what is computed; weights may have been left out
            of it, but not their sizes.
    """
    stored = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in stored]
    walk = _Walk()
    peak = walk.peak(model.graph, inputs)
    return NeededMemory(
        weights_bytes=sum(tensor_bytes(tensor) or 0 for tensor in all_tensors(model)),
        inputs_bytes=sum(_bytes(value) or 0 for value in inputs),
        activations_bytes=peak,
        unknown=dict(sorted(walk.unknown.items())),
    )


@dataclass(slots=True)
class _Walk:
    """Goes through the operators of a model and of the branches and loops in it."""

    unknown: Counter[str] = field(default_factory=Counter)

    def peak(self, graph: onnx.GraphProto, inputs: Iterable[onnx.ValueInfoProto] = ()) -> int:
        """Largest sum of bytes alive at once in a graph."""
        sizes = {value.name: _bytes(value) for value in (*graph.value_info, *graph.output)}
        alive = {value.name: _bytes(value) or 0 for value in inputs}
        last_reader = {name: n for n, node in enumerate(graph.node) for name in _reads(node)}
        last_reader |= {value.name: len(graph.node) for value in graph.output}
        flowing = set(alive)
        total = peak = sum(alive.values())
        for number, node in enumerate(graph.node):
            if flowing & set(_reads(node)):
                flowing.update(node.output)
            else:
                # Made of constants: folded as the model is loaded, and kept.
                last_reader |= dict.fromkeys(node.output, len(graph.node))
            for name in filter(None, node.output):
                alive[name] = self._size(node, sizes.get(name))
                total += alive[name]
            peak = max(peak, total + max(map(self.peak, _graphs(node)), default=0))
            for name in {*_reads(node), *node.output}:
                if name in alive and last_reader.get(name, number) <= number:
                    total -= alive.pop(name)
        return peak

    def _size(self, node: onnx.NodeProto, n_bytes: int | None) -> int:
        # A constant is counted among the weights.
        if node.op_type == "Constant":
            return 0
        if n_bytes is None:
            self.unknown[node.op_type] += 1
        return n_bytes or 0


def _graphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """Bodies of the branches or the loop that an operator is."""
    return [
        graph
        for attribute in node.attribute
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else []))
    ]


def _reads(node: onnx.NodeProto) -> list[str]:
    """What an operator reads, its branches and loops too."""
    inner = [name for graph in _graphs(node) for each in graph.node for name in _reads(each)]
    outputs = [value.name for graph in _graphs(node) for value in graph.output]
    return [*filter(None, node.input), *inner, *outputs]


def _bytes(value: onnx.ValueInfoProto) -> int | None:
    """Bytes of a tensor; None where its type or some side is not known."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    # Sides that overflowed come out negative.
    if any(not axis.HasField("dim_value") or axis.dim_value < 0 for axis in kind.shape.dim):
        return None
    return bytes_of(kind.elem_type, [axis.dim_value for axis in kind.shape.dim])
