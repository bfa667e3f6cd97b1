"""Small models to score, and a minibatch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn

# Models this small are slower on several threads than on one.
torch.set_num_threads(1)

Batch = tuple[torch.Tensor, torch.Tensor]


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


@pytest.fixture(params=sorted(MODELS))
def model(request: pytest.FixtureRequest) -> nn.Module:
    """A small classifier for images of 3 x 8 x 8 and 5 classes, in double precision."""
    torch.manual_seed(7)
    return MODELS[request.param]().double()


@pytest.fixture
def batch() -> Batch:
    """Twelve random images and their labels."""
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(12, 3, 8, 8, generator=generator, dtype=torch.float64)
    return images, torch.arange(12) % 5
