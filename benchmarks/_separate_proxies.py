"""Every proxy in forward and backward passes of its own, straight from the definitions.

What the shared passes of ``hwnas.proxies`` are timed against: a copy of the model for each proxy,
PyTorch's default memory layout, and a whole backward pass wherever a gradient is needed, which is
how NAS-Bench-Suite-Zero's reference code goes about it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Batch = tuple[Tensor, Tensor]


def _layers(model: nn.Module) -> list[Any]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def _loss_backward(model: nn.Module, batch: Batch) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """Weights with their gradients, and the images with theirs."""
    own = copy.deepcopy(model).train()
    images = batch[0].clone().requires_grad_()
    torch.autograd.backward(functional.cross_entropy(own(images), batch[1]))
    pairs = [(layer.weight.detach(), layer.weight.grad) for layer in _layers(own)]
    assert images.grad is not None
    return pairs, images.grad


def _output_gradient(model: nn.Module, batch: Batch, direction: Tensor) -> Tensor:
    own = copy.deepcopy(model).train()
    images = batch[0].clone().requires_grad_()
    own(images).backward(direction)
    assert images.grad is not None
    return images.grad.flatten(1)


def grad_norm(model: nn.Module, batch: Batch) -> float:
    """Sum of norms of gradients."""
    return float(sum(gradient.norm() for _, gradient in _loss_backward(model, batch)[0]))


def snip(model: nn.Module, batch: Batch) -> float:
    """Sum of absolute weight x gradient."""
    pairs, _ = _loss_backward(model, batch)
    return float(sum((weight * gradient).abs().sum() for weight, gradient in pairs))


def plain(model: nn.Module, batch: Batch) -> float:
    """Sum of weight x gradient."""
    pairs, _ = _loss_backward(model, batch)
    return float(sum((weight * gradient).sum() for weight, gradient in pairs))


def input_grad_norm(model: nn.Module, batch: Batch) -> float:
    """Mean norm of the loss's gradient in the image."""
    _, gradient = _loss_backward(model, batch)
    return float(gradient.flatten(1).norm(dim=1).sum())


def fisher(model: nn.Module, batch: Batch) -> float:
    """Fisher saliency of channels, summed over weights."""
    own = copy.deepcopy(model).train()
    calls: list[tuple[Tensor, Tensor]] = []
    for layer in _layers(own):
        layer.register_forward_hook(lambda layer, _, out: calls.append((layer.weight, out)))
    loss = functional.cross_entropy(own(batch[0]), batch[1])
    wanted = [out for _, out in calls]
    gradients = torch.autograd.grad(loss, [*wanted, *own.parameters()], allow_unused=True)
    total = 0.0
    for (weight, out), gradient in zip(calls, gradients, strict=False):
        product = out.detach() * gradient
        per_image = product.flatten(2).sum(2) if product.ndim > 2 else product
        total += float(per_image.square().mean(0).sum() / 2) * math.prod(weight.shape[1:])
    return total


def _correlations(model: nn.Module, batch: Batch, n_classes: int = 10) -> np.ndarray:
    gradient = _output_gradient(model, batch, torch.ones(len(batch[0]), n_classes))
    return np.asarray(np.corrcoef(gradient.numpy()))


def jacob_cov(model: nn.Module, batch: Batch) -> float:
    """Minus the spread of the eigenvalues of gradients' correlations."""
    values = np.linalg.eigvalsh(_correlations(model, batch))
    return -float(np.sum(np.log(values + 1e-5) + 1 / (values + 1e-5)))


def epe_nas(model: nn.Module, batch: Batch) -> float:
    """Correlations of gradients within classes."""
    correlations, labels = _correlations(model, batch), batch[1].numpy()
    logs = np.log(np.abs(correlations) + 1e-5)
    return float(
        sum(abs(logs[np.ix_(own, own)].sum()) for own in (labels == c for c in np.unique(labels)))
    )


def jacobian_norm(model: nn.Module, batch: Batch) -> float:
    """Frobenius norm of the Jacobian by one random projection."""
    drawn = torch.randn(
        len(batch[0]), 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    direction = (drawn / drawn.norm(dim=1, keepdim=True)).float()
    gradient = _output_gradient(model, batch, direction)
    return math.sqrt(10 * float(gradient.square().sum(1).mean()))


def nwot(model: nn.Module, batch: Batch) -> float:
    """Log-determinant of the agreement of activation codes."""
    own = copy.deepcopy(model).train()
    agreement = np.zeros((len(batch[0]), len(batch[0])))

    def see(_: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
        nonlocal agreement
        codes = (inputs[0].flatten(1) > 0).float()
        agreement = agreement + (codes @ codes.T + (1 - codes) @ (1 - codes).T).numpy()

    for module in own.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(see)
    with torch.no_grad():
        own(batch[0])
    return float(np.linalg.slogdet(agreement)[1])


def synflow(model: nn.Module, batch: Batch) -> float:
    """Logarithm of the synaptic flow."""
    own = copy.deepcopy(model).double().train()
    for module in own.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(lambda _, inputs, __: inputs[0])
    with torch.no_grad():
        for parameter in own.parameters():
            parameter.abs_()
    own(torch.ones_like(batch[0][:1], dtype=torch.float64)).sum().backward()
    flows = [(layer.weight.detach() * layer.weight.grad).abs().sum() for layer in _layers(own)]
    return math.log(float(sum(flows)))


def zen(model: nn.Module, batch: Batch) -> float:
    """Zen-score of Gaussian weights and images."""
    own = copy.deepcopy(model).train()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in own.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator))
    images, change = (torch.randn(batch[0].shape, generator=generator) for _ in range(2))
    maps: list[Tensor] = []
    for module in own.modules():
        if isinstance(module, nn.AdaptiveAvgPool2d):
            module.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0]))
    with torch.no_grad():
        own(images)
        own(images + 0.01 * change)
    score = math.log(float((maps[0] - maps[1]).abs().flatten(1).sum(1).mean()))
    for module in own.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_var is not None:
            score += 0.5 * math.log(float(module.running_var.mean()))
    return score


def l2_norm(model: nn.Module, _: Batch) -> float:
    """Sum of norms of weights."""
    return float(sum(layer.weight.detach().norm() for layer in _layers(model)))


def params(model: nn.Module, _: Batch) -> float:
    """Number of parameters."""
    return float(sum(parameter.numel() for parameter in model.parameters()))


def macs(model: nn.Module, batch: Batch) -> float:
    """Multiply-accumulates of one image, in a pass of one image."""
    own, counted = copy.deepcopy(model).eval(), []
    for layer in _layers(own):
        layer.register_forward_hook(
            lambda layer, _, out: counted.append(out.numel() * math.prod(layer.weight.shape[1:]))
        )
    with torch.no_grad():
        own(batch[0][:1])
    return float(sum(counted))


SEPARATE: dict[str, Callable[[nn.Module, Batch], float]] = {
    function.__name__: function
    for function in (
        epe_nas, fisher, grad_norm, input_grad_norm, jacob_cov, jacobian_norm, l2_norm, macs, nwot,
        params, plain, snip, synflow, zen,
    )
}  # fmt: skip
"""All proxies but ``grasp``, for ten classes."""
