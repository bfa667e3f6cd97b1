"""Sections of the page of figures: measuring devices and predicting them from little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from _environment import table
from scipy.stats import spearmanr

Record = Mapping[str, Any]

_SPACES = {"ND": "nasbench201"}
_PUBLISHED = {
    ("ND", 10): "0.949 HELP, 0.947 NASFLAT",
    ("FD", 10): "0.910 HELP",
    ("FD", 20): "0.961 NASFLAT",
    ("F1", 20): "0.809",
    ("F2", 20): "0.871",
    ("F3", 20): "0.814",
    ("F4", 20): "0.799",
    ("FA", 20): "0.577",
}
"""Spearman's rho as the papers print it, by split and networks; F1 to F4 and FA are NASFLAT's.

References:
    Lee et al. 2021, HELP, https://arxiv.org/abs/2106.08630
    Akhauri and Abdelfattah 2024, NASFLAT, https://arxiv.org/abs/2403.02446
"""
_REPORTED = "raspi4, pixel3, eyeriss, fpga"


def small_devices(record: Record) -> str:
    """Devices from 10 to 200 random nets."""
    rows = []
    for n in sorted({row["n"] for row in record["rows"]}):
        some = [row for row in record["rows"] if row["n"] == n]
        columns = list(_by_column(some))
        gains = [_mean(each, "nets", "spearman") - _macs(each) for each in columns]
        covered = min(_mean(each, "nets", "coverage_pct") for each in columns)
        rows.append(
            [
                n,
                f"{_macs(some):.3f}",
                f"{_mean(some, 'nets', 'spearman'):.3f}",
                f"{_mean(some, 'classes', 'spearman'):.3f}",
                f"{min(gains):+.3f}",
                f"{_mean(some, 'nets', 'within_10_pct'):.0f} %",
                f"{_mean(some, 'nets', 'coverage_pct'):.1f} % (least column {covered:.0f} %)",
            ]
        )
    header = ["n", "MACs alone", "as they stand", "by class", "worst column beside MACs"]
    return f"""\
Each of 30 columns of HELP and HW-NAS-Bench (CIFAR-10) on `nasbench201` left out together with its
board's others, n random nets without dead operations, Spearman on all other such nets, mean over
columns and seeds. *As they stand* is what `hwnas predict` says of a net; *by class* what a search
says, which values nets that compute the same alike. Settings were chosen on 12 columns with seeds
100 to 104.

{table([*header, "within 10 %", "inside the 90 % interval"], rows)}"""


def _by_column(rows: Sequence[Record]) -> Iterator[list[Record]]:
    for name in dict.fromkeys(row["column"] for row in rows):
        yield [row for row in rows if row["column"] == name]


def _mean(rows: Sequence[Record], kind: str, figure: str) -> float:
    return float(np.mean([row[kind][figure] for row in rows]))


def _macs(rows: Sequence[Record]) -> float:
    return float(np.mean([row["macs"] for row in rows]))


def few_shot(record: Record) -> str:
    """Devices from 10 or 20 chosen nets, on published splits."""
    rows, of_strings = [], []
    for split, n in dict.fromkeys((row["split"], row["n"]) for row in record["rows"]):
        some = [row for row in record["rows"] if (row["split"], row["n"]) == (split, n)]
        whole, few = ([row for row in some if row["row"] == name] for name in ("whole", "few"))
        of_strings += [row["spearman_strings"] for row in whole if "spearman_strings" in row]
        rows.append(
            [
                f"`{_SPACES.get(split, 'fbnet')}` {split}",
                n,
                *(f"{np.mean([row['spearman'] for row in part]):.3f}" for part in (whole, few)),
                _PUBLISHED[split, n],
                f"{np.mean(list(record['ceilings'][split].values())):.3f}",
            ]
        )
    header = ["split", "networks", "Spearman", "16 (`nasbench201`) or 800 (`fbnet`) a source"]
    return f"""\
Networks chosen as `hwnas devices add` chooses them, mean Spearman over all others (of `nasbench201`
the 9,444 connected ones without dead operations). Settings were chosen on seeds from 1,000 on, and
in part on other splits; these seeds were computed once. ND over all 15,284 connected strings, dead
operations kept: {np.mean(of_strings):.3f}. The fourth column knows only so many networks of each
source; the last is what the target's own whole table gives when it is smoothed.

{table([*header, "published", "own table, smoothed"], rows)}"""


def repeatability(record: Record) -> str:
    """How well a measurement repeats."""
    rows = [
        [
            name,
            f"{100 * record[name]['naive_cv']:.1f} %",
            f"{100 * record[name]['paired_cv']:.2f} %",
            f"{record[name]['ratio']:.2f}",
        ]
        for name in ("alone", "beside a busy process")
    ]
    header = ["", "median of the runs", "median of ratios to the anchor's", "ratio"]
    return f"""\
20 networks of `nasbench201`, ONNX Runtime, one thread, ten turns of 60 runs each, the same runs
valued two ways; coefficient of variation over turns, median over networks. A virtual machine with
nothing else running, or one process that is always busy.

{table(header, rows)}

