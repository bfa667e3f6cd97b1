"""The contracts of search spaces, objectives and proxies, for this project's tests and yours."""

from hwnas.testing.objectives import check_objective
from hwnas.testing.proxies import check_proxy
from hwnas.testing.spaces import check_space

__all__ = ["check_objective", "check_proxy", "check_space"]
