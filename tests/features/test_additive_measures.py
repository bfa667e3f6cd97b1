"""Measures that add up over groups of genes: every architecture from a few graphs."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.features.additive import additive_table
from hwnas.features.operators import measure_operators, measure_stages
from hwnas.spaces import SPACES, load_space
from hwnas.spaces.nasbench201 import NasBench201


def _kernel_areas(graph: OperationGraph) -> dict[str, int]:
    """One column for each kind of operator that the graph has, others left out."""
    sums: dict[str, int] = {}
    for operation in graph:
        sums[operation.kind] = sums.get(operation.kind, 0) + operation.kernel**2
    return sums


class _FourDigits(NasBench201):
    """A space whose graph states its genes: two groups, one of them of genes out of order."""

    n_choices = (2, 3, 4, 5, 1, 1)
    independent_genes = ((2, 0), (1, 3), (4, 5))

    def __init__(self) -> None:
        super().__init__(channels=1, cells=1)

    def graph(self, arch: Architecture) -> OperationGraph:
        a, b, c, d, *_ = arch.genotype
        sizes = {"first": 1 + 10 * a + 1000 * c + 100 * a * c, "second": 7 * b * d}
        return OperationGraph(
            tuple(Operation(kind, (-1,), (1,), (size,)) for kind, size in sizes.items())
        )


def _sizes(graph: OperationGraph) -> dict[str, int]:
    return {operation.kind: operation.out_shape[0] for operation in graph if operation.out_shape[0]}


def test_genes_of_a_group_may_interact_and_come_in_any_order() -> None:
    space = _FourDigits()
    genotypes = np.array([[a, b, c, d, 0, 0] for a in range(2) for b in range(3)
                          for c in range(4) for d in range(5)])  # fmt: skip
    a, b, c, d = genotypes.T[:4]
    table = additive_table(space, _sizes)
    assert table.names == ("first", "second")
    expected = np.stack([1 + 10 * a + 1000 * c + 100 * a * c, 7 * b * d], axis=1)
    np.testing.assert_array_equal(table.values(genotypes), expected)


@pytest.mark.parametrize("name", list(SPACES))
@pytest.mark.parametrize("measure", [_kernel_areas, measure_operators, measure_stages])
def test_values_are_those_of_the_whole_graph(name: str, measure: object) -> None:
    space = load_space(name)
    table = additive_table(space, measure)
    genotypes = space.sample_genotypes(10, np.random.default_rng(1))
    for genotype, values in zip(genotypes, table.values(genotypes), strict=True):
        measured = measure(space.graph(space.architecture(genotype)))
        assert dict(zip(table.names, values.tolist(), strict=True)) == {
            **dict.fromkeys(table.names, 0),
            **measured,
        }


def test_large_batches_are_those_of_single_architectures() -> None:
    space = load_space("fbnet")
    table = additive_table(space, measure_stages)
    genotypes = space.sample_genotypes(5000, np.random.default_rng(2))
    values = table.values(genotypes)
    for row in (0, 2047, 2048, 4095, 4096, 4999):
        np.testing.assert_array_equal(table.values(genotypes[row : row + 1])[0], values[row])


def test_no_genotypes_give_no_rows() -> None:
    table = additive_table(load_space("fbnet"), measure_stages)
    assert table.values(np.empty((0, 22), dtype=np.int64)).shape == (0, len(table.names))


def test_a_table_is_built_once() -> None:
    space = load_space("nasbench_macro")
    assert additive_table(space, measure_stages) is additive_table(space, measure_stages)
