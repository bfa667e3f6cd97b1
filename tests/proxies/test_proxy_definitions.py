"""Every proxy against its definition, and against values computed by hand."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from proxy_definitions import REFERENCES  # noqa: E402
from torch import nn  # noqa: E402

from hwnas import proxies  # noqa: E402
from hwnas.proxies.jacobian import correlation_within_classes  # noqa: E402
from hwnas.spaces.nasbench201 import NasBench201  # noqa: E402

SEED = 5


def _value(model: nn.Module, batch: tuple, name: str, seed: int = SEED) -> float:
    value = proxies.score(model, batch, [name], seed).values[name]
    assert value is not None
    return value


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_score_is_its_definition(model: nn.Module, batch: tuple, name: str) -> None:
    assert _value(model, batch, name) == pytest.approx(
        REFERENCES[name](model, batch, SEED), rel=1e-4
    )


def test_every_proxy_but_macs_has_a_definition_to_compare_with() -> None:
    assert set(proxies.PROXIES) - set(REFERENCES) == {"macs"}


def test_all_at_once_are_the_same_as_one_by_one(model: nn.Module, batch: tuple) -> None:
    together = proxies.score(model, batch, seed=SEED).values
    alone = {name: _value(model, batch, name) for name in proxies.PROXIES}
    assert together == pytest.approx(alone, rel=1e-9)


# Sums of plain and grasp cancel: their last digits are noise in single precision.
@pytest.mark.parametrize(
    "name", ["fisher", "grad_norm", "input_grad_norm", "l2_norm", "nwot", "snip", "synflow"]
)
def test_single_precision_is_close_to_the_definition(name: str) -> None:
    space = NasBench201(channels=4, cells=1)
    torch.manual_seed(0)
    model = space.build(space.sample(1, np.random.default_rng(3))[0])
    batch = proxies.photos(8, (3, 16, 16), 5)
    expected = REFERENCES[name](model, batch, SEED)
    assert _value(model, batch, name) == pytest.approx(expected, rel=1e-4)


class _Chain(nn.Module):
    """y = last * relu(first * x) for each of two classes, x being the only pixel."""

    def __init__(self, first: float, last: tuple[float, float]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(1, 2, bias=False)
        )
        with torch.no_grad():
            self.body[0].weight.fill_(first)
            self.body[3].weight.copy_(torch.tensor(last)[:, None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


# For x = 2 and x = -1 the hidden unit is 2 * 0.5 = 1 and 0; logits are (1, 3) and (0, 0).
_CHAIN = _Chain(0.5, (1.0, 3.0)).double()
_PIXELS = torch.tensor([2.0, -1.0], dtype=torch.float64).reshape(2, 1, 1, 1)
_LABELS = torch.tensor([0, 1])
# The first image's probability of class 1 is s = 1 / (1 + e^-2); its label is 0, so the mean
# loss's gradient in its logits is (-s, s) / 2. The second image's hidden unit is 0.
_S = 1 / (1 + math.exp(-2))
# In the classifier: +-s/2 times the hidden 1. In the hidden unit: s/2 (3 - 1) = s.
_BY_HAND = {
    "params": 3.0,
    "macs": 3.0,
    "l2_norm": 0.5 + math.sqrt(10),
    "grad_norm": _S * 2 + math.sqrt(2) * _S / 2,
    "snip": 0.5 * _S * 2 + (1 + 3) * _S / 2,
    "plain": 0.5 * _S * 2 + (3 - 1) * _S / 2,
    # Convolution: activation 1, gradient s. Classifier: activations 1 and 3, gradients -+s/2. The
    # second image adds 0; its logits are 0.
    "fisher": (_S**2 + (_S / 2) ** 2 + (3 * _S / 2) ** 2) / 4,
    # |0.5| (|1| + |3|) flows through the convolution, and the same through the classifier.
    "synflow": math.log(4.0),
    # Unit on and off: each image agrees with itself in the one unit, and with no other.
    "nwot": 0.0,
    # d loss / dx = s * 0.5 for the first image (times two images over two), 0 for the second.
    "input_grad_norm": (2 * _S * 0.5 + 0.0) / 2,
}


@pytest.mark.parametrize("name", sorted(_BY_HAND))
def test_score_of_a_chain_is_as_computed_by_hand(name: str) -> None:
    assert _value(_CHAIN, (_PIXELS, _LABELS), name) == pytest.approx(_BY_HAND[name], abs=1e-12)


def test_grasp_of_a_linear_classifier_is_as_computed_by_hand() -> None:
    # Logits (w x, 0), both images x = 1, labels 0 and 1, w = 1: with p = sigmoid(w), the loss has
    # gradient p - 1/2 and curvature p (1 - p) in the first weight, and the negative in the second.
    model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False)).double()
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[1.0], [0.0]]))
    p = 1 / (1 + math.exp(-1))
    # H = p (1 - p) [[1, -1], [-1, 1]], g = (p - 1/2) (1, -1), w = (1, 0).
    expected = -1.0 * p * (1 - p) * 2 * (p - 0.5)
    batch = torch.ones(2, 1, 1, 1, dtype=torch.float64), _LABELS
    assert _value(model, batch, "grasp") == pytest.approx(expected, abs=1e-12)


def _linear(matrix: torch.Tensor, side: int) -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(side * side, len(matrix), bias=False)).double()
    with torch.no_grad():
        model[1].weight.copy_(matrix)
    return model


def test_jacobian_norm_is_exact_where_all_directions_are_alike() -> None:
    # Rows of equal length at right angles: the norm of any projection by a unit vector is 3.
    batch = torch.randn(4, 1, 2, 2, dtype=torch.float64), torch.zeros(4)
    model = _linear(3 * torch.eye(4, dtype=torch.float64), 2)
    assert _value(model, batch, "jacobian_norm") == pytest.approx(3 * math.sqrt(4), rel=1e-12)


def test_jacobian_norm_is_unbiased() -> None:
    matrix = torch.randn(5, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    batch = torch.randn(64, 1, 3, 3, dtype=torch.float64), torch.zeros(64)
    model = _linear(matrix, 3)
    squares = [_value(model, batch, "jacobian_norm", seed) ** 2 for seed in range(50)]
    error = np.std(squares) / math.sqrt(len(squares))
    assert abs(np.mean(squares) - float(matrix.norm()) ** 2) < 4 * error


def test_jacob_cov_of_uncorrelated_gradients_is_the_highest_there_is() -> None:
    # With unit eigenvalues every image gives log(1 + k) + 1 / (1 + k).
    k, n_images = 1e-5, 3

    class Masked(nn.Module):
        """Each image's gradient is a row of a matrix whose rows do not correlate."""

        def __init__(self) -> None:
            super().__init__()
            rows = torch.tensor(
                [[1.0, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=torch.float64
            )
            self.register_buffer("rows", rows.reshape(3, 1, 2, 2))
            self.last = nn.Linear(4, 1, bias=False).double()
            nn.init.ones_(self.last.weight)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last((x * self.rows).flatten(1))

    batch = torch.randn(n_images, 1, 2, 2, dtype=torch.float64), torch.zeros(n_images)
    expected = -n_images * (math.log(1 + k) + 1 / (1 + k))
    assert _value(Masked(), batch, "jacob_cov") == pytest.approx(expected, rel=1e-9)


def test_epe_nas_joins_few_and_many_classes_in_two_ways() -> None:
    # Two classes; within each, correlations 1 and -1, and 1 and 0.
    gradients = np.array([[1.0, 2, 3, 4], [4, 3, 2, 1], [1, -1, 1, -1], [1, 1, -1, -1]])
    labels = np.array([0, 0, 1, 1])
    k = 1e-5
    first, second = 4 * math.log(1 + k), 2 * math.log(1 + k) + 2 * math.log(k)
    few = correlation_within_classes(gradients, labels, 10)
    many = correlation_within_classes(gradients, labels, 101)
    assert few == pytest.approx(abs(first) + abs(second), rel=1e-9)
    assert many == pytest.approx(2 * abs(first / 2 - second / 2) / 2, rel=1e-9)


def test_epe_nas_of_many_classes_leaves_single_images_out() -> None:
    gradients = np.random.default_rng(0).normal(size=(5, 6))
    some = correlation_within_classes(gradients[:4], np.array([0, 0, 1, 1]), 200)
    assert correlation_within_classes(gradients, np.array([0, 0, 1, 1, 2]), 200) == some


def test_zen_of_one_convolution_without_normalisation_is_as_computed_by_hand() -> None:
    # One 1x1 convolution: |w x - w (x + 0.01 e)| = 0.01 |w e| at each pixel.
    model = nn.Sequential(
        nn.Conv2d(1, 1, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2)
    ).double()
    batch = torch.zeros(2, 1, 3, 3, dtype=torch.float64), _LABELS
    generator = torch.Generator().manual_seed(SEED)
    weight = torch.randn(1, 1, 1, 1, generator=generator)
    torch.randn(2, 1, generator=generator)  # the classifier's
    torch.randn(2, 1, 3, 3, generator=generator)  # the images
    change = torch.randn(2, 1, 3, 3, generator=generator)
    expected = math.log(0.01 * float((weight * change).abs().sum()) / 2)
    assert _value(model, batch, "zen") == pytest.approx(expected, rel=1e-6)


def _deep(n_layers: int, weight: float) -> nn.Module:
    layers = [nn.Linear(4, 4, bias=False) for _ in range(n_layers)]
    for layer in layers:
        nn.init.constant_(layer.weight, weight)
    return nn.Sequential(nn.Flatten(), *layers)


@pytest.mark.parametrize(("n_layers", "weight"), [(5, 2.0), (400, 2.0), (600, 1.0), (400, 0.03)])
def test_synflow_of_deep_networks_neither_overflows_nor_vanishes(
    n_layers: int, weight: float
) -> None:
    # A layer multiplies the signal by 4 w: the output's sum is 4 (4 w)^n, and each layer's flow.
    expected = math.log(4 * n_layers) + n_layers * math.log(4 * weight)
    batch = torch.zeros(2, 1, 2, 2), _LABELS
    assert _value(_deep(n_layers, weight), batch, "synflow") == pytest.approx(expected, rel=1e-6)


def test_synflow_out_of_range_and_not_homogeneous_is_unknown() -> None:
    model = nn.Sequential(*_deep(300, 2.0), nn.Softplus(), *list(_deep(300, 2.0))[1:])
    scores = proxies.score(model, (torch.zeros(2, 1, 2, 2), _LABELS), ["synflow"])
    assert scores.values == {"synflow": None}
    assert "leaves the range of double precision" in scores.reasons["synflow"]


def test_macs_are_those_of_the_operation_graph() -> None:
    space = NasBench201(cells=1)
    arch = space.sample(1, np.random.default_rng(0))[0]
    graph = space.graph(arch)
    found = proxies.score(
        space.build(arch), proxies.noise(2, (3, 32, 32), 10), ["macs", "params"]
    ).values
    assert found == {"macs": graph.macs, "params": graph.params}


def test_a_layer_that_is_used_twice_works_twice(batch: tuple) -> None:
    layer = nn.Conv2d(3, 3, 1)
    model = nn.Sequential(layer, layer, nn.Flatten(), nn.Linear(192, 5)).double()
    assert _value(model, batch, "macs") == 2 * 9 * 64 + 192 * 5


def test_codes_of_an_inplace_relu_are_those_before_it(batch: tuple) -> None:
    torch.manual_seed(1)
    apart = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.LeakyReLU(-0.5), nn.Flatten(), nn.Linear(144, 5)
    ).double()
    in_place = copy.deepcopy(apart)
    in_place[1].inplace = True
    for name in ("nwot", "fisher"):
        assert _value(apart, batch, name) == _value(in_place, batch, name)
    assert in_place[1].inplace
