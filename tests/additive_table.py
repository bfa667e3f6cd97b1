"""Names and latencies of the small table that predictors are fitted on here."""

from __future__ import annotations

import numpy as np

LATENCY = "cifar10_pi5_latency_ms"
PARTIAL = "cifar10_coral_latency_ms"
ACCURACY = "cifar10_accuracy_pct"
ENERGY = "cifar10_pi5_energy_mj"
# Features that tell all of it, and are fewer than usual: fits take less time.
SETS = ("counts", "one_hot")
# Milliseconds of none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3 on any edge.
EDGE_MS = np.array([0.0, 0.1, 0.5, 1.5, 0.3])
# Of the latency enough classes to be told in fifths, of its part on another device fewer.
N_CONNECTED = 280
N_DISCONNECTED = 3


def additive_ms(genotypes: np.ndarray) -> np.ndarray:
    """Latency of each genotype, shape ``(n_archs,)``."""
    return np.asarray(1.0 + EDGE_MS[genotypes].sum(axis=1))
