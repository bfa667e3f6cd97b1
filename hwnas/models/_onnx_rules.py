"""How each kind of operation is written in ONNX: a table of small functions.

``_onnx_operators`` is the table of the other direction. What a graph does not tell is as
``GraphBuilder`` documents it: windows are padded so that the stride alone decides the size, the
average of a window leaves the padding out, attention's scores are scaled as Vaswani et al. do.

References:
    ONNX operators, https://onnx.ai/onnx/operators/
    Vaswani et al. 2017, Attention Is All You Need, https://arxiv.org/abs/1706.03762
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from hwnas.core.operation import Operation
from hwnas.core.shapes import Shape
from hwnas.errors import ExportError
from hwnas.models._onnx_writer import Call, Rule, Write

# Of layer normalisations that do not say; torch's.
_EPSILON = 1e-5


def onnx_rule(kind: str) -> Rule:
    """The rule of a kind of operation.

    Raises:
        ExportError: There is none.
    """
    if kind not in RULES:
        raise ExportError(
            f"An operation must have a rule to be written in ONNX; '{kind}' has none. Add one with "
            f"hwnas.models.graph_onnx.add_rule. Those that have: {', '.join(RULES)}."
        )
    return RULES[kind]


def add_rule(kind: str, rule: Rule) -> None:
    """Let operations of another kind be written in ONNX.

    Raises:
        ExportError: The kind has a rule already.
    """
    if kind in RULES:
        raise ExportError(f"Kind of operation '{kind}' has a rule for ONNX already.")
    RULES[kind] = rule


# --- arrays --------------------------------------------------------------------------------------


def _with_bias(weight: Shape, operation: Operation) -> dict[str, Shape]:
    bias = {"bias": (weight[0],)} if operation.has_bias else {}
    return {"weight": weight, **bias}


def _conv_tensors(operation: Operation) -> dict[str, Shape]:
    taps = operation.in_shape[0] // operation.groups
    return _with_bias((operation.out_shape[0], taps, *operation.window), operation)


def _linear_tensors(operation: Operation) -> dict[str, Shape]:
    return _with_bias((operation.out_shape[-1], operation.in_shape[-1]), operation)


def _batch_norm_tensors(operation: Operation) -> dict[str, Shape]:
    # The variance has its epsilon in it.
    return dict.fromkeys(("weight", "bias", "mean", "variance"), operation.out_shape[:1])


def _layer_norm_tensors(operation: Operation) -> dict[str, Shape]:
    return _with_bias(operation.out_shape[-1:], operation)


def _embedding_tensors(operation: Operation) -> dict[str, Shape]:
    return {"weight": (operation.n_entries, operation.out_shape[-1])}


# --- nodes ---------------------------------------------------------------------------------------


def _plain(kind: str, **attributes: Any) -> Rule:
    return Rule(lambda call: call.add(kind, *call.inputs, **attributes))


def _one_by_one(kind: str) -> Write:
    """An operator of two inputs on as many as there are."""

    def write(call: Call) -> str:
        total, *others = call.inputs
        for other in others:
            total = call.add(kind, total, other)
        return total

    return write


def _window(operation: Operation) -> dict[str, Any]:
    (top, bottom), (left, right) = operation.padding
    dilations = {"dilations": [operation.dilation] * 2} if operation.dilation > 1 else {}
    return {
        "kernel_shape": operation.window,
        "strides": [operation.stride] * 2,
        "pads": [top, left, bottom, right],
        **dilations,
    }


def _conv(call: Call) -> str:
    how = {**_window(call.operation), "group": call.operation.groups}
    return call.add("Conv", *call.inputs, *call.tensors("weight", "bias"), **how)


def _linear(call: Call) -> str:
    if len(call.shapes[0]) == 1:
        return call.add("Gemm", *call.inputs, *call.tensors("weight", "bias"), transB=1)
    if call.operation.is_tied:
        matrix = call.add("Transpose", *call.tensors("weight"), perm=[1, 0])
    else:
        matrix = call.writer.weights(f"{call.label}/weight", call.weights["weight"], True)
    product = call.add("MatMul", *call.inputs, matrix)
    bias = call.tensors("bias")
    return call.add("Add", product, *bias) if bias else product


def _embedding(call: Call) -> str:
    return call.add("Gather", *call.tensors("weight"), *call.inputs)


def _batch_norm(call: Call) -> str:
    names = call.tensors("weight", "bias", "mean", "variance")
    return call.add("BatchNormalization", *call.inputs, *names, epsilon=0.0)


def _layer_norm(call: Call) -> str:
    epsilon = float(call.weights.get("epsilon", _EPSILON))
    tensors = call.tensors("weight", "bias")
    return call.add("LayerNormalization", *call.inputs, *tensors, axis=-1, epsilon=epsilon)


def _relu6(call: Call) -> str:
    return call.add("Clip", *call.inputs, call.writer.number(0.0), call.writer.number(6.0))


def _silu(call: Call) -> str:
    # ONNX has an operator for it from opset 24 on.
    return call.add("Mul", *call.inputs, call.add("Sigmoid", *call.inputs))


def _avg_pool(call: Call) -> str:
    return call.add("AveragePool", *call.inputs, count_include_pad=0, **_window(call.operation))


def _max_pool(call: Call) -> str:
    return call.add("MaxPool", *call.inputs, **_window(call.operation))


def _mean(call: Call) -> str:
    if len(call.shapes[0]) == 3:
        return call.add("Flatten", call.add("GlobalAveragePool", *call.inputs), axis=1)
    return call.add("ReduceMean", *call.inputs, call.writer.integers(1), keepdims=0)


def _mul(call: Call) -> str:
    product = call.inputs[0]
    n_axes = len(call.shapes[0])
    for factor, shape in zip(call.inputs[1:], call.shapes[1:], strict=True):
        if len(shape) < n_axes:
            # One number a channel, or a token.
            factor = call.add("Unsqueeze", factor, call.writer.integers(*range(2, n_axes + 1)))
        product = call.add("Mul", product, factor)
    return product


def _concat(call: Call) -> str:
    out = call.operation.out_shape
    axes = (axis for axis, size in enumerate(out) if size != call.shapes[0][axis])
    return call.add("Concat", *call.inputs, axis=next(axes, 0) + 1)


def _channel_shuffle(call: Call) -> str:
    groups, (channels, *sides) = call.operation.groups, call.shapes[0]
    axes = [0, 2, 1, *range(3, 3 + len(sides))]
    grouped = call.reshape(call.inputs[0], groups, channels // groups, *sides)
    return call.reshape(call.add("Transpose", grouped, perm=axes), channels, *sides)


def _reshape(call: Call) -> str:
    (value,), (shape,), out = call.inputs, call.shapes, call.operation.out_shape
    if len(shape) == 3 and out == (math.prod(shape[1:]), shape[0]):
        # Pixels become tokens.
        return call.add("Transpose", call.reshape(value, *out[::-1]), perm=[0, 2, 1])
    return call.reshape(value, *out)


def _transpose(call: Call) -> str:
    shape, out = call.shapes[0], call.operation.out_shape
    orders = [
        order
        for order in itertools.permutations(range(len(shape)))
        if tuple(shape[axis] for axis in order) == out and order != tuple(range(len(shape)))
    ]
    if len(orders) != 1:
        raise ExportError(
            f"A transpose must have one order of axes from {shape} to {out} to be written in ONNX; "
            f"there are {len(orders)}."
        )
    return call.add("Transpose", *call.inputs, perm=[0, *(axis + 1 for axis in orders[0])])


def _slice(call: Call) -> str:
    """The first of each axis: which part a slice takes, a graph does not tell."""
    shape, out = call.shapes[0], call.operation.out_shape
    for axis in range(len(shape)):
        if (*shape[:axis], *shape[axis + 1 :]) == out:
            first = call.writer.integers(0)
            taken = call.add("Gather", *call.inputs, first, axis=axis + 1)
            return call.add("Squeeze", taken, call.writer.integers(axis + 1))
    if len(shape) != len(out) or any(map(int.__lt__, shape, out)):
        raise ExportError(
            "A slice must leave out one axis or shorten some to be written in ONNX; it makes "
            f"{out} of {shape}."
        )
    bounds = ([0] * len(out), out, range(1, len(out) + 1))
    return call.add("Slice", *call.inputs, *(call.writer.integers(*each) for each in bounds))


def _heads_first(call: Call, value: str, shape: Shape, heads: int, axes: list[int]) -> str:
    """Tokens and features ``(tokens, features)`` head by head, axes in an order."""
    n_tokens, n_features = shape
    split = call.reshape(value, n_tokens, heads, n_features // heads)
    return call.add("Transpose", split, perm=axes)


def _matmul(call: Call) -> str:
    (first, second), (shape, other) = call.inputs, call.shapes
    if len(shape) == 2:
        heads = call.operation.groups
        queries = _heads_first(call, first, shape, heads, [0, 2, 1, 3])
        keys = _heads_first(call, second, other, heads, [0, 2, 3, 1])
        scale = call.writer.number(1 / math.sqrt(shape[1] // heads))
        return call.add("MatMul", call.add("Mul", queries, scale), keys)
    values = _heads_first(call, second, other, shape[0], [0, 2, 1, 3])
    sums = call.add("Transpose", call.add("MatMul", first, values), perm=[0, 2, 1, 3])
    return call.reshape(sums, *call.operation.out_shape)


def _zero(call: Call) -> str:
    (value,), (shape,), out = call.inputs, call.shapes, call.operation.out_shape
    if shape == out:
        return call.add("Mul", value, call.writer.number(0.0))
    # One number of each image, whatever the batch, spread over a map of zeros.
    bounds = (call.writer.integers(each) for each in (0, 1, 1))
    one = call.add("Slice", call.add("GlobalAveragePool", value), *bounds)
    return call.add("Mul", one, call.writer.weights(f"{call.label}/zeros", np.zeros(out)))


RULES: dict[str, Rule] = {
    "conv": Rule(_conv, _conv_tensors),
    "linear": Rule(_linear, _linear_tensors),
    "embedding": Rule(_embedding, _embedding_tensors),
    "matmul": Rule(_matmul),
    "batch_norm": Rule(_batch_norm, _batch_norm_tensors),
    "layer_norm": Rule(_layer_norm, _layer_norm_tensors),
    "relu": _plain("Relu"),
    "relu6": Rule(_relu6),
    "silu": Rule(_silu),
    "sigmoid": _plain("Sigmoid"),
    "hard_swish": _plain("HardSwish"),
    "hard_sigmoid": _plain("HardSigmoid", alpha=1 / 6, beta=0.5),
    "tanh": _plain("Tanh"),
    "gelu": _plain("Gelu"),
    "softmax": _plain("Softmax", axis=-1),
    "avg_pool": Rule(_avg_pool),
    "max_pool": Rule(_max_pool),
    "global_avg_pool": Rule(_mean),
    "add": Rule(_one_by_one("Add")),
    "mul": Rule(_mul),
    "concat": Rule(_concat),
    "channel_shuffle": Rule(_channel_shuffle),
    "transpose": Rule(_transpose),
    "slice": Rule(_slice),
    "reshape": Rule(_reshape),
    "identity": Rule(lambda call: call.inputs[0]),
    "zero": Rule(_zero),
}
"""By kind of operation."""
