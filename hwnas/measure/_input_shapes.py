"""The shapes of an ONNX model's inputs, where the file leaves sizes open as the user says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.core.shapes import Shape
from hwnas.errors import ConfigError, MeasurementError
from hwnas.models.onnx_file import network_inputs

if TYPE_CHECKING:
    import onnx

DTYPES = {11: np.float64, 1: np.float32, 10: np.float16}
"""What numpy calls ONNX's double, single and half precision; it has no bfloat16."""


def input_shapes(
    name: str, proto: onnx.ModelProto, batch: int | None, given: Mapping[str, Sequence[int]]
) -> dict[str, Shape]:
    """The shape of each input by name, its open axes as the user says.

    Args:
        name: What messages call the model.
        proto: The model.
        batch: Size of the first axis of each input where it is open; None to say nothing.
        given: Whole shapes by name of input.

    Raises:
        ConfigError: A size is missing, or is another than the file's.
        MeasurementError: There is no input, or one is not of floating-point numbers.
    """
    inputs = {value.name: value for value in network_inputs(proto)}
    if not inputs:
        raise MeasurementError(
            f"{name} must have an input; all that it reads is stored in it, so that it computes a "
            "constant."
        )
    for unknown in given.keys() - inputs.keys():
        raise ConfigError(
            f"--input-shape must name an input of {name}, one of {', '.join(inputs)}; "
            f"got '{unknown}'."
        )
    if batch is not None and batch < 1:
        raise ConfigError(f"--batch-size must be at least 1; got {batch}.")
    for value in inputs.values():
        _check_type(name, value)
    named = _named_sizes(inputs, batch, given)
    found = {
        each: _shape(name, value, named, batch, given.get(each)) for each, value in inputs.items()
    }
    _check_batch(name, found, batch)
    return found


def _check_type(name: str, value: onnx.ValueInfoProto) -> None:
    import onnx

    kind = value.type.WhichOneof("value") or "nothing"
    number = value.type.tensor_type.elem_type
    if kind != "tensor_type" or number not in DTYPES:
        word = kind.removesuffix("_type")
        if kind == "tensor_type" and number in onnx.TensorProto.DataType.values():
            word = onnx.TensorProto.DataType.Name(number).lower()
        raise MeasurementError(
            f"{name}: each input must be a tensor of float32, float16 or double, since inputs are "
            f"drawn at random; '{value.name}' is {word}. Export the part of the model after it."
        )


def _named_sizes(
    inputs: Mapping[str, onnx.ValueInfoProto],
    batch: int | None,
    given: Mapping[str, Sequence[int]],
) -> dict[str, int]:
    """Sizes of axes that a file calls by name, which stand for the same wherever they occur."""
    named: dict[str, int] = {}
    for each, value in inputs.items():
        axes = value.type.tensor_type.shape.dim
        if axes and axes[0].dim_param and batch is not None:
            named[axes[0].dim_param] = batch
        for axis, size in zip(axes, given.get(each, ()), strict=False):
            if axis.dim_param:
                named[axis.dim_param] = size
    return named


def _shape(
    name: str,
    value: onnx.ValueInfoProto,
    named: Mapping[str, int],
    batch: int | None,
    given: Sequence[int] | None,
) -> Shape:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        if given is None:
            raise ConfigError(
                f"{name} does not say the shape of input '{value.name}'. Give it: --input-shape "
                f"{value.name}=1,3,224,224 (with its own sizes)."
            )
        return _checked(name, value.name, tuple(given))
    fixed = [_fixed(axis) for axis in kind.shape.dim]
    if given is not None:
        if len(given) != len(fixed) or any(
            size not in (None, other) for size, other in zip(fixed, given, strict=True)
        ):
            raise ConfigError(
                f"--input-shape of '{value.name}' must fit {_text(kind)} of {name}; got "
                f"{','.join(map(str, given))}."
            )
        return _checked(name, value.name, tuple(given))
    shape = list(fixed)
    for position, axis in enumerate(kind.shape.dim):
        if shape[position] is None:
            shape[position] = batch if position == 0 and batch else named.get(axis.dim_param)
    known = tuple(size for size in shape if size is not None)
    if len(known) < len(shape):
        raise _open_axis(name, value, shape)
    return _checked(name, value.name, known)


def _open_axis(name: str, value: onnx.ValueInfoProto, shape: Sequence[int | None]) -> ConfigError:
    position = shape.index(None)
    word = value.type.tensor_type.shape.dim[position].dim_param
    axis = f"axis {position}" + (f" ('{word}')" if word else "")
    example = ",".join("1" if size is None else str(size) for size in shape)
    advice = f"--input-shape {value.name}={example} (with your own sizes)"
    if position == 0:
        advice = "--batch-size 1" if shape.count(None) == 1 else f"--batch-size 1, or {advice}"
    return ConfigError(
        f"{name} leaves {axis} of input '{value.name}' {_text(value.type.tensor_type)} open. "
        f"Give its size: {advice}."
    )


def _fixed(axis: Any) -> int | None:
    """Size of an axis; None where it is open. Some exporters write -1 or 0 for that."""
    return axis.dim_value if axis.HasField("dim_value") and axis.dim_value > 0 else None


def _text(kind: Any) -> str:
    words = (axis.dim_param or str(_fixed(axis) or "?") for axis in kind.shape.dim)
    return f"({', '.join(words)})"


def _checked(name: str, each: str, shape: Shape) -> Shape:
    if any(size < 1 for size in shape):
        raise ConfigError(
            f"Sizes of input '{each}' of {name} must be at least 1; got "
            f"{','.join(map(str, shape))}."
        )
    return shape


def _check_batch(name: str, found: Mapping[str, Shape], batch: int | None) -> None:
    """Whether the batch that was asked for is that of some input at least."""
    first = [shape[0] for shape in found.values() if shape]
    if batch is not None and batch not in first:
        fixed = first[0] if first else 1
        raise ConfigError(
            f"--batch-size must be {fixed}, which {name} is fixed at; got {batch}. Export it with "
            "a free batch axis."
        )
