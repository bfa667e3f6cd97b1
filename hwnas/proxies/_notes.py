"""Hooks that note down what flows through a model in the passes that proxies share."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from hwnas.errors import ConfigError
from hwnas.proxies._readings import Reading

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


class Notes:
    """Hooks that note down what flows through a model; gone when the block ends.

    Args:
        model: The model.
        layers: Its convolutions and linear layers.
        weights: The weight of each.
        reads: What to note down.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Sequence[nn.Module],
        weights: Sequence[Tensor],
        reads: Collection[Reading],
    ) -> None:
        self._model = model
        self._weights = weights
        self._reads = reads
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._order = {layer: row for row, layer in enumerate(layers)}
        self._shapes = [weight.shape for weight in weights]
        self._saliencies: list[Tensor | None] = [None] * len(self._order)
        self.macs = 0
        self.code_agreement: Tensor | None = None

    def __enter__(self) -> Notes:
        for module in self._model.modules():
            if module in self._order and not {"macs", "channel_saliencies"}.isdisjoint(self._reads):
                self._handles.append(module.register_forward_hook(self._see_layer))
            elif "code_agreement" in self._reads and _is_rectifier(module):
                self._handles.append(module.register_forward_hook(self._see_code))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take all hooks away."""
        while self._handles:
            self._handles.pop().remove()

    @property
    def channel_saliencies(self) -> list[Tensor]:
        """For each layer the saliency of its channels, shape ``(n_channels,)``; 0 if unused."""
        import torch

        return [
            torch.zeros(len(weight), device=weight.device) if noted is None else noted
            for weight, noted in zip(self._weights, self._saliencies, strict=True)
        ]

    def _see_layer(self, layer: nn.Module, _: object, out: Tensor) -> None:
        shape = self._shapes[self._order[layer]]
        # Each number put out is a dot product with one filter, or one row of the matrix.
        self.macs += out.numel() * math.prod(shape[1:])
        if "channel_saliencies" in self._reads and out.requires_grad:
            # It shares memory, and the count of changes in place, with what the model goes on with.
            activation, version = out.detach(), out._version

            def see_gradient(gradient: Tensor) -> None:
                if activation._version != version:
                    raise ConfigError(
                        "Outputs of convolutions and linear layers must not be changed in place "
                        "for proxy 'fisher'; the model's own code does. Leave 'fisher' out."
                    )
                self._add_saliency(layer, activation, gradient)

            handle = out.register_hook(see_gradient)  # type: ignore[no-untyped-call]
            self._handles.append(handle)

    def _add_saliency(self, layer: nn.Module, activation: Tensor, gradient: Tensor) -> None:
        """Theis et al.'s channel saliency, half the mean square of a sum over positions."""
        products = activation * gradient
        if _is_linear(layer):
            products = products.movedim(-1, 1)
        positions = tuple(range(2, products.ndim))
        per_image = products.sum(dim=positions) if positions else products
        saliency = per_image.square().mean(dim=0) / 2
        row = self._order[layer]
        before = self._saliencies[row]
        self._saliencies[row] = saliency if before is None else before + saliency

    def _see_code(self, _: nn.Module, inputs: tuple[Tensor, ...], __: object) -> None:
        """Add for each pair of images the number of units that are on, or off, in both."""
        # Any order of units will do; with channels last, this one needs no copy.
        codes = (inputs[0].detach().movedim(1, -1).flatten(1) > 0).to(inputs[0].dtype)
        both_on = (codes @ codes.T).double()
        n_on = both_on.diagonal()
        agreement = codes.shape[1] - n_on[:, None] - n_on[None, :] + 2 * both_on
        self.code_agreement = (
            agreement if self.code_agreement is None else self.code_agreement + agreement
        )


def _is_linear(module: nn.Module) -> bool:
    from torch import nn

    return isinstance(module, nn.Linear)


def _is_rectifier(module: nn.Module) -> bool:
    """Whether a module is ReLU or a smooth relative of it, whose input's sign is a code."""
    from torch import nn

    return isinstance(
        module,
        nn.ReLU | nn.ReLU6 | nn.LeakyReLU | nn.PReLU | nn.RReLU
        | nn.SiLU | nn.GELU | nn.Hardswish | nn.Mish | nn.ELU | nn.CELU | nn.SELU,
    )  # fmt: skip
