"""What an ONNX model says of itself: architecture, space, and where its weights come from."""

from __future__ import annotations

import importlib.metadata
import json
from typing import TYPE_CHECKING

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace

if TYPE_CHECKING:
    import onnx


def fresh_origin(seed: int) -> str:
    """What is said of weights that were drawn."""
    return f"fresh weights, seed {seed}: untrained"


def describe(
    proto: onnx.ModelProto,
    space: SearchSpace,
    arch: Architecture,
    weights: str,
    weights_sha256: str | None = None,
) -> None:
    """Say in the model itself what it is.

    Args:
        proto: The model.
        space: Search space of the architecture.
        arch: What it is a model of.
        weights: Where its weights come from.
        weights_sha256: SHA-256 of the weights file; None for fresh weights.
    """
    properties = {
        "arch": str(arch),
        "space": space.name,
        "dataset": space.dataset,
        "options": json.dumps(dict(space.options)),
        "hwnas_version": importlib.metadata.version("hwnas"),
        "weights": weights,
        "weights_sha256": weights_sha256 or "",
        "weights_are_fresh": "false" if weights_sha256 else "true",
    }
    for key, value in properties.items():
        proto.metadata_props.add(key=key, value=value)
