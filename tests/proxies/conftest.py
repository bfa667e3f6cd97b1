"""A small model to score, and a minibatch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from small_models import MODELS  # noqa: E402
from torch import nn  # noqa: E402

# Models this small are slower on several threads than on one.
torch.set_num_threads(1)

Batch = tuple[torch.Tensor, torch.Tensor]


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
