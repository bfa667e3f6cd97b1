"""Small classifiers to score, for images of 3 x 8 x 8 and 5 classes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


class Residual(nn.Module):
    """Two branches that are added, one of them used twice."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.branch(self.branch(x))


def small_net() -> nn.Module:
    """A classifier with what real ones have: residuals, normalisation, pooling, a bias."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), Residual(4),
        nn.Conv2d(4, 6, 3, stride=2, bias=False), nn.BatchNorm2d(6), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5),
    )  # fmt: skip


def without_normalisation() -> nn.Module:
    """A classifier without batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.LeakyReLU(0.1),
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip


def depthwise() -> nn.Module:
    """A classifier with depthwise convolutions and a smooth activation beside ReLUs."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(inplace=True),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5),
    )  # fmt: skip


MODELS: dict[str, Callable[[], nn.Module]] = {
    "residual": small_net,
    "plain": without_normalisation,
    "depthwise": depthwise,
}