A network takes {record["seconds_a_network"]:.2f} s by the default plan, export, check and loading
included."""


def measured_predictors(record: Record) -> str:
    """Predictors of latency that this project measured."""
    names = [name for name, each in record.items() if isinstance(each, dict)]
    rows = [
        [
            name,
            way,
            f"{record[name][way]['within_10_pct']:.1f} %",
            f"{record[name][way]['median_error_pct']:.1f} %",
            f"{record[name][way]['spearman']:.4f}",
            f"{record[name][way]['n_others']:.0f}",
        ]
        for name in names
        for way in ("chosen", "random")
    ]
    again = [
        [
            name,
            f"{each['hours_apart']:.1f}",
            f"{each['within_10_pct']:.1f} %",
            f"{each['median_change_pct']:.2f} %",
            f"{each['largest_change_pct']:.1f} %",
            f"{each['naive_median_change_pct']:.1f} %",
        ]
        for name in names
        for each in [record[name]["again"]]
    ]
    of_again = ["table", "hours apart", "within 10 %", "median change", "largest"]
    header = ["table", "200 networks", "within 10 %", "median error", "Spearman", "others"]
    n_again, seeds = record[names[0]]["again"]["n_networks"], record[names[0]]["seeds"]
    return f"""\
200 networks of a table in `latency_tables/`, chosen among those measured as `hwnas devices add`
chooses or drawn at random (mean of seeds {seeds[0]} to {seeds[-1]}), all others predicted.

{table(header, rows)}

{n_again} networks of each were measured again in another process, by the first pass's anchor time:
the most that a predictor can reach.

{table([*of_again, "median change of plain medians"], again)}"""


def cost_transfer(record: Record) -> str:
    """Costs carried to a space that a device was never measured on."""
    methods = {"devices": "other devices", "totals": "sums of totals"}
    groups = {"reported": _REPORTED, "developed on": "{} others"}
    rows = [
        [
            way,
            by,
            of.format(each["n"]),
            *(f"{each[name]:.3f}" for name in ("spearman", "spearman_macs", "spearman_params")),
            f"{each['n_better_than_macs']} of {each['n']}",
            f"{each['within_10_pct']:.0f} %",
        ]
        for way, by_method in record["means"].items()
        for method, by in methods.items()
        for group, of in groups.items()
        for each in [by_method[method][group]]
    ]
    header = ["from, to", "by", "devices", "Spearman", "MACs alone", "params alone"]
    return f"""\
A device's latency on a space that it was never measured on, from another space; settings of the
same board are left out. Spearman with the published latency beside MACs and parameters alone, and
the share within 10 % as predicted, without a factor that only the truth could give. Penalty and
terms were chosen on the others; the four reported ones were seen on the way.

{table([*header, "better than MACs", "within 10 %"], rows)}

Each of the four: Spearman, the factor by which the values are off, which nobody knows without a
value on the other space, and the share within 10 % without it:

{table(["from, to", "by", *_REPORTED.split(", ")], _each_reported(record, methods))}"""


def _each_reported(record: Record, methods: Mapping[str, str]) -> list[list[str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for each in record["transfers"]:
        way = f"{each['from_space']} to {each['to_space']}"
        said = f"{each['spearman']:.3f}, x {each['scale']:.2f}, {each['within_10_pct']:.0f} %"
        found.setdefault((way, each["method"]), {})[each["device"]] = said
    return [
        [way, methods[method], *(by_device[device] for device in _REPORTED.split(", "))]
        for (way, method), by_device in sorted(found.items(), reverse=True)
    ]


def peak_memory(record: Record) -> str:
    """Counted peak memory beside what ONNX Runtime allocates."""
    found = dict(record["bytes"])
    columns = [name for name in next(iter(found.values())) if name != "counted"]
    found["all"] = {
        name: [value for each in record["bytes"].values() for value in each[name]]
        for name in ("counted", *columns)
    }
    rows = [
        [
            space,
            len(each["counted"]),
            len(set(each["counted"])),
            *(_beside(each["counted"], each[name]) for name in columns),
        ]
        for space, each in found.items()
    ]
    return f"""\
What ONNX Runtime allocates for a network's activations beside the counted `peak_memory_bytes`
(float32, batch 1): Spearman, and in brackets allocated by counted, least to most of the networks;
by its arena and by its memory plan, with its usual graph optimisations and without those that
change the layout.

{table(["space", "networks", "counted peaks", *columns], rows)}"""


def _beside(counted: Sequence[int], allocated: Sequence[int]) -> str:
    ratios = np.array(allocated) / counted
    rho = spearmanr(counted, allocated).statistic
    return f"{rho:.3f} ({ratios.min():.2f} to {ratios.max():.2f})"


def export_time(record: Record) -> str:
    """Two ways to an ONNX file."""
    rows = [
        [
            each["space"],
            f"{each['exporter_s']:.2f}",
            f"{each['graph_s']:.3f}",
            f"{each['graph_fresh_s']:.3f}",
            f"{each['exporter_by_graph']:.0f}",
            f"{each['run_ratio']:.2f}",
        ]
        for each in record["rows"]
    ]
    header = ["space", "torch's exporter, s", "graph, s", "graph, fresh weights, s"]
    return f"""\
Processor time of a network in ONNX, medians of {record["n_networks"]} networks a space: by torch's
exporter, or written from the operation graph with the torch model's weights, or with fresh ones and
no torch. The last column is what running the two files costs onnxruntime.

{table([*header, "exporter / graph", "running the graph's file / torch's"], rows)}"""
