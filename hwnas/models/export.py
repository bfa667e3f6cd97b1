"""Export of an architecture's model to one self-contained ONNX file, checked, with a card."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnas._files import read_bytes, sha256_bytes, write_bytes, write_json
from hwnas.core.architecture import Architecture
from hwnas.core.shapes import Shape
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.models._onnx_writer import INPUT_NAME
from hwnas.models.building import check_seed
from hwnas.models.conversion import convert
from hwnas.models.graph_onnx import serialized
from hwnas.models.onnx_metadata import describe, fresh_origin

if TYPE_CHECKING:
    import onnx

SCHEMA = 2
"""Of the card; 2 tells what wrote the file and what checked it."""
_BESIDE = ("arch", "space", "path", "card")
"""What a card tells of an export beside the model, or not at all."""


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """An exported model.

    Args:
        arch: The architecture's published string.
        space: Name of its search space, with options that are not the usual ones.
        path: The ONNX file.
        card: The JSON file beside it: its name and ``.json``.
        sha256: SHA-256 of the ONNX file, in hexadecimal.
        weights: Where the weights come from: ``"fresh weights, seed 0: untrained"`` or a file.
        weights_sha256: SHA-256 of the weights file; None for fresh weights.
        is_untrained: Whether the weights are fresh.
        exporter: What wrote the file: ``"operation graph"``, or torch and its version.
        exporter_note: Why it was not written from the graph; None if it was.
        checked: What it was checked by: torch and its version, or what else could be checked.
        max_abs_error: Largest absolute difference to the torch model on random inputs; None where
            torch is not installed.
        output_scale: Largest absolute output of the torch model on them, or else of the file's.
        opset: Version of ONNX's default operator set.
        input_name: Name of the model's input.
        input_shape: Shape of one image: ``(channels, height, width)``; the batch axis before it
            is free.
    """

    arch: str
    space: str
    path: Path
    card: Path
    sha256: str
    weights: str
    weights_sha256: str | None
    is_untrained: bool
    exporter: str
    exporter_note: str | None
    checked: str
    max_abs_error: float | None
    output_scale: float
    opset: int
    input_name: str
    input_shape: Shape

    def __repr__(self) -> str:
        return (
            f"Export to {self.path} (card {self.card}) of {self.arch}\n"
            f"{self.weights}; checked by {self.checked}"
        )


def export_onnx(
    space: SearchSpace,
    arch: Architecture,
    path: Path,
    weights: Path | None = None,
    seed: int = 0,
    details: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Export:
    """Write an architecture's model as ``path`` and its card beside it, as ``path`` and ``.json``.

    The file states its architecture, space, data set and the origin of
    its weights in ``metadata_props``. The same arguments write the same bytes.

    Fresh weights need no torch. Where it is installed, the file's outputs are compared with the
    torch model's all the same; where it is not, the card says what was checked instead.

    Args:
        space: Search space of the architecture.
        arch: What to export.
        path: Where to; ends in ``.onnx``.
        weights: A ``.safetensors`` file with every parameter and buffer of the model; fresh,
            untrained weights by default.
        seed: Of fresh weights, and of the images that the check is made with.
        details: What else the card tells: values with their sources, limits.
        overwrite: Whether files of an earlier export may be replaced. A JSON file in the card's
            place that is no card never is.

    Raises:
        ConfigError: ``path`` has another suffix, is taken, or cannot be a file; or the seed is
            none.
        ArtifactError: The weights file is missing, damaged or of another model.
        ExportError: The ONNX model cannot be written, or does not compute what the torch model
            does.
        MissingExtraError: Weights are given and torch or safetensors is not installed; or the model
            cannot be written from its graph, and onnxscript is not.
        StorageError: The folder cannot be written.
    """
    card = check_destination(path, overwrite)
    seed = check_seed(seed)
    converted = convert(space, arch, weights, seed)
    source = fresh_origin(seed) if weights is None else weights.name
    describe(converted.proto, space, arch, source, converted.weights_sha256)
    data = serialized(converted.proto)
    export = Export(
        arch=str(arch),
        space=space.label,
        path=path,
        card=card,
        sha256=sha256_bytes(data),
        weights=source,
        weights_sha256=converted.weights_sha256,
        is_untrained=weights is None,
        exporter=converted.exporter,
        exporter_note=converted.exporter_note,
        checked=converted.checked,
        max_abs_error=converted.max_abs_error,
        output_scale=converted.output_scale,
        opset=_opset(converted.proto),
        input_name=INPUT_NAME,
        input_shape=space.input_shape,
    )
    write_bytes(path, data)
    write_json(export.card, _card(export, space, arch, details or {}))
    return export


def check_destination(
    path: Path, overwrite: bool = False, permit: str = "pass overwrite=True"
) -> Path:
    """See that a model and its card may be written; where the card goes.

    Args:
        path: Where the model goes.
        overwrite: Whether files of an earlier export may be replaced.
        permit: How a user says that they may, for messages.

    Raises:
        ConfigError: The path has another suffix, is taken, or cannot be a file.
    """
    if path.suffix != ".onnx":
        raise ConfigError(
            f"The exported file must end in .onnx; got '{path}'. Name one such as model.onnx."
        )
    if os.path.isdir(path):
        raise ConfigError(
            f"The exported file must be a file; '{path}' is a folder. Name a file in it."
        )
    # Of os.path: what cannot be asked for, such as a name that is too long, is told when written.
    holder = next(filter(os.path.exists, path.parents), None)
    if holder is not None and not os.path.isdir(holder):
        raise ConfigError(
            f"The exported file must lie in a folder; '{holder}' is a file. Name another one."
        )
    card = path.with_name(f"{path.name}.json")
    if os.path.exists(card) and not _is_card(card):
        raise ConfigError(
            f"The card of the model goes to '{card}', which holds something else and is never "
            "replaced. Give the model another name."
        )
    for taken in (path, card):
        if os.path.exists(taken) and not overwrite:
            raise ConfigError(
                f"'{taken}' exists already. Give another name, or {permit} to replace it."
            )
    return card


def _is_card(path: Path) -> bool:
    """Whether a file is the card of an export, of whatever version."""
    try:
        card = json.loads(read_bytes(path))
    except (OSError, ValueError, RecursionError):
        return False
    model = card.get("model") if isinstance(card, dict) else None
    return isinstance(model, dict) and {"file", "sha256", "weights"} <= model.keys()


def export_record(export: Export) -> dict[str, Any]:
    """An export as JSON can hold it."""
    record = asdict(export)
    record.update(path=str(export.path), card=str(export.card), input_shape=[*export.input_shape])
    return record


def _opset(proto: onnx.ModelProto) -> int:
    """Version of the default operator set."""
    return int(next(opset.version for opset in proto.opset_import if opset.domain == ""))


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
            **{key: value for key, value in record.items() if key not in _BESIDE},
            "file": export.path.name,
        },
        **details,
    }
