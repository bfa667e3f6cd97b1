"""What is said of values whose predictor ranks no better than chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.words import joined


def lacking_skill(columns: Iterable[ObjectiveSpec]) -> list[str]:
    """Names of the columns whose predictor is known to lack skill."""
    return [spec.column for spec in columns if spec.lacks_skill]


def skill_note(names: Sequence[str]) -> str:
    """What the user should know of columns that are predicted without skill.

    Args:
        names: Names of the columns, one at least.
    """
    if len(names) == 1:
        return (
            f"{names[0]} is predicted without skill: among architectures that it was not fitted "
            "on, its predictor ranks no better than chance. Fit it on more measurements, or leave "
            "it out."
        )
    return (
        f"{joined(names)} are predicted without skill: among architectures that they were not "
        "fitted on, their predictors rank no better than chance. Fit them on more measurements, "
        "or leave them out."
    )
