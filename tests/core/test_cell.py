"""Cells: labelled graphs by hand, and functional classes against a second way to find them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hwnas.core.cell import LabelledGraph, SearchedCell
from hwnas.core.edge_cell import EdgeCell
from hwnas.errors import ConfigError

DIAMOND = EdgeCell(
    edges=((0, 1), (0, 2), (1, 2), (1, 3), (2, 3)),
    operations=("gone", "same", "work", "pool"),
    absent="gone",
    identity="same",
    weights=(0, 0, 1, 0),
)
_EVERY = np.array(list(itertools.product(range(4), repeat=5)))


def _function(genotype: tuple[int, ...]) -> tuple:
    """What the diamond computes, as nested sorted tuples of terms."""
    sums: list[tuple] = [("x",)]
    for node in (1, 2, 3):
        terms: list = []
        for (start, end), choice in zip(DIAMOND.edges, genotype, strict=True):
            if end == node and choice and sums[start]:
                terms.extend(sums[start] if choice == 1 else [(choice, sums[start])])
        sums.append(tuple(sorted(terms, key=repr)))
    return sums[-1]


def test_classes_of_another_cell_are_those_of_equal_functions() -> None:
    ours = [tuple(row) for row in DIAMOND.canonical(_EVERY).tolist()]
    theirs = [_function(tuple(row)) for row in _EVERY.tolist()]
    assert len(set(ours)) == len(set(theirs)) == len(set(zip(ours, theirs, strict=True)))


def test_the_representative_is_pruned_and_the_lightest_of_its_class() -> None:
    canonical, pruned = DIAMOND.canonical(_EVERY), DIAMOND.pruned(_EVERY)
    np.testing.assert_array_equal(DIAMOND.pruned(canonical), canonical)
    works = {tuple(row): (row == 2).sum() for row in canonical}
    for form, member in zip(canonical.tolist(), pruned, strict=True):
        assert works[tuple(form)] <= (member == 2).sum()


def test_the_representative_is_the_first_of_its_class_by_the_documented_order() -> None:
    members: dict[tuple, list[tuple[int, ...]]] = {}
    for row in map(tuple, _EVERY.tolist()):
        if DIAMOND.pruned(np.array([row]))[0].tolist() == list(row):
            members.setdefault(_function(row), []).append(row)

    def order(row: tuple[int, ...]) -> tuple:
        # Weight; then absent edges; then operations, of which an identity is none; then the row.
        return row.count(2), -row.count(0), -row.count(1), row

    for row in map(tuple, _EVERY.tolist()):
        expected = min(members[_function(row)], key=order)
        assert tuple(DIAMOND.canonical(np.array([row]))[0]) == expected


def test_pruning_by_hand() -> None:
    # Nothing leads from node 1 on, so that 0-1 is dead; and nothing from the input to node 2.
    assert DIAMOND.pruned(np.array([[2, 0, 0, 0, 2]])).tolist() == [[0, 0, 0, 0, 0]]
    assert DIAMOND.pruned(np.array([[2, 2, 0, 0, 1]])).tolist() == [[0, 2, 0, 0, 1]]


def test_a_path_connects() -> None:
    assert DIAMOND.is_connected(np.array([[2, 0, 0, 1, 0], [2, 0, 0, 0, 1]])).tolist() == [1, 0]


def test_a_cell_has_its_own_genes_among_those_of_the_space() -> None:
    second = EdgeCell(DIAMOND.edges, DIAMOND.operations, "gone", "same", first_gene=2)
    genotypes = np.array([[7, 8, 2, 2, 0, 0, 1, 9]])
    assert second.pruned(genotypes).tolist() == [[7, 8, 0, 2, 0, 0, 1, 9]]
    assert second.canonical(genotypes)[0, [0, 1, 7]].tolist() == [7, 8, 9]
    labelled = second.graph([7, 8, 2, 2, 0, 0, 1, 9])
    assert labelled.on_edges == ("work", "work", "gone", "gone", "same")
    assert genotypes.tolist() == [[7, 8, 2, 2, 0, 0, 1, 9]]


def test_cells_too_many_to_list_are_as_different_as_their_pruned_forms() -> None:
    pairs = tuple((a, b) for b in range(1, 6) for a in range(b))
    large = EdgeCell(pairs, ("gone", "same", "work"), "gone", "same")
    genotypes = np.random.default_rng(0).integers(3, size=(50, len(pairs)))
    np.testing.assert_array_equal(large.canonical(genotypes), large.pruned(genotypes))
    assert "classes" not in vars(large)
    for row in genotypes:
        live = {edge for path in large.paths if row[list(path)].all() for edge in path}
        expected = [choice if edge in live else 0 for edge, choice in enumerate(row)]
        np.testing.assert_array_equal(large.pruned(row[None])[0], expected)


@pytest.mark.parametrize("edges", [((0, 2), (0, 1), (1, 2)), ((0, 1), (2, 1))])
def test_edges_out_of_order_are_refused(edges: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ConfigError, match="must lead to a larger node and be sorted by it; got"):
        EdgeCell(edges, ("gone", "same"), "gone", "same")


def test_an_identity_that_is_no_operation_is_refused() -> None:
    with pytest.raises(ConfigError, match="must hold 'skip'; got gone, same"):
        EdgeCell(((0, 1),), ("gone", "same"), "gone", "skip")


@pytest.mark.parametrize("weights", [(1,), (1, -1)])
def test_weights_that_are_not_one_for_each_operation_are_refused(weights: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"a number of at least 0 for each of 2 operations; got"):
        EdgeCell(((0, 1),), ("gone", "same"), "gone", "same", weights)


def test_a_network_sums_what_enters_each_node() -> None:
    made: list[str] = []

    def note(text: str) -> int:
        made.append(text)
        return len(made)

    output = DIAMOND.lay_out(
        [2, 1, 0, 2, 1],
        0,
        lambda node, name, is_from_input: note(f"{name}({node}){'!' * is_from_input}"),
        lambda *nodes: note(f"sum{nodes}"),
    )
    assert made == [
        "work(0)!", "same(0)!", "gone(1)", "sum(2, 3)", "work(1)", "same(4)", "sum(5, 6)",
    ]  # fmt: skip
    assert output == 7


# --- labelled graphs -----------------------------------------------------------------------------

ON_NODES = LabelledGraph(4, ((0, 1), (0, 2), (1, 3), (0, 3)), on_nodes=("a", "b"))


def test_paths_and_what_they_apply_by_hand() -> None:
    assert ON_NODES.paths() == ((3,), (0, 2))
    assert [ON_NODES.along(path) for path in ON_NODES.paths()] == [(), ("a",)]
    assert DIAMOND.graph([2, 1, 0, 2, 1]).along((0, 2, 4)) == ("work", "gone", "same")


def test_an_edge_needs_the_operations_at_its_ends() -> None:
    assert [ON_NODES.labels(edge) for edge in range(4)] == [{"a"}, {"b"}, {"a"}, set()]
    assert DIAMOND.graph([2, 1, 0, 2, 1]).labels(0) == {"work"}


def test_live_nodes_are_on_a_path() -> None:
    assert ON_NODES.live_nodes() == {0, 1, 3}
    assert LabelledGraph(3, ((0, 1),), on_nodes=("a",)).live_nodes() == set()


def test_a_searched_cell_is_connected_where_its_graph_is() -> None:
    cell = SearchedCell(("a",), 3, lambda genes: LabelledGraph(
        3, tuple(edge for edge, bit in zip(((0, 1), (1, 2)), genes, strict=True) if bit), (), ("a",)
    ))  # fmt: skip
    assert cell.is_connected(np.array([[0, 0], [1, 0], [0, 1], [1, 1]])).tolist() == [0, 0, 0, 1]
    assert cell.longest == 1
