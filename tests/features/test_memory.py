"""Peak memory and size: by hand, then against a second algorithm that rewrites the graph."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.architecture import Architecture
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.operation import KINDS, OperationKind
from hwnas.core.space import SearchSpace
from hwnas.features.memory import (
    PRECISIONS,
    measure_memory,
    memory_genotypes,
    peak_memory_bytes,
    size_bytes,
)
from hwnas.models.onnx_graph import fold_batch_norms
from hwnas.spaces import SPACES, load_space

# Numbers of the network's input and of a map of four channels.
INPUT, MAP = 3 * 8 * 8, 4 * 8 * 8


def _net() -> GraphBuilder:
    return GraphBuilder((3, 8, 8))


def _peak(net: GraphBuilder) -> int:
    return measure_memory(net.build())["peak_numbers"]


def _stored(net: GraphBuilder) -> tuple[int, int]:
    found = measure_memory(net.build())
    return found["weights"], found["biases"]


# --- peak memory by hand -------------------------------------------------------------------------


def test_in_a_chain_an_operator_holds_its_input_and_its_output() -> None:
    net = _net()
    net.conv(net.conv(net.conv(-1, 4, 3), 8, 3, stride=2), 2, 1)
    assert _peak(net) == max(INPUT + MAP, MAP + 8 * 16, 8 * 16 + 2 * 16) == INPUT + MAP


def test_what_follows_an_operator_and_alone_reads_it_works_in_place() -> None:
    net = _net()
    net.same("relu", net.same("batch_norm", net.conv(-1, 4, 3)))
    assert _peak(net) == INPUT + MAP


def test_an_activation_of_what_others_read_too_has_an_output_of_its_own() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    net.add(node, net.same("relu", node))
    assert _peak(net) == 3 * MAP


def test_an_activation_of_the_networks_input_has_an_output_of_its_own() -> None:
    net = _net()
    net.same("relu", -1)
    assert _peak(net) == 2 * INPUT


def test_a_residual_keeps_the_input_until_it_is_added() -> None:
    net = _net()
    start = net.conv(-1, 4, 3)
    net.add(net.conv(net.conv(start, 8, 1), 4, 1), start)
    assert _peak(net) == MAP + 2 * MAP + MAP


def test_a_sum_does_not_work_in_place() -> None:
    net = _net()
    net.add(net.conv(-1, 4, 3), net.conv(-1, 4, 1))
    assert _peak(net) == 3 * MAP


def test_the_networks_input_stays_until_its_last_reader() -> None:
    net = _net()
    net.add(net.conv(net.conv(-1, 4, 3), 3, 1), -1)
    assert _peak(net) == INPUT + MAP + INPUT


def test_a_concatenation_copies() -> None:
    net = _net()
    net.concat(net.conv(-1, 4, 3), net.conv(-1, 4, 1))
    assert _peak(net) == 2 * MAP + 2 * MAP


def test_a_squeeze_excite_keeps_what_it_weighs() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    inner = net.same("relu", net.linear(net.global_avg_pool(node), 2))
    net.mul(node, net.same("sigmoid", net.linear(inner, 4)))
    assert _peak(net) == MAP + 4 + MAP


def test_identities_and_reshapings_need_no_memory() -> None:
    net = _net()
    node = net.same("identity", net.conv(-1, 4, 3))
    net.linear(net.flatten(net.same("identity", node)), 10)
    assert _peak(net) == INPUT + MAP


def test_an_activation_behind_an_identity_changes_nothing_that_others_read() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    net.add(node, net.same("relu", net.same("identity", node)))
    assert _peak(net) == 3 * MAP


def test_zeros_are_not_added() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    net.conv(net.add(net.same("zero", node), node, net.same("zero", node)), 4, 1)
    assert _peak(net) == 2 * MAP


def test_zeros_that_are_joined_to_others_need_memory() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    net.concat(node, net.same("zero", node))
    assert _peak(net) == 2 * MAP + 2 * MAP


def test_what_the_output_does_not_need_is_not_run() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    net.conv(net.conv(node, 64, 3), 64, 3)
    net.conv(node, 4, 1)
    assert _peak(net) == 2 * MAP
    assert _stored(net) == (4 * 3 * 9 + 4 * 4, 0)


def test_cells_of_one_path_and_of_two_by_hand(nasbench201: SearchSpace) -> None:
    single, double = (
        nasbench201.parse(text)
        for text in (
            "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
            "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|none~2|",
        )
    )
    size = 16 * 32 * 32
    # One path: the most is between stages, where the shortcut reads the map too, so that the
    # activation takes another, beside the output of half as many numbers.
    assert measure_memory(nasbench201.graph(single))["peak_numbers"] == 2 * size + size // 2
    # Two: the cell's input, its activation and the convolution's output.
    assert measure_memory(nasbench201.graph(double))["peak_numbers"] == 3 * size


def test_a_dead_operation_of_a_cell_changes_nothing(nasbench201: SearchSpace) -> None:
    living = "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|"
    dead = living.replace("|none~0|+", "|nor_conv_3x3~0|+", 1)
    measured = [
        measure_memory(nasbench201.graph(nasbench201.parse(each))) for each in (living, dead)
    ]
    assert measured[0] == measured[1]


def test_a_new_kind_of_operation_has_an_output_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "blur", OperationKind("pool"))
    net = _net()
    net.same("blur", net.conv(-1, 4, 3))
    assert _peak(net) == 2 * MAP


# --- size by hand --------------------------------------------------------------------------------


def test_a_normalisation_becomes_the_bias_of_the_convolution_before_it() -> None:
    net = _net()
    net.same("batch_norm", net.conv(-1, 4, 3))
    assert _stored(net) == (4 * 3 * 9, 4)


def test_a_bias_that_is_there_takes_the_normalisations_shift() -> None:
    net = _net()
    net.same("batch_norm", net.conv(-1, 4, 3, has_bias=True))
    assert _stored(net) == (4 * 3 * 9, 4)


def test_a_normalisation_of_anything_else_keeps_its_scale_and_shift() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    net.same("batch_norm", net.add(node, net.conv(node, 4, 1)))
    assert _stored(net) == (4 * 3 * 9 + 4 * 4, 2 * 4)


def test_a_normalisation_of_a_convolution_that_others_read_is_not_folded() -> None:
    net = _net()
    node = net.conv(-1, 4, 3)
    net.add(node, net.same("batch_norm", node))
    assert _stored(net) == (4 * 3 * 9, 2 * 4)


def test_a_shared_matrix_is_stored_once() -> None:
    net = GraphBuilder((7,))
    tokens = net.embedding(-1, n_entries=100, n_features=16)
    net.linear(net.layer_norm(tokens), 100, tied_to=tokens)
    assert _stored(net) == (100 * 16, 2 * 16 + 100)


@pytest.mark.parametrize(
    ("precision", "peak", "size"),
    [
        ("float32", 4 * (INPUT + MAP), 4 * (108 + 4)),
        ("float16", 2 * (INPUT + MAP), 2 * (108 + 4)),
        # Biases are added to 32-bit sums.
        ("int8", INPUT + MAP, 108 + 4 * 4),
    ],
)
def test_bytes_are_those_of_the_precision(precision: str, peak: int, size: int) -> None:
    net = _net()
    net.conv(-1, 4, 3, has_bias=True)
    measured = np.array([[*measure_memory(net.build()).values()]])
    assert peak_memory_bytes(measured, PRECISIONS[precision]).tolist() == [peak]
    assert size_bytes(measured, PRECISIONS[precision]).tolist() == [size]


# --- a second algorithm --------------------------------------------------------------------------


class _Value:
    """What an operator puts out, in a graph that is rewritten."""

    def __init__(self, kind: str, inputs: list[_Value], n_numbers: int, born: int) -> None:
        self.kind = kind
        self.inputs = inputs
        self.n_numbers = n_numbers
        self.born = born
        self.dies = born


def _values(graph: OperationGraph) -> list[_Value]:
    """The network's input, then what each operator puts out."""
    values = [_Value("input", [], math.prod(graph.in_shape or (0,)), -1)]
    for born, operation in enumerate(graph):
        inputs = [values[node + 1] for node in operation.inputs]
        values.append(_Value(operation.kind, inputs, math.prod(operation.out_shape), born))
    return values


