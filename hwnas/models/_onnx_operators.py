"""How each operator of ONNX is read as an operation: a table of small functions.

A function answers None where the operator is used in a way that it cannot count; an operator that
is not in the table cannot be counted at all.

References:
    ONNX operators, https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hwnas.core.operation import Operation
from hwnas.core.shapes import Shape


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of a file.

    Args:
        shape: Its shape for a batch of one.
        node: Position of the operation that puts it out; -1 is the network's input, None a tensor
            that does not depend on it.
        number: What a constant of one number holds; None where that is not known.
        tensors: Names of the tensors in the file that a constant is made of.
    """

    shape: Shape
    node: int | None
    number: float | None = None
    tensors: frozenset[str] = frozenset()

    @property
    def features(self) -> Shape:
        """The shape without the batch axis; a batch that was merged with another axis is 1."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape


@dataclass(frozen=True, slots=True)
class Call:
    """An operator of a file with all that decides what it counts.

    Args:
        type: Name of the operator.
        inputs: What it reads; None for optional inputs that are left out.
        out: What it puts out.
        attributes: Its attributes by name.
    """

    type: str
    inputs: tuple[Value | None, ...]
    out: Value
    attributes: Mapping[str, Any]

    def constant(self, place: int) -> Value | None:
        """The input at a place if it is a constant."""
        value = self.inputs[place] if place < len(self.inputs) else None
        return value if value is not None and value.node is None else None

    @property
    def flowing(self) -> list[Value]:
        """Inputs that depend on the network's input."""
        return [value for value in self.inputs if value is not None and value.node is not None]

    def operation(self, kind: str, **how: Any) -> Operation:
        """An operation that reads what flows in."""
        nodes = tuple(value.node for value in self.flowing if value.node is not None)
        return Operation(kind, nodes, self.flowing[0].features, self.out.features, **how)


Reader = Callable[[Call], Operation | None]


def _plain(kind: str) -> Reader:
    """Reads an operator that has no weights as a kind that counts nothing."""
    return lambda call: call.operation(kind)


def _reshape(call: Call) -> Operation | None:
    """Unless numbers appear or vanish, as where another batch is written into the model."""
    keeps = math.prod(call.flowing[0].shape) == math.prod(call.out.shape)
    return call.operation("reshape") if keeps else None


def _window(call: Call) -> dict[str, Any] | None:
    """Window of a convolution or pooling; None unless it has two axes and equal steps in both."""
    height, width = call.attributes.get("kernel_shape", (0, 0))[:2]
    strides = {*call.attributes.get("strides", (1, 1))}
    dilations = {*call.attributes.get("dilations", (1, 1))}
    if len(call.out.shape) != 4 or len(strides) != 1 or len(dilations) != 1:
        return None
    kernel = height if height == width else (height, width)
    return {"kernel": kernel, "stride": strides.pop(), "dilation": dilations.pop()}


def _conv(call: Call) -> Operation | None:
    weights = call.constant(1)
    if weights is None or len(weights.shape) != 4:
        return None
    window = _window(
        replace(call, attributes={"kernel_shape": weights.shape[2:], **call.attributes})
    )
    if window is None:
        return None
    groups = call.attributes.get("group", 1)
    return call.operation("conv", groups=groups, has_bias=call.constant(2) is not None, **window)


def _pool(kind: str) -> Reader:
    def read(call: Call) -> Operation | None:
        window = _window(call)
        return None if window is None else call.operation(kind, **window)

    return read


def _gemm(call: Call) -> Operation | None:
    if call.constant(1) is None or call.attributes.get("transA", 0):
        return None
    if len(call.inputs) > 2 and call.inputs[2] is not None and call.constant(2) is None:
        return None
    return call.operation("linear", has_bias=call.constant(2) is not None)


def _matmul(call: Call) -> Operation | None:
    if len(call.flowing) == 2:
        return call.operation("matmul")
    weights = call.constant(1)
    if weights is None or len(weights.shape) != 2:
        return None
    return call.operation("linear")


def _batch_norm(call: Call) -> Operation | None:
    if any(call.constant(place) is None for place in (1, 2, 3, 4)):
        return None
    return call.operation("batch_norm")


def _layer_norm(call: Call) -> Operation | None:
    scale, axis = call.constant(1), call.attributes.get("axis", -1)
    if scale is None or axis not in (-1, len(call.out.shape) - 1):
        return None
    return call.operation("layer_norm", has_bias=call.constant(2) is not None)


def _gather(call: Call) -> Operation | None:
    """Rows of a matrix, one a token; or a part of what flows."""
    matrix, axis = call.constant(0), call.attributes.get("axis", 0)
    if matrix is None:
        return call.operation("slice") if call.constant(1) is not None else None
    if len(matrix.shape) != 2 or axis != 0:
        return None
    return call.operation("embedding", n_entries=matrix.shape[0])


def _mean(call: Call) -> Operation | None:
    """A mean over all pixels of a map or all tokens of a sequence, and over nothing else."""
    (shape,) = (value.shape for value in call.flowing)
    out = tuple(size for size in call.out.shape if size != 1)
    kept = {3: (shape[0], shape[-1]), 4: shape[:2]}.get(len(shape))
    if kept is None or out != tuple(size for size in kept if size != 1):
        return None
    return call.operation("global_avg_pool")


def _clip(call: Call) -> Operation | None:
    bounds = [call.constant(place) for place in (1, 2)]
    if [bound and bound.number for bound in bounds] != [0.0, 6.0]:
        return None
    return call.operation("relu6")


READERS: dict[str, Reader] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "Gather": _gather,
    "Relu": _plain("relu"),
    "Clip": _clip,
    "Sigmoid": _plain("sigmoid"),
    "HardSwish": _plain("hard_swish"),
    "HardSigmoid": _plain("hard_sigmoid"),
    "Swish": _plain("silu"),
    "Tanh": _plain("tanh"),
    "Gelu": _plain("gelu"),
    "Softmax": _plain("softmax"),
    "AveragePool": _pool("avg_pool"),
    "MaxPool": _pool("max_pool"),
    "GlobalAveragePool": _plain("global_avg_pool"),
    "ReduceMean": _mean,
    "Add": _plain("add"),
    "Sum": _plain("add"),
    "Mul": _plain("mul"),
    "Concat": _plain("concat"),
    "Transpose": _plain("transpose"),
    "Slice": _plain("slice"),
    "Split": _plain("slice"),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape),
    **dict.fromkeys(("Identity", "Cast", "Dropout"), _plain("identity")),
}
"""By name of the operator in ONNX's own domain."""


def n_numbers(value: Value) -> int:
    """Numbers of a tensor."""
    return math.prod(value.shape)
