"""An operation graph written as an ONNX model, by one rule a kind of operation: no torch.

What is written is the network in evaluation mode. Batch normalisations are folded into the
convolutions that they alone read, zeros are left out of sums and identities out altogether: neither
is work that a device need do. Everything else is there, dead operators too, so that
``onnx_graph.read_onnx`` counts what the graph counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.core.shapes import Shape
from hwnas.errors import ConfigError, ShapeError
from hwnas.models._onnx_rules import add_rule, onnx_rule
from hwnas.models._onnx_writer import INPUT_NAME, OUTPUT_NAME, Call, Rule, Weights, Writer
from hwnas.models.onnx_graph import folded_batch_norms

if TYPE_CHECKING:
    import onnx

__all__ = [
    "OPSET", "Call", "Rule", "add_rule", "graph_to_onnx", "serialized", "weight_shapes",
]  # fmt: skip

OPSET = 20
"""Version of ONNX's default operator set: the first with GELU, and old enough for all runtimes."""

# The format that opset 20 came with; what onnx writes by default, older runtimes refuse.
_IR_VERSION = 9

_SUMS = ("add", "identity")


def graph_to_onnx(
    graph: OperationGraph, weights: Sequence[Weights], batch: int | None = None
) -> onnx.ModelProto:
    """An operation graph as an ONNX model of opset ``OPSET`` in single precision.

    The same arguments give the same model. Nodes are named by stage, position in the graph and
    kind: ``stage1/12_conv/Conv``.

    Args:
        graph: The network; reads images, or whole numbers where an embedding reads them.
        weights: Arrays of each operation by name, as ``weight_shapes`` has them; nothing for those
            that have none.
        batch: Images that the model reads at once; None for any number.

    Raises:
        ConfigError: ``batch`` is below 1.
        ShapeError: The arrays are not those of the graph, or a window's sizes do not fit.
        ExportError: An operation cannot be written; its kind has no rule, for one.
    """
    if batch is not None and batch < 1:
        raise ConfigError(f"batch must be at least 1, or None for any; got {batch}.")
    _check_weights(graph, weights)
    walk = _Walk(graph, weights)
    walk.run()
    return walk.model(batch)


def serialized(proto: onnx.ModelProto) -> bytes:
    """A model's bytes; equal models have equal bytes."""
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def weight_shapes(operation: Operation) -> Mapping[str, Shape]:
    """Shapes of the arrays that an operation needs, by name.

    Convolutions, linear layers and embeddings have ``weight``, ``(out, in, ...)``, and perhaps
    ``bias``; normalisations the same, one number a channel, and ``mean`` and ``variance``, which
    holds what is added to it under the root. The arrays of layer normalisations may have a number
    ``epsilon`` beside them.

    Raises:
        ExportError: Its kind has no rule.
    """
    return onnx_rule(operation.kind).tensors(operation)


def _check_weights(graph: OperationGraph, weights: Sequence[Weights]) -> None:
    if len(weights) != len(graph):
        raise ShapeError(
            f"weights must have arrays for each of {len(graph)} operations; got {len(weights)}."
        )
    for position, (operation, arrays) in enumerate(zip(graph, weights, strict=True)):
        given = {name: array.shape for name, array in arrays.items() if name != "epsilon"}
        wanted = weight_shapes(operation)
        if given != wanted:
            raise ShapeError(
                f"Weights of operation {position} ({operation.kind}) must be {dict(wanted)}; "
                f"got {given}."
            )


def _fold(conv: Weights, norm: Weights) -> Weights:
    """Weights of a convolution that normalises too, in double precision."""
    factor = norm["weight"] / np.sqrt(norm["variance"].astype(np.float64))
    bias = (conv.get("bias", 0.0) - norm["mean"]) * factor + norm["bias"]
    return {"weight": conv["weight"] * factor[:, None, None, None], "bias": bias}


@dataclass(slots=True)
class _Walk:
    """Writes the operations of a graph in their order.

    Args:
        graph: The network.
        weights: Arrays of each operation.
    """

    graph: OperationGraph
    weights: Sequence[Weights]
    _writer: Writer = field(default_factory=Writer)
    # Names of what was written, by position; zeros are written where they are needed.
    _names: dict[int, str] = field(default_factory=lambda: {-1: INPUT_NAME})
    _zeros: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Write every operation."""
        folded = folded_batch_norms(self.graph)
        norms = {conv: norm for norm, conv in folded.items()}
        for position, operation in enumerate(self.graph):
            if position in folded:
                self._names[position] = self._names[folded[position]]
                continue
            arrays = self.weights[position]
            if position in norms:
                arrays = _fold(arrays, self.weights[norms[position]])
            self._write(position, operation, arrays)

    def _write(self, position: int, operation: Operation, arrays: Weights) -> None:
        inputs = operation.inputs
        if operation.kind in _SUMS:
            inputs = tuple(node for node in inputs if node not in self._zeros)
        if operation.kind == "zero" or not inputs:
            self._zeros.add(position)
            return
        self._names[position] = self._apply(position, operation, inputs, arrays)

    def _apply(
        self, position: int, operation: Operation, inputs: Sequence[int], arrays: Weights
    ) -> str:
        operations, whole = self.graph.operations, self.graph.in_shape or ()
        call = Call(
            writer=self._writer,
            label="/".join(filter(None, (operation.stage, f"{position}_{operation.kind}"))),
            operation=operation,
            inputs=tuple(map(self._name, inputs)),
            shapes=tuple(whole if n < 0 else operations[n].out_shape for n in inputs),
            weights=arrays,
        )
        return onnx_rule(operation.kind).write(call)

    def _name(self, node: int) -> str:
        """Name of what an operation puts out; zeros are written now."""
        if node not in self._names:
            operation = self.graph.operations[node]
            if operation.kind == "zero":
                self._names[node] = self._apply(node, operation, operation.inputs, {})
            else:
                self._names[node] = self._name(operation.inputs[0])
        return self._names[node]

    def model(self, batch: int | None) -> onnx.ModelProto:
        """The model of what was written."""
        from onnx import TensorProto, helper

        last = self.graph.operations[-1]
        self._name_output(self._name(len(self.graph) - 1))
        axis = batch or "batch"
        reads_tokens = any(each.kind == "embedding" and -1 in each.inputs for each in self.graph)
        kind = TensorProto.INT64 if reads_tokens else TensorProto.FLOAT
        shape, out = self.graph.in_shape or (), last.out_shape
        graph = helper.make_graph(
            self._writer.nodes,
            "network",
            [helper.make_tensor_value_info(INPUT_NAME, kind, [axis, *shape])],
            [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, [axis, *out])],
            self._writer.tensors,
        )
        return helper.make_model(
            graph,
            producer_name="hwnas",
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )

    def _name_output(self, last: str) -> None:
        """Give what comes last the name of the output."""
        if last == INPUT_NAME:
            last = self._writer.node("output", "Identity", (last,))
        for node in self._writer.nodes:
            for names in (node.input, node.output):
                names[:] = [OUTPUT_NAME if name == last else name for name in names]
