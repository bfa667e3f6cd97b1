"""Weights in files beside an ONNX model, brought into it; those that lie elsewhere are refused."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hwnas.errors import ArtifactError

if TYPE_CHECKING:
    import onnx

LARGEST_BYTES = 2**31 - 1
"""Size of the largest message that protobuf, ONNX's format, can hold."""

# Types whose numbers share bytes; of all others ``onnx.helper`` knows the size.
_PACKED_BITS = {"INT4": 4, "UINT4": 4, "FLOAT4E2M1": 4, "INT2": 2, "UINT2": 2}


@dataclass(frozen=True, slots=True)
class _Part:
    """Where the numbers of a tensor lie, checked to be there."""

    tensor: onnx.TensorProto
    path: Path
    offset: int
    n_bytes: int


def load_external_data(name: str, model: onnx.ModelProto, folder: Path) -> None:
    """Bring the weights that a model keeps in other files into it.

    Nothing is read before all of them are known to be there and to fit.

    Args:
        name: What messages call the model.
        model: The model, changed in place.
        folder: Folder of its file; only what lies in it, links followed, is read.

    Raises:
        ArtifactError: A file is missing, too short or outside the folder, or the model would be
            too large for one file.
    """
    import onnx

    parts = [
        _part(name, tensor, folder)
        for tensor in all_tensors(model)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
    ]
    check_size(name, model.ByteSize() + sum(part.n_bytes for part in parts))
    for part in parts:
        try:
            with part.path.open("rb") as file:
                file.seek(part.offset)
                data = file.read(part.n_bytes)
        except OSError as error:
            raise ArtifactError(
                f"{name} must have its weights in {part.path.name}; it cannot be read "
                f"({error.strerror})."
            ) from error
        part.tensor.ClearField("external_data")
        part.tensor.data_location = onnx.TensorProto.DEFAULT
        part.tensor.raw_data = data


def check_size(name: str, n_bytes: int) -> None:
    """Check that a model, weights and all, fits into one ONNX file.

    Raises:
        ArtifactError: It does not.
    """
    if n_bytes > LARGEST_BYTES:
        raise ArtifactError(
            f"{name} must be smaller than 2 GiB with its weights, the most that one ONNX file can "
            f"hold; it is {n_bytes / 2**30:.1f} GiB. Choose a smaller model, or export it in half "
            "precision."
        )


def tensor_bytes(tensor: onnx.TensorProto) -> int | None:
    """How many bytes the numbers of a tensor take, by its shape and type; None for texts."""
    return bytes_of(tensor.data_type, tensor.dims)


def bytes_of(data_type: int, shape: Iterable[int]) -> int | None:
    """How many bytes a tensor of a shape takes; None for texts and types that are not known.

    Args:
        data_type: ONNX's number of the type.
        shape: Its sides.
    """
    import onnx

    try:
        type_name = onnx.TensorProto.DataType.Name(data_type)
        n_bits = _PACKED_BITS.get(type_name) or (
            onnx.helper.tensor_dtype_to_np_dtype(data_type).itemsize * 8
        )
    except (KeyError, ValueError, TypeError):
        return None
    return None if type_name == "STRING" else -(-math.prod(shape) * n_bits // 8)


def all_tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor that is stored in a model, those of its operators and functions among them."""
    yield from _graph_tensors(model.graph)
    for function in model.functions:
        yield from _node_tensors(function.node)


def _graph_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _node_tensors(graph.node)


def _node_tensors(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for graph in (attribute.g, *attribute.graphs):
                yield from _graph_tensors(graph)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                if sparse.dims:
                    yield from (sparse.values, sparse.indices)


def _part(name: str, tensor: onnx.TensorProto, folder: Path) -> _Part:
    """Where a tensor lies.

    Raises:
        ArtifactError: Outside the folder, or not there, or not whole.
    """
    entries = {each.key: each.value for each in tensor.external_data}
    location = entries.get("location", "")
    path = _inside(name, location, folder)
    expected = tensor_bytes(tensor)
    try:
        offset = int(entries.get("offset", 0))
        n_bytes = int(entries.get("length", -1 if expected is None else expected))
    except ValueError:
        offset = n_bytes = -1
    if offset < 0 or n_bytes != expected:
        raise ArtifactError(
            f"{name} must say where in '{location}' the {expected} bytes of '{tensor.name}' lie; "
            f"it says {entries}. Export it again."
        )
    found = path.stat().st_size
    if offset + n_bytes > found:
        raise ArtifactError(
            f"{name} must have its weights whole: '{location}' must have at least "
            f"{offset + n_bytes} bytes for '{tensor.name}'; it has {found}. Copy it again."
        )
    return _Part(tensor, path, offset, n_bytes)


def _inside(name: str, location: str, folder: Path) -> Path:
    """The file of a location, links followed."""
    try:
        root, path = folder.resolve(), (folder / location).resolve()
        is_inside = path.is_relative_to(root) and not Path(location).is_absolute()
        is_file = path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name too long, a null byte, links in a circle
        is_inside, is_file = True, False
    if not is_inside or not location:
        raise ArtifactError(
            f"{name} must have its weights in its own folder; it refers to '{location}', which "
            "lies outside. Copy the weights beside the model and export it again."
        )
    if not is_file:
        raise ArtifactError(
            f"{name} must have its weights beside it; there is no file '{location}' in its folder."
        )
    return path
