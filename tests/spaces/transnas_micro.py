"""TransNAS-Bench-101's micro space for scene classification, as a stranger would add it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.edge_cell import EdgeCell
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError
from hwnas.spaces import graph_model

if TYPE_CHECKING:
    import torch

CELL = EdgeCell(
    edges=((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)),
    operations=("none", "skip", "conv_1x1", "conv_3x3"),
    absent="none",
    identity="skip",
    # A skip has the weights of a 1x1 convolution in three of the ten cells.
    weights=(0, 0.3, 1, 9),
    is_identity_at_input=False,
)
# Of the five modules of two cells, every other one halves the map and doubles the channels.
STEM_CHANNELS, MODULES, CELLS = 64, (2, 1, 2, 1, 2), 2


class TransNASMicro(SearchSpace):
    """TransNAS-Bench-101 micro: ``64-41414-3_12_103``, a digit for each edge into each node.

    References:
        Duan et al. 2021, TransNAS-Bench-101, https://arxiv.org/abs/2105.11871
    """

    name = "transnas_micro"
    title = "TransNAS-Bench-101 micro: cells of six edges, 4,096 strings (Duan et al. 2021)"
    datasets = ("class_scene",)
    genes = CELL.gene_names
    choice_names = CELL.choice_names
    independent_genes = tuple((edge,) for edge in range(6))
    cell_types = (CELL,)
    feature_sets = ("counts", "graph", "paths", "one_hot")
    input_shape = (3, 256, 256)
    n_outputs = 63

    def parse(self, text: str) -> Architecture:
        match = re.fullmatch(r"64-41414-([0-3])_([0-3]{2})_([0-3]{3})", text.strip())
        if match is None:
            raise ArchitectureError(f"A net must look like '64-41414-3_12_103'; got {text!r}.")
        return self.architecture([int(digit) for digit in "".join(match.groups())])

    def format(self, genotype: Sequence[int]) -> str:
        a, b, c, d, e, f = genotype
        return f"64-41414-{a}_{b}{c}_{d}{e}{f}"

    def all_genotypes(self) -> np.ndarray:
        return np.array(list(itertools.product(range(4), repeat=6)))

    def graph(self, arch: Architecture) -> OperationGraph:
        net = GraphBuilder(self.input_shape, stage="stem")
        node = net.same("batch_norm", net.conv(-1, STEM_CHANNELS // 2, kernel=3, stride=2))
        node = _relu_conv_bn(net, node, STEM_CHANNELS, kernel=3, stride=2)
        for number, factor in enumerate(MODULES, start=1):
            net.stage, channels = f"stage{number}", factor * net.shape(node)[0]
            for step in (factor, *[1] * (CELLS - 1)):
                node = CELL.lay_out(
                    arch.genotype, node, partial(_operate, net, channels, step), net.add
                )
        net.stage = "head"
        net.linear(net.global_avg_pool(node), self.n_outputs)
        return net.build()

    def build(self, arch: Architecture) -> torch.nn.Module:
        return graph_model(self.graph(arch))


def _operate(
    net: GraphBuilder, channels: int, step: int, node: int, name: str, is_from_input: bool
) -> int:
    stride = step if is_from_input else 1
    if name == "none":
        return net.zero(node, channels, stride)
    if name == "skip" and (stride, net.shape(node)[0]) == (1, channels):
        return net.same("identity", node)
    if name == "skip":
        relu = net.same("relu", node)
        halves = [net.conv(relu, channels // 2, kernel=1, stride=stride) for _ in range(2)]
        return net.same("batch_norm", net.concat(*halves))
    return _relu_conv_bn(net, node, channels, 3 if name == "conv_3x3" else 1, stride)


def _relu_conv_bn(net: GraphBuilder, node: int, channels: int, kernel: int, stride: int) -> int:
    return net.same("batch_norm", net.conv(net.same("relu", node), channels, kernel, stride))
