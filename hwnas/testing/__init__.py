"""Contracts of all that can be added: spaces, objectives, devices, meters and so on."""

from hwnas.testing.algorithms import check_algorithm
from hwnas.testing.backends import check_backend
from hwnas.testing.devices import check_device
from hwnas.testing.meters import check_meter
from hwnas.testing.objectives import check_objective
from hwnas.testing.proxies import check_proxy
from hwnas.testing.spaces import check_space

__all__ = [
    "check_algorithm",
    "check_backend",
    "check_device",
    "check_meter",
    "check_objective",
    "check_proxy",
    "check_space",
]
