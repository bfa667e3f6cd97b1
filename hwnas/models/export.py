"""Export of an architecture's model to one self-contained ONNX file, checked, with a card."""

from __future__ import annotations

import importlib.metadata
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._files import sha256_bytes, write_bytes, write_json
from hwnas.core.architecture import Architecture
from hwnas.core.shapes import Shape
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, ExportError
from hwnas.models.building import build_model
from hwnas.models.sessions import open_session
from hwnas.models.torch_onnx import INPUT_NAME, OUTPUT_NAME, to_onnx
from hwnas.models.weights import load_weights

if TYPE_CHECKING:
    import onnx
    import torch

SCHEMA = 1

# Largest difference between torch and onnxruntime, relative to the largest output.
PARITY_TOLERANCE = 1e-4

# Any size other than the one that the exporter sees shows that the batch axis is free.
_PARITY_BATCH = 3


@dataclass(frozen=True, slots=True)
class Export:
    """An exported model.

    Args:
        path: The ONNX file.
        card: The JSON file beside it.
        sha256: SHA-256 of the ONNX file, in hexadecimal.
        weights: Where the weights come from: ``"fresh weights, seed 0: untrained"`` or a file.
        weights_sha256: SHA-256 of the weights file; None for fresh weights.
        is_untrained: Whether the weights are fresh.
        max_abs_error: Largest absolute difference to the torch model on random images.
        output_scale: Largest absolute output of the torch model on them.
        opset: Version of ONNX's default operator set.
        input_name: Name of the model's input.
        input_shape: Shape of one image: ``(channels, height, width)``; the batch axis before it
            is free.
    """

    path: Path
    card: Path
    sha256: str
    weights: str
    weights_sha256: str | None
    is_untrained: bool
    max_abs_error: float
    output_scale: float
    opset: int
    input_name: str
    input_shape: Shape


def export_onnx(
    space: SearchSpace,
    arch: Architecture,
    path: Path,
    weights: Path | None = None,
    seed: int = 0,
    details: Mapping[str, Any] | None = None,
) -> Export:
    """Write an architecture's model as ``path`` and its card as the ``.json`` beside it.

    Both replace what is there. The file states its architecture, space, data set and the origin of
    its weights in ``metadata_props``. The same arguments write the same bytes.

    Args:
        space: Search space of the architecture.
        arch: What to export.
        path: Where to; ends in ``.onnx``.
        weights: A ``.safetensors`` file with every parameter and buffer of the model; fresh,
            untrained weights by default.
        seed: Of fresh weights, and of the images that the check is made with.
        details: What else the card tells: values with their sources, limits.

    Raises:
        ConfigError: ``path`` has another suffix.
        ArtifactError: The weights file is missing, damaged or of another model.
        ExportError: The ONNX model does not compute what the torch model does.
        MissingExtraError: torch, onnxscript or safetensors is not installed.
        StorageError: The folder cannot be written.
    """
    if path.suffix != ".onnx":
        raise ConfigError(f"The exported file must end in .onnx; got '{path}'.")
    model = build_model(space, arch, seed).eval()
    weights_sha256 = None if weights is None else load_weights(model, weights)
    source = f"fresh weights, seed {seed}: untrained" if weights is None else weights.name
    input_shape = space.input_shape
    proto = to_onnx(model, input_shape)
    _describe(proto, space, arch, source, weights_sha256)
    data = proto.SerializeToString(deterministic=True)
    error, scale = _parity(model, data, input_shape, seed)
    export = Export(
        path=path,
        card=path.with_suffix(".json"),
        sha256=sha256_bytes(data),
        weights=source,
        weights_sha256=weights_sha256,
        is_untrained=weights is None,
        max_abs_error=error,
        output_scale=scale,
        opset=_opset(proto),
        input_name=INPUT_NAME,
        input_shape=input_shape,
    )
    write_bytes(path, data)
    write_json(export.card, _card(export, space, arch, details or {}))
    return export


def export_record(export: Export) -> dict[str, Any]:
    """An export as JSON can hold it."""
    record = asdict(export)
    record.update(path=str(export.path), card=str(export.card), input_shape=[*export.input_shape])
    return record


def _describe(
    proto: onnx.ModelProto,
    space: SearchSpace,
    arch: Architecture,
    source: str,
    weights_sha256: str | None,
) -> None:
    """Say in the model itself what it is."""
    properties = {
        "arch": str(arch),
        "space": space.name,
        "dataset": space.dataset,
        "options": json.dumps(dict(space.options)),
        "hwnas_version": importlib.metadata.version("hwnas"),
        "weights": source,
        "weights_sha256": weights_sha256 or "",
        "weights_are_fresh": "false" if weights_sha256 else "true",
    }
    for key, value in properties.items():
        proto.metadata_props.add(key=key, value=value)


def _opset(proto: onnx.ModelProto) -> int:
    """Version of the default operator set."""
    return int(next(opset.version for opset in proto.opset_import if opset.domain == ""))


def _parity(
    model: torch.nn.Module, data: bytes, input_shape: Shape, seed: int
) -> tuple[float, float]:
    """Largest absolute difference to the torch model, and largest absolute output.

    Raises:
        ExportError: The difference is above the tolerance, or an output is not finite.
    """
    import torch

    session = open_session(data)
    rng = np.random.default_rng(seed)
    images = rng.standard_normal((_PARITY_BATCH, *input_shape)).astype(np.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(images)).numpy()
    (actual,) = session.run([OUTPUT_NAME], {INPUT_NAME: images})
    error = float(np.abs(actual - expected).max())
    scale = float(np.abs(expected).max())
    # Written so that NaN fails.
    if not (math.isfinite(scale) and error <= PARITY_TOLERANCE * scale):
        raise ExportError(
            f"The ONNX model must agree with the torch model to {PARITY_TOLERANCE:g} of its "
            f"largest output, {scale:.4g}; they differ by {error:.4g}. Nothing was written; "
            "check the weights, or report the architecture."
        )
    return error, scale


def _card(
    export: Export, space: SearchSpace, arch: Architecture, details: Mapping[str, Any]
) -> dict[str, Any]:
    """What the JSON file beside the model tells."""
    record = export_record(export)
    return {
        "schema": SCHEMA,
        "arch": str(arch),
        "space": space.name,
        "dataset": space.dataset,
        "options": dict(space.options),
        "hwnas_version": importlib.metadata.version("hwnas"),
        "model": {
            **{key: value for key, value in record.items() if key not in ("path", "card")},
            "file": export.path.name,
        },
        **details,
    }
