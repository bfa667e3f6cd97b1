"""Every registered proxy keeps the contract, and a broken one is told what it breaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from hwnas.proxies import PROXIES, Proxy, UndefinedScore  # noqa: E402
from hwnas.proxies._passes import Passes  # noqa: E402
from hwnas.testing import check_proxy  # noqa: E402


@pytest.mark.parametrize("name", list(PROXIES))
def test_registered_proxy_keeps_the_contract(name: str) -> None:
    check_proxy(name)


def _first_layer(passes: Passes) -> torch.nn.Module:
    return next(iter(passes.layers.values()))


def _undocumented(passes: Passes) -> float:  # noqa: ARG001
    return 1.0


def _writes_weights(passes: Passes) -> float:
    """References: https://example.org."""
    with torch.no_grad():
        _first_layer(passes).weight.add_(1.0)
    return 1.0


def _writes_statistics(passes: Passes) -> float:
    """References: https://example.org."""
    passes.model.train()
    passes.model(passes.images)
    return 1.0


def _leaves_gradients(passes: Passes) -> float:
    """References: https://example.org."""
    for parameter in passes.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    return 1.0


def _leaves_a_hook(passes: Passes) -> float:
    """References: https://example.org."""
    _first_layer(passes).register_forward_hook(lambda *_: None)
    return 1.0


def _switches_the_mode(passes: Passes) -> float:
    """References: https://example.org."""
    passes.model.eval()
    return 1.0


def _draws(passes: Passes) -> float:
    """References: https://example.org."""
    return float(torch.rand(1)) * len(passes.images)


def _draws_for_itself(passes: Passes) -> float:
    """References: https://example.org."""
    generator = torch.Generator()
    generator.seed()
    return float(torch.rand(1, generator=generator)) + len(passes.images)


def _looks_at_the_others(passes: Passes) -> float:
    """References: https://example.org."""
    return float(len(passes._reads))


def _has_no_reason(passes: Passes) -> float:  # noqa: ARG001
    """References: https://example.org."""
    raise UndefinedScore("")


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (_undocumented, "must have References with a link"),
        (_writes_weights, "must leave the model's weights and buffers as they were"),
        (_writes_statistics, "must leave the model's weights and buffers as they were"),
        (_leaves_gradients, "must leave the model's gradients as they were"),
        (_leaves_a_hook, "must leave the model's hooks as they were"),
        (_switches_the_mode, "must leave the model's modes as they were"),
        (_draws, "must leave torch's global generator as it was"),
        (_draws_for_itself, "must be the same for the same seed"),
        (_looks_at_the_others, "must not depend on the others asked"),
        (_has_no_reason, "must give a reason where it has no value"),
    ],
)
def test_broken_proxy_is_told_what_must_hold(
    function: Callable[[Passes], float], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nwot" in PROXIES
    monkeypatch.setitem(PROXIES._things, "broken", Proxy("broken", function))
    with pytest.raises(AssertionError, match=sentence):
        check_proxy("broken")
