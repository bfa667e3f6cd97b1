"""Operations of networks: what each kind needs of its shapes, and what it counts.

Every kind has one entry in ``KINDS`` that says so; a kind without one cannot be counted.

References:
    Vaswani et al. 2017, Attention Is All You Need, https://arxiv.org/abs/1706.03762
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from hwnas.core import shapes as rules
from hwnas.core.shapes import Shape, Shapes
from hwnas.errors import ConfigError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator and what flows through it.

    Args:
        kind: One of ``KINDS``.
        inputs: Positions in the graph of the operators it reads; ``-1`` is the network's input.
        in_shape: Shape of its first input, without the batch axis.
        out_shape: Shape of its output, without the batch axis.
        kernel: Side of a square window, or its height and width, in pixels; 1 where there is none.
        stride: Step of the window, in pixels.
        dilation: Distance between neighbouring taps of the window, in pixels.
        groups: Groups of a convolution or of a channel shuffle; heads among which a ``matmul``
            divides the features of its first input.
        has_bias: Whether a convolution, a linear layer or a layer normalisation has one.
        n_entries: Rows of an embedding's matrix; 1 where there is none.
        is_tied: Whether a linear layer's matrix is an embedding's, where it is counted.
        stage: Which part of the network it belongs to: ``"stem"``, ``"stage1"``, ``"head"``.
    """

    kind: str
    inputs: tuple[int, ...]
    in_shape: Shape
    out_shape: Shape
    kernel: int | tuple[int, int] = 1
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    has_bias: bool = False
    n_entries: int = 1
    is_tied: bool = False
    stage: str = ""

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the window, in pixels."""
        return (self.kernel, self.kernel) if isinstance(self.kernel, int) else self.kernel

    @property
    def padding(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels above and below a map, and on its left and right, that give the output its size.

        Raises:
            ShapeError: None do.
        """
        (height, width), (out_height, out_width) = self.in_shape[1:], self.out_shape[1:]
        (rows, columns), steps = self.window, (self.stride, self.dilation)
        return (
            rules.padding(height, out_height, rows, *steps),
            rules.padding(width, out_width, columns, *steps),
        )

    @property
    def n_weights(self) -> int:
        """Trainable numbers that it works with, those of a tied matrix among them.

        Raises:
            UnknownNameError: Nobody can count its kind.
        """
        return operation_kind(self.kind).weights(self)

    @property
    def params(self) -> int:
        """Trainable parameters; running statistics and a matrix counted elsewhere are none.

        Raises:
            UnknownNameError: Nobody can count its kind.
        """
        tied = self.in_shape[-1] * self.out_shape[-1] if self.is_tied else 0
        return self.n_weights - tied

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a convolution or linear layer for one image, else 0.

        Raises:
            UnknownNameError: Nobody can count its kind.
        """
        return operation_kind(self.kind).macs(self)

    @property
    def matmul_macs(self) -> int:
        """Multiply-accumulates of a product of two inputs, as attention has, else 0.

        Raises:
            UnknownNameError: Nobody can count its kind.
        """
        return operation_kind(self.kind).matmul_macs(self)


Count = Callable[[Operation], int]
Output = Literal["own", "in_place", "view", "zeros"]
"""What a kind needs memory for: ``own``, an output beside its inputs; ``in_place``, nothing where
it alone reads another operator's output, which it changes then; ``view``, nothing ever, since its
output is its first input; ``zeros``, an output that reads nothing, and nothing where it is only
added."""


def _nothing(_: Operation) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class OperationKind:
    """What all operations of a kind have in common.

    Args:
        family: What kind of work it is to a device, one of the types of operator that cost models
            know (``hwnas.features.operators``); None for what a device need not run.
        must: What its shapes must be, for messages.
        fits: Whether they are: a rule of ``hwnas.core.shapes``.
        weights: Trainable numbers.
        macs: Multiply-accumulates with weights.
        matmul_macs: Multiply-accumulates of two inputs with each other.
        output: What its output needs memory for.
    """

    family: str | None
    must: str = ""
    fits: Callable[[Shapes, Shape, int], bool] = rules.is_anything
    weights: Count = _nothing
    macs: Count = _nothing
    matmul_macs: Count = _nothing
    output: Output = "own"


def operation_kind(name: str) -> OperationKind:
    """What is known of a kind of operation.

    Raises:
        UnknownNameError: There is no such kind.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownNameError("kind of operation", name, KINDS) from None


def run_kinds() -> list[str]:
    """Names of the kinds of operation that a device runs: what moves or makes no data is none."""
    return [name for name, kind in KINDS.items() if kind.output not in ("view", "zeros")]


def add_kind(name: str, kind: OperationKind) -> None:
    """Let graphs have operations of another kind.

    Raises:
        ConfigError: The name is taken.
    """
    if name in KINDS:
        raise ConfigError(f"Kind of operation '{name}' is known already; choose another name.")
    KINDS[name] = kind


def shape_error(operation: Operation, shapes: Shapes) -> str | None:
    """What an operation's shapes must be and are not, as the end of a sentence; None if they are.

    Args:
        operation: The operation.
        shapes: Shape of each of its inputs.

    Raises:
        UnknownNameError: There is no such kind of operation.
    """
    must = _unmet(
        operation.kind,
        tuple(shapes),
        operation.out_shape,
        operation.kernel,
        (operation.stride, operation.dilation, operation.groups, operation.n_entries),
    )
    if must is None:
        return None
    read = ", ".join(map(str, shapes))
    return f"must {must}; it reads {read} and puts out {operation.out_shape}"


