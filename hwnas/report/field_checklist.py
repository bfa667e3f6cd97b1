"""The field's checklist for comparisons of searches, answered by what runs have recorded.

References:
    Lindauer and Hutter 2020, Best Practices for Scientific Research on Neural Architecture Search,
    JMLR 21(243), https://arxiv.org/abs/1909.02453: its 14 practices, three of which (2 and 3, 13
    and 14) share a row with a neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from hwnas.core.words import joined
from hwnas.errors import ConfigError
from hwnas.report.run_facts import (
    Field,
    RunFacts,
    budget,
    each_once,
    n_runs_of,
    seconds_of,
    seeds_of,
)
from hwnas.report.settings import ALGORITHM, SEED, differing, in_words, settings_of

Answer = Literal["yes", "partly", "no"]

RANDOM = "random"
MIN_SEEDS = 5
"""Runs of a setting with fewer seeds show little: that one is ahead in all of 4 happens by chance
in 1 of 16 (sign test), in all of 5 in 1 of 32, which is below 5 %."""
_BENCHMARK = ("space", "dataset", "options", "device", "power_w", "source", "objectives")
_NO_PART = {ALGORITHM, "constraints", *_BENCHMARK}
"""What differs between methods or problems, and is no part of one method."""
_OWN = {"custom", "measured"}
"""Sources of values that are no benchmark's."""


@dataclass(frozen=True, slots=True)
class ChecklistRow:
    """One line of the checklist.

    Args:
        number: From 1 to 12.
        practices: Numbers of the paper's practices behind it.
        item: What is asked.
        answer: ``"yes"``, ``"partly"`` or ``"no"``.
        evidence: What was read in the runs.
        missing: What is lacking and what would give it; empty for nothing.
    """

    number: int
    practices: tuple[int, ...]
    item: str
    answer: Answer
    evidence: str
    missing: str = ""


def checklist(runs: Sequence[RunFacts], ends: Collection[str]) -> tuple[ChecklistRow, ...]:
    """Answers of the 12 rows, each with what was read and what is missing.

    Nothing is answered with yes that is not recorded in the runs; what only their author can know,
    such as on what settings were tuned, is a no that says so. Runs of one setting and seed are no
    independent runs: the longest of them counts.

    Args:
        runs: What each run has recorded.
        ends: Settings that say when a search ends.

    Raises:
        ConfigError: There is no run.
    """
    if not runs:
        raise ConfigError("A checklist needs at least one run; got none.")
    n_given, runs = len(runs), _each_once(runs, ends)
    rivals = [each for each in runs if not each.is_exhaustive] or runs
    settings = settings_of([each.config for each in rivals], ends)
    field = Field(runs, rivals, settings, n_given - len(runs))
    answers = (
        ((1,), "Code of search space and evaluation", _evaluation(field)),
        ((2, 3), "Code of the method, its settings and seeds", _method(field)),
        ((4,), "The same benchmark for all", _benchmark(field)),
        ((5,), "Ablation of what is new", _ablation(field)),
        ((6,), "The same evaluation protocol and budget", _protocol(field)),
        ((7,), "Performance over time", _over_time(field)),
        ((8,), "Random search among the compared", _random(field)),
        ((9,), "Several runs with other seeds", _seeds(field)),
        ((10,), "A tabular or surrogate benchmark", _tabular(field)),
        ((11,), "Confounding factors controlled", _confounders(field)),
        ((12,), "How settings were tuned", _tuning(field)),
        ((13, 14), "Time of the whole method, and the set-up", _time(field)),
    )
    return tuple(
        ChecklistRow(number, practices, item, *answer)
        for number, (practices, item, answer) in enumerate(answers, start=1)
    )


_Told = tuple[Answer, str, str]
_ONE_SETTING = "All runs are of one setting, {}."
_COMPARE = "Search with another --algorithm too, all else the same, and name those runs as well."
_MORE = (
    "Search with another --algorithm or another --seed too, all else the same, and name those runs "
    "as well."
)


def _each_once(runs: Sequence[RunFacts], ends: Collection[str]) -> list[RunFacts]:
    """Of runs of one setting and seed the longest, the first of equal ones."""
    chosen = list[RunFacts]()
    for setting in settings_of([each.config for each in runs], ends):
        by_seed = dict[object, RunFacts]()
        for run in (runs[place] for place in setting.runs):
            known = by_seed.setdefault(run.config[SEED], run)
            if run.spent > known.spent:
                by_seed[run.config[SEED]] = run
        chosen += by_seed.values()
    return [each for each in runs if any(each is one for one in chosen)]