def _replace(values: Sequence[_Value], old: _Value, new: _Value) -> None:
    for value in values:
        value.inputs = [new if each is old else each for each in value.inputs]


def _rewritten(values: list[_Value]) -> tuple[list[_Value], _Value]:
    """One rule after the other until none applies; and the value that is the output."""
    output = values[-1]
    while True:
        for value in values:
            is_read = any(value in each.inputs for each in values)
            if value.kind == "zero" and value.inputs:
                value.inputs = []
            elif value.kind == "add" and any(each.kind == "zero" for each in value.inputs):
                value.inputs = [each for each in value.inputs if each.kind != "zero"]
                value.kind = {0: "zero", 1: "identity"}.get(len(value.inputs), "add")
            elif value.kind in ("identity", "reshape"):
                _replace(values, value, value.inputs[0])
                output = value.inputs[0] if value is output else output
                value.kind, value.inputs = "gone", []
            elif value is not output and not is_read:
                values.remove(value)
            else:
                continue
            break
        else:
            return values, output


def _peak_by_intervals(graph: OperationGraph) -> int:
    """Every output lives from its birth to its last reader; the most that overlap at a time."""
    if not graph.operations:
        return 0
    values, output = _rewritten(_values(graph))
    for value in values:
        for each in value.inputs:
            each.dies = max(each.dies, value.born)
    output.dies = len(graph)
    for value in reversed(values):
        source = value.inputs[0] if value.inputs else None
        in_place = KINDS[value.kind].output == "in_place" if value.kind != "input" else False
        if not in_place or source is None or source.kind == "input":
            continue
        if sum(source in each.inputs for each in values) == 1 and source is not output:
            source.dies, value.n_numbers = value.dies, 0
    return max(
        sum(each.n_numbers for each in values if each.born <= now <= each.dies)
        for now in range(-1, len(graph))
    )


