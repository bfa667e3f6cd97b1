"""The door to torch's ONNX exporter: a torch model in, a bare ONNX model out.

Only models that cannot be written from their operation graph come here: ``conversion`` says why in
the card. When torch changes its exporter or drops it, they are refused with one line that says so,
and all others are exported as before; ``graph_onnx.add_rule`` and a graph that lists what the torch
model computes free a space from it.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hwnas.core.shapes import Shape
from hwnas.errors import ExportError, MissingExtraError
from hwnas.models._onnx_writer import INPUT_NAME, OUTPUT_NAME

if TYPE_CHECKING:
    import onnx
    import torch

# Any size other than 1 shows the exporter that the batch axis is free.
_BATCH = 2


def to_onnx(model: torch.nn.Module, input_shape: Shape) -> onnx.ModelProto:
    """A model as ONNX, weights inside, batch axis free, without the exporter's notes.

    The exporter folds batch normalisations into the convolutions before them, and leaves out
    biases that are zero.

    Args:
        model: What to export, in evaluation mode.
        input_shape: Shape of one input without the batch axis.

    Raises:
        ExportError: The exporter fails, or this torch has none.
        MissingExtraError: torch or onnxscript is not installed.
    """
    try:
        import torch
    except ImportError as error:  # pragma: no cover - the test environment has torch
        raise MissingExtraError("Exporting a model", "torch", "torch") from error
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Exporting a model", "onnxscript", "torch") from error
    images = torch.zeros(_BATCH, *input_shape)
    try:
        with _quiet_exporter(), torch.no_grad():
            program = torch.onnx.export(
                model,
                (images,),
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
                verbose=False,
            )
        assert program is not None  # only the deprecated exporter returns nothing
        proto = program.model_proto
    except Exception as error:  # of many kinds, and which depends on torch's version
        raise ExportError(
            f"torch {torch.__version__} must export the model; its exporter cannot "
            f"({type(error).__name__}: {' '.join(str(error).split())[:300]}). Let the graph of the "
            "space list what its torch model computes, and no exporter of torch is needed."
        ) from error
    _strip_all(proto)
    return proto


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence for what torch's exporter always says and no user can act on."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # "torchvision is not installed"
    try:
        with warnings.catch_warnings():
            # torch 2.13 calls its own deprecated function.
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
            yield
    finally:
        logger.setLevel(level)


def _strip_all(proto: onnx.ModelProto) -> None:
    """Remove the exporter's notes, which quote source files of this machine."""
    graph = proto.graph
    for holder in (proto, graph, *proto.functions):
        _strip(holder)
    for nodes in (graph.node, *(function.node for function in proto.functions)):
        for node in nodes:
            _strip(node)
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        _strip(value)


def _strip(part: Any) -> None:
    """Remove the notes of a part of an ONNX model."""
    part.ClearField("metadata_props")
    part.ClearField("doc_string")
