"""Counts and shapes of single operators, by hand."""

from __future__ import annotations

import pytest

from hwnas.core.operation import (
    KINDS,
    Operation,
    OperationKind,
    add_kind,
    operation_kind,
    shape_error,
)
from hwnas.errors import ConfigError, UnknownNameError

_COUNTED = {"conv", "linear", "batch_norm", "layer_norm", "embedding", "matmul"}


def test_convolution_counts_by_hand() -> None:
    conv = Operation("conv", (-1,), (3, 32, 32), (16, 32, 32), kernel=3)
    assert conv.params == 16 * 3 * 9 == 432
    assert conv.macs == 32 * 32 * 432


def test_bias_adds_a_parameter_a_channel_and_no_macs() -> None:
    plain = Operation("conv", (-1,), (4, 8, 8), (8, 8, 8))
    biased = Operation("conv", (-1,), (4, 8, 8), (8, 8, 8), has_bias=True)
    assert biased.params - plain.params == 8
    assert biased.macs == plain.macs


def test_depthwise_convolution_counts_by_hand() -> None:
    depthwise = Operation("conv", (-1,), (32, 14, 14), (32, 7, 7), kernel=5, stride=2, groups=32)
    assert depthwise.params == 32 * 25
    assert depthwise.macs == 7 * 7 * 32 * 25


def test_rectangular_window_counts_its_area() -> None:
    row = Operation("conv", (-1,), (4, 8, 8), (6, 8, 8), kernel=(1, 7))
    assert (row.window, row.params, row.macs) == ((1, 7), 6 * 4 * 7, 64 * 6 * 4 * 7)


def test_linear_layer_counts_by_hand() -> None:
    linear = Operation("linear", (-1,), (64,), (10,), has_bias=True)
    assert linear.params == 650
    assert linear.macs == 640


def test_linear_layer_works_on_every_token_with_the_same_weights() -> None:
    linear = Operation("linear", (-1,), (7, 64), (7, 10))
    assert (linear.params, linear.macs) == (640, 7 * 640)


def test_tied_layer_counts_its_bias_and_its_work_alone() -> None:
    tied = Operation("linear", (-1,), (7, 64), (7, 10), has_bias=True, is_tied=True)
    assert (tied.params, tied.n_weights, tied.macs) == (10, 650, 7 * 640)


def test_batch_norm_has_a_scale_and_a_shift_a_channel_and_no_macs() -> None:
    norm = Operation("batch_norm", (-1,), (16, 8, 8), (16, 8, 8))
    assert (norm.params, norm.macs) == (32, 0)


@pytest.mark.parametrize(("has_bias", "params"), [(False, 64), (True, 128)])
def test_layer_norm_has_a_scale_and_perhaps_a_bias_a_feature(has_bias: bool, params: int) -> None:
    norm = Operation("layer_norm", (-1,), (7, 64), (7, 64), has_bias=has_bias)
    assert (norm.params, norm.macs) == (params, 0)


def test_embedding_counts_its_matrix_and_no_macs() -> None:
    embedding = Operation("embedding", (-1,), (7,), (7, 64), n_entries=100)
    assert (embedding.params, embedding.macs) == (6400, 0)


def test_products_of_attention_are_counted_apart() -> None:
    # Each of 2 x 5 x 7 scores is a product of 3 features; each of 5 x 6 sums one of 7 tokens.
    scores = Operation("matmul", (0, 1), (5, 6), (2, 5, 7), groups=2)
    sums = Operation("matmul", (0, 1), (2, 5, 7), (5, 6))
    assert (scores.params, scores.macs, scores.matmul_macs) == (0, 0, 2 * 5 * 7 * 3)
    assert (sums.params, sums.macs, sums.matmul_macs) == (0, 0, 5 * 6 * 7)


@pytest.mark.parametrize("kind", sorted({*KINDS} - _COUNTED))
def test_operators_without_weights_count_nothing(kind: str) -> None:
    operation = Operation(kind, (-1,), (16, 8, 8), (16, 8, 8), kernel=3)
    assert (operation.params, operation.macs, operation.matmul_macs) == (0, 0, 0)


@pytest.mark.parametrize("count", ["params", "macs", "matmul_macs", "n_weights"])
def test_kind_that_nobody_can_count_is_an_error(count: str) -> None:
    operation = Operation("convv", (-1,), (16, 8, 8), (16, 8, 8), kernel=3)
    with pytest.raises(UnknownNameError, match=r"Unknown kind of operation 'convv'\. Did you mean"):
        getattr(operation, count)


def test_a_new_kind_counts_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KINDS:
        monkeypatch.setitem(KINDS, name, KINDS[name])
    add_kind("fourier", OperationKind("elementwise", macs=lambda each: 2 * each.out_shape[0]))
    try:
        assert Operation("fourier", (-1,), (4,), (4,)).macs == 8
        with pytest.raises(ConfigError, match="'fourier' is known already"):
            add_kind("fourier", operation_kind("relu"))
    finally:
        del KINDS["fourier"]


