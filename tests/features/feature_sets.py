"""The feature sets that a space has."""

from __future__ import annotations

from hwnas.core.space import SearchSpace
from hwnas.features import FEATURE_SETS
from hwnas.predictors.scores import SCORES
from hwnas.proxies.shipped import shipped_scores

OF_CELLS = {"graph", "paths"}


def sets_of(space: SearchSpace) -> list[str]:
    """Names in alphabetical order."""
    lacking = OF_CELLS if space.cell is None else set()
    if shipped_scores(space) is None:
        lacking = lacking | {SCORES}
    return sorted(FEATURE_SETS.keys() - lacking)
