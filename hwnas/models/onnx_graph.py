"""An ONNX file read as an operation graph: what is counted is exact, what is not is named.

References:
    fvcore's flop counter, https://github.com/facebookresearch/fvcore/blob/main/docs/flop_count.md
    (one small function an operator, and a list of those that were not counted)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.core.shapes import Shape
from hwnas.errors import ArtifactError
from hwnas.models._onnx_operators import READERS, Call, Value, n_numbers
from hwnas.models.onnx_file import (
    FLOATS,
    attributes,
    has_graph,
    known_shape,
    load_model,
    network_inputs,
    parse_model,
    single_number,
)

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """What an ONNX file computes, for a batch of one.

    Args:
        name: Name of the file.
        operations: What could be read, in the order of the file. An operation that reads what
            could not be read reads the network's input instead.
        uncounted: Operators that could not be read, by name, and how many there are of each.
        uncounted_tensors: Floating-point tensors that no operation counts as its parameters, by
            name, and their numbers: those of operators that could not be read, and factors.
        n_shared: Parameters that an operation counts although another does already: an exporter
            may store equal tensors once, and networks may share them.
    """

    name: str
    operations: tuple[Operation, ...]
    uncounted: Mapping[str, int]
    uncounted_tensors: Mapping[str, int]
    n_shared: int

    @property
    def graph(self) -> OperationGraph:
        """The whole network.

        Raises:
            ArtifactError: Some operators could not be read, so that its counts are not known.
        """
        if self.uncounted:
            found = ", ".join(f"{name} ({n})" for name, n in self.uncounted.items())
            raise ArtifactError(
                f"{self.name} must hold operators that can be counted; it also holds {found}. "
                "Its 'counts' are of the others alone."
            )
        return OperationGraph(self.operations)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """``n``, ``params``, ``macs`` and ``matmul_macs`` of what could be read, by kind."""
        counts: dict[str, dict[str, int]] = {}
        for operation in self.operations:
            row = counts.setdefault(operation.kind, dict.fromkeys(_COUNTS, 0))
            row["n"] += 1
            for name in _COUNTS[1:]:
                row[name] += getattr(operation, name)
        return counts


_COUNTS = ("n", "params", "macs", "matmul_macs")


def read_onnx(path: Path) -> OnnxGraph:
    """The operation graph of an ONNX file.

    Counts are those of the file as it is, for a batch of one. They differ from those of the space
    that a model comes from where the exporter has simplified: see ``fold_batch_norms``.

    Args:
        path: The file; weights beside it are not needed.

    Raises:
        ArtifactError: It is missing, damaged, has more than one input, or computes something else
            for a batch of one.
    """
    return _read(path.name, load_model(path))


def read_onnx_data(name: str, data: bytes) -> OnnxGraph:
    """The operation graph of an ONNX file's contents.

    Args:
        name: What messages call it.
        data: The contents.

    Raises:
        ArtifactError: As ``read_onnx``.
    """
    return _read(name, parse_model(name, data))


def _read(name: str, model: onnx.ModelProto) -> OnnxGraph:
    walk = _Walk(name, model)
    walk.run()
    return walk.result()


def fold_batch_norms(graph: OperationGraph) -> OperationGraph:
    """A graph as an exporter leaves it: normalisation becomes the bias of the convolution before.

    A batch normalisation is folded if it alone reads a convolution. Of a bias that is zero, as
    that of a network without training is, torch's exporter leaves nothing at all.
    """
    folded = folded_batch_norms(graph)
    kept: list[Operation] = []
    position = {-1: -1}
    for number, operation in enumerate(graph):
        if number in folded:
            place = position[number] = position[folded[number]]
            kept[place] = replace(kept[place], has_bias=True)
            continue
        position[number] = len(kept)
        kept.append(replace(operation, inputs=tuple(position[node] for node in operation.inputs)))
    return OperationGraph(tuple(kept))


def folded_batch_norms(graph: OperationGraph) -> dict[int, int]:
    """The convolution that each batch normalisation can be folded into, both by position."""
    operations = graph.operations
    readers = Counter(node for operation in operations for node in operation.inputs)
    return {
        position: operation.inputs[0]
        for position, operation in enumerate(operations)
        if operation.kind == "batch_norm"
        and (first := operation.inputs[0]) >= 0
        and operations[first].kind == "conv"
        and readers[first] == 1
    }


@dataclass(slots=True)
class _Walk:
    """Goes through the operators of a model in their order.

    Args:
        name: Name of the file.
        model: The model with the shapes of all tensors.
    """

    name: str
    model: onnx.ModelProto
    _operations: list[Operation] = field(default_factory=list)
    _values: dict[str, Value] = field(default_factory=dict)
    _shapes: dict[str, Shape | None] = field(default_factory=dict)
    _uncounted: Counter[str] = field(default_factory=Counter)
    _sizes: dict[str, int] = field(default_factory=dict)
    _owned: Counter[str] = field(default_factory=Counter)
    _known: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Read every operator."""
        graph = self.model.graph
        for value in (*graph.input, *graph.value_info, *graph.output):
            self._shapes[value.name] = known_shape(value)
        for tensor in graph.initializer:
            self._add_tensor(tensor.name, tensor)
        for value in network_inputs(self.model):
            self._values[value.name] = Value(self._shapes[value.name] or (), -1)
        for node in graph.node:
            self._read(node)

    def result(self) -> OnnxGraph:
        """What was read."""
        return OnnxGraph(
            self.name,
            tuple(self._operations),
            dict(sorted(self._uncounted.items())),
            {tensor: size for tensor, size in self._sizes.items() if tensor not in self._known},
            sum((n - 1) * self._sizes.get(tensor, 0) for tensor, n in self._owned.items()),
        )

    def _add_tensor(self, name: str, tensor: onnx.TensorProto) -> None:
        shape = tuple(tensor.dims)
        value = Value(shape, None, single_number(tensor), frozenset({name}))
        self._values[name] = value
        if tensor.data_type in FLOATS:
            self._sizes[name] = n_numbers(value)

    def _read(self, node: onnx.NodeProto) -> None:
        if node.op_type == "Constant" and "value" in (given := attributes(node)):
            self._add_tensor(node.output[0], given["value"])
            return
        inputs = tuple(self._value(name) if name else None for name in node.input)
        flowing = [value for value in inputs if value is not None and value.node is not None]
        if node.op_type == "Shape" or not (flowing or any(map(has_graph, node.attribute))):
            self._pass_constants(node, inputs)
            return
        for name in node.output:
            if name:
                self._read_output(node, name, inputs, flowing)

    def _value(self, name: str) -> Value:
        if name not in self._values:
            raise ArtifactError(
                f"{self.name} must be a valid ONNX model; it reads '{name}', which nothing before "
                "it puts out."
            )
        return self._values[name]

    def _pass_constants(self, node: onnx.NodeProto, inputs: tuple[Value | None, ...]) -> None:
        """What is made of constants, or of sizes alone, is one too and costs nothing."""
        tensors = frozenset(name for value in inputs if value is not None for name in value.tensors)
        for name in node.output:
            self._values[name] = Value(self._shapes.get(name) or (), None, None, tensors)

    def _read_output(
        self,
        node: onnx.NodeProto,
        name: str,
        inputs: tuple[Value | None, ...],
        flowing: list[Value],
    ) -> None:
        shape = self._shapes.get(name)
        operation, label = None, node.op_type
        if node.domain not in ("", "ai.onnx"):
            label = f"{node.domain}.{node.op_type}"
        elif shape is None or any(value.shape == () for value in flowing):
            label = f"{node.op_type} of unknown shape"
        elif node.op_type in READERS:
            call = Call(node.op_type, inputs, Value(shape, None), attributes(node))
            if self._add_bias(call, name):
                return
            operation = self._operation(call)
        if operation is None:
            if name == node.output[0]:
                self._uncounted[label] += 1
            self._values[name] = Value(shape or (), -1)
            return
        self._operations.append(operation)
        self._values[name] = Value(shape or (), len(self._operations) - 1)

    def _operation(self, call: Call) -> Operation | None:
        """What an operator is read as; None if it cannot be counted."""
        try:
            operation = READERS[call.type](call)
            return operation if operation and self._agrees(call, operation) else None
        except (TypeError, ValueError, IndexError, ArithmeticError):
            # Attributes that no valid model has.
            return None

    def _agrees(self, call: Call, operation: Operation) -> bool:
        """Whether the file holds just the parameters of an operation, which are its own then."""
        if not operation.n_weights:
            return True
        constants = [value for value in call.inputs if value is not None and value.node is None]
        # Running statistics, the last two, are no parameters.
        owned = constants[:2] if operation.kind == "batch_norm" else constants
        if len(call.flowing) != 1 or sum(map(n_numbers, owned)) != operation.n_weights:
            return False
        self._owned.update(name for value in owned for name in value.tensors)
        self._known.update(name for value in constants for name in value.tensors)
        return True

    def _add_bias(self, call: Call, name: str) -> bool:
        """Make a constant that is added to each output of a linear layer its bias."""
        constants = [value for value in call.inputs if value is not None and value.node is None]
        if call.type != "Add" or len(constants) != 1 or len(call.flowing) != 1:
            return False
        (bias,), (flowing,) = constants, call.flowing
        node = flowing.node
        assert node is not None
        last = self._operations[node] if node >= 0 else None
        is_linear = last is not None and last.kind == "linear" and not last.has_bias
        if not is_linear or bias.shape != flowing.shape[-1:] or call.out.shape != flowing.shape:
            return False
        self._operations[node] = replace(self._operations[node], has_bias=True)
        self._owned.update(bias.tensors)
        self._known.update(bias.tensors)
        self._values[name] = flowing
        return True
