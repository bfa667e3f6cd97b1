"""What runs have recorded of themselves, and how it is put in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.words import joined
from hwnas.report.settings import RunGroup


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run has recorded that the checklist asks for.

    Args:
        name: What to call it, such as its directory.
        config: What was asked for.
        objectives: What is optimised, and where its values come from.
        limits: The limits, as they are printed.
        versions: Versions of hwnas and the packages that decide the result.
        status: How it ended: ``"finished"`` and so on.
        n_evaluated: Evaluations that it holds, also those that failed or cost nothing.
        spent: What they count towards a budget; at lower fidelities by their share.
        n_failed: How many of them failed.
        is_exhaustive: Whether it evaluated every functional class of its space.
        n_archs: Architectures of the space, twins among them.
        n_classes: Its functional classes; None where they were not listed.
        space_from: Package that defines the space: ``"hwnas"``.
        algorithm_from: Package that defines the algorithm; None where it is no longer known.
        changed: Settings that are not the defaults, in words.
        seconds: How long the search took; None where that was not recorded.
        machines: Machines that it ran on, in words; empty where that was not recorded.
        commits: Commits of hwnas that it ran with, as far as they are known.
    """

    name: str
    config: Mapping[str, Any]
    objectives: tuple[ObjectiveSpec, ...]
    limits: tuple[str, ...]
    versions: Mapping[str, str]
    status: str
    n_evaluated: int
    spent: float
    n_failed: int
    is_exhaustive: bool
    n_archs: int
    n_classes: int | None
    space_from: str
    algorithm_from: str | None
    changed: tuple[str, ...]
    seconds: float | None
    machines: tuple[str, ...]
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """The runs that are compared; those that evaluated a whole space are what these are to reach.

    Args:
        runs: All that were given, each setting and seed once.
        rivals: Those among them that are compared.
        settings: Settings of the rivals, by their places among them.
        n_again: How many more runs were given that repeat a setting and seed of these.
    """

    runs: Sequence[RunFacts]
    rivals: Sequence[RunFacts]
    settings: Sequence[RunGroup]
    n_again: int = 0

    @property
    def is_comparison(self) -> bool:
        """Whether there is more than one setting."""
        return len(self.settings) > 1

    def of(self, setting: RunGroup) -> list[RunFacts]:
        """The runs of a setting."""
        return [self.rivals[place] for place in setting.runs]


def seeds_of(runs: Iterable[RunFacts]) -> str:
    """Seeds in words: ``seed 3``, ``10 seeds, 1000 to 1009``."""
    seeds = sorted({int(run.config["seed"]) for run in runs})
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{len(seeds)} seeds, {seeds[0]} to {seeds[-1]}"
    return f"{len(seeds)} seeds, {joined(list(map(str, seeds)))}"


def budget(spent: float) -> str:
    """What evaluations count towards a budget, in words: ``1,000``, ``26.4``."""
    return f"{spent:,.6g}"


def n_runs_of(found: Sequence[object]) -> str:
    """How many runs there are: ``1 run``, ``10 runs``."""
    return "1 run" if len(found) == 1 else f"{len(found):,} runs"


def seconds_of(seconds: float) -> str:
    """A duration in seconds, or minutes from 100 seconds on."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def each_once(found: Iterable[str]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(found))
