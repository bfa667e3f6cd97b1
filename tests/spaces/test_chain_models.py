"""Networks of the chain spaces: their counts, their functional classes, their export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.models.export import export_onnx
from hwnas.models.parity import PARITY_TOLERANCE
from hwnas.spaces import load_space
from hwnas.spaces.fbnet import FBNet
from hwnas.spaces.mnasnet import MnasNet
from hwnas.spaces.nasbench_macro import NasBenchMacro

torch = pytest.importorskip("torch", reason="torch is not installed")

_SPACES = [
    MnasNet(resolution=64),
    MnasNet(resolution=33, activation="silu"),
    NasBenchMacro(),
    FBNet("cifar100"),
    FBNet("imagenet"),
]
_IDS = ["mnasnet", "mnasnet-silu", "nasbench_macro", "fbnet-cifar100", "fbnet-imagenet"]


def _counts_by_running(model: torch.nn.Module, in_shape: tuple[int, ...]) -> tuple[int, int]:
    """Parameters, and MACs seen by the convolutions and linear layers as one image passes."""
    macs = 0

    def count(layer: torch.nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal macs
        # Each number put out is a dot product with one filter, or one row of the matrix.
        macs += output.numel() * layer.weight[0].numel()

    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    with torch.no_grad():
        model.eval()(torch.zeros(1, *in_shape))
    return sum(parameter.numel() for parameter in model.parameters()), macs


@pytest.mark.parametrize("space", _SPACES, ids=_IDS)
def test_graph_counts_what_the_model_holds_and_does(space: SearchSpace) -> None:
    for arch in space.sample(3, np.random.default_rng(5)):
        graph = space.graph(arch)
        counted = _counts_by_running(space.build(arch), graph.operations[0].in_shape)
        assert counted == (graph.params, graph.macs), str(arch)


def _randomise(model: torch.nn.Module, seed: int) -> None:
    """Give every weight and running statistic a random value."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
            # A variance must be positive, and one near 1 keeps the signal within range.
            tensor.copy_(noise.exp() if name.endswith("var") else 0.3 * noise)


def _working_layers(model: torch.nn.Module) -> list[torch.nn.Module]:
    return [layer for layer in model if not isinstance(layer, torch.nn.Identity)]


def _is_same_with_the_same_weights(
    space: SearchSpace, first: Architecture, second: Architecture
) -> bool:
    """Whether two networks compute the same when their layers in order weigh the same."""
    models = [space.build(arch).double().eval() for arch in (first, second)]
    _randomise(models[0], seed=0)
    for source, target in zip(*map(_working_layers, models), strict=True):
        target.load_state_dict(source.state_dict())
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        outputs = [model(images) for model in models]
    assert outputs[0].std() > 0
    return torch.equal(*outputs)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nasbench_macro", "02001102"),
        ("nasbench_macro", "00012201"),
        ("fbnet", "8-8817-2818-7885-0888-8184-8"),
        ("fbnet", "5-1818-8808-3838-8881-6683-7"),
    ],
)
def test_an_architecture_and_its_canonical_form_compute_the_same(name: str, text: str) -> None:
    space = load_space(name)
    arch = space.parse(text)
    canonical = space.canonical(arch)
    assert canonical != arch
    assert _is_same_with_the_same_weights(space, arch, canonical)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        # Three layers each: what a first layer skips is not what a later one does.
        ("nasbench_macro", ("01000000", "10000000")),
        ("fbnet", ("8-8088-8888-8888-8888-8888-8", "8-0888-8888-8888-8888-8888-8")),
    ],
)
def test_a_skip_that_changes_the_shape_is_another_network(
    name: str, texts: tuple[str, str]
) -> None:
    space = load_space(name)
    first, second = map(space.parse, texts)
    assert space.canonical(first) != space.canonical(second)
    assert space.graph(first).params != space.graph(second).params


def test_grouped_layers_of_fbnet_mix_all_channels() -> None:
    from hwnas.spaces import _blocks
    from hwnas.spaces._chains import InvertedResidual

    layer = InvertedResidual(8, kernel=3, expansion=1, stride=2, groups=2, expands_always=True)
    block = _blocks.InvertedResidualBlock(8, layer).double().eval()
    _randomise(block, seed=2)
    images = torch.randn(1, 8, 6, 6, generator=torch.Generator().manual_seed(3)).double()
    images.requires_grad_()
    # Without the shuffle, the last output channel would not see the first half of the input.
    block(images)[:, -1].sum().backward()
    assert (images.grad.abs().amax(dim=(0, 2, 3)) > 0).sum() > 4


def test_squeeze_excite_weighs_each_channel_by_one_number() -> None:
    from hwnas.spaces import _blocks

    module = _blocks.SqueezeExcite(6, 2, "relu").double()
    _randomise(module, seed=4)
    images = torch.randn(2, 6, 5, 5, generator=torch.Generator().manual_seed(5)).double()
    with torch.no_grad():
        ratios = (module(images) / images).flatten(2)
    torch.testing.assert_close(ratios, ratios[..., :1].expand_as(ratios))
    assert ((ratios > 0) & (ratios < 1)).all()


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("mnasnet", {}, "e1k3l1se-e6k3l2se-e6k5l2-e4k3l3se-e6k5l1-e4k5l4se-e6k3l1"),
        ("mnasnet", {"resolution": 65, "activation": "silu"}, "-".join(["e4k5l2se"] * 7)),
        ("nasbench_macro", {}, "12010220"),
        ("fbnet", {}, "7-8181-4888-7414-7327-3242-4"),
        ("fbnet", {"dataset": "imagenet"}, "1-5888-0123-4567-8888-1515-8"),
    ],
)
def test_exported_model_computes_what_the_torch_model_does(
    tmp_path: Path, name: str, options: dict[str, object], text: str
) -> None:
    space = load_space(name, **options)
    arch = space.parse(text)
    export = export_onnx(space, arch, tmp_path / "model.onnx")
    assert export.max_abs_error <= PARITY_TOLERANCE * export.output_scale
    assert export.input_shape == space.graph(arch).operations[0].in_shape
