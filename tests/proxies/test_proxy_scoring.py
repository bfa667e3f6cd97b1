"""score(): what it leaves untouched, what it refuses, what it says of values it has not."""

from __future__ import annotations

import copy
import random
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402

from hwnas import proxies  # noqa: E402
from hwnas.errors import ConfigError, ShapeError, StateError, UnknownNameError  # noqa: E402
from hwnas.proxies.catalogue import Proxy  # noqa: E402


def _hooks(model: nn.Module) -> list[OrderedDict]:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [getattr(module, kind) for module in model.modules() for kind in kinds]


def _state(model: nn.Module) -> dict[str, Any]:
    return {
        "tensors": {name: value.clone() for name, value in model.state_dict().items()},
        "modes": [module.training for module in model.modules()],
        "in place": [getattr(module, "inplace", None) for module in model.modules()],
        "needs gradient": [parameter.requires_grad for parameter in model.parameters()],
        "identities": [id(parameter) for parameter in model.parameters()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "hooks": [len(hooks) for hooks in _hooks(model)],
    }


def _assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    torch.testing.assert_close(after.pop("tensors"), before.pop("tensors"), rtol=0, atol=0)
    assert after == before


def test_model_is_left_as_it_was(model: nn.Module, batch: tuple) -> None:
    model.eval()
    list(model.modules())[1].train()
    next(model.parameters()).requires_grad_(False)
    last = list(model.parameters())[-1]
    last.grad = torch.full_like(last, 3.0)
    before = _state(model)
    proxies.score(model, batch)
    _assert_same(before, _state(model))
    assert [p.grad is None for p in model.parameters()][:-1] == [True] * (
        len(list(model.parameters())) - 1
    )
    torch.testing.assert_close(last.grad, torch.full_like(last, 3.0))


def test_model_is_left_as_it_was_when_a_pass_fails(batch: tuple) -> None:
    class Fails(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.ReLU(inplace=True))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.body(x)
            raise RuntimeError("broken model")

    model = Fails().double().eval()
    before = _state(model)
    with pytest.raises(ConfigError, match="it fails with RuntimeError: broken model"):
        proxies.score(model, batch)
    _assert_same(before, _state(model))
    # No pass is needed for these.
    assert proxies.score(model, batch, ["params", "l2_norm"]).reasons == {}


@pytest.mark.parametrize("names", [None, ["zen"], ["nwot"]])
def test_images_that_the_model_does_not_take_are_told_once(names: list[str] | None) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 5))
    grey = torch.zeros(4, 1, 8, 8), torch.zeros(4, dtype=torch.long)
    with pytest.raises(ConfigError, match=r"of shape \(4, 1, 8, 8\) it fails with RuntimeError:"):
        proxies.score(model, grey, names)


def test_global_generators_are_left_as_they_were(batch: tuple) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.5), nn.Flatten(), nn.Linear(256, 5))
    torch.manual_seed(11)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    proxies.score(model, batch)
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert random.getstate() == states[2]


def test_batch_is_left_as_it_was(model: nn.Module, batch: tuple) -> None:
    images, labels = batch
    before = images.clone(), labels.clone()
    proxies.score(model, batch)
    assert torch.equal(images, before[0])
    assert torch.equal(labels, before[1])
    assert not images.requires_grad
    assert images.grad is None


def test_seed_decides_dropout_and_projections(batch: tuple) -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(256, 5)
    )
    first = proxies.score(model, batch, seed=1).values
    assert proxies.score(model, batch, seed=1).values == first
    other = proxies.score(model, batch, seed=2).values
    assert {name for name in first if first[name] == other[name]} == {
        "params", "macs", "l2_norm", "synflow", "nwot",
    }  # fmt: skip


def test_scores_do_not_depend_on_mode_or_frozen_weights(model: nn.Module, batch: tuple) -> None:
    first = proxies.score(model.train(), batch).values
    assert proxies.score(model.eval().requires_grad_(False), batch).values == first


def test_scores_can_be_taken_without_gradients_being_recorded(
    model: nn.Module, batch: tuple
) -> None:
    with torch.no_grad():
        inside = proxies.score(model, batch).values
    assert inside == proxies.score(model, batch).values


def test_arrays_do_as_well_as_tensors(model: nn.Module, batch: tuple) -> None:
    arrays = batch[0].numpy(), batch[1].numpy()
    assert proxies.score(model, arrays).values == proxies.score(model, batch).values


