"""Any ONNX file as what backends run: self-contained, of fixed shapes, with random inputs.

Nothing of a file is executed but its graph: no libraries of operators are loaded, and files that
it refers to are read only if they lie in its folder.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.shapes import Shape
from hwnas.errors import ArtifactError, MeasurementError
from hwnas.measure._input_shapes import DTYPES, input_shapes
from hwnas.measure.backends import Model
from hwnas.measure.backends.ort import OnnxRuntime
from hwnas.measure.free_memory import available_memory_bytes, memory_guard
from hwnas.models.graph_onnx import serialized
from hwnas.models.onnx_external import check_size, load_external_data
from hwnas.models.onnx_file import drop_weights, file_bytes, forget_shapes, network_inputs, parsed
from hwnas.models.onnx_memory import NeededMemory, needed_memory

if TYPE_CHECKING:
    import onnx

# The parsed file, its bytes and the session each hold the weights.
_COPIES_OF_WEIGHTS = 3

# What ONNX Runtime and the standard library of C++ say.
_OUT_OF_MEMORY = re.compile(r"failed to allocate|bad.?alloc", re.IGNORECASE)

_GB = 1e9


def read_model(
    path: Path,
    batch: int | None = None,
    seed: int = 0,
    shapes: Mapping[str, Sequence[int]] | None = None,
    available_bytes: int | None = None,
) -> Model:
    """The model of an ONNX file, checked to run in ONNX Runtime.

    Args:
        path: The file; weights may lie beside it.
        batch: Size of the first axis of each input where the file leaves it open.
        seed: Of the inputs, standard normal; the same one gives the same.
        shapes: Shapes of inputs by name, where other axes are open.
        available_bytes: Memory that there is; by default what the system says.

    Raises:
        ArtifactError: The file is missing, damaged, not ONNX or refers to weights that are not
            whole in its folder.
        ConfigError: A size is missing, or is another than the file's.
        MeasurementError: An input is not of floating-point numbers, the model needs more memory
            than there is, has operators that are not supported, or does not run.
    """
    if available_bytes is None:
        available_bytes = available_memory_bytes()
    proto = _read(path, available_bytes)
    found = input_shapes(path.name, proto, batch, shapes or {})
    needed = _fix_shapes(proto, found)
    _check_memory(path.name, needed, available_bytes)
    load_external_data(path.name, proto, path.parent)
    rng = np.random.default_rng(seed)
    inputs = {
        value.name: _random(rng, found[value.name], value.type.tensor_type.elem_type)
        for value in network_inputs(proto)
    }
    model = Model(path.name, serialized(proto), inputs)
    _check_run(model, needed, available_bytes)
    return model


def check_memory(name: str, proto: onnx.ModelProto) -> None:
    """Check that there is memory to run a model whose inputs have fixed shapes.

    Raises:
        MeasurementError: There is not; the message has both numbers.
    """
    shapes = {
        value.name: tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim)
        for value in network_inputs(proto)
    }
    _check_memory(name, _fix_shapes(proto, shapes), available_memory_bytes())


def _read(path: Path, available_bytes: int | None) -> onnx.ModelProto:
    """A file parsed, if there is memory for that."""
    try:
        status = path.stat()
    except OSError as error:
        raise ArtifactError(
            f"{path} must be an ONNX file; it cannot be read ({error.strerror})."
        ) from error
    # Reading a pipe would wait for ever, and some devices never end.
    if not stat.S_ISREG(status.st_mode):
        raise ArtifactError(f"{path} must be an ONNX file; it is a folder or a device.")
    n_bytes = status.st_size
    check_size(path.name, n_bytes)
    _check_memory(path.name, NeededMemory(n_bytes, 0, 0, {}), available_bytes)
    return parsed(path.name, file_bytes(path))


def _fix_shapes(proto: onnx.ModelProto, found: Mapping[str, Shape]) -> NeededMemory:
    """Write the shapes of inputs, and those of outputs that follow, into a model.

    Returns:
        The memory that the model needs, as far as shapes could be told.
    """
    import onnx.inliner
    import onnx.shape_inference

    for value in network_inputs(proto):
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        for size in found[value.name]:
            shape.dim.add(dim_value=size)
    forget_shapes(proto)
    bare = onnx.ModelProto()
    bare.CopyFrom(proto)
    drop_weights(bare)
    try:
        bare = onnx.inliner.inline_local_functions(bare)
        bare = onnx.shape_inference.infer_shapes(bare, data_prop=True)
    except Exception:  # the session, which is opened next, tells what is wrong
        return needed_memory(bare)
    for output, inferred in zip(proto.graph.output, bare.graph.output, strict=True):
        output.CopyFrom(inferred)
    return needed_memory(bare)


# --- memory ------------------------------------------------------------------------------------


def _needed_bytes(needed: NeededMemory) -> int:
    # Inputs are counted twice: half precision is drawn as single.
    weights = _COPIES_OF_WEIGHTS * needed.weights_bytes
    return weights + needed.inputs_bytes + needed.activations_bytes


def _check_memory(name: str, needed: NeededMemory, available_bytes: int | None) -> None:
    n_bytes = _needed_bytes(needed)
    if available_bytes is not None and n_bytes > available_bytes:
        raise _too_large(name, f"about {n_bytes / _GB:,.2f} GB", needed, available_bytes)


def _too_large(
    name: str, how_much: str, needed: NeededMemory, available_bytes: int
) -> MeasurementError:
    return MeasurementError(
        f"{name} needs {how_much} of memory (weights of {needed.weights_bytes / _GB:,.2f} GB "
        f"{_COPIES_OF_WEIGHTS} times, inputs and activations of "
        f"{(needed.inputs_bytes + needed.activations_bytes) / _GB:,.2f} GB{_uncounted(needed)}); "
        f"{available_bytes / _GB:,.2f} GB are free here. Choose a smaller --batch-size or model."
    )


def _uncounted(needed: NeededMemory) -> str:
    if not needed.unknown:
        return ""
    kinds = ", ".join(f"{kind} ({n})" for kind, n in needed.unknown.items())
    return f", not counting what shapes do not tell: {kinds}"


def _check_run(model: Model, needed: NeededMemory, available_bytes: int | None) -> None:
    """Open and run a model once, within the memory that there is."""
    try:
        with memory_guard(_left_bytes(needed, available_bytes)):
            OnnxRuntime().open(model, threads=1).outputs()
    except MeasurementError as error:
        if available_bytes is None or not _OUT_OF_MEMORY.search(str(error.__cause__)):
            raise
        how_much = f"more than {available_bytes / _GB:,.2f} GB"
        raise _too_large(model.name, how_much, needed, available_bytes) from error


def _left_bytes(needed: NeededMemory, available_bytes: int | None) -> int | None:
    """What the session may take: the other copies of the weights are there by then."""
    if available_bytes is None:
        return None
    return available_bytes - (_COPIES_OF_WEIGHTS - 1) * needed.weights_bytes


def _random(rng: np.random.Generator, shape: Shape, data_type: int) -> np.ndarray:
    dtype = DTYPES[data_type]
    # The generator knows no half precision.
    drawn = np.float64 if dtype is np.float64 else np.float32
    return np.asarray(rng.standard_normal(shape, dtype=drawn), dtype=dtype)
