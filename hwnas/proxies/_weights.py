"""Which weights of a model proxies sum over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

_PROJECTIONS = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
"""What ``MultiheadAttention`` multiplies with before it attends, one or three of them."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that proxies sum over.

    Args:
        names: Name of each as a parameter, in the order of ``model.modules()``; layers that share
            one have one name, once for each.
        place: Place of each convolution's and linear layer's weight among them, by the layer's
            name.
        reason: Why there are none, without a full stop; empty where there are.
    """

    names: tuple[str, ...]
    place: Mapping[str, int]
    reason: str = ""


def has_filters(module: nn.Module) -> bool:
    """Whether a module is a convolution, transposed ones included, or a linear layer."""
    from torch import nn
    from torch.nn.modules.conv import _ConvNd

    return isinstance(module, _ConvNd | nn.Linear)


def saliency_weights(model: nn.Module, parameters: Mapping[str, Tensor]) -> Weights:
    """The weights of a model that proxies sum over.

    Args:
        model: The model.
        parameters: Its parameters by name.
    """
    name_of = {id(value): name for name, value in parameters.items()}
    names: list[str] = []
    place: dict[str, int] = {}
    for layer, weight in _candidates(model):
        name = name_of.get(id(weight))
        if name is None:
            reason = (
                f"the weight of layer '{layer}' is computed from others; see "
                "torch.nn.utils.parametrize.remove_parametrizations"
            )
            return Weights((), {}, reason)
        place[layer] = len(names)
        names.append(name)
    if not names:
        return Weights((), {}, "the model has no convolution or linear layer")
    return Weights(tuple(names), place)


def _candidates(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    from torch import nn

    for layer, module in model.named_modules():
        if has_filters(module):
            yield layer, module.weight
        elif isinstance(module, nn.MultiheadAttention):
            for name in _PROJECTIONS:
                weight = getattr(module, name)
                if weight is not None:
                    yield f"{layer}.{name}".lstrip("."), weight


def uncounted_matrices(model: nn.Module) -> list[str]:
    """Names of matrices and filters that are no convolution's and no linear layer's."""
    from torch import nn

    # These look rows up, or scale each number by one of its own.
    harmless = (nn.Embedding, nn.LayerNorm, nn.RMSNorm)
    known = {id(module.weight) for module in model.modules() if has_filters(module)}
    return [
        f"{prefix}.{name}".lstrip(".")
        for prefix, module in model.named_modules()
        if not isinstance(module, harmless)
        for name, parameter in module.named_parameters(recurse=False)
        # A scale for each channel may have axes of one number.
        if sum(side > 1 for side in parameter.shape) > 1 and id(parameter) not in known
    ]
