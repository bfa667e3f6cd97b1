"""Models of architectures with weights drawn anew under a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.errors import MissingExtraError

if TYPE_CHECKING:
    import torch


def build_model(space: SearchSpace, arch: Architecture, seed: int = 0) -> torch.nn.Module:
    """A freshly initialised model on the CPU, in training mode.

    Torch's global generator is left as it was, and so is everything else outside.

    Args:
        space: Search space of the architecture.
        arch: What to build.
        seed: Of the weights; the same one gives the same weights, whatever ran before.

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:  # pragma: no cover - the test environment has torch
        raise MissingExtraError("Building a model", "torch", "torch") from error
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return space.build(arch)
