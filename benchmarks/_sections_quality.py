"""Sections of the page of figures: how good fronts are after few evaluations that cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from _environment import table

Record = Mapping[str, Any]

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
own loops, the rest are algorithms of this package; populations of 50. The greedy oracle knows all
values and takes what adds most."""
    ]
    parts += [_device(device, each, budgets) for device, each in devices.items()]
    return "\n\n".join(parts)


def _device(device: str, figures: Record, budgets: Sequence[str]) -> str:
    """Normalisation, gaps, evaluations to targets and IGD+ on one device."""
    truth, algorithms = figures["truth"], figures["algorithms"]
    order = sorted(algorithms, key=lambda name: _last_gap(algorithms[name], budgets))
    ranges = "; ".join(
        f"{column} {best:.4g} to {worst:.4g}"
        for column, best, worst in zip(
            truth["objectives"], truth["best"], truth["worst"], strict=True
        )
    )
    gaps = [
        [f"`{name}`", len(algorithms[name]["seeds"])]
        + [_spread(algorithms[name]["gap_pct"][n]) for n in budgets]
        for name in order
    ]
    targets = list(next(iter(algorithms.values()))["evaluations_to"])
    reached = [
        [f"`{name}`"]
        + [_reached(algorithms[name]["evaluations_to"][target]) for target in targets]
        + [_mean(algorithms[name]["igd_plus"][n], ".4f") for n in budgets]
        + [f"{np.mean(algorithms[name]['seconds_cpu']):.1f} s"]
        for name in order
    ]
    header = ["algorithm", *(f"{target} %" for target in targets)]
    header += [*(f"IGD+ {n}" for n in budgets), "time"]
    parts = [
        f"""\
**{device}**: {truth["n_classes"]:,} classes, {truth["n_front"]} of them on the exhaustive front.
Normalised over all classes, best to worst: {ranges}; reference point
{", ".join(f"{each:g}" for each in truth["reference"])}.""",
        f"""\
Gap in percent, mean ± standard error (median) over the seeds, after so many evaluations:

{table(["algorithm", "seeds", *budgets], gaps)}""",
        f"""\
Evaluations to a gap, median (seeds that reached it); mean IGD+ after so many evaluations; processor
time of a run:

{table(header, reached)}""",
    ]
    if "picture" in figures:
        parts.insert(1, f"![Gaps over the evaluations on {device}]({figures['picture']})")
    if OURS in algorithms:
        others = [name for name in order if name not in (OURS, ORACLE)]
        parts.append(_wins(algorithms, others, budgets))
    commits = sorted({each[:12] for figure in algorithms.values() for each in figure["commits"]})
    parts.append(f"Runs of commits {', '.join(f'`{each}`' for each in commits)}.")
    return "\n\n".join(parts)


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
    return f"{f'{median:.0f}' if np.isfinite(median) else '-'} ({len(_known(values))})"


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
            _spread([run["short_points"] for run in runs]),
            f"{max(run['short_points'] for run in runs):.2f}",
            f"{np.mean([run['evaluated_within'] for run in runs]):.0f}",
            f"{sum(run['returned_broken'] for run in runs)}"
            f" of {sum(run['returned'] for run in runs)}",
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
        "points short",
        "worst seed",
        "evaluated within",
        "returned that break it",
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
    medians = [np.median([run["needed"][name] or np.inf for run in runs]) for name in others]
    rows.append(
        ["median", f"{np.median([run['level'] for run in runs]):.4f}"]
        + [f"{median:,.0f}" if np.isfinite(median) else "-" for median in medians]
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
    header = [
        "seed",
        f"`{ours}` at {record['budgets'][ours]}",
        *(f"`{name}` needs (has at {record['budgets'][name]:,})" for name in others),
    ]
    return f"""\
`mnasnet` on zcu102, accuracy and latency, both unknown at the start. The truth is ridge regression
on the choices of all pairs of genes, fitted to all of Accel-NASBench; its rank agreement is that
with networks left out. Hypervolume normalised by {record["n_range"]:,} random networks, best to
worst: {scale}; reference point {record["reference"]:g}.

{table(header, rows)}"""


def seed_table(record: Record) -> str:
    """The field's comparison on NAS-Bench-201, ours beside the published."""
    data_sets = record["data_sets"]
    rows = []
    for row in record["rows"]:
        ours, places = row["ours"], range(len(data_sets))
        known = ["-"] * 3
        if ours:
            validation = _with_deviation(ours["validation_pct"])
            known = [f"{ours['n_seeds']}", f"{ours['evaluated']:.0f}", validation]
        told = [_with_deviation(ours["test_pct"][place]) if ours else "-" for place in places]
        published = [_published(row, place) for place in places]
        pairs = [cell for pair in zip(told, published, strict=True) for cell in pair]
        rows.append([row["title"], *known, *pairs, row["note"]])
    header = ["strategy", "seeds", "evaluations", "validation"]
    for name in data_sets:
        header += [f"{name} test", "published"]
    return f"""\
One objective: CIFAR-10 validation accuracy, the only true validation accuracy in the tables. The
class that has the best of it among those evaluated is picked; what is told is its accuracy in
percent, mean ± standard deviation over the seeds, all class means of 200 epochs. For CIFAR-100 and
ImageNet16-120 it is the test accuracy of the class picked on CIFAR-10. Published are
NAS-Bench-201's Table 5 and, for NASWOT, AREA and the best of N, Mellor et al. 2021, Table 2;
deviations where they are known for sure. Their searches have 12,000 simulated seconds of trainings
of 12 epochs, single runs: the tables have no training times, so ours has {record["budget"]}
evaluations, as the published best of 100. Populations of {record["population"]}.

{table([*header, "note"], rows)}"""


def _with_deviation(spread: Sequence[float]) -> str:
    return f"{spread[0]:.2f} ± {spread[1]:.2f}"


def _published(row: Record, place: int) -> str:
    known, deviations = row["published_pct"], row["published_deviations"]
    if known is None or known[place] is None:
        return "-"
    return f"{known[place]:.2f}" + (f" ± {deviations[place]:.2f}" if deviations else "")


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
