"""Proxies of what an untrained network can tell apart."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from hwnas.proxies._weights import has_filters, uncounted_matrices
from hwnas.proxies.catalogue import UndefinedScore, proxy

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from hwnas.proxies._passes import Passes

_PERTURBATION = 1e-2


@proxy("code_agreement")
def nwot(passes: Passes) -> float:
    """Log-determinant of the agreement of activation codes (NASWOT).

    An image's code says for every unit of every ReLU whether its input is positive; entry (i, j)
    of the matrix counts the units in which images i and j agree. A module that is called twice
    counts twice, as in NAS-Bench-Suite-Zero. Its smooth relatives (SiLU, GELU, hard swish and
    others), which the paper does not treat, are taken for ReLUs. Codes of activations that are
    called as functions are seen by nobody; where there are any, there is no value.

    References:
        Mellor et al. 2021, Neural Architecture Search without Training,
        https://arxiv.org/abs/2006.04647
    """
    readings = passes.readings
    if readings.code_agreement is None and "code_agreement" not in readings.failures:
        raise UndefinedScore("the model calls no ReLU module")
    agreement = passes.noted("code_agreement").cpu().numpy()
    if not passes.images_differ:
        raise UndefinedScore("all images of the minibatch are the same")
    sign, log_determinant = np.linalg.slogdet(agreement)
    # Rounding may make the determinant of dependent codes any small number.
    if sign <= 0 or np.linalg.matrix_rank(agreement, hermitian=True) < len(agreement):
        raise UndefinedScore("activation codes of the minibatch are linearly dependent")
    return float(log_determinant)


@proxy()
def zen(passes: Passes) -> float:
    """Zen-score: how much feature maps answer to a small change of Gaussian images.

    Weights are drawn anew from a standard normal distribution. The score is the logarithm of the
    mean over images of ``|f(x) - f(x + 0.01 e)|`` summed over the feature maps f before global
    pooling, plus the logarithm of the root of each batch normalisation's mean running variance,
    once both passes have updated it: as in NAS-Bench-Suite-Zero, one repetition. Without an
    ``AdaptiveAvgPool2d`` that puts out one pixel, f is the last output of a module that is a map.
    It has no value where weights would stay as they are, as those of attention, or where scales of
    another normalisation over the minibatch than ``BatchNorm2d`` would be left out.

    References:
        Lin et al. 2021, Zen-NAS: A Zero-Shot NAS for High-Performance Image Recognition,
        https://arxiv.org/abs/2102.01063
    """
    import torch

    from hwnas.proxies._operators import normalisations_known

    _check_zen_is_defined(passes.model)
    generator = passes.generator()
    weights = gaussian_weights(passes, generator)
    buffers = passes.buffers()
    images = passes.gaussian(passes.images, generator)
    change = passes.gaussian(passes.images, generator)
    maps = []
    with torch.no_grad():
        for batch in (images, images + _PERTURBATION * change):
            with _feature_maps(passes.model) as seen, normalisations_known(passes.model):
                passes.run(batch, weights, buffers)
            if not seen:
                raise UndefinedScore("the model has no feature maps before its classifier")
            maps.append(seen["pooled"] if "pooled" in seen else seen["last"])
    difference = float((maps[0] - maps[1]).abs().flatten(1).double().sum(dim=1).mean())
    if not difference > 0:
        raise UndefinedScore("feature maps do not depend on the image")
    return math.log(difference) + _log_scales(passes.model, buffers)


def _check_zen_is_defined(model: nn.Module) -> None:
    """See that all matrices are drawn anew, and all scales known.

    Raises:
        UndefinedScore: Some are not.
    """
    from torch import nn
    from torch.nn.modules.batchnorm import _BatchNorm

    for name, module in model.named_modules():
        if isinstance(module, _BatchNorm) and not isinstance(module, nn.BatchNorm2d):
            raise UndefinedScore(
                f"'{name}' is a {type(module).__name__}, whose scale the score does not know"
            )
    matrices = uncounted_matrices(model)
    if matrices:
        raise UndefinedScore(
            f"'{matrices[0]}' is no weight of a convolution or linear layer, and is not drawn anew"
        )


def gaussian_weights(passes: Passes, generator: torch.Generator) -> dict[str, Tensor]:
    """Parameters with standard normal weights, zero biases and neutral normalisation.

    Args:
        passes: Whose model.
        generator: Draws the weights in the order of ``model.modules()``.
    """
    import torch
    from torch import nn

    parameters = passes.parameters()
    normalisations = (nn.BatchNorm2d, nn.GroupNorm)
    for prefix, module in passes.model.named_modules():
        if not (has_filters(module) or isinstance(module, normalisations)):
            continue
        for name, value in module.named_parameters(prefix, recurse=False):
            # Of weights that layers share, only one name is known.
            if name not in parameters:
                continue
            if not name.endswith("weight"):
                parameters[name] = torch.zeros_like(value)
            elif isinstance(module, normalisations):
                parameters[name] = torch.ones_like(value)
            else:
                parameters[name] = passes.gaussian(value, generator)
    return parameters


@contextlib.contextmanager
def _feature_maps(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Notes the last input of global pooling and the last map that a leaf module put out."""
    from torch import nn

    seen: dict[str, Tensor] = {}

    def see(module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
        if isinstance(module, nn.AdaptiveAvgPool2d) and tuple(out.shape[-2:]) == (1, 1):
            seen["pooled"] = inputs[0]
        elif getattr(out, "ndim", 0) == 4:
            seen["last"] = out

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [leaf.register_forward_hook(see) for leaf in leaves]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _log_scales(model: nn.Module, buffers: dict[str, Tensor]) -> float:
    """Sum over batch normalisations of the logarithm of their scale."""
    from torch import nn

    total = 0.0
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            variance = buffers.get(f"{name}.running_var" if name else "running_var")
            if variance is None:
                raise UndefinedScore("batch normalisation keeps no running variance")
            mean = float(variance.double().mean())
            if not mean > 0:
                raise UndefinedScore(f"the running variance of '{name}' is {mean}")
            total += 0.5 * math.log(mean)
    return total
