"""The contract of proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.proxies import PROXIES, noise, score
from hwnas.testing._require import require

if TYPE_CHECKING:
    from torch import nn

# Single precision may round a batch in another order differently, and no more than that.
_SCORE_TOLERANCE = 1e-4


def check_proxy(
    name: str, model: nn.Module | None = None, batch: tuple[Any, Any] | None = None
) -> None:
    """Assert that a registered proxy keeps the contract of ``Proxy``; needs torch.

    It checks that

    - its docstring tells the paper, with a link;
    - it gives a finite number for a small classifier, or says why it has none;
    - asked twice, from another state of the global generators, or beside all other proxies, it
      gives the same number for the same seed;
    - it leaves the model as it was: weights, buffers, gradients, modes, hooks and attributes;
    - it leaves torch's global generator as it was.

    Args:
        name: Its name.
        model: A classifier; by default a small one with convolutions, batch normalisation, ReLU
            in place, global pooling and a linear layer, for images of ``3 x 8 x 8``.
        batch: Images and labels for the model; by default eight images of noise.

    Raises:
        UnknownNameError: There is no such proxy.
        AssertionError: A sentence on what must hold and what was found instead.
    """
    import torch

    doc = PROXIES[name].doc
    require(
        "References:" in doc and "https://" in doc,
        f"The docstring of proxy {name} must have References with a link; it has none.",
    )
    model = model or _small_classifier()
    batch = batch or noise(8, (3, 8, 8), 5)
    first = _score_untouched(name, model, batch)
    torch.rand(3)
    again = score(model, batch, [name]).values[name]
    require(
        _is_same_score(first, again),
        f"Proxy {name} must be the same for the same seed; it was {first}, then {again}.",
    )
    together = score(model, batch).values[name]
    require(
        _is_same_score(first, together),
        f"Proxy {name} must not depend on the others asked; it was {first} alone and {together} "
        "with all.",
    )


def _score_untouched(name: str, model: nn.Module, batch: tuple[Any, Any]) -> float | None:
    """A proxy's value, checked to come with no trace and, if it is None, with a reason."""
    import torch

    before, generator = _model_state(model), torch.get_rng_state()
    scores = score(model, batch, [name])
    for part, found in _model_state(model).items():
        require(
            _is_equal(found, before[part]),
            f"Proxy {name} must leave the model's {part} as they were; it changed them.",
        )
    require(
        torch.equal(torch.get_rng_state(), generator),
        f"Proxy {name} must leave torch's global generator as it was; it drew from it.",
    )
    value, reason = scores.values[name], scores.reasons.get(name)
    require(
        (value is None) == bool(reason),
        f"Proxy {name} must give a reason where it has no value, and only there; "
        f"got {value} and {reason!r}.",
    )
    return value


def _small_classifier() -> nn.Module:
    import torch
    from torch import nn

    with torch.random.fork_rng([]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
            nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
        )  # fmt: skip


def _model_state(model: nn.Module) -> dict[str, list[Any]]:
    """All that a proxy may not change, by what it is called."""
    modules, parameters = list(model.modules()), list(model.parameters())
    return {
        "weights and buffers": [value.clone() for value in model.state_dict().values()],
        "gradients": [None if each.grad is None else each.grad.clone() for each in parameters],
        "parameters": [(id(each), each.requires_grad) for each in parameters],
        "modes": [(each.training, getattr(each, "inplace", None)) for each in modules],
        "attributes": [sorted(vars(each)) for each in modules],
        "hooks": [
            len(hooks)
            for each in modules
            for kind, hooks in sorted(vars(each).items())
            if kind.endswith("_hooks") and hooks is not None
        ],
    }


def _is_equal(first: list[Any], second: list[Any]) -> bool:
    import torch

    def is_same(one: Any, other: Any) -> bool:
        if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
            return torch.equal(one, other)
        return type(one) is type(other) and bool(one == other)

    return len(first) == len(second) and all(map(is_same, first, second))


def _is_same_score(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    # Passes that note down more may sum in another order, in single precision.
    return bool(np.isclose(first, second, rtol=_SCORE_TOLERANCE, atol=_SCORE_TOLERANCE))
