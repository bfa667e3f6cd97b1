"""Sections of the page of figures: how good fronts are after few evaluations that cost."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from _environment import table

Record = Mapping[str, Any]

WIDTH = 100
OURS, ORACLE = "surrogate", "greedy-oracle"
"""What the others are compared with, seed by seed; and what is no peer, as it knows all."""


def search_quality(record: Record) -> str:
    """Gaps to the exhaustive front over evaluations."""
    devices: Mapping[str, Record] = record["devices"]
    budgets = [str(n) for n in record["budgets"]]
    parts = [
        """\
An evaluation looks up one functional class, as if it were trained and measured; all objectives are
unknown at the start, and what is asked for again costs nothing. The *gap* is 1 - HV/HV*, the share
of the exhaustive front's hypervolume that is missing. `optuna-` and `pymoo-` are those packages'
own loops, Optuna's TPE multivariate, the rest as they come; the others are algorithms of this
package. Populations of 50. The greedy oracle is no search: it knows all values and takes what adds
most.""",
        _tuning(devices.values()),
    ]
    parts += [_device(device, each, budgets) for device, each in devices.items()]
    return "\n\n".join(filter(None, parts))


def _tuning(devices: Iterable[Record]) -> str:
    """What was chosen on what; nothing where ours has not been run."""
    if not any(OURS in figures["algorithms"] for figures in devices):
        return ""
    return f"""\
What was tuned: the constants of `{OURS}`, on seeds 1200 to 1205 of edgegpu and eyeriss. Seeds 1000
to 1009 had no part in it, but 1000 to 1004 were looked at before all was settled; fpga was not."""


def _device(device: str, figures: Record, budgets: Sequence[str]) -> str:
    """Normalisation, gaps, evaluations to targets and IGD+ on one device."""
    algorithms = figures["algorithms"]
    order = sorted(algorithms, key=lambda name: _last_gap(algorithms[name], budgets))
    gaps = [
        [f"`{name}`", len(algorithms[name]["seeds"])]
        + [_spread(algorithms[name]["gap_pct"][n]) for n in budgets]
        for name in order
    ]
    header = ["algorithm", "seeds", *(f"after {n}" for n in budgets)]
    parts = [
        f"#### {device}",
        _scale(figures["truth"]),
        f"""\
Gap in percent, mean ± standard error (median) over the seeds:

{table(header, gaps)}""",
        _stopped(algorithms, order),
        _reached_table({name: algorithms[name] for name in order}, budgets),
    ]
    if "picture" in figures:
        parts.insert(2, f"![Gaps over the evaluations on {device}]({figures['picture']})")
    if OURS in algorithms:
        others = [name for name in order if name not in (OURS, ORACLE)]
        parts.append(_wins(algorithms, others, budgets))
    parts.append(_provenance(algorithms.values()))
    return "\n\n".join(filter(None, parts))


def _scale(truth: Record) -> str:
    """What is searched and how hypervolumes are normalised."""
    columns = zip(truth["objectives"], truth["best"], truth["worst"], strict=True)
    ranges = "; ".join(f"{column} {best:.4g} to {worst:.4g}" for column, best, worst in columns)
    reference = ", ".join(f"{each:g}" for each in truth["reference"])
    told = [
        f"{truth['n_classes']:,} classes, {truth['n_front']} of them on the exhaustive front. "
        f"Normalised over all classes, best (0) to worst (1): {ranges}. "
        f"Reference point ({reference})."
    ]
    told += [
        f"{column} is {ratio:.3f} times {other}: these are one objective, told twice."
        for column, other, ratio in truth["proportional"]
    ]
    return textwrap.fill(" ".join(told), WIDTH)


def _stopped(algorithms: Record, order: Sequence[str]) -> str:
    """Which runs do not go as far as the others, and why."""
    longest = max(max(each["budgets"]) for each in algorithms.values())
    found = []
    for name in order:
        short = max(algorithms[name]["budgets"])
        is_out = algorithms[name]["is_out_of_time"]
        told = [f"{short} evaluations at most"] if short < longest else []
        if any(is_out):
            told.append(f"stopped for its processor time in {sum(is_out)} of {len(is_out)} seeds")
        if told:
            found.append(f"`{name}`: {', '.join(told)}.")
    return " ".join(found)


def _reached_table(algorithms: Record, budgets: Sequence[str]) -> str:
    """Evaluations to targets, IGD+ and time."""
    targets = list(next(iter(algorithms.values()))["evaluations_to"])
    header = ["algorithm", *(f"to {target} %" for target in targets)]
    header += [*(f"IGD+ {n}" for n in budgets), "a run"]
    rows = [
        [f"`{name}`"]
        + [_reached(each["evaluations_to"][target]) for target in targets]
        + [_mean(each["igd_plus"][n], ".4f") for n in budgets]
        + [f"{np.mean(each['seconds_cpu']):.1f} s"]
        for name, each in algorithms.items()
    ]
    return f"""\
