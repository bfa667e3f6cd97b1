"""Models and minibatches as people have them: what has no value says why, the rest stays."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from small_models import small_net  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from hwnas import proxies  # noqa: E402
from hwnas.errors import ConfigError, ShapeError  # noqa: E402
from hwnas.proxies.catalogue import Proxy  # noqa: E402

TOKENS, WIDTH, HEADS = 16, 8, 2


class _Attends(nn.Module):
    """Four by four patches that attend to each other, in one of several ways."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.stem, self.head = nn.Conv2d(3, WIDTH, 2, 2), nn.Linear(WIDTH, 5)
        if how == "module":
            self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        else:
            self.projection = nn.Linear(WIDTH, 3 * WIDTH, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = self.stem(images).flatten(2).mT
        return self.head(self._mixed(tokens).mean(1))

    def _mixed(self, tokens: torch.Tensor) -> torch.Tensor:
        if self.how == "module":
            return self.attention(tokens, tokens, tokens, need_weights=False)[0]
        split = self.projection(tokens).unflatten(-1, (3, HEADS, WIDTH // HEADS))
        query, key, value = split.permute(2, 0, 3, 1, 4)
        if self.how == "function":
            mixed = functional.scaled_dot_product_attention(query, key, value)
        elif self.how == "einsum":
            scores = torch.einsum("bhid,bhjd->bhij", query, key)
            mixed = torch.einsum("bhij,bhjd->bhid", scores.softmax(-1), value)
        else:
            mixed = (query @ key.mT).softmax(-1) @ value
        return mixed.transpose(1, 2).flatten(2)


_STEM_AND_HEAD = TOKENS * 12 * WIDTH + WIDTH * 5
_PROJECTIONS = TOKENS * WIDTH * 3 * WIDTH
_PAIRS = 2 * TOKENS * TOKENS * WIDTH
_OUT = TOKENS * WIDTH * WIDTH


def _macs_by_torch(model: nn.Module, images: torch.Tensor) -> float:
    """Half of the floating-point operations that torch's own counter sees of one image."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        copy.deepcopy(model)(images)
    return counter.get_total_flops() / 2 / len(images)


def _macs(model: nn.Module, batch: tuple) -> float | None:
    return proxies.score(model, batch, ["macs"]).values["macs"]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("function", _STEM_AND_HEAD + _PROJECTIONS + _PAIRS),
        ("einsum", _STEM_AND_HEAD + _PROJECTIONS + _PAIRS),
        ("products", _STEM_AND_HEAD + _PROJECTIONS + _PAIRS),
        ("module", _STEM_AND_HEAD + _PROJECTIONS + _PAIRS + _OUT),
    ],
)
def test_macs_of_attention_are_those_counted_by_hand_and_by_torch(
    how: str, expected: int, batch: tuple
) -> None:
    model = _Attends(how).double()
    assert _macs(model, batch) == expected
    assert _macs_by_torch(model, batch[0]) == expected


def _net(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(5)).double()


LAYERS = {
    # Each number put out meets a filter over all, or its group's, channels.
    "conv1d": (_net(nn.Flatten(2), nn.Conv1d(3, 4, 5)), 4 * 60 * 15 + 4 * 60 * 5),
    "conv3d": (_net(nn.Unflatten(1, (1, 3)), nn.Conv3d(1, 2, 3)), 2 * 36 * 27 + 72 * 5),
    "grouped": (_net(nn.Conv2d(3, 6, 3, groups=3)), 6 * 36 * 9 + 216 * 5),
    # Each number taken in meets the filters of its group: 4 x 3 x 3, and half of that.
    "transposed": (_net(nn.ConvTranspose2d(3, 4, 3, stride=2)), 3 * 64 * 36 + 4 * 17 * 17 * 5),
    "transposed, grouped": (
        _net(nn.Conv2d(3, 4, 1), nn.ConvTranspose2d(4, 4, 2, stride=2, groups=2)),
        64 * 12 + 4 * 64 * 8 + 4 * 256 * 5,
    ),
    "linear on a sequence": (_net(nn.Flatten(2), nn.Linear(64, 7)), 3 * 64 * 7 + 21 * 5),
}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_macs_of_layers_are_those_counted_by_hand_and_by_torch(name: str, batch: tuple) -> None:
    model, expected = LAYERS[name]
    model(batch[0])
    assert _macs(model, batch) == expected
    assert _macs_by_torch(model, batch[0]) == expected


class _Transformed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(192, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.last(torch.fft.fft2(images).real.flatten(1))


def test_macs_are_unknown_where_nobody_counts_an_operator(batch: tuple) -> None:
    scores = proxies.score(_Transformed().double(), batch, ["macs", "params"])
    assert scores.values == {"macs": None, "params": 965.0}
    assert (
        "nobody counts the multiply-accumulates of operator 'aten::_fft" in (scores.reasons["macs"])
    )


def test_macs_that_are_not_of_one_image_are_unknown(batch: tuple) -> None:
    class Positions(nn.Module):
        """Adds what it computes once for the whole minibatch."""

        def __init__(self) -> None:
            super().__init__()
            self.places, self.last = nn.Linear(1, 192), nn.Linear(192, 5)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.last(images.flatten(1) + self.places(images.new_ones(1, 1)))

    model = Positions().double()
    seven = batch[0][:7], batch[1][:7]
    assert "not those of one image" in proxies.score(model, seven, ["macs"]).reasons["macs"]


class _InPlace(nn.Module):
    """Its own code changes what a convolution puts out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 2, 1), nn.Linear(128, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.conv(x).relu_().flatten(1))


class _Functional(nn.Module):
    """One ReLU as a module, another as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu, self.last = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(144, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(functional.relu(self.relu(self.conv(x)) - 0.5).flatten(1))


class _Normalised(nn.Module):
    """Normalisation over the minibatch, called as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 4, 3), nn.Linear(144, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = functional.batch_norm(self.conv(x), None, None, training=True)
        return self.last(maps.flatten(1))


class _Fixed(torch.autograd.Function):
    """What has no gradient in the images, and says so by an exception."""

    @staticmethod
    def forward(_: Any, images: torch.Tensor) -> torch.Tensor:
        return images.clone()

    @staticmethod
    def backward(*_: Any) -> torch.Tensor:
        raise RuntimeError("images are fixed")


class _FixedImages(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rest = small_net()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rest(_Fixed.apply(x))


def _hard_sigmoid() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Hardsigmoid(), nn.Flatten(), nn.Linear(144, 5))


def _normalised_together() -> nn.Module:
    return nn.SyncBatchNorm.convert_sync_batchnorm(small_net())


def _computed_weights() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.utils.parametrizations.weight_norm(nn.Linear(192, 5)), nn.ReLU()
    )


NULLS: dict[str, tuple[Any, str, str]] = {
    "second derivative": (_hard_sigmoid, "grasp", "derivative for aten::hardsigmoid_backward is n"),
    "in place": (_InPlace, "fisher", "the model's own code changes the output of a Conv2d in plac"),
    "functional": (_Functional, "nwot", "calls aten::relu outside of activation modules"),
    "functional scale": (_Normalised, "zen", "outside of normalisation modules"),
    "functional flow": (_Normalised, "synflow", "outside of normalisation modules"),
    "synchronised": (_normalised_together, "zen", "'1' is a SyncBatchNorm, whose scale"),
    "attention's maps": (lambda: _Attends("module"), "zen", "in_proj_weight' is no weight of a c"),
    "attention's outputs": (lambda: _Attends("module"), "fisher", "without a call of its layer"),
    "no layers": (nn.Flatten, "snip", "the model has no convolution or linear layer"),
    "no layers, norm": (nn.Flatten, "l2_norm", "the model has no convolution or linear layer"),
    "computed weights": (_computed_weights, "grad_norm", "weight of layer '1' is computed from"),
    "linear": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 5)),
        "jacob_cov",
        "the same with",
    ),
}


