"""Proxies that sum the saliency of weights, as pruning at initialisation defines it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hwnas.proxies._running import widened
from hwnas.proxies.catalogue import UndefinedScore, proxy

if TYPE_CHECKING:
    from torch import Tensor

    from hwnas.proxies._passes import Passes

# Powers of two, so that scaling by them is exact.
_SCALES = (1.0, 2.0**-450, 2.0**450)
_CHECK = 2.0**-8
_IS_SAME = 1e-9


@proxy("weight_gradients")
def grad_norm(passes: Passes) -> float:
    """Sum over layers of the Euclidean norm of the loss's gradient in the weights.

    References:
        Abdelfattah et al. 2021, Zero-Cost Proxies for Lightweight NAS,
        https://arxiv.org/abs/2101.08134
    """
    return float(sum(widened(gradient).norm() for gradient in _gradients(passes)))


@proxy("weight_gradients")
def snip(passes: Passes) -> float:
    """Sum of ``|weight x gradient|``, the gradient of a mask over each weight.

    References:
        Lee et al. 2019, SNIP: Single-shot Network Pruning based on Connection Sensitivity,
        https://arxiv.org/abs/1810.02340
    """
    return float(sum(product.abs().sum() for product in _products(passes)))


@proxy("weight_gradients")
def plain(passes: Passes) -> float:
    """Sum of ``weight x gradient``, signs kept.

    A convolution that batch normalisation follows is invariant to its weights' scale, so its sum
    is zero but for rounding: what is left is the classifier's, and in single precision noise.

    References:
        Abdelfattah et al. 2021, Zero-Cost Proxies for Lightweight NAS,
        https://arxiv.org/abs/2101.08134
    """
    return float(sum(product.sum() for product in _products(passes)))


def _gradients(passes: Passes) -> list[Tensor]:
    """Gradient of the loss in each weight.

    Raises:
        UndefinedScore: All are zero, as where nothing flows: no network is better than another.
    """
    gradients = passes.noted_by_layer("weight_gradients")
    _check_some(gradients)
    return gradients


def _check_some(gradients: Iterable[Tensor | None]) -> None:
    if not any(bool(gradient.any()) for gradient in gradients if gradient is not None):
        raise UndefinedScore("no gradient of the loss reaches a weight")


def _products(passes: Passes) -> Iterator[Tensor]:
    return (
        widened(weight) * widened(gradient)
        for weight, gradient in zip(passes.weights, _gradients(passes), strict=True)
    )


@proxy("channel_saliencies")
def fisher(passes: Passes) -> float:
    """Sum over weights of their channel's Fisher saliency.

    A channel's saliency is half the mean over images of the square of ``activation x gradient``
    summed over positions; each weight of its filter counts it once, as in NAS-Bench-Suite-Zero.

    References:
        Turner et al. 2020, BlockSwap: Fisher-guided Block Substitution for Network Compression,
        https://arxiv.org/abs/1906.04113
        Theis et al. 2018, Faster gaze prediction with dense networks and Fisher pruning,
        https://arxiv.org/abs/1801.05787
    """
    saliencies = passes.noted_by_layer("channel_saliencies")
    _check_some(saliencies)
    return float(
        sum(
            widened(saliency).sum() * (weight.numel() // len(saliency))
            for saliency, weight in zip(saliencies, passes.weights, strict=True)
        )
    )


@proxy()
def grasp(passes: Passes) -> float:
    """Sum of ``-weight x (Hessian x gradient)``: how pruning would change the gradient's flow.

    It takes a backward pass through a backward pass, so it costs more than all others together.
    NAS-Bench-Suite-Zero runs the same minibatch forward twice; once is enough. Attention runs as
    plain matrix products, since its fused kernels have no second derivative.

    References:
        Wang et al. 2020, Picking Winning Tickets Before Training by Preserving Gradient Flow,
        https://arxiv.org/abs/2002.07376
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    lent = passes.parameters()
    weights = passes.of_layers(lent)
    for weight in weights:
        weight.requires_grad_()
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        loss = passes.loss(passes.logits(passes.images, lent))
        gradients = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
        _check_some(gradients)
        flow = torch.stack([(g.detach() * g).sum() for g in gradients if g is not None]).sum()
        products = torch.autograd.grad(flow, weights, allow_unused=True)
    return -float(
        sum(
            (widened(weight.detach()) * widened(product)).sum()
            for weight, product in zip(weights, products, strict=True)
            if product is not None
        )
    )


@proxy()
def synflow(passes: Passes) -> float:
    """Natural logarithm of the summed synaptic flow, in double precision.

    The flow of a weight is ``|weight x gradient|`` of the summed output, for an image of ones and
    absolute weights, without batch normalisation. NAS-Bench-Suite-Zero stores the same logarithm,
    and 0 where nothing flows, which is undefined here, as it is beside batch normalisation that is
    called as a function. Departures: evaluation mode, so that
    dropout plays no part; and where the flow of a very deep network leaves the range of doubles,
    input, biases and the output's gradient are scaled by a power of two, by which the flow of a
    network of convolutions, ReLUs, sums and pooling scales too. Whether it does is checked.

    References:
        Tanaka et al. 2020, Pruning neural networks without any data by iteratively conserving
        synaptic flow, https://arxiv.org/abs/2006.05467
    """
    for scale in _SCALES:
        flow = _log_flow(passes, scale)
        if not math.isfinite(flow):
            continue
        if scale != 1 and abs(flow - _log_flow(passes, scale * _CHECK)) > _IS_SAME * abs(flow):
            break
        return flow
    raise UndefinedScore("the synaptic flow is zero or leaves the range of double precision")


def _log_flow(passes: Passes, scale: float) -> float:
    """Logarithm of the summed flow, computed with signals scaled by ``scale`` both ways."""
    import torch

    from hwnas.proxies._operators import normalisations_known

    lent = {name: value.double().abs() for name, value in passes.parameters().items()}
    buffers = {
        name: value.double().abs() if value.is_floating_point() else value
        for name, value in passes.buffers().items()
    }
    for name in lent:
        if name.endswith("bias"):
            lent[name] *= scale
    weights = passes.of_layers(lent)
    for weight in weights:
        weight.requires_grad_()
    image = torch.full_like(passes.images[:1], scale, dtype=torch.float64)
    with _without_normalisation(passes), torch.enable_grad():
        with normalisations_known(passes.model):
            out = passes.run(image, lent, buffers, is_training=False)
        gradients = torch.autograd.grad(
            out, weights, torch.full_like(out, scale), allow_unused=True
        )
    total = sum(
        float((weight.detach() * gradient).abs().sum())
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is not None
    )
    return math.log(total) - 2 * math.log(scale) if total > 0 else -math.inf


@contextlib.contextmanager
def _without_normalisation(passes: Passes) -> Iterator[None]:
    """Batch normalisation that passes its input on, until the block ends."""
    from torch.nn.modules.batchnorm import _BatchNorm

    handles = [
        module.register_forward_hook(lambda _, inputs, __: inputs[0])
        for module in passes.model.modules()
        if isinstance(module, _BatchNorm)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