Evaluations to a gap, median (how many seeds reached it); mean IGD+ after so many evaluations, of
normalised values; mean processor time of a run:

{table(header, rows)}"""


def _provenance(algorithms: Iterable[Record]) -> str:
    """Commits, machines and versions of all runs of a device."""
    every = list(algorithms)
    commits = sorted({commit[:12] for each in every for commit in each["commits"]})
    where = {
        said.removeprefix("- ").partition(": ")[2]
        for each in every
        for environment in each["environments"]
        for said in environment.split("; ")
        if "machine: " in said or "versions: " in said
    }
    # What says no more than a longer line that begins with it is left out.
    told = [
        line
        for line in sorted(where)
        if not any(other != line and other.startswith(line) for other in where)
    ]
    named = ", ".join(f"`{commit}`" for commit in commits)
    return textwrap.fill(f"Runs of commits {named}; {'; '.join(told)}.", WIDTH)


def _wins(algorithms: Record, others: Sequence[str], budgets: Sequence[str]) -> str:
    """In how many seeds ours is ahead of each of the others."""
    rows = [
        [f"`{name}`", *(_ahead(algorithms[OURS], algorithms[name], n) for n in budgets)]
        for name in others
    ]
    return f"""\
Seeds in which `{OURS}` has the smaller gap, of those that both have:

{table([f"`{OURS}` against", *budgets], rows)}"""


def _ahead(ours: Record, theirs: Record, n: str) -> str:
    gaps = dict(zip(theirs["seeds"], theirs["gap_pct"][n], strict=True))
    pairs = [
        (own, gaps[seed])
        for seed, own in zip(ours["seeds"], ours["gap_pct"][n], strict=True)
        if own is not None and gaps.get(seed) is not None
    ]
    return f"{sum(own < other for own, other in pairs)} of {len(pairs)}" if pairs else "-"


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _last_gap(figures: Record, budgets: Sequence[str]) -> list[float]:
    """Mean gaps from the largest budget to the smallest, what is not known last."""
    means = [_known(figures["gap_pct"][n]) for n in reversed(budgets)]
    return [float(np.mean(each)) if each else np.inf for each in means]


def _spread(values: Sequence[float | None]) -> str:
    """Mean, standard error and median; how many seeds, where it is not all of them."""
    known = _known(values)
    if not known:
        return "-"
    error = f" ± {np.std(known, ddof=1) / len(known) ** 0.5:.2f}" if len(known) > 1 else ""
    of = "" if len(known) == len(values) else f", {len(known)} seeds"
    return f"{np.mean(known):.2f}{error} ({np.median(known):.2f}{of})"


def _reached(values: Sequence[int | None]) -> str:
    """Median of the evaluations, infinite where a seed did not reach it, and how many did."""
    median = np.median([np.inf if value is None else value for value in values])
    told = f"{median:.0f}" if np.isfinite(median) else "-"
    return f"{told} ({len(_known(values))} of {len(values)})"


def _mean(values: Sequence[float | None], form: str) -> str:
    known = _known(values)
    return f"{np.mean(known):{form}}" if known else "-"


def constrained_search(record: Record) -> str:
    """How near searches under a latency limit come to the best class that keeps it."""
    rows = [
        [
            device,
            f"{figures['limit_ms']:.3f} ms",
            f"{figures['optimum_pct']:.2f} %",
            f"`{algorithm}`",
            len(runs),
            _spread([run["short_points"] for run in runs]),
            f"{max(run['short_points'] for run in runs):.2f}",
            f"{np.mean([run['evaluated_within'] for run in runs]):.0f}",
            f"{sum(run['returned_broken'] for run in runs)}"
            f" of {sum(run['returned'] for run in runs)}",
            f"{np.mean([run['seconds_cpu'] for run in runs]):.1f} s",
        ]
        for device, figures in record["devices"].items()
        for algorithm, runs in sorted(
            figures["runs"].items(),
            key=lambda item: float(np.mean([run["short_points"] for run in item[1]])),
        )
    ]
    header = [
        "device",
        "limit",
        "best within",
        "algorithm",
        "seeds",
        "points short",
        "worst seed",
        "evaluated within",
        "returned that break it",
        "a run",
    ]
    return f"""\
