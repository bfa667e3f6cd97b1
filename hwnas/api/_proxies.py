"""Zero-cost scores of many architectures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hwnas.core import arguments, given
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked, many, whole
from hwnas.core.classes import all_classes, canonical_classes, sample_classes
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.executors import n_cores
from hwnas.proxies.store import read_scores
from hwnas.proxies.sweep import ScoringPlan, plan_scoring, score_rows, sweep

__all__ = [
    "choose_architectures",
    "n_cores",
    "plan_scoring",
    "score_rows",
    "sweep",
    "unscored_notes",
]


@checked(
    space=given.loaded_space, archs=many(), sample=whole(), is_all=arguments.flag, seed=whole()
)
def choose_architectures(
    space: SearchSpace,
    archs: Sequence[str | Architecture] = (),
    sample: int | None = None,
    is_all: bool = False,
    seed: int = 0,
) -> list[Architecture]:
    """Canonical architectures to score, each class once: those named, a random sample, or all.

    Args:
        space: The search space.
        archs: Architectures, or their strings; see ``SearchSpace.as_arch``.
        sample: Number of different random architectures.
        is_all: Whether to take every architecture of the space.
        seed: Seed of the sample.

    Raises:
        ConfigError: None or several of the three are asked for, the space has too few or too
            many, or the seed is negative.
        ArchitectureError: A string is no architecture, or connects no input to an output.
    """
    if sum((bool(archs), sample is not None, is_all)) != 1:
        raise ConfigError("Give one of: architectures, --sample N, --all.")
    if seed < 0:
        raise ConfigError(f"The seed must be a whole number, at least 0; got {seed}.")
    if sample is not None:
        return sample_classes(space, sample, seed)
    if is_all:
        return all_classes(space)
    return canonical_classes(space, space.as_archs(archs))


def unscored_notes(plan: ScoringPlan, path: Path) -> list[str]:
    """What to say of the values that a file of scores does not have, with the first reason each.

    Args:
        plan: How it was made.
        path: The file.

    Raises:
        TableError: It was made otherwise, or is damaged.
    """
    rows = read_scores(path, plan.card())
    notes = []
    for name in plan.names:
        reasons = [row.scores.reasons[name] for row in rows.values() if name in row.scores.reasons]
        if reasons:
            first = "" if len(set(reasons)) == 1 else "of the first: "
            notes.append(
                f"{name} is unknown for {len(reasons):,} of {len(rows):,}; {first}{reasons[0]}."
            )
    return notes