@st.composite
def _graphs(draw: st.DrawFn) -> OperationGraph:
    """Graphs of maps of one size, with twists of all kinds."""
    net = GraphBuilder((2, 4, 4))
    kinds = ("conv", "relu", "batch_norm", "identity", "zero", "add", "concat", "avg_pool")
    for last in range(-1, draw(st.integers(0, 12))):
        # Most read what is near, so that few are dead.
        node = draw(st.integers(max(-1, last - 3), last))
        kind = draw(st.sampled_from(kinds))
        if kind == "conv":
            net.conv(node, draw(st.integers(1, 4)), 3)
        elif kind == "avg_pool":
            net.avg_pool(node, 3)
        elif kind in ("add", "concat"):
            others = st.lists(st.integers(-1, last), min_size=1, max_size=2)
            nodes = [node, *draw(others)]
            same = [each for each in nodes if net.shape(each) == net.shape(node)]
            net.concat(*nodes) if kind == "concat" else net.add(*same)
        else:
            net.same(kind, node)
    return net.build()


@given(_graphs())
def test_the_peak_is_the_most_that_overlaps(graph: OperationGraph) -> None:
    assert measure_memory(graph)["peak_numbers"] == _peak_by_intervals(graph)


@pytest.mark.parametrize("name", sorted(SPACES))
def test_networks_of_each_space_agree_with_the_second_algorithm(name: str) -> None:
    space = load_space(name)
    for arch in space.sample(3, np.random.default_rng(0)):
        graph = space.graph(arch)
        assert measure_memory(graph)["peak_numbers"] == _peak_by_intervals(graph)


@pytest.mark.parametrize("name", sorted(SPACES))
def test_stored_numbers_are_the_parameters_that_folding_leaves(name: str) -> None:
    space = load_space(name)
    genotypes = space.canonical_genotypes(space.sample_genotypes(3, np.random.default_rng(0)))
    for measured, genotype in zip(memory_genotypes(space, genotypes), genotypes, strict=True):
        graph = space.graph(space.architecture(genotype))
        assert measured[1:].sum() == fold_batch_norms(graph).params


def test_rows_are_those_of_the_genotypes(nasbench201: SearchSpace) -> None:
    archs: list[Architecture] = nasbench201.sample(4, np.random.default_rng(1))
    expected = [[*measure_memory(nasbench201.graph(arch)).values()] for arch in archs]
    assert memory_genotypes(nasbench201, nasbench201.genotypes(archs)).tolist() == expected