def test_shape_error_names_what_must_hold_and_what_was_given() -> None:
    total = Operation("add", (0, 1), (16, 8, 8), (16, 8, 8))
    assert shape_error(total, [(16, 8, 8), (16, 8, 8)]) is None
    assert shape_error(total, [(16, 8, 8), (32, 8, 8)]) == (
        "must read and put out one shape; it reads (16, 8, 8), (32, 8, 8) and puts out (16, 8, 8)"
    )


@pytest.mark.parametrize(
    ("operation", "shapes"),
    [
        (Operation("relu", (0,), (4, 8, 8), (4, 8, 4)), [(4, 8, 8)]),
        (Operation("batch_norm", (0,), (7, 64), (7, 64)), [(7, 64)]),
        (Operation("layer_norm", (0,), (4, 8, 8), (4, 8, 8)), [(4, 8, 8)]),
        (Operation("conv", (0,), (4, 8, 8), (4, 8, 8), groups=3), [(4, 8, 8)]),
        (Operation("conv", (0,), (4, 8, 8), (6, 8, 8), groups=4), [(4, 8, 8)]),
        (Operation("conv", (0,), (64,), (64,)), [(64,)]),
        (Operation("conv", (0, 1), (4, 8, 8), (4, 8, 8)), [(4, 8, 8), (4, 8, 8)]),
        (Operation("linear", (0,), (4, 8, 8), (4, 8, 5)), [(4, 8, 8)]),
        (Operation("linear", (0,), (7, 64), (8, 64)), [(7, 64)]),
        (Operation("linear", (0, 1), (64,), (64,)), [(64,), (64,)]),
        (Operation("max_pool", (0,), (4, 8, 8), (8, 4, 4)), [(4, 8, 8)]),
        (Operation("global_avg_pool", (0,), (4, 8, 8), (8,)), [(4, 8, 8)]),
        (Operation("global_avg_pool", (0,), (4,), ()), [(4,)]),
        (Operation("zero", (0,), (7, 64), (7, 32)), [(7, 64)]),
        (Operation("identity", (0,), (4, 8, 8), (8, 8, 8)), [(4, 8, 8)]),
        (Operation("mul", (0, 1), (4, 8, 8), (4, 8, 8)), [(4, 8, 8), (3,)]),
        (Operation("mul", (0, 1), (4,), (4, 8, 8)), [(4,), (4, 8, 8)]),
        (Operation("channel_shuffle", (0,), (4, 8, 8), (4, 8, 8), groups=3), [(4, 8, 8)]),
        (Operation("reshape", (0,), (4, 8, 8), (255,)), [(4, 8, 8)]),
        (Operation("concat", (0, 1), (4, 8, 8), (8, 8, 8)), [(4, 8, 8), (3, 8, 8)]),
        (Operation("concat", (0, 1), (4, 8, 8), (8, 16, 8)), [(4, 8, 8), (4, 8, 8)]),
        (Operation("concat", (0, 1), (4, 8, 8), (4, 8, 8)), [(4, 8, 8), (4, 8, 8)]),
        (Operation("concat", (0, 1), (4, 8, 8), (8, 8, 8)), [(4, 8, 8), (4, 8)]),
        (Operation("embedding", (0,), (7,), (8, 64), n_entries=9), [(7,)]),
        (Operation("matmul", (0, 1), (5, 6), (2, 5, 7), groups=2), [(5, 6), (7, 8)]),
        (Operation("matmul", (0, 1), (5, 6), (4, 5, 7), groups=4), [(5, 6), (7, 6)]),
        (Operation("matmul", (0, 1), (5, 6), (2, 5, 7), groups=3), [(5, 6), (7, 6)]),
        (Operation("matmul", (0, 1), (2, 5, 7), (5, 6)), [(2, 5, 7), (8, 6)]),
        (Operation("matmul", (0, 1), (4, 5, 7), (5, 6)), [(4, 5, 7), (7, 6)]),
        (Operation("matmul", (0, 1), (2, 5, 7), (5, 8)), [(2, 5, 7), (7, 6)]),
        (Operation("matmul", (0,), (5, 6), (2, 5, 7)), [(5, 6)]),
    ],
)
def test_shapes_that_do_not_fit_are_told(operation: Operation, shapes: list) -> None:
    assert (shape_error(operation, shapes) or "").startswith(
        f"must {operation_kind(operation.kind).must}; it reads"
    )


@pytest.mark.parametrize(
    "how",
    [
        {"kernel": 0},
        {"kernel": (3, 0)},
        {"groups": 0},
        {"stride": 0},
        {"dilation": 0},
        {"n_entries": 0},
    ],
)
def test_sizes_and_steps_below_one_are_told(how: dict) -> None:
    conv = Operation("conv", (0,), (4, 8, 8), (4, 8, 8), **how)
    assert "sizes, groups and steps of at least 1" in (shape_error(conv, [(4, 8, 8)]) or "")