def _evaluation(field: Field) -> _Told:
    first = field.runs[0]
    classes = "" if first.n_classes is None else f", {first.n_classes:,} functional classes"
    spaces = joined(sorted({f"{run.config['space']} ({run.space_from})" for run in field.runs}))
    told = f"Space {spaces}: {first.n_archs:,} architectures{classes}. {_sources(field)}"
    if any(spec.origin for run in field.runs for spec in run.objectives):
        told += " Their files and hashes stand in run.json."
    own = each_once(
        spec.column for run in field.runs for spec in run.objectives if spec.source == "custom"
    )
    foreign = {run.space_from for run in field.runs} - {"hwnas"}
    if own or foreign:
        what = joined([*own, *sorted(foreign)])
        return "partly", told, f"The code of {what} is not in the runs; publish it with them."
    return "yes", told, ""


def _sources(field: Field) -> str:
    """Where values come from: ``Predicted: accuracy_pct. Counted: params.`` and so on."""
    columns = dict[str, list[str]]()
    for run in field.runs:
        for spec in run.objectives:
            columns.setdefault(spec.source, []).append(spec.column)
    return " ".join(f"{key.capitalize()}: {joined(each_once(c))}." for key, c in columns.items())


def _method(field: Field) -> _Told:
    names = [f"{each.label} ({seeds_of(field.of(each))})" for each in field.settings]
    versions = joined(each_once(f"hwnas {run.versions.get('hwnas', '?')}" for run in field.runs))
    commits = each_once(commit for run in field.runs for commit in run.commits)
    at = f", commit {joined([each[:12] + _dirty(each) for each in commits])}" if commits else ""
    told = f"{'; '.join(names)}. {versions}{at}. run.json of each holds all settings."
    foreign = sorted({str(run.algorithm_from or "an unknown package") for run in field.runs})
    foreign = [each for each in foreign if each != "hwnas"]
    if foreign:
        return "partly", told, f"The code of an algorithm is in {joined(foreign)}; publish it."
    if any(map(_dirty, commits)):
        return "partly", told, "Files of hwnas differed from the commit; commit them and run again."
    return "yes", told, ""


def _dirty(commit: str) -> str:
    return " with changes" if commit.endswith("-dirty") else ""


def _benchmark(field: Field) -> _Told:
    if not field.is_comparison:
        return "no", _ONE_SETTING.format(field.settings[0].label), _COMPARE
    first, *others = field.runs
    names = each_once(
        name
        for run in others
        for name in differing(
            {key: first.config.get(key) for key in _BENCHMARK},
            {key: run.config.get(key) for key in _BENCHMARK},
        )
    )
    if any(run.limits != first.limits for run in others):
        names.append("limits")
    if any(_origins(run) != _origins(first) for run in others):
        names.append("where values come from")
    if names:
        return "no", f"Runs differ in {joined(names)}.", "Search again with the same for all."
    same = f"{first.config['space']}, {first.config['dataset']}, {_device(first)}"
    columns = joined([spec.column for spec in first.objectives])
    limits = f"limits {joined(first.limits)}" if first.limits else "no limits"
    told = f"All: {same}; {columns} from the same sources; {limits}."
    own = [spec.column for spec in first.objectives if spec.source == "custom"]
    if own:
        return "partly", told, f"Runs do not record whether the function of {joined(own)} is one."
    return "yes", told, ""


def _device(run: RunFacts) -> str:
    return f"device {run.config['device']}" if run.config["device"] else "no device"


def _origins(run: RunFacts) -> list[tuple[str, ...]]:
    return [(each.column, each.source, each.origin, each.unit) for each in run.objectives]


def _ablation(field: Field) -> _Told:
    found = []
    for place, one in enumerate(field.settings):
        for other in field.settings[place + 1 :]:
            names = differing(one.config, other.config)
            if len(names) == 1 and names[0] not in _NO_PART:
                sides = (in_words(names[0], each.config.get(names[0])) for each in (one, other))
                found.append(f"{one.config.get(ALGORITHM)}: {' against '.join(sides)}")
    if found:
        return "yes", f"Settings that differ in one thing alone: {'; '.join(found)}.", ""
    missing = "Leave one part out, such as --warm-start, all else the same, and name both."
    return "no", "No two settings of one algorithm differ in one thing alone.", missing


def _protocol(field: Field) -> _Told:
    counts = [run.spent for run in field.rivals]
    unfinished = [run.name for run in field.rivals if run.status != "finished"]
    if not field.is_comparison:
        return "no", _ONE_SETTING.format(field.settings[0].label), _COMPARE
    failed = sum(run.n_failed for run in field.rivals)
    kept = f"those that failed count, {failed:,} in all"
    if len(set(counts)) == 1 and not unfinished:
        return "yes", f"{budget(counts[0])} evaluations in each of {n_runs_of(counts)}; {kept}.", ""
    told = f"Runs have {budget(min(counts))} to {budget(max(counts))} evaluations; {kept}."
    missing = (
        f"Compare after {budget(min(counts))} evaluations alone, or give all the same --budget."
    )
    if unfinished:
        missing = f"{joined(unfinished)} not finished: go on with --resume. {missing}"
    return "partly", told, missing


