"""Weights from a safetensors file: tensors and nothing else, never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hwnas._files import read_bytes, sha256_bytes
from hwnas.errors import ArtifactError, MissingExtraError

if TYPE_CHECKING:
    import torch


def load_weights(model: torch.nn.Module, path: Path) -> str:
    """Put the weights of a safetensors file into a model and return the file's SHA-256.

    Args:
        model: What to fill; untouched if the file does not fit.
        path: File with every parameter and buffer of the model, under the same names.

    Raises:
        ArtifactError: The file is missing, damaged, of another model, or not finite.
        MissingExtraError: safetensors is not installed.
    """
    try:
        data = read_bytes(path, most=None)
    except OSError as error:
        raise ArtifactError(
            f"{path} must be a file of weights; it cannot be read ({error.strerror})."
        ) from error
    tensors = _tensors(path.name, data)
    problem = _mismatch(model.state_dict(), tensors)
    if problem:
        raise ArtifactError(
            f"{path.name} must hold the weights of this architecture's model; {problem}. "
            "Give the file that was saved from it."
        )
    model.load_state_dict(tensors, strict=True)
    return sha256_bytes(data)


def _tensors(name: str, data: bytes) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file by name."""
    try:
        import safetensors.torch
    except ImportError as error:
        raise MissingExtraError("Loading weights", "safetensors", "torch") from error
    try:
        return safetensors.torch.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise ArtifactError(
            f"{name} must be a whole safetensors file; it cannot be read "
            f"({' '.join(str(error).split())}). Save the weights again with "
            "safetensors.torch.save_file."
        ) from error


def _mismatch(
    expected: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor]
) -> str | None:
    """The first way in which tensors are not those of a model; None if they are."""
    missing = [name for name in expected if name not in tensors]
    if missing:
        return f"{len(missing)} of {len(expected)} tensors are missing, such as '{missing[0]}'"
    foreign = sorted(set(tensors) - set(expected))
    if foreign:
        return f"{len(foreign)} tensors have no place in it, such as '{foreign[0]}'"
    for name, tensor in tensors.items():
        wanted = expected[name]
        if tensor.shape != wanted.shape:
            return f"'{name}' must have shape {tuple(wanted.shape)}; got {tuple(tensor.shape)}"
        if tensor.is_floating_point() != wanted.is_floating_point():
            return f"'{name}' must have type {wanted.dtype}; got {tensor.dtype}"
        # As the model will hold it: a double may overflow, and an eight-bit float has no isfinite.
        if not tensor.to(wanted.dtype).isfinite().all():
            return f"'{name}' must be finite; got infinity or NaN"
    return None
