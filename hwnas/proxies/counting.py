"""Proxies that count: parameters, multiply-accumulates, norm of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnas.proxies._running import widened
from hwnas.proxies.catalogue import proxy

if TYPE_CHECKING:
    from hwnas.proxies._passes import Passes


@proxy()
def params(passes: Passes) -> float:
    """Number of parameters, those of normalisation and biases included.

    NAS-Bench-Suite-Zero gives millions of them; here they are counted one by one.

    References:
        Ning et al. 2021, Evaluating Efficient Performance Estimators of Neural Architectures,
        https://arxiv.org/abs/2008.03064
    """
    return float(sum(parameter.numel() for parameter in passes.model.parameters()))


@proxy("macs")
def macs(passes: Passes) -> float:
    """Multiply-accumulates of convolutions, linear layers and other matrix products, an image.

    Counted where they happen, operator by operator of the forward pass: convolutions of any
    dimension, grouped and transposed ones, linear layers, attention (all pairs of positions, also
    those that a mask hides), matrix products of activations. Unknown, with the operator's name,
    where one with multiply-accumulates is not among them, as a Fourier transform. For networks
    of convolutions and linear layers alone it is the ``macs`` of the operation graph.
    NAS-Bench-Suite-Zero's ``flops`` are millions and count activations, normalisation and pooling
    too; here 1 MAC = 1 and nothing else counts.

    References:
        Ning et al. 2021, Evaluating Efficient Performance Estimators of Neural Architectures,
        https://arxiv.org/abs/2008.03064
    """
    return float(passes.macs)


@proxy()
def l2_norm(passes: Passes) -> float:
    """Sum over layers of the Euclidean norm of the weights.

    References:
        Abdelfattah et al. 2021, Zero-Cost Proxies for Lightweight NAS,
        https://arxiv.org/abs/2101.08134
    """
    return float(sum(widened(weight).norm() for weight in passes.weights))
