"""Spaces that are no chains of independent layers: wiring that is searched, depth that is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.cell import LabelledGraph, SearchedCell
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError
from hwnas.spaces import graph_model

if TYPE_CHECKING:
    import torch


def conv_bn_relu(net: GraphBuilder, node: int, channels: int, kernel: int, stride: int = 1) -> int:
    conv = net.conv(node, channels, kernel, stride)
    return net.same("relu", net.same("batch_norm", conv))


class Digits(SearchSpace):
    """Strings are the genes, a digit each."""

    datasets = ("cifar10",)
    input_shape = (3, 16, 16)
    n_outputs = 10

    def parse(self, text: str) -> Architecture:
        if not text.isascii() or not text.isdigit():
            raise ArchitectureError(f"A net must be digits; got {text!r}.")
        return self.architecture([int(digit) for digit in text])

    def format(self, genotype: Sequence[int]) -> str:
        return "".join(map(str, genotype))

    def build(self, arch: Architecture) -> torch.nn.Module:
        return graph_model(self.graph(arch))


N_NODES = 5
PAIRS = tuple(itertools.combinations(range(N_NODES), 2))
NODE_OPERATIONS = ("conv_1x1", "conv_3x3", "max_pool")


def wire(genotype: Sequence[int]) -> LabelledGraph:
    """Edges where a bit is set; an operation on each of the three inner nodes."""
    bits, operations = genotype[: len(PAIRS)], genotype[len(PAIRS) :]
    return LabelledGraph(
        N_NODES,
        tuple(pair for pair, bit in zip(PAIRS, bits, strict=True) if bit),
        on_nodes=tuple(NODE_OPERATIONS[choice] for choice in operations),
    )


class Wired(Digits):
    """As NAS-Bench-101: 5 nodes, any edges, operations on the inner nodes; output concatenated."""

    name = "wired"
    title = "A toy of NAS-Bench-101's kind"
    genes = (*(f"edge {a}-{b}" for a, b in PAIRS), *(f"node {n}" for n in (1, 2, 3)))
    choice_names = (("no", "yes"),) * len(PAIRS) + (NODE_OPERATIONS,) * 3
    cell_types = (SearchedCell(NODE_OPERATIONS, N_NODES, wire),)
    feature_sets = ("counts", "graph", "paths", "one_hot")

    def active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        rows = []
        for genotype in self.check_genotypes(genotypes).tolist():
            live = wire(genotype).live_nodes()
            edges = [{a, b} <= live for a, b in PAIRS]
            rows.append([*edges, *(node in live for node in (1, 2, 3))])
        return np.array(rows, dtype=bool).reshape(len(genotypes), len(self.genes))

    def graph(self, arch: Architecture) -> OperationGraph:
        net = GraphBuilder(self.input_shape, stage="stem")
        stem = conv_bn_relu(net, -1, 8, kernel=3)
        cell = wire(arch.genotype)
        live = cell.live_nodes()
        nodes, net.stage = {0: stem}, "cell"
        for node in range(1, N_NODES - 1):
            if node in live:
                reads = [nodes[start] for start, end in cell.edges if end == node and start in live]
                total = reads[0] if len(reads) == 1 else net.add(*reads)
                nodes[node] = self._operate(net, total, cell.on_nodes[node - 1])
        ends = [nodes[a] for a, b in cell.edges if b == N_NODES - 1 and a in live]
        net.stage = "head"
        out = net.concat(*ends) if ends else net.zero(stem)
        net.linear(net.global_avg_pool(net.conv(out, 8, kernel=1)), self.n_outputs)
        return net.build()

    @staticmethod
    def _operate(net: GraphBuilder, node: int, name: str) -> int:
        if name == "max_pool":
            return net.max_pool(node, kernel=3)
        return conv_bn_relu(net, node, 8, kernel=1 if name == "conv_1x1" else 3)


STAGES, MOST_LAYERS = 2, 3
KERNELS = (3, 5)


class Elastic(Digits):
    """As Once-for-All: two stages of one to three layers, a kernel for each that is there."""

    name = "elastic"
    title = "A toy of elastic depth"
    genes = tuple(
        f"stage {stage} {gene}"
        for stage in (1, 2)
        for gene in ("depth", "kernel 1", "kernel 2", "kernel 3")
    )
    choice_names = (("1", "2", "3"), *[("3", "5")] * MOST_LAYERS) * STAGES
    independent_genes = ((0, 1, 2, 3), (4, 5, 6, 7))

    def active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        genotypes = self.check_genotypes(genotypes)
        is_active = np.ones(genotypes.shape, dtype=bool)
        for first in (0, 4):
            layers = np.arange(MOST_LAYERS)
            is_active[:, first + 1 : first + 4] = layers <= genotypes[:, first : first + 1]
        return is_active

    def all_genotypes(self) -> np.ndarray:
        return np.array(list(itertools.product(*map(range, self.n_choices))))

    def graph(self, arch: Architecture) -> OperationGraph:
        net, node = GraphBuilder(self.input_shape), -1
        for stage in range(STAGES):
            net.stage = f"stage{stage + 1}"
            depth, *kernels = arch.genotype[4 * stage : 4 * stage + 4]
            for layer, kernel in enumerate(kernels[: depth + 1]):
                stride = 1 if layer else 2
                node = conv_bn_relu(net, node, 8 * (stage + 1), KERNELS[kernel], stride)
        net.stage = "head"
        net.linear(net.global_avg_pool(node), self.n_outputs)
        return net.build()


class ElasticOneByOne(Elastic):
    """The same, without a word on what adds up."""

    name = "elastic_one_by_one"
    independent_genes = None
    feature_sets = ("one_hot", "ordinal", "stages", "operators", "counts")
