"""Proxies that count: parameters, multiply-accumulates, norm of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnas.proxies.catalogue import UndefinedScore, proxy

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
    """Multiply-accumulates of convolutions and linear layers for one image.

    Counted where they happen, in the forward pass; unknown where other layers have matrices or
    filters (``Conv1d``, ``MultiheadAttention``), whose work would be left out.
    NAS-Bench-Suite-Zero's ``flops`` are millions and count activations, normalisation and pooling
    too; here 1 MAC = 1 and nothing else counts.

    References:
        Ning et al. 2021, Evaluating Efficient Performance Estimators of Neural Architectures,
        https://arxiv.org/abs/2008.03064
    """
    if passes.other_weights:
        raise UndefinedScore(
            f"nobody counts what '{passes.other_weights[0]}' does, which is no weight of a Conv2d "
            "or Linear"
        )
    counted = passes.readings.macs
    assert counted is not None
    return float(counted)


@proxy()
def l2_norm(passes: Passes) -> float:
    """Sum over layers of the Euclidean norm of the weights.

    References:
        Abdelfattah et al. 2021, Zero-Cost Proxies for Lightweight NAS,
        https://arxiv.org/abs/2101.08134
    """
    return float(sum(weight.norm() for weight in passes.weights))
