"""Proxies read from gradients with respect to the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hwnas.proxies.catalogue import UndefinedScore, proxy

if TYPE_CHECKING:
    from torch import Tensor

    from hwnas.proxies._passes import Passes

# Keeps logarithms finite, in both proxies of correlations.
_EPSILON = 1e-5
# Single precision rounds gradients that are the same to about this, relative to the largest.
_SAME = 1e-6
_MANY_CLASSES = 100


def _correlations(gradients: np.ndarray) -> np.ndarray:
    """Pearson correlation between images' gradients, shape ``(n_images, n_images)``.

    Args:
        gradients: Shape ``(n_images, n_pixels)``.

    Raises:
        UndefinedScore: Some image's gradient is constant, as where nothing flows.
    """
    with np.errstate(all="ignore"):
        correlations = np.atleast_2d(np.corrcoef(gradients))
    if not np.isfinite(correlations).all():
        raise UndefinedScore("the gradient with respect to some image is constant or not finite")
    return correlations


def _by_image(passes: Passes) -> np.ndarray:
    """Gradient of the summed output, shape ``(n_images, n_pixels)``.

    Raises:
        UndefinedScore: It is as good as the same for all images, as in a linear network: then
            correlations tell no network from another.
    """
    gradients = np.asarray(passes.noted("sum_input_gradient").flatten(1).double().cpu().numpy())
    spread = np.abs(gradients - gradients[:1]).max()
    if gradients.any() and spread <= _SAME * np.abs(gradients).max():
        raise UndefinedScore("the gradient is the same with respect to every image")
    if not passes.images_differ:
        raise UndefinedScore("all images of the minibatch are the same")
    return gradients


@proxy("sum_input_gradient")
def jacob_cov(passes: Passes) -> float:
    """How little the summed output's gradients at different images correlate.

    With eigenvalues v of the correlation matrix, minus the sum of ``log(v + k) + 1 / (v + k)``,
    k = 1e-5. NAS-Bench-Suite-Zero's solver does not know that the matrix is symmetric; the
    eigenvalues are the same but for rounding.

    References:
        Mellor et al. 2020, Neural Architecture Search without Training, version 1,
        https://arxiv.org/abs/2006.04647v1
    """
    values = np.linalg.eigvalsh(_correlations(_by_image(passes)))
    # A rounding error below zero may not reach the logarithm.
    values = np.maximum(values, 0.0) + _EPSILON
    return -float(np.sum(np.log(values) + 1.0 / values))


@proxy("sum_input_gradient")
def epe_nas(passes: Passes) -> float:
    """How the summed output's gradients correlate within each class.

    A class's score is the sum of ``log(|c| + k)`` over its images' correlation matrix, k = 1e-5;
    the value is the sum of the scores' absolute values. For more than 100 classes, scores are
    divided by the class's images, classes of one image are left out, and the value is the sum of
    differences between all pairs of classes divided by the number of classes seen. Where no class
    has two images there is nothing to correlate, and no value.

    References:
        Lopes et al. 2021, EPE-NAS: Efficient Performance Estimation Without Training for Neural
        Architecture Search, https://arxiv.org/abs/2102.08099
    """
    return correlation_within_classes(
        _by_image(passes), passes.labels.cpu().numpy(), passes.n_classes
    )


def correlation_within_classes(gradients: np.ndarray, labels: np.ndarray, n_classes: int) -> float:
    """The score of EPE-NAS.

    Args:
        gradients: Shape ``(n_images, n_pixels)``.
        labels: Shape ``(n_images,)``.
        n_classes: Outputs of the model, which decide how classes are joined.

    Raises:
        UndefinedScore: A gradient is constant, or no class has images enough.
    """
    has_many = n_classes > _MANY_CLASSES
    n_pairs = int((np.unique(labels, return_counts=True)[1] > 1).sum())
    if not n_pairs:
        raise UndefinedScore("no class has two images in the minibatch")
    if has_many and n_pairs < 2:
        raise UndefinedScore("only one class has two images in the minibatch")
    scores = []
    for label in np.unique(labels):
        own = gradients[labels == label]
        if has_many and len(own) < 2:
            continue
        score = float(np.sum(np.log(np.abs(_correlations(own)) + _EPSILON)))
        scores.append(score / len(own) if has_many else score)
    found = np.array(scores)
    if has_many:
        return float(np.abs(found[:, None] - found[None]).sum() / len(found))
    return float(np.abs(found).sum())


@proxy("projected_input_gradient", direction="min")
def jacobian_norm(passes: Passes) -> float:
    """Frobenius norm of the logits' Jacobian with respect to the image; small is robust.

    The root of the mean over images of its square, which is estimated without bias by one random
    projection an image: for a unit vector v uniform on the sphere, ``n_classes |v J|^2`` has
    the squared norm as its mean. In training mode, batch normalisation couples the images, as in
    ``jacob_cov``. The exact norm would take a backward pass for each class.

    References:
        Hoffman et al. 2019, Robust Learning with Jacobian Regularization,
        https://arxiv.org/abs/1908.02729
        Jakubovitz and Giryes 2018, Improving DNN Robustness to Adversarial Attacks using Jacobian
        Regularization, https://arxiv.org/abs/1803.08680
    """
    gradient = passes.noted("projected_input_gradient").flatten(1).double()
    _check_answers(gradient)
    mean_square = passes.n_classes * gradient.square().sum(dim=1).mean()
    return float(mean_square.sqrt())


@proxy("loss_input_gradient", direction="min")
def input_grad_norm(passes: Passes) -> float:
    """Mean over images of the norm of the loss's gradient in the image; small is robust.

    The loss of the minibatch is the mean of the images' losses, so its gradient is multiplied by
    their number.

    References:
        Ross and Doshi-Velez 2018, Improving the Adversarial Robustness and Interpretability of
        Deep Neural Networks by Regularizing their Input Gradients,
        https://arxiv.org/abs/1711.09404
    """
    gradient = passes.noted("loss_input_gradient").flatten(1).double()
    _check_answers(gradient)
    return float(gradient.norm(dim=1).mean() * len(gradient))


def _check_answers(gradient: Tensor) -> None:
    """See that the output depends on the images: a dead network is not the most robust one."""
    if not bool(gradient.any()):
        raise UndefinedScore("the output does not depend on the images")