CIFAR-10 validation accuracy is maximised under a latency limit at the {record["percentile"]}th
percentile of all classes; both are looked up, class means, and unknown at the start.
{record["budget"]} evaluations; *points short* of the best class that keeps the limit: mean ±
standard error (median) over the seeds; what is returned is judged by its true latency.

{table(header, rows)}"""


def mnasnet_quality(record: Record) -> str:
    """How many evaluations others need to be where ours is after a few."""
    ours, runs = record["ours"], record["runs"]
    others = [name for name in record["budgets"] if name != ours]
    rows = [
        [run["seed"], f"{run['level']:.4f}"]
        + [f"{run['needed'][name] or '-'} ({run['last'][name]:.4f})" for name in others]
        for run in runs
    ]
    rows.append(
        ["median", f"{np.median([run['level'] for run in runs]):.4f}"]
        + [_reached([run["needed"][name] for run in runs]) for name in others]
    )
    scale = "; ".join(
        f"{column} {best:.4g} to {worst:.4g} (Kendall tau {tau:.3f})"
        for column, best, worst, tau in zip(
            record["objectives"],
            record["best"],
            record["worst"],
            record["kendall_tau"],
            strict=True,
        )
    )
    times = ", ".join(
        f"`{name}` {np.mean([run['seconds_cpu'][name] for run in runs]):.1f} s"
        for name in record["budgets"]
    )
    header = [
        "seed",
        f"`{ours}` at {record['budgets'][ours]}",
        *(f"`{name}` needs (has at {record['budgets'][name]:,})" for name in others),
    ]
    return f"""\
`mnasnet` on zcu102, accuracy and latency, both unknown at the start. The truth is ridge regression
on the choices of all pairs of genes, fitted to all of Accel-NASBench; its rank agreement is that
with networks left out. Hypervolume normalised by {record["n_range"]:,} random networks, best (0) to
worst (1): {scale}; reference point {record["reference"]:g}. Evaluations until a hypervolume is as
large as that of `{ours}`, and the hypervolume at the end; below, medians and how many seeds got
there:

{table(header, rows)}

Mean processor time of a run: {times}."""


def surrogate_cost(record: Record) -> str:
    """What a search by surrogates costs itself."""
    rows = [
        [
            f"{each['from']:,} to {each['from'] + record['window'] - 1:,}",
            each["n_steps"],
            f"{each['seconds_a_step']:.2f} s",
        ]
        for each in record["windows"]
    ]
    return f"""\
`{record["algorithm"]}` on {record["device"]}, evaluations looked up. A run of {record["budget"]}
evaluations, files and report included, takes {np.median(record["seconds"]):.1f} s
({np.median(record["seconds_cpu"]):.1f} s of processor time; medians of the seeds). From
{record["first"]} to {record["long_budget"]:,} evaluations the cost of a step grows with their
number to the power {np.mean(record["growth"]):.2f} (by seed
{", ".join(f"{each:.2f}" for each in record["growth"])}); 1 is linear. Processor time of a step by
the evaluations before it:

{table(["evaluations", "steps", "a step"], rows)}"""
