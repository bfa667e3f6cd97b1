"""Models made from operation graphs: the same network as the one a space builds itself."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from hwnas.core.graph import GraphBuilder, OperationGraph  # noqa: E402
from hwnas.core.operation import Operation  # noqa: E402
from hwnas.errors import ConfigError  # noqa: E402
from hwnas.spaces import graph_model, load_space  # noqa: E402

SPACES = {
    "nasbench201": {"channels": 4, "cells": 1},
    "nasbench_macro": {},
    "fbnet": {},
    "mnasnet": {"resolution": 64},
}


@pytest.mark.parametrize("name", list(SPACES))
def test_it_computes_what_the_space_builds(name: str) -> None:
    space = load_space(name, **SPACES[name])
    for arch in space.sample(3, np.random.default_rng(1)):
        theirs, ours = space.build(arch).eval(), graph_model(space.graph(arch)).eval()
        with torch.no_grad():
            # Both hold their parameters in the order of the network, as a vector or a window.
            for mine, given in zip(ours.parameters(), theirs.parameters(), strict=True):
                mine.copy_(given.reshape(mine.shape))
            images = torch.randn(2, *space.input_shape)
            torch.testing.assert_close(ours(images), theirs(images), rtol=1e-4, atol=1e-5)


def test_concatenation_zeros_and_both_pools_have_the_shapes_of_the_graph() -> None:
    net = GraphBuilder((2, 9, 9))
    pools = net.concat(net.avg_pool(-1, 3, 2), net.max_pool(-1, 3, 2), net.zero(-1, 5, 2))
    wide = net.conv(pools, 3, kernel=(1, 5), dilation=2)
    model, graph = graph_model(net.build()), net.build()
    images = torch.arange(2 * 162.0).reshape(2, 2, 9, 9)
    assert model(images).shape == (2, *graph.operations[wide].out_shape)
    joined = torch.cat(
        [
            torch.nn.functional.avg_pool2d(images, 3, 2, 1, count_include_pad=False),
            torch.nn.functional.max_pool2d(images, 3, 2, 1),
            torch.zeros(2, 5, 5, 5),
        ],
        dim=1,
    )
    torch.testing.assert_close(
        model(images), torch.nn.functional.conv2d(
            joined, model.operators[wide].weight, padding=(0, 4), dilation=2
        ),
    )  # fmt: skip


def test_patches_lie_side_by_side() -> None:
    net = GraphBuilder((3, 16, 16))
    net.conv(-1, 8, kernel=4, stride=4)
    model = graph_model(net.build())
    images = torch.randn(1, 3, 16, 16)
    torch.testing.assert_close(
        model(images), torch.nn.functional.conv2d(images, model.operators[0].weight, stride=4)
    )


def test_an_operator_without_a_module_is_refused() -> None:
    graph = OperationGraph((Operation("matmul", (-1, -1), (4, 8), (1, 4, 4)),))
    with pytest.raises(ConfigError, match=r"must be one of conv, .*; got 'matmul'\. Write the spa"):
        graph_model(graph)


def test_a_window_that_is_padded_on_one_side_alone_is_refused() -> None:
    net = GraphBuilder((3, 8, 8))
    net.conv(-1, 4, kernel=2)
    with pytest.raises(ConfigError, match=r"alike on opposite sides; a conv of \(3, 8, 8\) to"):
        graph_model(net.build())