@pytest.mark.parametrize("case", sorted(NULLS))
def test_what_one_proxy_cannot_do_leaves_the_others_as_they_are(case: str, batch: tuple) -> None:
    make, name, reason = NULLS[case]
    torch.manual_seed(2)
    model = make().double()
    scores = proxies.score(model, batch)
    assert scores.values[name] is None
    assert reason in scores.reasons[name]
    known = {other: value for other, value in scores.values.items() if value is not None}
    assert proxies.score(model, batch, list(known)).values == known
    assert "params" in known


def test_what_others_read_does_not_lose_a_proxy(batch: tuple) -> None:
    model = _FixedImages().double()
    scores = proxies.score(model, batch)
    assert {name for name, reason in scores.reasons.items() if "images are fixed" in reason} == {
        "jacob_cov", "epe_nas", "jacobian_norm", "input_grad_norm",
    }  # fmt: skip
    for name in ("snip", "fisher", "nwot", "macs"):
        assert scores.values[name] == proxies.score(model, batch, [name]).values[name] is not None


def test_normalisation_of_single_images_is_a_module_too(batch: tuple) -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)
    ).double()
    assert proxies.score(model, batch, ["zen", "synflow"]).reasons == {}


def test_grasp_goes_through_attention(batch: tuple) -> None:
    from proxy_definitions import grasp

    model = _Attends("function").double()
    value = proxies.score(model, batch, ["grasp"]).values["grasp"]
    assert value == pytest.approx(grasp(model, batch, 0), rel=1e-4)


