"""ONNX files as their library reads them: parsed, for a batch of one, with all shapes inferred."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnas._files import read_bytes
from hwnas.core.shapes import Shape
from hwnas.errors import ArtifactError

if TYPE_CHECKING:
    import onnx

FLOATS = (1, 10, 11, 16)
"""ONNX's numbers of float, float16, double and bfloat16."""

# Numbers of larger tensors decide no shapes; without them inference is quick.
_LARGEST_SHAPE = 1024


def load_model(path: Path) -> onnx.ModelProto:
    """The model of a file for a batch of one, functions written out, with the shapes of tensors.

    Raises:
        ArtifactError: It is missing, damaged, has more than one input, or is not valid for a batch
            of one.
    """
    return parse_model(path.name, file_bytes(path))


def file_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        ArtifactError: It is missing or cannot be read.
    """
    try:
        return read_bytes(path, most=None)
    except OSError as error:
        raise ArtifactError(
            f"{path} must be an ONNX file; it cannot be read ({error.strerror})."
        ) from error


def parse_model(name: str, data: bytes) -> onnx.ModelProto:
    """The model of a file's contents, as ``load_model`` gives it.

    Raises:
        ArtifactError: As ``load_model``, but that it is missing.
    """
    return _with_shapes(name, parsed(name, data))


def parsed(name: str, data: bytes) -> onnx.ModelProto:
    """The model of a file's contents as it is there.

    Raises:
        ArtifactError: It is damaged or has no operators.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own class is no part of its interface
        raise ArtifactError(f"{name} must be an ONNX file; it cannot be parsed.") from error
    if not _is_text(model.graph):
        raise ArtifactError(f"{name} must be an ONNX file; names in it are no printable text.")
    if not model.graph.node:
        raise ArtifactError(f"{name} must be an ONNX file with operators; it has none.")
    return model


def _is_text(graph: onnx.GraphProto) -> bool:
    """Whether all names of a graph can be shown; protobuf gives bytes where a file is damaged."""
    values = (*graph.input, *graph.output, *graph.value_info)
    axes = (axis for value in values for axis in value.type.tensor_type.shape.dim)
    names = [
        *(each.name for each in (*values, *graph.initializer, *graph.node)),
        *(axis.dim_param for axis in axes),
    ]
    for node in graph.node:
        names += (node.op_type, node.domain, *node.input, *node.output)
        names += (attribute.name for attribute in node.attribute)
    return all(isinstance(name, str) and name.isprintable() for name in names)


def drop_weights(model: onnx.ModelProto) -> None:
    """Take out the numbers that decide no shapes, which makes inference quick."""
    import onnx

    for tensor in model.graph.initializer:
        if tensor.data_type in FLOATS and math.prod(tensor.dims) > _LARGEST_SHAPE:
            for numbers in ("raw_data", "float_data", "double_data", "external_data"):
                tensor.ClearField(numbers)
            tensor.data_location = onnx.TensorProto.DEFAULT


def forget_shapes(model: onnx.ModelProto) -> None:
    """Take out the shapes that a file states of what is computed, true for other sizes or never."""
    model.graph.ClearField("value_info")
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")


def _with_shapes(name: str, model: onnx.ModelProto) -> onnx.ModelProto:
    """The model for a batch of one, functions written out, with the shapes of all tensors."""
    import onnx.inliner
    import onnx.shape_inference

    inputs = network_inputs(model)
    if len(inputs) != 1:
        raise ArtifactError(f"{name} must be a model of one input; it has {len(inputs)}.")
    drop_weights(model)
    axes = inputs[0].type.tensor_type.shape.dim
    if axes:
        axes[0].dim_value = 1
    forget_shapes(model)
    try:
        model = onnx.inliner.inline_local_functions(model)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except Exception as error:
        raise ArtifactError(
            f"{name} must be a valid ONNX model for a batch of one; it is not "
            f"({' '.join(str(error).split())[:200]}). Export it with a free batch axis."
        ) from error


def network_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Inputs that are not stored in the file."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def known_shape(value: onnx.ValueInfoProto) -> Shape | None:
    """Shape of a tensor; None where an axis is not known."""
    kind = value.type.tensor_type
    if not kind.HasField("shape") or any(not axis.HasField("dim_value") for axis in kind.shape.dim):
        return None
    return tuple(axis.dim_value for axis in kind.shape.dim)


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Attributes of an operator by name."""
    import onnx

    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def has_graph(attribute: onnx.AttributeProto) -> bool:
    """Whether it is the body of a branch or loop, which may read what flows outside."""
    return bool(attribute.HasField("g") or attribute.graphs)


def single_number(tensor: onnx.TensorProto) -> float | None:
    """The number that a tensor of one holds; None where it is not in the file."""
    import onnx.numpy_helper

    if math.prod(tensor.dims) != 1 or tensor.data_type not in FLOATS or tensor.external_data:
        return None
    try:
        return float(onnx.numpy_helper.to_array(tensor).reshape(()))
    except ValueError:
        return None
