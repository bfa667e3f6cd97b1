"""Padding of windows: closed forms, and what no padding makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.operation import Operation
from hwnas.core.shapes import padding
from hwnas.errors import ShapeError

_SIZES = st.integers(1, 12)


@given(_SIZES.map(lambda n: n + 20), _SIZES, st.integers(1, 4), st.integers(1, 3))
def test_padding_lets_the_stride_alone_decide(
    side: int, window: int, stride: int, dilation: int
) -> None:
    out = -(-side // stride)
    before, after = padding(side, out, window, stride, dilation)
    assert (side + before + after - dilation * (window - 1) - 1) // stride + 1 == out


@given(_SIZES.map(lambda n: n + 20), st.integers(1, 4), st.integers(0, 4), st.integers(1, 3))
def test_odd_window_is_padded_by_half_of_it_on_both_sides(
    side: int, stride: int, half: int, dilation: int
) -> None:
    window = 2 * half + 1
    assert padding(side, -(-side // stride), window, stride, dilation) == (dilation * half,) * 2


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((8, 8, 2), (0, 1)), ((16, 4, 4, 4), (0, 0)), ((33, 17, 2, 2), (0, 1)), ((8, 6, 3), (0, 0))],
)
def test_padding_by_hand(sizes: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert padding(*sizes) == expected


def test_sizes_that_no_padding_makes_are_refused() -> None:
    with pytest.raises(ShapeError, match="A window of 3 pixels must step 1 from 8 pixels to 2; no"):
        padding(8, 2, window=3)


def test_padding_of_a_map_is_that_of_its_sides() -> None:
    conv = Operation("conv", (-1,), (3, 8, 9), (4, 8, 9), kernel=(2, 5))
    assert conv.padding == ((0, 1), (2, 2))
