"""Shapes of tensors, and which of them fit each kind of operation.

Every rule takes the shapes of the inputs, the shape of the output and the number of groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hwnas.errors import ShapeError

Shape = tuple[int, ...]
"""Without the batch axis: a map ``(channels, height, width)``, a sequence ``(tokens, features)``,
a vector ``(features,)``, tokens ``(tokens,)``, attention weights ``(heads, queries, keys)``."""

Shapes = Sequence[Shape]


def is_anything(_: Shapes, __: Shape, ___: int) -> bool:
    """Whatever the shapes."""
    return True


def keeps_shape(shapes: Shapes, out: Shape, _: int) -> bool:
    """All inputs and the output have one shape."""
    return {*shapes} == {out}


def keeps_map_or_vector(shapes: Shapes, out: Shape, groups: int) -> bool:
    """One shape, of a map or a vector."""
    return keeps_shape(shapes, out, groups) and len(out) in (1, 3)


def keeps_sequence_or_vector(shapes: Shapes, out: Shape, groups: int) -> bool:
    """One shape, of a sequence or a vector."""
    return keeps_shape(shapes, out, groups) and len(out) in (1, 2)


def is_shuffle(shapes: Shapes, out: Shape, groups: int) -> bool:
    """One shape whose channels fall into groups."""
    return keeps_shape(shapes, out, groups) and out[0] % groups == 0


def are_maps(shapes: Shapes, out: Shape, _: int) -> bool:
    """A map becomes a map."""
    return len(shapes) == 1 and len(shapes[0]) == len(out) == 3


def is_conv(shapes: Shapes, out: Shape, groups: int) -> bool:
    """A map becomes a map, and the channels of both fall into groups."""
    return are_maps(shapes, out, groups) and all(
        channels % groups == 0 for channels, *_ in (*shapes, out)
    )


def is_pool(shapes: Shapes, out: Shape, groups: int) -> bool:
    """A map becomes a map of as many channels."""
    return are_maps(shapes, out, groups) and shapes[0][0] == out[0]


def is_zero(shapes: Shapes, out: Shape, groups: int) -> bool:
    """One shape, or a map that becomes another."""
    return keeps_shape(shapes, out, groups) or are_maps(shapes, out, groups)


def is_linear(shapes: Shapes, out: Shape, _: int) -> bool:
    """A vector or a sequence of which only the number of features changes."""
    shape = shapes[0]
    return len(shapes) == 1 and len(shape) in (1, 2) and shape[:-1] == out[:-1]


def is_embedding(shapes: Shapes, out: Shape, _: int) -> bool:
    """Tokens become a sequence."""
    return len(shapes) == 1 and len(out) == 2 and out[:1] == shapes[0]


def is_mean(shapes: Shapes, out: Shape, _: int) -> bool:
    """A map becomes one number a channel, or a sequence one a feature."""
    shape = shapes[0]
    expected = shape[:1] if len(shape) == 3 else shape[1:]
    return len(shapes) == 1 and len(shape) in (2, 3) and out == expected


def is_product(shapes: Shapes, out: Shape, _: int) -> bool:
    """The first factor keeps its shape; the others have it, or spread over it."""
    first, *others = shapes
    return first == out and all(_spreads(each, first) for each in others)


def _spreads(shape: Shape, over: Shape) -> bool:
    """Whether a factor has a number for each channel, or for each place of the axes it has."""
    is_broadcast = len(shape) == len(over) and all(
        size in (1, whole) for size, whole in zip(shape, over, strict=True)
    )
    return is_broadcast or shape == over[:1]


def is_concatenation(shapes: Shapes, out: Shape, _: int) -> bool:
    """The sizes of all inputs add up along one axis and agree along the others."""
    if any(len(shape) != len(out) for shape in shapes):
        return False
    longer = [axis for axis, size in enumerate(out) if any(each[axis] != size for each in shapes)]
    if not longer:
        return len(shapes) == 1
    axis = longer[0]
    return len(longer) == 1 and sum(shape[axis] for shape in shapes) == out[axis]


def is_reshaping(shapes: Shapes, out: Shape, _: int) -> bool:
    """As many numbers as before."""
    return len(shapes) == 1 and math.prod(shapes[0]) == math.prod(out)


def is_transpose(shapes: Shapes, out: Shape, _: int) -> bool:
    """The same axes in another order."""
    return len(shapes) == 1 and sorted(shapes[0]) == sorted(out)


def is_slice(shapes: Shapes, out: Shape, _: int) -> bool:
    """A part of what was."""
    return len(shapes) == 1 and math.prod(out) <= math.prod(shapes[0])


def is_matmul(shapes: Shapes, out: Shape, groups: int) -> bool:
    """Queries by keys, whose features fall into groups, or attention weights by values."""
    if len(shapes) != 2 or len(shapes[1]) != 2 or len(shapes[0]) not in (2, 3):
        return False
    n_tokens, n_features = shapes[1]
    *heads, n_queries, n_last = shapes[0]
    if not heads:
        fits = n_last == n_features and n_last % groups == 0
        return fits and out == (groups, n_queries, n_tokens)
    fits = n_last == n_tokens and groups == 1 and n_features % heads[0] == 0
    return fits and out == (n_queries, n_features)


def padding(
    side: int, out_side: int, window: int, stride: int = 1, dilation: int = 1
) -> tuple[int, int]:
    """Pixels before and after one side of a map with which a window makes another side of it.

    Half of an odd window on both sides, half of what the stride leaves of an even one; where that
    gives another size, as little as gives this one, the larger half at the end.

    Args:
        side: Of what is read, in pixels.
        out_side: Of what is put out, in pixels.
        window: Side of the window, in pixels.
        stride: Step of the window, in pixels.
        dilation: Distance between neighbouring taps of the window, in pixels.

    Raises:
        ShapeError: No padding does.

    Example:
        >>> padding(32, 16, window=3, stride=2), padding(8, 8, window=2)
        ((1, 1), (0, 1))
    """
    span = dilation * (window - 1) + 1
    half = dilation * (window // 2) if window % 2 else max(0, window - stride) // 2
    if (side + 2 * half - span) // stride + 1 == out_side:
        return half, half
    least = max(0, (out_side - 1) * stride + span - side)
    if (side + least - span) // stride + 1 != out_side:
        raise ShapeError(
            f"A window of {window} pixels must step {stride} from {side} pixels to {out_side}; no "
            "padding makes it do so."
        )
    return least // 2, least - least // 2
