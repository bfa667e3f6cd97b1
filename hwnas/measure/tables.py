"""The table that a profile's raw samples make: a value a net and column, derived anew each time."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hwnas._files import sha256_file
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.measure.backends import in_words
from hwnas.measure.energy import EnergyReading
from hwnas.measure.plan import Plan
from hwnas.measure.record import SUFFIX, Pass, Profile, ProfileRecord
from hwnas.measure.samples import USUAL_LEVEL, Samples, Summary, joined, reference_ns, summarize
from hwnas.spaces import load_space
from hwnas.tables.table import ARCH, Column, Table, with_defaults

_BESIDE = {
    "latency_low_ms": ("low_ms", "ms", "lower end of the median's 95 % bootstrap interval"),
    "latency_high_ms": ("high_ms", "ms", "upper end of the median's 95 % bootstrap interval"),
    "latency_p90_ms": ("p90_ms", "ms", "90th percentile of the runs"),
    "latency_p99_ms": ("p99_ms", "ms", "99th percentile of the runs"),
    "latency_cv_pct": ("cv_pct", "%", "standard deviation of the visits' medians by their mean"),
    "latency_runs": ("n_runs", "", "runs that were timed"),
}
"""Columns beside a latency, which are no quantities: field of the summary, unit and meaning."""


def summaries(
    profile: Profile,
    target: Target,
    names: Collection[str] | None = None,
    level: float = USUAL_LEVEL,
) -> dict[str, Summary]:
    """What was measured of a target: a summary of all visits of each net, by its name.

    Args:
        profile: What was measured.
        target: The target.
        names: The nets to tell of, as far as they were measured; all by default.
        level: Of the medians' intervals.
    """
    parts = [part for part in profile.of(target) if part]
    found = {name: None for part in parts for name in part}
    if not found:
        return {}
    # That of the first pass: what is measured later must not change what was told.
    usual = reference_ns(list(parts[0].values()))
    return {
        name: _summary([part[name] for part in parts if name in part], usual, level)
        for name in found
        if names is None or name in names
    }


def _summary(stretches: Sequence[Samples], usual: float, level: float) -> Summary:
    """Of all stretches of a net; how much its visits vary, of the last one alone.

    What was noisy once may be measured again.
    """
    last = summarize(stretches[-1], usual, level=level)
    if len(stretches) == 1:
        return last
    return replace(summarize(joined(stretches), usual, level=level), cv=last.cv)


def seconds_a_net(profile: Profile, target: Target) -> float | None:
    """Mean seconds that a net took to be made, loaded and run; None where none was measured."""
    seconds = []
    for each, samples in zip(profile.record.passes, profile.samples, strict=True):
        for name, runs in samples.items() if each.target == target else ():
            facts = each.facts[name]
            run_s = float(runs.run_ns.sum() + runs.anchor_ns.sum()) / 1e9
            seconds.append(facts.prepare_s + facts.load_s + facts.warmup_s + run_s)
    return statistics.fmean(seconds) if seconds else None


def energies(profile: Profile, target: Target) -> dict[str, EnergyReading]:
    """Energy of a run of each net, as it was measured last; of those that were metered."""
    return {
        name: reading
        for each in profile.record.passes
        if each.target == target
        for name, reading in each.energy.items()
        if reading.energy_mj is not None
    }


def is_unstable(summary: Summary, plan: Plan) -> bool:
    """Whether a net's visits vary more than a plan allows."""
    return summary.cv is not None and summary.cv > plan.max_cv


def table_of(profile: Profile, samples: Path) -> Table:
    """The table of a profile of a search space.

    What is unstable under the plan of a column's last pass is null in the column of the latency,
    and so left out of training; its figures stand beside.

    Args:
        profile: What was measured; at least one net.
        samples: The file with the raw samples, which is written already; the table is called as it
            is, without its ending.
    """
    import pandas as pd

    space = profile.record.space
    assert space is not None
    frame, columns = pd.DataFrame(), list[Column]()
    for target in profile.targets:
        last = next(each for each in reversed(profile.record.passes) if each.target == target)
        found = summaries(profile, target)
        if not found:
            # None of its nets could be measured.
            continue
        rows = {arch: _row(target, summary, last.plan) for arch, summary in found.items()}
        columns += _columns(target, last)
        joules = energies(profile, target)
        if joules:
            spent = replace(target, quantity="energy")
            for arch, reading in joules.items():
                rows[arch][spent.table_column] = reading.energy_mj
            meters = ", ".join(sorted({each.meter for each in joules.values()}))
            columns.append(Column.of(spent, f"measured: {meters}, idle power subtracted"))
        part = pd.DataFrame.from_dict(rows, orient="index")
        frame = part if frame.empty else frame.join(part, how="outer")
    frame = frame.rename_axis(ARCH).sort_index().reset_index()
    devices = {each.target.device for each in profile.record.passes}
    return Table(
        name=samples.name.removesuffix(SUFFIX),
        space=space,
        title=f"Measured on {', '.join(sorted(filter(None, devices)))}",
        columns=with_defaults(columns),
        frame=frame[[ARCH, *(column.name for column in columns)]],
        sources=(
            {
                "path": samples.name,
                "bytes": samples.stat().st_size,
                "sha256": sha256_file(samples),
            },
        ),
        options=recorded_space(profile.record).options,
    )


def recorded_space(record: ProfileRecord) -> SearchSpace:
    """The search space of a profile's nets, with the options that it was measured with."""
    options = {
        # JSON turned tuples into lists.
        key: tuple(value) if isinstance(value, list) else value
        for key, value in (record.options or {}).items()
    }
    return load_space(str(record.space), **options)


def _row(target: Target, summary: Summary, plan: Plan) -> dict[str, float | None]:
    value = None if is_unstable(summary, plan) else summary.latency_ms
    figures = _figures(summary)
    beside = {_beside(target, name): figures[name] for name in _BESIDE}
    return {target.table_column: value, **beside}


def _figures(summary: Summary) -> dict[str, float | None]:
    cv_pct = None if summary.cv is None else 100 * summary.cv
    fields = {name: field for name, (field, _, _) in _BESIDE.items()}
    return {
        name: cv_pct if field == "cv_pct" else float(getattr(summary, field))
        for name, field in fields.items()
    }


def _columns(target: Target, last: Pass) -> Iterator[Column]:
    yield Column.of(target, _detail(last))
    for name, (_, unit, meaning) in _BESIDE.items():
        yield Column(
            name=_beside(target, name),
            target=None,
            unit=unit,
            is_default=False,
            detail=meaning,
            dataset=target.dataset,
            device=target.device,
        )


def _beside(target: Target, name: str) -> str:
    """Name of a column beside a latency."""
    return target.table_column.replace(target.meaning.column, name)


def _detail(last: Pass) -> str:
    """What exactly the values of a column are."""
    plan, machine = last.plan, last.environment
    return (
        f"measured: median of at least {plan.min_samples} runs in {plan.visits} visits, each by a "
        f"run of an anchor; backend {last.backend} ({in_words(last.settings)}), "
        f"{plan.threads_in_words}, batch {plan.batch or 1}, mode {plan.mode}, "
        f"{machine.cpu or machine.machine}"
    )
