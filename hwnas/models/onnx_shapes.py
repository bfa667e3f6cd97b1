"""Free axes of an ONNX model, and sizes put in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def fix_batch(proto: onnx.ModelProto, batch: int) -> None:
    """Give the first axis of every input and output a size, where it has a name or none.

    Args:
        proto: The model; it is changed.
        batch: The size.
    """
    for value in (*proto.graph.input, *proto.graph.output):
        axes = value.type.tensor_type.shape.dim
        if axes and not axes[0].HasField("dim_value"):
            axes[0].dim_value = batch
    # What was inferred for the free axis no longer holds.
    del proto.graph.value_info[:]
