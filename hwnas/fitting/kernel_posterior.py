"""How likely parameters of a Gaussian process's kernel are, and what was thought of them before.

References:
    Rasmussen and Williams 2006, Gaussian Processes for Machine Learning,
    https://gaussianprocess.org/gpml/
"""

from __future__ import annotations

import numpy as np

N_TUNED = 300
"""Architectures that the kernel's parameters are tuned on; all condition the prediction."""
# Features of a new architecture may lie far outside what was seen.
MAX_DEVIATIONS = 4.0
# A priori, the logarithm of each parameter is normal around these, so that tens of architectures
# do not talk it into extremes; lengths are in standard deviations of a feature.
PRIOR_LENGTH, PRIOR_WEIGHT, PRIOR_JOINT_WEIGHT, PRIOR_NOISE = 1.5, 0.2, 0.5, 0.1
PRIOR_DEVIATION = 1.5
BOUNDS = (1e-4, 1e4)


def prior_parameters(n_terms: int) -> np.ndarray:
    """Where the priors of a kernel's parameters have their means; its first term sees all features.

    Returns:
        Logarithms of weight and length of each term and of the noise, ``(2 n_terms + 1,)``.
    """
    weights = [PRIOR_JOINT_WEIGHT] + [PRIOR_WEIGHT] * (n_terms - 1)
    return np.log([*np.ravel([(weight, PRIOR_LENGTH) for weight in weights]), PRIOR_NOISE])


def negative_log_posterior(
    parameters: np.ndarray,
    prior: np.ndarray,
    distances: np.ndarray,
    z: np.ndarray,
    variance: np.ndarray | float = 0.0,
) -> tuple[float, np.ndarray]:
    """Negative logarithm of the posterior of a kernel's parameters, and its gradient.

    Args:
        parameters: Logarithms of weight and length of each of ``n_terms`` kernels and of the
            noise, shape ``(2 n_terms + 1,)``.
        prior: Where the normal prior of each has its mean, of the same shape.
        distances: Between architectures, as each kernel sees them, shape
            ``(n_terms, n_archs, n_archs)``.
        z: Standardised target, shape ``(n_archs,)``.
        variance: What is known of each value's own variance, shape ``(n_archs,)``, beside the
            noise that all share.

    Returns:
        The value, less the constant of the prior, and its gradient, ``(2 n_terms + 1,)``.

    References:
        Rasmussen and Williams 2006, equations 5.8 and 5.9, https://gaussianprocess.org/gpml/
    """
    from scipy.linalg import cho_factor, cho_solve

    weights, lengths = np.exp(parameters[:-1]).reshape(-1, 2).T[..., None, None]
    noise = np.exp(parameters[-1])
    reach = 3**0.5 * distances / lengths
    decay = weights * np.exp(-reach)
    kernels = (1 + reach) * decay
    identity = np.eye(len(z))
    factor = cho_factor(kernels.sum(axis=0) + (noise + variance) * identity, lower=True)
    dual = cho_solve(factor, z)
    evidence = -(z @ dual + len(z) * np.log(2 * np.pi)) / 2 - np.log(factor[0].diagonal()).sum()
    # Half of d evidence / d covariance; the covariance's derivatives are by the logarithms.
    half = (np.outer(dual, dual) - cho_solve(factor, identity)) / 2
    by_weight = np.einsum("tij,ij->t", kernels, half)
    by_length = np.einsum("tij,ij->t", reach**2 * decay, half)
    by_noise = noise * half.trace()
    gradient = np.append(np.stack([by_weight, by_length], axis=1), by_noise)
    off = (parameters - prior) / PRIOR_DEVIATION
    return float(off @ off / 2 - evidence), off / PRIOR_DEVIATION - gradient
