"""Contracts of spaces, objectives, proxies, algorithms, devices and backends, for all tests."""

from hwnas.testing.algorithms import check_algorithm
from hwnas.testing.backends import check_backend
from hwnas.testing.devices import check_device
from hwnas.testing.objectives import check_objective
from hwnas.testing.proxies import check_proxy
from hwnas.testing.spaces import check_space

__all__ = [
    "check_algorithm",
    "check_backend",
    "check_device",
    "check_objective",
    "check_proxy",
    "check_space",
]
