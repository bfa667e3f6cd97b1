"""What the shared forward and backward passes can note down for proxies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

Reading: TypeAlias = Literal[
    "macs",
    "code_agreement",
    "weight_gradients",
    "channel_saliencies",
    "loss_input_gradient",
    "sum_input_gradient",
    "projected_input_gradient",
]
"""What a proxy may ask for."""


@dataclass
class Readings:
    """What one forward pass and up to three backward passes noted down; None if not asked."""

    n_classes: int | None = None
    macs: int | None = None
    code_agreement: Tensor | None = None
    weight_gradients: list[Tensor] | None = None
    channel_saliencies: list[Tensor] | None = None
    loss_input_gradient: Tensor | None = None
    sum_input_gradient: Tensor | None = None
    projected_input_gradient: Tensor | None = None
