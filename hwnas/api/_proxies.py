"""Zero-cost scores of many architectures."""

from __future__ import annotations

from collections.abc import Sequence

from hwnas.core.architecture import Architecture
from hwnas.core.classes import all_classes, canonical_classes, sample_classes
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.executors import n_cores
from hwnas.proxies.sweep import plan_scoring, score_rows, sweep

__all__ = ["choose_architectures", "n_cores", "plan_scoring", "score_rows", "sweep"]


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
        ConfigError: None or several of the three are asked for, or the space has too few or too
            many.
        ArchitectureError: A string is no architecture, or connects no input to an output.
    """
    if sum((bool(archs), sample is not None, is_all)) != 1:
        raise ConfigError("Give one of: architectures, --sample N, --all.")
    if sample is not None:
        return sample_classes(space, sample, seed)
    if is_all:
        return all_classes(space)
    return canonical_classes(space, space.as_archs(archs))
