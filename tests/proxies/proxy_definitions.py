"""The proxies' definitions written out one by one, each in passes of its own."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

Batch = tuple[torch.Tensor, torch.Tensor]


def layers_of(model: nn.Module) -> list[nn.Module]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def _loss_backward(model: nn.Module, batch: Batch) -> tuple[nn.Module, torch.Tensor]:
    """A copy with gradients of the mean cross-entropy, and the images with theirs."""
    own = copy.deepcopy(model).train()
    own.zero_grad()
    images = batch[0].clone().requires_grad_()
    nn.functional.cross_entropy(own(images), batch[1]).backward()
    return own, images


def _output_gradient(model: nn.Module, batch: Batch, direction: torch.Tensor) -> np.ndarray:
    own = copy.deepcopy(model).train()
    images = batch[0].clone().requires_grad_()
    own(images).backward(direction)
    return images.grad.reshape(len(images), -1).numpy()


def grad_norm(model: nn.Module, batch: Batch, _: int) -> float:
    own, _images = _loss_backward(model, batch)
    return float(sum(layer.weight.grad.norm() for layer in layers_of(own)))


def snip(model: nn.Module, batch: Batch, _: int) -> float:
    """By gradients of masks that are all ones, as the paper defines it."""
    own = copy.deepcopy(model).train()
    masks = {
        f"{name}.weight": torch.ones_like(layer.weight, requires_grad=True)
        for name, layer in own.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    }
    weights = dict(own.named_parameters())
    masked = {name: weights[name].detach() * mask for name, mask in masks.items()}
    out = torch.func.functional_call(own, masked, (batch[0],))
    nn.functional.cross_entropy(out, batch[1]).backward()
    return float(sum(mask.grad.abs().sum() for mask in masks.values()))


def plain(model: nn.Module, batch: Batch, _: int) -> float:
    own, _images = _loss_backward(model, batch)
    return float(sum((layer.weight.detach() * layer.weight.grad).sum() for layer in layers_of(own)))


def fisher(model: nn.Module, batch: Batch, _: int) -> float:
    """Calls are told apart: a layer used twice has two activations."""
    own = copy.deepcopy(model).train()
    for module in own.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    calls: list[tuple[nn.Module, torch.Tensor]] = []
    for layer in layers_of(own):
        layer.register_forward_hook(lambda layer, _, out: calls.append((layer, out)))
    loss = nn.functional.cross_entropy(own(batch[0]), batch[1])
    gradients = torch.autograd.grad(loss, [out for _, out in calls])
    calls = [(layer, out.detach()) for layer, out in calls]
    total = 0.0
    for (layer, out), gradient in zip(calls, gradients, strict=True):
        for channel in range(out.shape[1]):
            per_image = [
                float((out[image, channel] * gradient[image, channel]).sum())
                for image in range(len(out))
            ]
            saliency = 0.5 * sum(value**2 for value in per_image) / len(per_image)
            total += saliency * layer.weight[channel].numel()
    return total


def grasp(model: nn.Module, batch: Batch, _: int) -> float:
    """With the Hessian-vector product by central differences of the gradient."""
    own = copy.deepcopy(model).train()
    weights = [layer.weight for layer in layers_of(own)]

    def gradients() -> list[torch.Tensor]:
        loss = nn.functional.cross_entropy(own(batch[0]), batch[1])
        return list(torch.autograd.grad(loss, weights))

    flow, step = gradients(), 1e-5
    around = []
    for sign in (1, -2):
        with torch.no_grad():
            for weight, direction in zip(weights, flow, strict=True):
                weight += sign * step * direction
        around.append(gradients())
    products = [(up - down) / (2 * step) for up, down in zip(*around, strict=True)]
    own = copy.deepcopy(model)
    return -float(
        sum((layer.weight.detach() * product).sum()
            for layer, product in zip(layers_of(own), products, strict=True))
    )  # fmt: skip


def synflow(model: nn.Module, batch: Batch, _: int) -> float:
    own = copy.deepcopy(model).double().train()
    for module in own.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = lambda x: x
    with torch.no_grad():
        for parameter in own.parameters():
            parameter.abs_()
    own(torch.ones_like(batch[0][:1], dtype=torch.float64)).sum().backward()
    flow = sum((layer.weight.detach() * layer.weight.grad).abs().sum() for layer in layers_of(own))
    return math.log(float(flow))


def jacob_cov(model: nn.Module, batch: Batch, _: int) -> float:
    jacobian = _output_gradient(model, batch, torch.ones(len(batch[0]), 5, dtype=torch.float64))
    values, _vectors = np.linalg.eig(np.corrcoef(jacobian))
    return -float(np.sum(np.log(values + 1e-5) + 1 / (values + 1e-5)))


def epe_nas(model: nn.Module, batch: Batch, _: int) -> float:
    jacobian = _output_gradient(model, batch, torch.ones(len(batch[0]), 5, dtype=torch.float64))
    total = 0.0
    for label in range(5):
        own = jacobian[batch[1].numpy() == label]
        pairs = [
            abs(np.corrcoef(own[i], own[j])[0, 1]) for i in range(len(own)) for j in range(len(own))
        ]
        total += abs(sum(math.log(pair + 1e-5) for pair in pairs))
    return total


def nwot(model: nn.Module, batch: Batch, _: int) -> float:
    own = copy.deepcopy(model).train()
    n_images = len(batch[0])
    agreement = np.zeros((n_images, n_images))

    def see(_: nn.Module, inputs: tuple[torch.Tensor], __: torch.Tensor) -> None:
        codes = inputs[0].flatten(1).numpy() > 0
        for i in range(n_images):
            agreement[i] += (codes[i] == codes).sum(axis=1)

    for module in own.modules():
        if "ReLU" in type(module).__name__:
            module.inplace = False
            module.register_forward_hook(see)
    with torch.no_grad():
        own(batch[0])
    return float(np.linalg.slogdet(agreement)[1])


def zen(model: nn.Module, batch: Batch, seed: int) -> float:
    own = copy.deepcopy(model).train()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for module in own.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.data = torch.randn(module.weight.shape).double()
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.data.fill_(1.0)
            if getattr(module, "bias", None) is not None:
                module.bias.data.zero_()
        images, change = (torch.randn(batch[0].shape).double() for _ in range(2))
    (position,) = [
        row for row, module in enumerate(own)
        if isinstance(module, nn.AdaptiveAvgPool2d | nn.AvgPool2d)
    ]  # fmt: skip
    # Without global pooling, the last map is what the pooling puts out.
    is_global = isinstance(own[position], nn.AdaptiveAvgPool2d)
    trunk = own[:position] if is_global else own[: position + 1]
    with torch.no_grad():
        difference = trunk(images) - trunk(images + 0.01 * change)
    score = math.log(float(difference.abs().sum(dim=(1, 2, 3)).mean()))
    for module in own.modules():
        if isinstance(module, nn.BatchNorm2d):
            score += math.log(math.sqrt(float(module.running_var.mean())))
    return score


def jacobian_norm(model: nn.Module, batch: Batch, seed: int) -> float:
    drawn = torch.randn(
        len(batch[0]), 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    gradient = _output_gradient(model, batch, drawn / drawn.norm(dim=1, keepdim=True))
    return math.sqrt(5 * float((gradient**2).sum(axis=1).mean()))


def input_grad_norm(model: nn.Module, batch: Batch, _: int) -> float:
    _own, images = _loss_backward(model, batch)
    return float((images.grad * len(images)).flatten(1).norm(dim=1).mean())


def l2_norm(model: nn.Module, _: Batch, __: int) -> float:
    return float(sum(layer.weight.detach().norm() for layer in layers_of(model)))


def params(model: nn.Module, _: Batch, __: int) -> float:
    return float(sum(parameter.numel() for parameter in model.parameters()))


REFERENCES: dict[str, Callable[[nn.Module, Batch, int], float]] = {
    function.__name__: function
    for function in (
        epe_nas, fisher, grad_norm, grasp, input_grad_norm, jacob_cov, jacobian_norm, l2_norm,
        nwot, params, plain, snip, synflow, zen,
    )
}  # fmt: skip
