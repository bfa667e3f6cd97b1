"""HW-NAS-Bench's lookup of operators for FBNet: a network's value is the sum over its operators.

References:
    Li et al. 2021, HW-NAS-Bench, https://openreview.net/forum?id=_0kaDkv3dVf; code:
    https://github.com/GATECH-EIC/HW-NAS-Bench
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from hwnas.core.operation import Operation
from hwnas.errors import TableError
from hwnas.spaces.fbnet import OPERATIONS, SKIP, FBNet
from hwnas.tables.additive import Terms

_NAME = re.compile(r"k(\d)_e(\d)(?:_g(\d))?")


@dataclass(frozen=True, slots=True)
class OperatorKeys:
    """Keys of a network's operators.

    Args:
        fixed: Stem, head convolution, average pooling, classifier.
        layers: For each of the 22 layers, the key of each of the nine choices.
    """

    fixed: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]

    def __iter__(self) -> Iterator[str]:
        """Every key; layers of one shape share theirs, so keys come several times."""
        yield from self.fixed
        for layer in self.layers:
            yield from layer


@cache
def operator_keys(dataset: str) -> OperatorKeys:
    """Keys under which HW-NAS-Bench looks up the operators of FBNet's space.

    Args:
        dataset: ``"cifar100"`` or ``"imagenet"``.

    Raises:
        UnknownNameError: FBNet's space is not defined for this data set.
    """
    space = FBNet(dataset)
    graph = space.graph(space.architecture([OPERATIONS.index("k3_e1")] * len(space.genes)))
    stem, *inner, head = [operation for operation in graph if operation.kind == "conv"]
    *_, classifier = graph
    # Three convolutions a layer: expansion, depthwise, projection.
    layers = zip(inner[0::3], inner[1::3], inner[2::3], strict=True)
    channels, size, _ = head.out_shape
    return OperatorKeys(
        fixed=(
            _conv_key(stem),
            _conv_key(head),
            f"AvgP_H{size}_W{size}_Cin{channels}_Cout{channels}_kernel{size}_stride1",
            f"FC_Cin{classifier.in_shape[0]}_Cout{classifier.out_shape[0]}",
        ),
        layers=tuple(
            _layer_keys(expand, depthwise.stride, project) for expand, depthwise, project in layers
        ),
    )


def _conv_key(conv: Operation) -> str:
    return (
        f"ConvNorm_{_shapes(conv, conv)}_kernel{conv.kernel}_stride{conv.stride}_group{conv.groups}"
    )


def _shapes(first: Operation, last: Operation) -> str:
    in_channels, height, width = first.in_shape
    return f"H{height}_W{width}_Cin{in_channels}_Cout{last.out_shape[0]}"


def _layer_keys(expand: Operation, stride: int, project: Operation) -> tuple[str, ...]:
    """Keys of a layer's nine choices."""
    shapes = _shapes(expand, project)
    keys = []
    for choice, name in enumerate(OPERATIONS):
        if choice == SKIP:
            keys.append(f"Skip_{shapes}_stride{stride}")
            continue
        match = _NAME.fullmatch(name)
        assert match is not None
        kernel, expansion, groups = match.groups(default="1")
        keys.append(
            f"ConvBlock_{shapes}_exp{expansion}_kernel{kernel}_stride{stride}_group{groups}"
        )
    return tuple(keys)


def has_operators(lookup: Mapping[str, float], dataset: str) -> bool:
    """Whether a lookup is meant for a data set: it knows the stem for its images."""
    return operator_keys(dataset).fixed[0] in lookup


def operator_terms(lookup: Mapping[str, float], dataset: str, where: str) -> Terms:
    """A lookup of operators as a sum over layers.

    Args:
        lookup: Value of each operator, by its key.
        dataset: ``"cifar100"`` or ``"imagenet"``.
        where: What to call the lookup.

    Raises:
        TableError: An operator is missing; its key is told.
    """
    keys = operator_keys(dataset)
    missing = next((key for key in keys if key not in lookup), None)
    if missing is not None:
        raise TableError(f"{where} must hold every operator of {dataset}; {missing} is missing.")
    return Terms(
        constant=float(sum(lookup[key] for key in keys.fixed)),
        terms=np.array([[lookup[key] for key in layer] for layer in keys.layers], dtype=float),
    )


def network_values(
    space: FBNet, lookup: Mapping[str, float], genotypes: np.ndarray, where: str = "The lookup"
) -> np.ndarray:
    """Values of FBNets: the sum over stem, 22 layers and head.

    Args:
        space: FBNet's space with the data set.
        lookup: Value of each operator, by HW-NAS-Bench's key.
        genotypes: Shape ``(n_archs, 22)``.
        where: What to call the lookup in an error.

    Returns:
        Shape ``(n_archs,)``, in the lookup's unit.

    Raises:
        TableError: The lookup lacks an operator of the data set.

    Example:
        >>> keys = set(operator_keys("cifar100"))
        >>> network_values(FBNet(), dict.fromkeys(keys, 1.0), np.zeros((1, 22), dtype=int))
        array([26.])
    """
    return operator_terms(lookup, space.dataset, where)(space.check_genotypes(genotypes))