def _over_time(field: Field) -> _Told:
    total = sum(run.n_evaluated for run in field.rivals)
    told = f"All {total:,} evaluations of {n_runs_of(field.rivals)} are kept in order."
    if not total:
        return "no", "The runs hold no evaluation.", "Go on with --resume."
    if not field.is_comparison:
        return "partly", f"{told} One setting alone: {field.settings[0].label}.", _COMPARE
    return "yes", f"{told} hwnas report RUN... --png FILE draws them.", ""


def _random(field: Field) -> _Told:
    drawn = [run.spent for run in field.rivals if run.config.get(ALGORITHM) == RANDOM]
    others = [run.spent for run in field.rivals if run.config.get(ALGORITHM) != RANDOM]
    if not drawn:
        missing = "Search with --algorithm random, all else the same, under each seed."
        return "no", "No run has algorithm random.", missing
    told = f"{n_runs_of(drawn)} of random, {budget(min(drawn))} evaluations at least."
    if not others:
        return "partly", f"{told} Nothing else is compared.", _COMPARE
    if min(drawn) < max(others):
        missing = f"Go on with --resume to --budget {math.ceil(max(others))}."
        return "partly", f"{told} Others have up to {budget(max(others))}.", missing
    return "yes", told, ""


def _seeds(field: Field) -> _Told:
    least = min(len({run.config["seed"] for run in field.of(each)}) for each in field.settings)
    told = "; ".join(f"{each.label}: {seeds_of(field.of(each))}" for each in field.settings) + "."
    if field.n_again:
        told += f" Of one setting and seed a run counts once: {field.n_again} left out."
    if least >= MIN_SEEDS:
        return "yes", told, ""
    missing = f"Search under {MIN_SEEDS} seeds at least, each --seed with its own --out."
    return ("partly" if least > 1 else "no"), told, missing


def _tabular(field: Field) -> _Told:
    specs = [spec for run in field.runs for spec in run.objectives]
    told = _sources(field)
    every = each_once(spec.column for spec in specs)
    own = each_once(spec.column for spec in specs if spec.source in _OWN)
    if not own:
        return "yes", told, ""
    missing = f"{joined(own)} cannot be looked up; a search with --source table can be repeated."
    return ("no" if own == every else "partly"), told, missing


def _confounders(field: Field) -> _Told:
    if len(field.runs) == 1:
        return "no", "There is one run alone.", _MORE
    names = sorted({name for run in field.runs for name in run.versions})
    varied = [
        f"{name} {joined(found)}"
        for name in names
        if len(found := each_once(run.versions.get(name, "unknown") for run in field.runs)) > 1
    ]
    machines = each_once(machine for run in field.runs for machine in run.machines)
    commits = each_once(commit for run in field.runs for commit in run.commits)
    if len(machines) > 1:
        varied.append(f"machines: {'; '.join(machines)}")
    if len(commits) > 1:
        varied.append(f"commits {joined([each[:12] + _dirty(each) for each in commits])}")
    if varied:
        missing = "Run all with the same versions on one machine."
        return "no", f"Runs differ in {'; '.join(varied)}.", missing
    versions = joined([f"{name} {field.runs[0].versions[name]}" for name in names])
    unknown = [run.name for run in field.runs if not run.machines]
    if unknown:
        return "partly", f"Same versions: {versions}.", _unknown("machine", unknown)
    return "yes", f"Same versions: {versions}. Machine: {machines[0]}.", ""


def _tuning(field: Field) -> _Told:
    changed = each_once(words for run in field.rivals for words in run.changed)
    told = f"Not the defaults: {joined(changed)}." if changed else "All settings are the defaults."
    missing = (
        "Runs do not record how settings were chosen: say on which seeds, devices and data sets, "
        "and compare on others."
    )
    return "no", told, missing


def _time(field: Field) -> _Told:
    unknown = [run.name for run in field.rivals if run.seconds is None or not run.machines]
    known = [run.seconds for run in field.rivals if run.seconds is not None]
    if not known:
        return "no", "No run says how long it took.", _unknown("time", unknown)
    parts = []
    for setting in field.settings:
        spent = [run.seconds for run in field.of(setting) if run.seconds is not None]
        if spent:
            parts.append(f"{setting.label} {seconds_of(sum(spent) / len(spent))} a run")
    machines = each_once(machine for run in field.rivals for machine in run.machines)
    told = f"Search, means: {', '.join(parts)}; {'; '.join(machines)}."
    missing = "Add the time to make tables and predictors and to train what was chosen."
    if unknown:
        missing = f"{_unknown('time', unknown)} {missing}"
    return "partly", told, missing


def _unknown(what: str, names: Sequence[str]) -> str:
    return (
        f"The {what} of {joined(names)} is not recorded: killed, or of an older version. Search "
        "again."
    )
