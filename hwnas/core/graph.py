"""The operation graph of an architecture: every operator with its tensor shapes, no framework.

Parameters and multiply-accumulates are counted from it. ``macs`` are those of convolutions and
linear layers (1 MAC = 1) and nothing else, as published tables have them; other tools add
activations, normalisation or pooling, or count each MAC twice. The products of attention, of two
inputs and no weights, are ``matmul_macs``: their number grows with the square of the tokens, and
published counts of language models leave them out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hwnas.core.operation import Operation, shape_error
from hwnas.core.shapes import Shape
from hwnas.errors import ConfigError, ShapeError


@dataclass(frozen=True, slots=True)
class OperationGraph:
    """Operators in an order in which each follows what it reads; the last one is the output.

    Args:
        operations: The ``n_operations`` operators.
    """

    operations: tuple[Operation, ...]

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    @property
    def in_shape(self) -> Shape | None:
        """Shape of the network's input; None if no operator reads it first."""
        return next((each.in_shape for each in self.operations if each.inputs[0] < 0), None)

    @property
    def params(self) -> int:
        """Trainable parameters of the network."""
        return sum(operation.params for operation in self.operations)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers for one image or sequence."""
        return sum(operation.macs for operation in self.operations)

    @property
    def matmul_macs(self) -> int:
        """Multiply-accumulates of products of two inputs for one image or sequence."""
        return sum(operation.matmul_macs for operation in self.operations)


@dataclass(slots=True)
class GraphBuilder:
    """Builds an operation graph, keeping track of shapes.

    Every method adds one operator, unless it says otherwise, and returns its position, which is
    how others read it; ``-1`` is the network's input.

    Args:
        in_shape: Shape of the network's input without the batch axis: an image ``(channels,
            height, width)``, or the ``(tokens,)`` of a text.
        stage: Which part of the network comes first; set the attribute where another begins.

    Example:
        >>> net = GraphBuilder((3, 32, 32))
        >>> node = net.same("relu", net.conv(-1, 16, kernel=3))
        >>> net.linear(net.global_avg_pool(net.add(node, node)), 10)
        4
        >>> net.build().params
        602
    """

    in_shape: Shape
    stage: str = ""
    _operations: list[Operation] = field(default_factory=list)

    def shape(self, node: int) -> Shape:
        """Shape of what the operator at ``node`` puts out; ``-1`` is the network's input.

        Raises:
            ConfigError: No such operator was added.
        """
        if not -1 <= node < len(self._operations):
            raise ConfigError(
                f"A node must be -1 (the input) to {len(self._operations) - 1}; got {node}."
            )
        return self.in_shape if node < 0 else self._operations[node].out_shape

    def _append(self, kind: str, inputs: tuple[int, ...], out: Shape, **how: Any) -> int:
        """Add an operator.

        Raises:
            ShapeError: Its shapes do not fit.
            UnknownNameError: There is no such kind of operation.
        """
        shapes = tuple(map(self.shape, inputs))
        operation = _operation(kind, inputs, shapes, out, self.stage, tuple(how.items()))
        self._operations.append(operation)
        return len(self._operations) - 1

    def conv(
        self,
        node: int,
        out_channels: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        groups: int = 1,
        has_bias: bool = False,
        dilation: int = 1,
    ) -> int:
        """Convolution, padded so that the stride alone decides the size of the output."""
        return self._append(
            "conv",
            (node,),
            self._strided(node, out_channels, stride),
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            groups=groups,
            has_bias=has_bias,
        )

    def linear(
        self, node: int, out_features: int, has_bias: bool = True, tied_to: int | None = None
    ) -> int:
        """Linear layer on a vector or on each token of a sequence.

        Args:
            node: What it reads.
            out_features: Features of the output.
            has_bias: Whether there is one.
            tied_to: The embedding whose matrix it shares and which counts it.

        Raises:
            ShapeError: The embedding has another number of entries or features.
        """
        shape = self.shape(node)
        if tied_to is not None:
            self._check_tied(tied_to, (out_features, shape[-1]))
        return self._append(
            "linear",
            (node,),
            (*shape[:-1], out_features),
            has_bias=has_bias,
            is_tied=tied_to is not None,
        )

    def _check_tied(self, node: int, size: tuple[int, int]) -> None:
        tied = self._operations[node] if self.shape(node) and node >= 0 else None
        if tied is None or (tied.kind, tied.n_entries, tied.out_shape[-1]) != ("embedding", *size):
            raise ShapeError(
                "A linear layer must be tied to an embedding of (n_entries, n_features) = "
                f"(out_features, in_features) = {size}; got {tied or 'the input of the network'}."
            )

    def embedding(self, node: int, n_entries: int, n_features: int) -> int:
        """A row of a matrix ``(n_entries, n_features)`` for each token."""
        out = (*self.shape(node), n_features)
        return self._append("embedding", (node,), out, n_entries=n_entries)

    def same(self, kind: str, *nodes: int) -> int:
        """Operator that keeps the shape of the first node: normalisation, activation, identity."""
        return self._append(kind, nodes, self.shape(nodes[0]) if nodes else ())

    def layer_norm(self, node: int, has_bias: bool = True) -> int:
        """Normalisation of the features of each token, with a scale for each and perhaps a bias."""
        return self._append("layer_norm", (node,), self.shape(node), has_bias=has_bias)

    def add(self, *nodes: int) -> int:
        """Sum of nodes of one shape."""
        return self.same("add", *nodes)

    def mul(self, *nodes: int) -> int:
        """Product of nodes of one shape; those after the first may have one number a channel."""
        return self.same("mul", *nodes)

    def concat(self, *nodes: int, axis: int | None = None) -> int:
        """Nodes one after the other.

        Args:
            *nodes: What to join.
            axis: Along which axis; by default the channels of maps and the features of others.

        Raises:
            ShapeError: They differ along another axis.
        """
        shapes = [self.shape(node) for node in nodes]
        out = list(shapes[0]) if shapes else []
        if axis is None:
            axis = 0 if len(out) == 3 else len(out) - 1
        if any(len(shape) != len(out) or not 0 <= axis < len(out) for shape in shapes):
            raise ShapeError(
                f"Operation concat must read shapes of one length with an axis {axis}; it reads "
                f"{', '.join(map(str, shapes))}."
            )
        out[axis : axis + 1] = [sum(shape[axis] for shape in shapes)]
        return self._append("concat", nodes, tuple(out))

    def zero(self, node: int, out_channels: int | None = None, stride: int = 1) -> int:
        """Zeros; of a map, perhaps of other channels and a size that a stride leaves."""
        if out_channels is None and stride == 1:
            return self.same("zero", node)
        channels = self.shape(node)[0] if out_channels is None else out_channels
        return self._append("zero", (node,), self._strided(node, channels, stride), stride=stride)

    def channel_shuffle(self, node: int, groups: int) -> int:
        """Channels of the groups in turn, the first of each before the second of any."""
        return self._append("channel_shuffle", (node,), self.shape(node), groups=groups)

    def avg_pool(self, node: int, kernel: int, stride: int = 1) -> int:
        """Average pooling, padded so that the stride alone decides the size of the output."""
        return self._pool("avg_pool", node, kernel, stride)

    def max_pool(self, node: int, kernel: int, stride: int = 1) -> int:
        """Maximum pooling, padded so that the stride alone decides the size of the output."""
        return self._pool("max_pool", node, kernel, stride)

    def _pool(self, kind: str, node: int, kernel: int, stride: int) -> int:
        out = self._strided(node, self.shape(node)[0], stride)
        return self._append(kind, (node,), out, kernel=kernel, stride=stride)

    def _strided(self, node: int, channels: int, stride: int) -> Shape:
        """Shape of a map of other channels whose windows step by a stride.

        Raises:
            ConfigError: The stride is below 1.
        """
        if stride < 1:
            raise ConfigError(f"The stride of an operation must be at least 1; got {stride}.")
        return (channels, *(-(-side // stride) for side in self.shape(node)[1:]))

    def global_avg_pool(self, node: int) -> int:
        """Average over all pixels of each channel, or over all tokens of each feature."""
        shape = self.shape(node)
        out = shape[:1] if len(shape) == 3 else shape[1:]
        return self._append("global_avg_pool", (node,), out)

    def flatten(self, node: int) -> int:
        """All numbers as one vector."""
        return self._append("reshape", (node,), (math.prod(self.shape(node)),))

    def to_tokens(self, node: int) -> int:
        """A map's pixels as a sequence ``(height * width, channels)``."""
        channels, *sides = self.shape(node)
        return self._append("reshape", (node,), (math.prod(sides), channels))

    def attention_scores(self, queries: int, keys: int, heads: int = 1) -> int:
        """Products of queries and keys, head by head: shape ``(heads, queries, keys)``."""
        out = (heads, self.shape(queries)[0], self.shape(keys)[0])
        return self._append("matmul", (queries, keys), out, groups=heads)

    def weighted_values(self, weights: int, values: int) -> int:
        """Sums of values weighted by attention weights ``(heads, queries, keys)``, head by head."""
        out = (*self.shape(weights)[1:2], self.shape(values)[-1])
        return self._append("matmul", (weights, values), out)

    def attention(self, queries: int, keys: int, values: int, heads: int = 1) -> int:
        """Scores, their softmax and the values weighted by it; the position of the last.

        The linear layers before and after it are added on their own.
        """
        weights = self.same("softmax", self.attention_scores(queries, keys, heads))
        return self.weighted_values(weights, values)

    def build(self) -> OperationGraph:
        """The finished graph."""
        return OperationGraph(tuple(self._operations))


@lru_cache(maxsize=65_536)
def _operation(
    kind: str,
    inputs: tuple[int, ...],
    shapes: tuple[Shape, ...],
    out: Shape,
    stage: str,
    how: tuple[tuple[str, Any], ...],
) -> Operation:
    """An operator whose shapes fit; the networks of a space share most of theirs.

    Raises:
        ShapeError: They do not fit.
        UnknownNameError: There is no such kind of operation.
    """
    if not shapes:
        raise ShapeError(f"Operation {kind} must read at least one node; it reads none.")
    operation = Operation(kind, inputs, shapes[0], out, stage=stage, **dict(how))
    problem = shape_error(operation, shapes)
    if problem:
        raise ShapeError(f"Operation {kind} {problem}.")
    return operation