def test_weights_of_attention_count_among_the_others(batch: tuple) -> None:
    model = _Attends("module").double()
    expected = sum(float(p.detach().norm()) for p in model.parameters() if p.ndim > 1)
    assert proxies.score(model, batch, ["l2_norm"]).values["l2_norm"] == pytest.approx(expected)


def test_fisher_of_a_transposed_convolution_counts_each_weight_once(batch: tuple) -> None:
    model = _net(nn.ConvTranspose2d(3, 4, 2, stride=2))
    model(batch[0])
    saliency = _channel_saliencies(model, batch)
    expected = float(saliency[0].sum() * 12 + saliency[1].sum() * 1024)
    assert proxies.score(model, batch, ["fisher"]).values["fisher"] == pytest.approx(expected)


def _channel_saliencies(model: nn.Module, batch: tuple) -> list[torch.Tensor]:
    first, last = model[0](batch[0]).detach().requires_grad_(), model[2]
    logits = last(first.flatten(1))
    loss = functional.cross_entropy(logits, batch[1])
    gradients = torch.autograd.grad(loss, [first, logits])
    return [
        (out.detach() * gradient).flatten(2).sum(2).square().mean(0) / 2
        if out.ndim > 2
        else (out.detach() * gradient).square().mean(0) / 2
        for out, gradient in zip((first, logits), gradients, strict=True)
    ]


@pytest.mark.parametrize(
    "error", [RuntimeError("no\nmore"), NotImplementedError(), ZeroDivisionError]
)
def test_any_exception_of_a_proxy_is_its_reason(
    error: Any, batch: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Any) -> float:
        raise error

    assert "nwot" in list(proxies.PROXIES)
    monkeypatch.setitem(proxies.PROXIES._things, "breaks", Proxy("breaks", breaks))
    model = small_net().double()
    scores = proxies.score(model, batch, ["snip", "breaks", "zen"])
    assert scores.values["breaks"] is None
    kind = error if isinstance(error, type) else type(error)
    assert scores.reasons["breaks"].startswith(kind.__name__)
    assert "\n" not in scores.reasons["breaks"]
    others = proxies.score(model, batch, ["snip", "zen"]).values
    assert {name: scores.values[name] for name in others} == others


