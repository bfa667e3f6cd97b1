"""What the rules for writing operations in ONNX share: where to, what of, and what a rule is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.core.operation import Operation
from hwnas.core.shapes import Shape, Shapes

if TYPE_CHECKING:
    import onnx

INPUT_NAME = "input"
OUTPUT_NAME = "logits"
"""Of every exported model, whoever writes it."""

Weights = Mapping[str, np.ndarray]
"""Arrays of an operation by name: those that its rule asks for, and perhaps ``epsilon``."""


@dataclass(slots=True)
class Writer:
    """Collects the nodes and tensors of an ONNX model.

    Args:
        nodes: Nodes in the order of the model.
        tensors: Stored tensors; equal arrays that are one object are stored once.
    """

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: list[onnx.TensorProto] = field(default_factory=list)
    _names: dict[Any, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _kept: list[np.ndarray] = field(default_factory=list)

    def node(self, label: str, kind: str, inputs: tuple[str, ...], **attributes: Any) -> str:
        """Add a node and return the name of it and of its output."""
        import onnx.helper

        names = (f"{label}/{kind}{suffix}" for suffix in itertools.chain([""], itertools.count(1)))
        name = next(each for each in names if each not in self._taken)
        self._taken.add(name)
        self.nodes.append(onnx.helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def weights(self, name: str, array: np.ndarray, is_transposed: bool = False) -> str:
        """Store an operation's array in single precision and return its name."""
        key = (id(array), is_transposed)
        if key not in self._names:
            self._kept.append(array)  # or its id might become another's
            stored = array.T if is_transposed else array
            with np.errstate(over="ignore"):  # outputs are checked to be finite
                single = np.ascontiguousarray(stored, dtype=np.float32)
            self._names[key] = self._store(name, single)
        return self._names[key]

    def integers(self, *numbers: int) -> str:
        """Store numbers that decide shapes, once, and return their name."""
        return self._constant("_".join(map(str, ("int", *numbers))), np.array(numbers, np.int64))

    def number(self, number: float) -> str:
        """Store a factor, once, and return its name."""
        return self._constant(f"float_{number:.9g}", np.array(number, np.float32))

    def _constant(self, name: str, array: np.ndarray) -> str:
        if name not in self._names:
            self._names[name] = self._store(name, array)
        return self._names[name]

    def _store(self, name: str, array: np.ndarray) -> str:
        import onnx.numpy_helper

        self.tensors.append(onnx.numpy_helper.from_array(array, name))
        return name


@dataclass(frozen=True, slots=True)
class Call:
    """An operation to be written, with what its rule needs.

    Args:
        writer: Where to.
        label: Name of the operation in the model, which its nodes' and tensors' names begin with.
        operation: What is written.
        inputs: Names of what it reads.
        shapes: Their shapes without the batch axis.
        weights: Its arrays.
    """

    writer: Writer
    label: str
    operation: Operation
    inputs: tuple[str, ...]
    shapes: Shapes
    weights: Weights

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        return self.writer.node(self.label, kind, inputs, **attributes)

    def tensors(self, *names: str) -> tuple[str, ...]:
        """Names in the model of those of the operation's arrays that it has."""
        return tuple(
            self.writer.weights(f"{self.label}/{name}", self.weights[name])
            for name in names
            if name in self.weights
        )

    def reshape(self, value: str, *shape: int) -> str:
        """Give each image of a batch another shape."""
        # A 0 keeps the batch as it is, be it free or fixed.
        return self.add("Reshape", value, self.writer.integers(0, *shape))


Write = Callable[[Call], str]


def _no_tensors(_: Operation) -> dict[str, Shape]:
    return {}


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind of operation is written.

    Args:
        write: Adds its nodes and returns the name of its output.
        tensors: Shapes of the arrays that it needs, by name.
    """

    write: Write
    tensors: Callable[[Operation], dict[str, Shape]] = _no_tensors
