"""The feature sets that a space has."""

from __future__ import annotations

from hwnas.core.feature_set import FEATURE_SETS
from hwnas.core.space import SearchSpace
from hwnas.features.device_costs import DEVICE_COSTS, device_costs
from hwnas.proxies.feature_set import SCORES
from hwnas.proxies.shipped import shipped_scores

OF_CELLS = {"graph", "paths", "path_statistics"}


def sets_of(space: SearchSpace) -> list[str]:
    """Names in alphabetical order."""
    lacking = OF_CELLS if not space.cell_types else set()
    if shipped_scores(space) is None:
        lacking = lacking | {SCORES}
    if device_costs(space) is None:
        lacking = lacking | {DEVICE_COSTS}
    return sorted(set(FEATURE_SETS) - lacking)