def test_one_image_a_class_has_no_correlation_within_classes() -> None:
    scores = proxies.score(small_net(), proxies.noise(5, (3, 8, 8), 5), ["epe_nas"])
    assert scores.reasons == {"epe_nas": "no class has two images in the minibatch"}


def test_one_class_among_many_has_no_other_to_differ_from() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 101))
    images, _ = proxies.noise(6, (3, 8, 8), 5)
    scores = proxies.score(model, (images, torch.zeros(6).long()), ["epe_nas"])
    assert scores.reasons == {"epe_nas": "only one class has two images in the minibatch"}


@pytest.mark.parametrize("name", ["nwot", "jacob_cov", "epe_nas"])
def test_images_that_are_all_the_same_tell_no_network_from_another(name: str) -> None:
    model = nn.Sequential(small_net()[:4], nn.Dropout(0.5), small_net()[4:])
    batch = torch.ones(6, 3, 8, 8), torch.arange(6) % 3
    scores = proxies.score(model, batch, [name])
    assert "the same" in scores.reasons[name]


@pytest.mark.parametrize("name", ["jacobian_norm", "input_grad_norm"])
def test_a_dead_network_is_not_the_most_robust(name: str, batch: tuple) -> None:
    model = small_net().double()
    nn.init.zeros_(model[-1].weight)
    assert proxies.score(model, batch, [name]).reasons == {
        name: "the output does not depend on the images"
    }


@pytest.mark.parametrize("name", ["snip", "plain", "grad_norm", "fisher", "grasp"])
def test_where_nothing_flows_no_weight_is_salient(name: str, batch: tuple) -> None:
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 1)).double()
    # One class: the loss is 0 whatever the weights.
    scores = proxies.score(model, (batch[0], torch.zeros(12).long()), [name])
    assert scores.reasons == {name: "no gradient of the loss reaches a weight"}


def test_weights_that_are_no_numbers_give_no_numbers(batch: tuple) -> None:
    model = small_net().double()
    nn.init.constant_(model[0].weight, math.nan)
    scores = proxies.score(model, batch)
    assert {name for name, value in scores.values.items() if value is not None} == {
        "params", "macs", "zen",
    }  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_counts_codes_exactly(dtype: torch.dtype) -> None:
    # 4,096 units that are all on in both images, but for one: half precision ends at 2,048.
    images = torch.ones(2, 1, 64, 64)
    images[1, 0, 0, 0] = -1.0
    model = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4096, 2)).to(dtype)
    value = proxies.score(model, (images, torch.arange(2)), ["nwot"]).values["nwot"]
    assert value == pytest.approx(math.log(4096**2 - 4095**2))


def test_what_is_set_around_the_call_changes_no_score(batch: tuple) -> None:
    model = small_net()
    single = batch[0].float(), batch[1]
    expected = proxies.score(model, single).values
    with torch.inference_mode():
        assert proxies.score(model, (single[0] * 1, single[1] * 1)).values == expected
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert proxies.score(model, single).values == expected
    torch.set_default_dtype(torch.float64)
    try:
        assert proxies.score(model, single).values == expected
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.device("meta"):
        assert proxies.score(model, single).values == expected


def test_images_last_in_channels_score_the_same(batch: tuple) -> None:
    model = small_net().double()
    last = batch[0].contiguous(memory_format=torch.channels_last)
    assert proxies.score(model, (last, batch[1])).values == proxies.score(model, batch).values


def test_whole_numbers_do_as_labels_whatever_their_type(batch: tuple) -> None:
    model, names = small_net().double(), ["snip", "epe_nas"]
    expected = proxies.score(model, batch, names).values
    for labels in (batch[1].numpy().astype(np.uint8), batch[1].tolist(), batch[1].double()):
        assert proxies.score(model, (batch[0], labels), names).values == expected


