"""How good the fronts of several runs were after each evaluation, runs of one setting as a band.

References:
    Lindauer and Hutter 2020, Best Practices for Scientific Research on Neural Architecture Search,
    JMLR 21(243), https://arxiv.org/abs/1909.02453: performance over time, several runs.
    Ishibuchi et al. 2018, How to Specify a Reference Point in Hypervolume Calculation for Fair
    Performance Comparison, Evolutionary Computation 26(3),
    https://doi.org/10.1162/evco_a_00226: a reference point somewhat beyond the worst of the fronts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.words import joined
from hwnas.errors import ConfigError
from hwnas.objectives.curves import LEVELS_PCT, Band, Yardstick, evaluations_to
from hwnas.objectives.indicators import Normalisation
from hwnas.report.comparison import BEYOND_WORST, Side, check_conditions, matched, notes_of
from hwnas.report.settings import Setting, settings_of

LETTERS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Searched:
    """A run, and what it evaluated in order.

    Args:
        side: Its front and facts.
        config: What was asked for.
        evaluated: Values of the objectives in the order asked, shape ``(n_evaluated,
            n_objectives)``; rows of NaN for what failed, broke a limit or lacks a value.
        is_exhaustive: Whether it evaluated every functional class of its space.
    """

    side: Side
    config: Mapping[str, Any]
    evaluated: np.ndarray
    is_exhaustive: bool = False


@dataclass(frozen=True, slots=True)
class Contender:
    """Runs of one setting.

    Args:
        label: What tells the setting from the others.
        runs: Names of the runs.
        seeds: Their seeds.
        n_evaluated: How many architectures each evaluated.
        volume: Hypervolume after each evaluation, as far as all of its runs reach.
        gap: Share of the hypervolume to reach that is missing after each evaluation, as far.
        reached: For each of ``LEVELS_PCT`` the evaluations that each run took until its gap was as
            small; None where it never was.
    """

    label: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    n_evaluated: tuple[int, ...]
    volume: Band
    gap: Band
    reached: tuple[tuple[int | None, ...], ...]

    @property
    def n_runs(self) -> int:
        """How many runs there are."""
        return len(self.runs)

    def evaluations_to(self, level: int) -> float | None:
        """Median over the runs of the evaluations to a gap; None where half of them or more fail.

        Args:
            level: Place in ``LEVELS_PCT``.
        """
        known = [np.inf if each is None else float(each) for each in self.reached[level]]
        median = float(np.median(known))
        return median if np.isfinite(median) else None

    def n_reached(self, level: int) -> int:
        """How many of the runs come as near."""
        return sum(each is not None for each in self.reached[level])


@dataclass(frozen=True, slots=True)
class Curves:
    """Settings beside each other at equal numbers of evaluations.

    Args:
        contenders: The settings.
        objectives: What is optimised, as the first run has it.
        yardstick: The one scale, reference point and front to reach of all.
        reach: Which front the gap is to, as a sentence.
        notes: What keeps the settings from being quite comparable.
    """

    contenders: tuple[Contender, ...]
    objectives: tuple[ObjectiveSpec, ...]
    yardstick: Yardstick
    reach: str
    notes: tuple[str, ...]

    @property
    def n_common(self) -> int:
        """Evaluations that all runs have."""
        return min(len(each.gap) for each in self.contenders)

    @property
    def scale(self) -> str:
        """The scale and the reference point in words, in the objectives' units."""
        ranges = self.yardstick.normalisation
        parts = [
            f"{spec.title} {_number(best)} to {_number(worst)} {spec.unit}".rstrip()
            for spec, best, worst in zip(self.objectives, ranges.best, ranges.worst, strict=True)
        ]
        return (
            "Hypervolume with every objective from 0 (best of all fronts) to 1 (worst): "
            f"{', '.join(parts)}; up to the reference point {self.yardstick.reference:g} in each."
        )

    def headings(self) -> tuple[str, ...]:
        """Headings of the table of the settings."""
        levels = [f"to {level:g} %" for level in LEVELS_PCT]
        return ("Setting", "Runs", "Evaluations", f"Gap after {self.n_common:,}", *levels)

    @property
    def least_gap(self) -> float:
        """The smallest mean gap of a setting, as a share."""
        return min(float(each.gap.mean[-1]) for each in self.contenders)

    def rows(self) -> list[tuple[str, ...]]:
        """Cells of the table of the settings: the mean gap, and evaluations to gaps.

        Evaluations are the median of the runs; brackets hold how many come as near if not all do.
        """
        return [
            (
                each.label,
                str(each.n_runs),
                _range(each.n_evaluated),
                _mean(each.gap, self.n_common),
                *(_evaluations(each, level) for level in range(len(LEVELS_PCT))),
            )
            for each in self.contenders
        ]


