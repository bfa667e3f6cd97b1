"""The contracts of spaces, objectives, proxies and algorithms, for our own tests and yours."""

from hwnas.testing.algorithms import check_algorithm
from hwnas.testing.objectives import check_objective
from hwnas.testing.proxies import check_proxy
from hwnas.testing.spaces import check_space

__all__ = ["check_algorithm", "check_objective", "check_proxy", "check_space"]
