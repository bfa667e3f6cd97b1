"""Measures of whole batches, where nothing adds up over genes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.features import feature_names
from hwnas.features.additive import AdditiveTable, additive_table
from hwnas.features.measured import GraphByGraph, graph_by_graph, measured
from hwnas.spaces import load_space


class _Product(SearchSpace):
    """Two widths whose product is what the network costs: nothing adds up."""

    name = "product"
    title = "Product"
    datasets = ("dots",)
    genes = ("first", "second")
    n_choices = (900, 900)
    input_shape = (1, 1, 1)
    n_outputs = 1

    def __init__(self, dataset: str | None = None) -> None:
        super().__init__(dataset)
        self.asked: list[tuple[int, ...]] = []

    def parse(self, text: str) -> Architecture:
        raise NotImplementedError

    def format(self, genotype: Sequence[int]) -> str:
        return "".join(map(str, genotype))

    def graph(self, arch: Architecture) -> OperationGraph:
        self.asked.append(arch.genotype)
        first, second = arch.genotype
        net = GraphBuilder((1, 1, 1))
        net.conv(net.conv(-1, first + 1, 1), second + 1, 1)
        return net.build()

    def build(self, arch: Architecture) -> object:
        raise NotImplementedError


def _params(graph: OperationGraph) -> dict[str, int]:
    return {"params": graph.params}


def _wide(graph: OperationGraph) -> dict[str, int]:
    """A column of its own for one architecture of 810,000, which no sample of 64 holds."""
    first, second = (operation.out_shape[0] for operation in graph)
    return {"rare" if (first, second) == (900, 1) else "common": 1}


def test_each_graph_is_measured_where_nothing_adds_up() -> None:
    space = _Product()
    genotypes = np.array([[0, 0], [8, 8], [2, 5]])
    found = measured(space, _params).values(genotypes)
    # The first convolution's weights are its width, the second's the product of both.
    assert found.tolist() == [[1 + 1], [9 + 81], [3 + 18]]


def test_what_was_measured_is_not_measured_again() -> None:
    space = _Product()
    measure = GraphByGraph(space, _params)
    genotypes = np.array([[1, 2], [3, 4], [1, 2]])
    space.asked.clear()
    first = measure.values(genotypes)
    assert space.asked == [(1, 2), (3, 4)]
    np.testing.assert_array_equal(measure.values(genotypes), first)
    assert len(space.asked) == 2


def test_only_the_last_ones_are_kept() -> None:
    space = _Product()
    measure = GraphByGraph(space, _params, max_kept=2)
    space.asked.clear()
    measure.values(np.array([[1, 1], [2, 2], [1, 1], [3, 3], [1, 1], [2, 2]]))
    assert space.asked == [(1, 1), (2, 2), (3, 3), (2, 2)]


def test_no_genotypes_give_no_rows() -> None:
    assert measured(_Product(), _params).values(np.empty((0, 2), dtype=int)).shape == (0, 1)


def test_a_column_that_no_sample_had_is_refused() -> None:
    measure = GraphByGraph(_Product(), _wide)
    assert measure.names == ("common",)
    with pytest.raises(ConfigError, match=r"must be alike in what they are measured by.*; rare is"):
        measure.values(np.array([[899, 0]]))


def test_independent_genes_are_summed_up_and_others_measured() -> None:
    assert isinstance(measured(load_space("fbnet"), _params), AdditiveTable)
    space = _Product()
    assert measured(space, _params) is graph_by_graph(space, _params)


def test_what_needs_independent_genes_says_so() -> None:
    space = _Product()
    for ask in (lambda: additive_table(space, _params), lambda: feature_names(space, ["groups"])):
        with pytest.raises(ConfigError, match="needs a space of independent genes; product has no"):
            ask()