def curves_of(runs: Sequence[Searched], ends: Collection[str], is_grouped: bool = True) -> Curves:
    """Curves of runs, those of one setting together.

    Every evaluation counts, also one that failed or broke a limit. Runs that evaluated a space
    whole are what the others are to reach, and have no curve of their own beside others.

    Args:
        runs: Of the same objectives; columns are matched by what they mean.
        ends: Settings that say when a search ends.
        is_grouped: Whether runs of one setting are one curve; each has its own otherwise.

    Raises:
        ConfigError: There is none, they cannot be compared, or no front has anything on it.
    """
    if not runs:
        raise ConfigError("Curves need at least one run; got none.")
    idle = [each.side.name for each in runs if not len(each.evaluated)]
    if idle:
        raise ConfigError(f"Runs to compare must have evaluated something; {joined(idle)} has not.")
    first = runs[0].side
    places = [matched(first, each.side) for each in runs]
    for each in runs:
        check_conditions(first, each.side)
    evaluated = [each.evaluated[:, place] for each, place in zip(runs, places, strict=True)]
    fronts = [each.side.front.values[:, place] for each, place in zip(runs, places, strict=True)]
    if not any(map(len, fronts)):
        raise ConfigError("A front to compare must not be empty; those of all runs are.")
    objectives = first.front.objectives
    known, reach = _to_reach(runs, fronts)
    ranges = Normalisation.of(np.concatenate(fronts), objectives)
    yardstick = Yardstick(ranges, known, BEYOND_WORST)
    shown = [n for n, each in enumerate(runs) if not each.is_exhaustive] or list(range(len(runs)))
    settings = _settings(runs, shown, ends) if is_grouped else _single(runs, shown)
    contenders = tuple(_contender(each, runs, evaluated, yardstick) for each in settings)
    return Curves(contenders, objectives, yardstick, reach, _notes(runs, settings, contenders))


def _to_reach(runs: Sequence[Searched], fronts: Sequence[np.ndarray]) -> tuple[np.ndarray, str]:
    """Values of the front to reach, and which one it is."""
    whole = [n for n, each in enumerate(runs) if each.is_exhaustive and len(fronts[n])]
    if whole:
        name = runs[whole[0]].side.name
        told = f"The gap is to the front of {name}, which evaluated the whole space."
        return np.concatenate([fronts[n] for n in whole]), told
    of = "the run's own last front" if len(runs) == 1 else "the best front of all runs together"
    told = f"The gap is to {of}; how far that is from the best of the space is not known."
    return np.concatenate(fronts), told


def _settings(
    runs: Sequence[Searched], shown: Sequence[int], ends: Collection[str]
) -> tuple[Setting, ...]:
    """Settings of the runs with a curve, by their places among all runs."""
    found = settings_of([runs[n].config for n in shown], ends)
    return tuple(Setting(s.label, tuple(shown[n] for n in s.runs), s.config) for s in found)


def _single(runs: Sequence[Searched], shown: Sequence[int]) -> tuple[Setting, ...]:
    """Each run as a setting of its own, under its name."""
    names = [runs[n].side.name for n in shown]
    if len(runs) == len(LETTERS):
        names = [f"{LETTERS[n]}: {runs[n].side.name}" for n in shown]
    return tuple(Setting(name, (n,), runs[n].config) for n, name in zip(shown, names, strict=True))


def _contender(
    setting: Setting,
    runs: Sequence[Searched],
    evaluated: Sequence[np.ndarray],
    yardstick: Yardstick,
) -> Contender:
    volumes = [yardstick.hypervolumes(evaluated[n]) for n in setting.runs]
    gaps = [yardstick.gap_of(each) for each in volumes]
    return Contender(
        label=setting.label,
        runs=tuple(runs[n].side.name for n in setting.runs),
        seeds=tuple(int(runs[n].config["seed"]) for n in setting.runs),
        n_evaluated=tuple(len(evaluated[n]) for n in setting.runs),
        volume=Band.of(volumes),
        gap=Band.of(gaps),
        reached=tuple(
            tuple(evaluations_to(gap, level / 100) for gap in gaps) for level in LEVELS_PCT
        ),
    )


def _notes(
    runs: Sequence[Searched], settings: Sequence[Setting], contenders: Sequence[Contender]
) -> tuple[str, ...]:
    """What a reader must know before believing the curves."""
    heads = [runs[setting.runs[0]].side for setting in settings]
    notes = [note for other in heads[1:] for note in notes_of(heads[0], other)]
    for each in contenders:
        twice = [str(seed) for seed, n in Counter(each.seeds).items() if n > 1]
        if twice:
            notes.append(
                f"{each.label}: several runs have seed {joined(twice)}; they are no independent "
                "runs."
            )
        if len(set(each.n_evaluated)) > 1:
            notes.append(
                f"{each.label}: its runs have {min(each.n_evaluated):,} to "
                f"{max(each.n_evaluated):,} evaluations; its curve goes as far as all of them do."
            )
    return tuple(dict.fromkeys(notes))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _range(counts: Sequence[int]) -> str:
    least, most = min(counts), max(counts)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _mean(gap: Band, n_evaluated: int) -> str:
    """The mean gap after so many evaluations, with its standard error: ``5.59 ± 0.21 %``."""
    mean, error = 100 * gap.mean[n_evaluated - 1], 100 * gap.error[n_evaluated - 1]
    digits = 2 if abs(mean) < 10 else 1
    spread = "" if np.isnan(error) else f" \N{PLUS-MINUS SIGN} {error:.{digits}f}"
    return f"{mean:.{digits}f}{spread} %"


def _evaluations(contender: Contender, level: int) -> str:
    """Median evaluations to a gap, and how many runs came there if not all did."""
    median, n_reached = contender.evaluations_to(level), contender.n_reached(level)
    if not n_reached:
        return "never"
    share = "" if n_reached == contender.n_runs else f" ({n_reached}/{contender.n_runs})"
    return ("" if median is None else f"{median:,.0f}") + share