class _Keyword(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(192, 5)

    def forward(self, *, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.last(pixel_values.flatten(1))


class _Told(nn.Module):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind, self.last = kind, nn.Linear(192, 5)

    def forward(self, x: torch.Tensor) -> Any:
        return self.kind(self.last(x.flatten(1)))


IMAGES, LABELS = torch.randn(4, 3, 8, 8), torch.arange(4)
LINEAR = nn.Sequential(nn.Flatten(), nn.Linear(192, 5))
REFUSED: dict[str, tuple[Any, Any, str]] = {
    "no module": (abs, (IMAGES, LABELS), r"must be a torch\.nn\.Module; got a builtin_function"),
    "a class": (nn.Flatten, (IMAGES, LABELS), "got the class Flatten; call it"),
    "DataParallel": (
        nn.DataParallel(LINEAR),
        (IMAGES, LABELS),
        r"in DataParallel\. Give its \.mod",
    ),
    "keyword": (_Keyword(), (IMAGES, LABELS), r"as its one argument, by position.*pixel_values"),
    "lazy": (nn.LazyLinear(5), (IMAGES, LABELS), "lazy layers that were never called"),
    "meta": (LINEAR.__class__(nn.Linear(2, 2, device="meta")), (IMAGES, LABELS), "are on meta"),
    "a dict": (_Told(lambda x: {"logits": x}), (IMAGES, LABELS), "got dict. Wrap it in a module"),
    "a pair": (_Told(lambda x: (x, x)), (IMAGES, LABELS), "got tuple. Wrap it in a module"),
    "a loader": (
        LINEAR,
        DataLoader(TensorDataset(IMAGES, LABELS), 2),
        r"got a DataLoader\. Take one with hwnas\.proxies\.take",
    ),
    "images alone": (LINEAR, IMAGES, r"an array of shape \(4, 3, 8, 8\), without labels"),
    "three things": (LINEAR, (IMAGES, LABELS, LABELS), "got 3 things. Give"),
    "no labels": (LINEAR, (IMAGES, None), "Labels must be a tensor or an array; got None"),
    "a mapping": (LINEAR, {"images": IMAGES}, r"got a dict\. Give \(images, labels\)"),
    "bytes of images": (
        LINEAR,
        (IMAGES.byte(), LABELS),
        r"floating-point numbers; got torch.uint8",
    ),
    "nan": (LINEAR, (IMAGES * math.nan, LABELS), "some are NaN or infinite"),
    "shares": (LINEAR, (IMAGES, LABELS / 3), "Labels must be whole numbers"),
    "one image": (LINEAR, (IMAGES[:1], LABELS[:1]), "n_images of 2 or more"),
    "one-hot": (LINEAR, (IMAGES, torch.eye(4)), r"labels of shape \(n_images,\)"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_scored_is_refused_in_one_line(case: str) -> None:
    model, batch, words = REFUSED[case]
    with pytest.raises((ConfigError, ShapeError), match=words) as raised:
        proxies.score(model, batch, ["snip"])
    assert "\n" not in str(raised.value)


def test_a_compiled_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="must not be compiled"):
        proxies.score(torch.compile(LINEAR, backend="eager"), (IMAGES, LABELS))


def test_a_text_is_no_list_of_proxies() -> None:
    with pytest.raises(ConfigError, match="names must be a list; got the text 'snip'"):
        proxies.score(LINEAR, (IMAGES, LABELS), "snip")


def test_a_loader_of_something_else_is_told() -> None:
    with pytest.raises(ConfigError, match="must be a pair of images and labels; got dict"):
        proxies.take([{"image": IMAGES}], 2)
    with pytest.raises(ConfigError, match="n_images must be at least 1; got 0"):
        proxies.take([(IMAGES, LABELS)], 0)


def test_a_batch_of_a_loader_is_scored() -> None:
    loader = DataLoader(TensorDataset(IMAGES, LABELS), 2)
    found = proxies.score(LINEAR, proxies.take(loader, 4), ["snip"]).values
    assert found == proxies.score(LINEAR, (IMAGES, LABELS), ["snip"]).values
