"""Models of architectures with weights drawn under a seed: torch's, and in ONNX without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnas._names import shown
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import whole
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, MissingExtraError
from hwnas.models.graph_onnx import graph_to_onnx, serialized
from hwnas.models.graph_weights import fresh_weights
from hwnas.models.onnx_metadata import describe, fresh_origin

if TYPE_CHECKING:
    import torch


_SEEDS = 2**63
"""How many seeds torch has."""


def check_seed(seed: int) -> int:
    """A seed as a plain integer.

    Raises:
        ConfigError: It is no whole number, or none that torch and numpy take.
    """
    number: int = whole(at_least=0)("seed", seed)
    if number >= _SEEDS:
        raise ConfigError(f"seed must be below {_SEEDS}; got {shown(number)}.")
    return number


def build_model(space: SearchSpace, arch: Architecture, seed: int = 0) -> torch.nn.Module:
    """A freshly initialised model on the CPU, in training mode.

    Torch's global generator is left as it was, and so is everything else outside.

    Args:
        space: Search space of the architecture.
        arch: What to build.
        seed: Of the weights; the same one gives the same weights, whatever ran before.

    Raises:
        ConfigError: The seed is none.
        MissingExtraError: torch is not installed.
    """
    seed = check_seed(seed)
    try:
        import torch
    except ImportError as error:  # pragma: no cover - the test environment has torch
        raise MissingExtraError("Building a model", "torch", "torch") from error
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return space.build(arch)


def model_onnx(
    space: SearchSpace, arch: Architecture, seed: int = 0, batch: int | None = None
) -> bytes:
    """A freshly initialised model in ONNX, made without torch; the same arguments, the same bytes.

    Args:
        space: Search space of the architecture.
        arch: What to build.
        seed: Of the weights, which are not those of ``build_model``.
        batch: Images that the model reads at once; None for any number.

    Raises:
        ConfigError: ``batch`` is below 1, or the seed is none.
        ExportError: An operation of the graph cannot be written in ONNX.
    """
    seed = check_seed(seed)
    graph = space.graph(arch)
    proto = graph_to_onnx(graph, fresh_weights(graph, seed), batch)
    describe(proto, space, arch, fresh_origin(seed))
    return serialized(proto)