def test_only_what_is_asked_is_given_in_the_order_asked(model: nn.Module, batch: tuple) -> None:
    assert list(proxies.score(model, batch, ["zen", "nwot"]).values) == ["zen", "nwot"]


def _dead(bias: float = 0.0) -> nn.Module:
    """Zero weights: nothing flows, all logits are the bias."""
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 5)).double()
    for parameter in model.parameters():
        nn.init.constant_(parameter, bias)
    return model


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("synflow", "synaptic flow is zero"),
        ("jacob_cov", "gradient with respect to some image is constant"),
        ("epe_nas", "gradient with respect to some image is constant"),
        ("nwot", "activation codes of the minibatch are linearly dependent"),
    ],
)
def test_score_of_a_dead_network_is_unknown_with_a_reason(
    batch: tuple, name: str, reason: str
) -> None:
    scores = proxies.score(_dead(), batch, [name, "params"])
    assert scores.values[name] is None
    assert reason in scores.reasons[name]
    assert scores.values["params"] is not None
    assert list(scores.reasons) == [name]


def test_value_that_is_no_number_is_unknown_with_a_reason(batch: tuple) -> None:
    scores = proxies.score(_dead(bias=float("inf")), batch, ["l2_norm", "grad_norm"])
    assert scores.values == {"l2_norm": None, "grad_norm": None}
    assert scores.reasons["l2_norm"] == "its value is inf, no finite number"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nwot", "calls no ReLU module"), ("zen", "no feature maps before its classifier")],
)
def test_proxy_that_a_model_has_no_place_for_is_unknown(
    batch: tuple, name: str, reason: str
) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 5)).double()
    assert reason in proxies.score(model, batch, [name]).reasons[name]


class _Tokens(nn.Module):
    """Pixels as tokens, which a layer works on."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.stem, self.layer, self.head = nn.Conv2d(3, 4, 1), layer, nn.Linear(4, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer(self.stem(images).flatten(2).mT).mT.mean(2))


def test_normalisation_and_shared_weights_do_not_hide_the_macs() -> None:
    linear = nn.Linear(4, 4, bias=False)
    layer = nn.Sequential(linear, nn.LayerNorm((64, 4)), linear)
    scores = proxies.score(_Tokens(layer), proxies.noise(4, (3, 8, 8), 5), ["macs"])
    assert scores.values["macs"] == 64 * 12 + 64 * 2 * 16 + 20


def test_unknown_proxy_is_refused(model: nn.Module, batch: tuple) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'naswot'\. Did you mean 'nwot'"):
        proxies.score(model, batch, ["naswot"])


@pytest.mark.parametrize(
    ("images", "labels"),
    [((12, 192), (12,)), ((1, 3, 8, 8), (1,)), ((12, 3, 8, 8), (11,)), ((12, 3, 8, 8), (12, 5))],
)
def test_batch_of_another_shape_is_refused(
    model: nn.Module, images: tuple[int, ...], labels: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match=r"images of shape \(n_images, channels, height, width\)"):
        proxies.score(model, (torch.zeros(images), torch.zeros(labels)))


def test_labels_out_of_range_are_refused(model: nn.Module, batch: tuple) -> None:
    with pytest.raises(ConfigError, match="Labels must be 0 to 4, the model's classes; got 1 to 5"):
        proxies.score(model, (batch[0], batch[1] + 1), ["snip"])


def test_model_that_puts_out_something_else_is_refused(batch: tuple) -> None:
    with pytest.raises(ShapeError, match=r"logits of shape .* = \(12, n_classes\); got \(12, 3, 8"):
        proxies.score(nn.Conv2d(3, 3, 1).double(), batch, ["snip"])


def test_proxy_that_does_not_say_what_it_reads_is_told(
    model: nn.Module, batch: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = Proxy("forgetful", lambda passes: float(passes.noted("sum_input_gradient").sum()))
    assert "nwot" in list(proxies.PROXIES)
    monkeypatch.setitem(proxies.PROXIES._things, "forgetful", forgetful)
    with pytest.raises(StateError, match="must say so: @proxy\\('sum_input_gradient'\\)"):
        proxies.score(model, batch, ["forgetful"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")
def test_gpu_gives_the_scores_of_the_cpu(model: nn.Module, batch: tuple) -> None:
    on_cpu = proxies.score(model, batch).values
    on_gpu = proxies.score(copy.deepcopy(model).cuda(), batch).values
    assert on_gpu == pytest.approx(on_cpu, rel=1e-4)
