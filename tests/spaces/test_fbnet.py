"""FBNet's space: strings, classes, counts by hand, and rank against HELP's latencies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.graph import OperationGraph
from hwnas.errors import ArchitectureError
from hwnas.features.counting import count_genotypes
from hwnas.spaces.fbnet import OPERATIONS, SKIP, FBNet

_SPACE = FBNet()
_ALL_SKIPS = "8-8888-8888-8888-8888-8888-8"

genotypes = st.tuples(*[st.integers(0, SKIP)] * 22)


def _graph(text: str, dataset: str = "cifar100") -> OperationGraph:
    space = FBNet(dataset)
    return space.graph(space.parse(text))


def _added(text: str, dataset: str = "cifar100") -> tuple[int, int]:
    """Parameters and MACs beyond those of the net of skips."""
    graph, empty = _graph(text, dataset), _graph(_ALL_SKIPS, dataset)
    return graph.params - empty.params, graph.macs - empty.macs


def _canonical_text(text: str) -> str:
    """Skips last after the first layer of each stage; without a look at the space's own."""
    return "-".join(
        stage[0] + stage[1:].replace("8", "") + "8" * stage[1:].count("8")
        for stage in text.split("-")
    )


@pytest.mark.parametrize(
    ("dataset", "sides", "head", "n_classes"),
    [
        ("cifar100", (32, 32, 16, 8, 8, 4, 4), 1504, 100),
        ("imagenet", (112, 56, 28, 14, 14, 7, 7), 1984, 1000),
    ],
)
def test_params_and_macs_of_skips_by_hand(
    dataset: str, sides: tuple[int, ...], head: int, n_classes: int
) -> None:
    widths = (16, 24, 32, 64, 112, 184, 352)
    params = 27 * 16 + 2 * 16
    macs = 27 * 16 * sides[0] ** 2
    # The only layer of the first stage keeps 16 channels: its skip is the identity.
    for n_in, n_out, side in zip(widths[:-1], widths[1:], sides[1:], strict=True):
        params += n_in * n_out + 2 * n_out
        macs += n_in * n_out * side**2
    params += 352 * head + 2 * head + head * n_classes + n_classes
    macs += 352 * head * sides[-1] ** 2 + head * n_classes
    graph = _graph(_ALL_SKIPS, dataset)
    assert (graph.params, graph.macs) == (params, macs)


def test_layer_that_keeps_its_shape_by_hand() -> None:
    # Second layer of the second stage: k5_e6 at 24 channels, 32 x 32.
    inner = 6 * 24
    weights = 24 * inner + 25 * inner + inner * 24
    assert _added("8-8788-8888-8888-8888-8888-8") == (
        weights + 2 * (inner + inner + 24),
        weights * 32**2,
    )


def test_expansion_one_keeps_both_1x1_convolutions() -> None:
    weights = 24 * 24 + 9 * 24 + 24 * 24
    assert _added("8-8088-8888-8888-8888-8888-8") == (weights + 2 * 72, weights * 32**2)


def test_groups_halve_the_weights_of_both_1x1_convolutions() -> None:
    weights = 24 * 12 + 9 * 24 + 24 * 12
    assert _added("8-8188-8888-8888-8888-8888-8") == (weights + 2 * 72, weights * 32**2)


def test_first_layer_with_a_stride_takes_the_place_of_a_projection() -> None:
    # First layer of the second stage for ImageNet: k3_e3 from 16 to 24 channels, 112 to 56.
    inner = 3 * 16
    params = 16 * inner + 9 * inner + inner * 24 + 2 * (inner + inner + 24)
    macs = 112**2 * 16 * inner + 56**2 * (9 * inner + inner * 24)
    projection = (16 * 24 + 2 * 24, 56**2 * 16 * 24)
    assert _added("8-2888-8888-8888-8888-8888-8", "imagenet") == (
        params - projection[0],
        macs - projection[1],
    )


def test_channels_are_shuffled_between_grouped_convolutions_only() -> None:
    def n_shuffles(text: str) -> int:
        return sum(operation.kind == "channel_shuffle" for operation in _graph(text))

    assert n_shuffles("1-5151-8888-8888-8888-8888-1") == 6
    assert n_shuffles("0-2347-6666-8888-8888-8888-0") == 0


def test_a_projection_ends_in_a_relu() -> None:
    kinds = [operation.kind for operation in _graph(_ALL_SKIPS) if operation.stage == "stage2"]
    assert kinds == ["conv", "batch_norm", "relu", "identity", "identity", "identity"]


def test_macs_rank_published_fpga_latencies(upstream: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    folder = upstream / "HELP" / "data" / "fbnet"
    archs = np.array(torch.load(folder / "arch.pt", weights_only=True))
    latency_ms = np.array(torch.load(folder / "latency" / "fpga.pt", weights_only=True))
    assert archs.shape == (5000, 22)
    macs = count_genotypes(_SPACE, archs)[:, 1]
    assert stats.spearmanr(macs, latency_ms).statistic > 0.95


@given(genotypes)
def test_string_round_trips_and_canonical_form_has_skips_last(genotype: tuple[int, ...]) -> None:
    arch = _SPACE.architecture(genotype)
    assert _SPACE.parse(str(arch)) == arch
    assert str(_SPACE.canonical(arch)) == _canonical_text(str(arch))


def test_string_of_a_genotype_by_hand() -> None:
    names = ["k5_e6", "k3_e1", "skip", "k3_e1", "k3_e1_g2", *["k3_e3"] * 16, "k5_e1_g2"]
    genotype = [OPERATIONS.index(name) for name in names]
    assert _SPACE.format(genotype) == "7-0801-2222-2222-2222-2222-5"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8",
        _ALL_SKIPS.replace("-", ""),
        _ALL_SKIPS + "-",
        _ALL_SKIPS.replace("8", "9"),
        "8" * 22,
    ],
)
def test_malformed_string_is_refused(text: str) -> None:
    with pytest.raises(
        ArchitectureError, match=r"must be 22 digits from 0 to 8 in stages"
    ) as error:
        _SPACE.parse(text)
    assert "\n" not in str(error.value)