@lru_cache(maxsize=8192)
def _unmet(
    kind: str,
    shapes: tuple[Shape, ...],
    out: Shape,
    kernel: int | tuple[int, int],
    steps: tuple[int, int, int, int],
) -> str | None:
    """What the shapes of an operation must be and are not; the networks of a space share most."""
    known = operation_kind(kind)
    window = (kernel,) if isinstance(kernel, int) else kernel
    if min(*out, *window, *steps) < 1:
        return "have sizes, groups and steps of at least 1"
    return None if known.fits(shapes, out, steps[2]) else known.must


# --- counts --------------------------------------------------------------------------------------


def _conv_taps(operation: Operation) -> int:
    """Products that one number of the output is a sum of."""
    return operation.in_shape[0] // operation.groups * math.prod(operation.window)


def _conv_weights(operation: Operation) -> int:
    return operation.out_shape[0] * (_conv_taps(operation) + operation.has_bias)


def _conv_macs(operation: Operation) -> int:
    return math.prod(operation.out_shape) * _conv_taps(operation)


def _linear_weights(operation: Operation) -> int:
    return operation.out_shape[-1] * (operation.in_shape[-1] + operation.has_bias)


def _linear_macs(operation: Operation) -> int:
    return math.prod(operation.out_shape) * operation.in_shape[-1]


def _batch_norm_weights(operation: Operation) -> int:
    return 2 * operation.out_shape[0]


def _layer_norm_weights(operation: Operation) -> int:
    return operation.out_shape[-1] * (1 + operation.has_bias)


def _embedding_weights(operation: Operation) -> int:
    return operation.n_entries * operation.out_shape[-1]


def _matmul_macs(operation: Operation) -> int:
    return math.prod(operation.out_shape) * (operation.in_shape[-1] // operation.groups)


_ONE_SHAPE = "read and put out one shape"
_POOL = "read a map (channels, height, width) and keep its channels"

KINDS: dict[str, OperationKind] = {
    "conv": OperationKind(
        "conv",
        "read and put out a map (channels, height, width) whose channels its groups divide",
        rules.is_conv,
        _conv_weights,
        _conv_macs,
    ),
    "linear": OperationKind(
        "linear",
        "read a vector (features,) or a sequence (tokens, features) and change only the features",
        rules.is_linear,
        _linear_weights,
        _linear_macs,
    ),
    "embedding": OperationKind(
        "embedding",
        "read tokens (tokens,) and put out (tokens, features) ",
        rules.is_embedding,
        _embedding_weights,
    ),
    "matmul": OperationKind(
        "matmul",
        "read queries (queries, features) and keys (keys, features) and put out (heads, queries, "
        "keys), or read those and values (keys, features) and put out (queries, features), heads "
        "dividing the features",
        rules.is_matmul,
        matmul_macs=_matmul_macs,
    ),
    "batch_norm": OperationKind(
        "batch_norm",
        f"{_ONE_SHAPE}, a map (channels, height, width) or a vector (features,)",
        rules.keeps_map_or_vector,
        _batch_norm_weights,
        output="in_place",
    ),
    "layer_norm": OperationKind(
        "layer_norm",
        f"{_ONE_SHAPE}, a sequence (tokens, features) or a vector (features,)",
        rules.keeps_sequence_or_vector,
        _layer_norm_weights,
        output="in_place",
    ),
    **{
        name: OperationKind("activation", _ONE_SHAPE, rules.keeps_shape, output="in_place")
        for name in (
            "relu",
            "relu6",
            "silu",
            "sigmoid",
            "hard_swish",
            "hard_sigmoid",
            "tanh",
            "gelu",
            "softmax",
        )
    },
    "avg_pool": OperationKind("pool", _POOL, rules.is_pool),
    "max_pool": OperationKind("pool", _POOL, rules.is_pool),
    "global_avg_pool": OperationKind(
        "pool",
        "read a map (channels, height, width) or a sequence (tokens, features) and put out one "
        "number for each channel or feature",
        rules.is_mean,
    ),
    "add": OperationKind("elementwise", _ONE_SHAPE, rules.keeps_shape),
    "mul": OperationKind(
        "elementwise",
        "put out the shape of its first input and read others of that shape or of one number a "
        "channel",
        rules.is_product,
    ),
    "concat": OperationKind(
        "shuffle",
        "read shapes that agree in all but one axis and put out their sum along it",
        rules.is_concatenation,
    ),
    "channel_shuffle": OperationKind(
        "shuffle", f"{_ONE_SHAPE} whose channels its groups divide", rules.is_shuffle
    ),
    "transpose": OperationKind("shuffle", "put out its axes in another order", rules.is_transpose),
    "slice": OperationKind(None, "put out no more numbers than it reads", rules.is_slice),
    "reshape": OperationKind(
        None, "put out as many numbers as it reads", rules.is_reshaping, output="view"
    ),
    "identity": OperationKind(None, _ONE_SHAPE, rules.keeps_shape, output="view"),
    "zero": OperationKind(
        None,
        f"{_ONE_SHAPE}, or two maps (channels, height, width)",
        rules.is_zero,
        output="zeros",
    ),
}
"""All kinds of operation by name; those that count nothing say so by having no counts."""
