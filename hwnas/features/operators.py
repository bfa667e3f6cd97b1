"""What the network does, by type of operator and by stage: work, weights and memory traffic.

The columns by type of operator have the same names and meaning in every space, so that a cost
model fitted on one space can value another.

References:
    Radosavovic et al. 2020, Designing Network Design Spaces (activations as a cost),
    https://arxiv.org/abs/2003.13678
"""

from __future__ import annotations

import math

import numpy as np

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation, operation_kind
from hwnas.core.space import SearchSpace
from hwnas.features.measured import measured

OPERATOR_TYPES = (
    "conv",
    "conv_1x1",
    "grouped_conv",
    "depthwise",
    "linear",
    "batch_norm",
    "activation",
    "pool",
    "elementwise",
    "shuffle",
)
QUANTITIES = ("n", "macs", "params", "bytes_read", "bytes_written")
STAGE_QUANTITIES = ("layers", "macs", "params", "activations", "bytes")

# Single precision; a device that computes in another scales all traffic alike.
BYTES_PER_NUMBER = 4


def operator_type(operation: Operation) -> str | None:
    """Type of an operator; None for an identity or zeros, which a device need not run.

    One of ``OPERATOR_TYPES``, or a type of its own that only the graphs which hold it count:
    ``matmul``, ``layer_norm``, ``embedding``.

    Raises:
        UnknownNameError: There is no such kind of operation.
    """
    family = operation_kind(operation.kind).family
    if family != "conv":
        return family
    if operation.groups > 1:
        is_depthwise = operation.groups == operation.in_shape[0]
        return "depthwise" if is_depthwise else "grouped_conv"
    return "conv_1x1" if operation.window == (1, 1) else "conv"


def measure_operators(graph: OperationGraph) -> dict[str, int]:
    """Each of ``QUANTITIES`` summed over the operators of each type.

    ``bytes_read`` counts inputs without weights, ``bytes_written`` outputs, of one image in single
    precision. Types beyond ``OPERATOR_TYPES``, and ``matmul_macs``, are there if the graph has
    them.
    """
    sums = dict.fromkeys(
        (f"{quantity}({kind})" for kind in OPERATOR_TYPES for quantity in QUANTITIES), 0
    )
    for operation in graph:
        kind = operator_type(operation)
        if kind is None:
            continue
        measured = {
            "n": 1,
            "macs": operation.macs,
            "params": operation.params,
            "bytes_read": BYTES_PER_NUMBER * _n_read(graph, operation),
            "bytes_written": BYTES_PER_NUMBER * math.prod(operation.out_shape),
        }
        for quantity, value in (measured | _products(operation)).items():
            name = f"{quantity}({kind})"
            sums[name] = sums.get(name, 0) + value
    return sums


def measure_kernels(graph: OperationGraph) -> dict[str, int]:
    """Operators of each type, window and resolution, and their multiply-accumulates.

    One such kind is about one kernel of a runtime, whose calls and work add up on a device that
    runs one after the other.
    """
    sums: dict[str, int] = {}
    for operation in graph:
        kind = operator_type(operation)
        if kind is None:
            continue
        side = operation.out_shape[-1] if len(operation.out_shape) == 3 else 1
        word = f"{kind} {'x'.join(map(str, operation.window))} @{side}"
        for name, value in ((f"n({word})", 1), (f"macs({word})", operation.macs)):
            sums[name] = sums.get(name, 0) + value
    return sums


def measure_stages(graph: OperationGraph) -> dict[str, int]:
    """Each of ``STAGE_QUANTITIES`` summed over the operators of each stage.

    ``layers`` and ``activations`` count convolutions and linear layers and the numbers they put
    out; ``bytes`` is the traffic of all operators: inputs, outputs and weights of one image in
    single precision. In a chain the layers are the depth. ``matmul_macs`` are there if the stage
    has them.
    """
    sums: dict[str, int] = {}
    for operation in graph:
        stage = operation.stage
        if f"layers({stage})" not in sums:
            sums.update({f"{quantity}({stage})": 0 for quantity in STAGE_QUANTITIES})
        if operator_type(operation) is None:
            continue
        n_written = math.prod(operation.out_shape)
        if operation.kind in ("conv", "linear"):
            sums[f"layers({stage})"] += 1
            sums[f"activations({stage})"] += n_written
        sums[f"macs({stage})"] += operation.macs
        sums[f"params({stage})"] += operation.params
        n_moved = _n_read(graph, operation) + n_written + _n_weights_read(operation)
        sums[f"bytes({stage})"] += BYTES_PER_NUMBER * n_moved
        for quantity, value in _products(operation).items():
            name = f"{quantity}({stage})"
            sums[name] = sums.get(name, 0) + value
    return sums


def measure_totals(graph: OperationGraph) -> dict[str, int]:
    """Operators, MACs, parameters and bytes of traffic of the whole network, one image.

    ``matmul_macs`` are there if the network has them.
    """
    by_stage = measure_stages(graph)

    def total(quantity: str) -> int:
        return sum(value for name, value in by_stage.items() if name.startswith(f"{quantity}("))

    n_operators = sum(operator_type(operation) is not None for operation in graph)
    totals = {name: total(name) for name in ("macs", "params", "bytes")}
    products = {"matmul_macs": graph.matmul_macs} if graph.matmul_macs else {}
    return {"operators": n_operators} | totals | products


def operator_names(space: SearchSpace) -> list[str]:
    """Names of the columns of ``operator_features``, the same for every space."""
    return list(measured(space, measure_operators).names)


def operator_features(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """``measure_operators`` of genotypes, float32 of shape ``(n_archs, n_columns)``."""
    return measured(space, measure_operators).values(genotypes, np.float32)


def stage_names(space: SearchSpace) -> list[str]:
    """Names of the columns of ``stage_features``: those of the space's stages."""
    return list(measured(space, measure_stages).names)


def stage_features(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """``measure_stages`` of genotypes, float32 of shape ``(n_archs, n_columns)``."""
    return measured(space, measure_stages).values(genotypes, np.float32)


def total_names(space: SearchSpace) -> list[str]:
    """Names of the columns of ``total_features``, the same for every space."""
    return list(measured(space, measure_totals).names)


def total_features(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """``measure_totals`` of genotypes, float32 of shape ``(n_archs, 4)``."""
    return measured(space, measure_totals).values(genotypes, np.float32)


def _n_read(graph: OperationGraph, operation: Operation) -> int:
    """Numbers that an operator reads, weights left out."""
    of_network = graph.in_shape or operation.in_shape
    return sum(
        math.prod(of_network if node < 0 else graph.operations[node].out_shape)
        for node in operation.inputs
    )


def _n_weights_read(operation: Operation) -> int:
    """Weights that an operator reads; an embedding reads one row a token."""
    if operation.kind == "embedding":
        return math.prod(operation.out_shape)
    return operation.n_weights


def _products(operation: Operation) -> dict[str, int]:
    """Multiply-accumulates of two inputs, as a column that spaces without them do not have."""
    return {"matmul_macs": operation.matmul_macs} if operation.matmul_macs else {}
