"""Sections of the page of figures: features, proxies, and models fitted on few architectures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from _environment import table

Record = Mapping[str, Any]


def graph_features(record: Record) -> str:
    """Times of graph features, in one batch and one by one."""
    least = min(each["us_a_cell"] for each in record["versions"])
    rows = [
        [
            each["version"],
            f"{each['n_cells']:,}",
            f"{each['us_a_cell']:,.{2 if each['us_a_cell'] < 100 else 0}f}",
            f"{each['us_a_cell'] / least:,.0f}",
        ]
        for each in record["versions"]
    ]
    return f"""\
{record["n_features"]} features of a NAS-Bench-201 cell, equal in both versions.

{table(["version", "cells", "µs a cell (median)", "ratio"], rows)}"""


def proxies_time(record: Record) -> str:
    """Times of zero-cost proxies in shared passes and in their own."""
    whole = next(each for each in record["runs"] if each["version"].startswith("own forward"))
    rows = [
        [
            each["version"],
            f"{each['wall_s']:.2f}",
            f"{each['cpu_s']:.2f}",
            f"{each['wall_s'] / whole['wall_s']:.2f}",
            f"{each['cpu_s'] / whole['cpu_s']:.2f}",
        ]
        for each in record["runs"]
    ]
    return f"""\
{record["n_proxies"]} proxies of one NAS-Bench-201 net (C = 16, N = 5), {record["n_images"]} images
of 32 x 32 pixels, threads: {record["threads"]}, median of {record["repeats"]} rounds in turns.

{table(["version", "wall s", "CPU s", "of own passes, wall", "CPU"], rows)}"""


def proxies_ranks(record: Record) -> str:
    """Our scores and the published ones beside accuracy and robustness."""
    columns = {
        "accuracy": "ours, accuracy",
        "accuracy_published": "published, accuracy",
        "with_published": "ours with published",
        "robustness": "ours, APGD 1/255",
        "robustness_published": "published, APGD 1/255",
    }
    rows = [
        [name, *(_rho(found[column]) for column in columns)]
        for name, found in record["spearman"].items()
    ]
    return f"""\
Spearman's rank correlation with CIFAR-10 test accuracy and with accuracy under APGD-CE at eps 1/255
over {record["n_networks"]:,} networks, one for each class; ours on {record["n_images"]}
photographs, the published ones (NAS-Bench-Suite-Zero) on real images.

{table(["proxy", *columns.values()], rows)}"""


def proxies_settings(record: Record) -> str:
    """How the minibatch and the depth change what proxies rank."""
    names = list(record["settings"][-1]["spearman"])
    rows = [
        [
            each["images"],
            each["cells"],
            each["n_images"],
            "-" if each["cpu_ms"] is None else f"{each['cpu_ms']:.0f}",
            *(_rho(each["spearman"].get(name)) for name in names),
        ]
        for each in record["settings"]
    ]
    return f"""\
Spearman's rank correlation with CIFAR-10 test accuracy over {record["n_networks"]} of those
classes. Real images rank no better than photographs; noise ranks worse by nwot, jacob_cov, epe_nas,
fisher and the two norms. Of 16, 32 and 64 photographs 16 are enough; fewer cells a stage (N) would
be faster, but grad_norm, snip and fisher fall off. Hence the shipped scores: N = 5, 16 photographs.

{table(["images", "N", "batch", "CPU ms a net", *names], rows)}"""


def proxies_vote(record: Record) -> str:
    """Three proxies together beside each of them."""
    splits = list(next(iter(record["spearman"].values())))
    rows = [
        [name, *(_rho(by_split[split]) for split in splits)]
        for name, by_split in record["spearman"].items()
    ]
    return f"""\
Spearman's rank correlation with CIFAR-10 accuracy of {record["n_networks"]:,} networks of
NAS-Bench-201: each of three proxies, the mean of an architecture's ranks by them, and how many
others it beats by two of three; from published scores, and from those that ship, ranked among all
classes or among as many as a search draws.

{table(["ranked by", *splits], rows)}"""


def _rho(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def small_samples(record: Record) -> str:
    """Models fitted on few architectures beside a random forest."""

    def cell(row: Record, who: str) -> str:
        error = row[f"{who}_error"]
        return f"{row[who]:.3f}" + ("" if error is None else f" ± {error:.3f}")

    rows = [
        [
            each["target"],
            each["split"],
            each["n"],
            cell(each, "hwnas"),
            cell(each, "random_forest"),
            each["n_seeds"],
            each["picked"],
        ]
        for each in record["rows"]
    ]
    header = ["target", "split by", "n", "hwnas", "random forest", "seeds", "picked most often"]
    return f"""\
n of the 9,445 NAS-Bench-201 nets without dead operations to fit on, Kendall tau on all the others,
mean and standard error of the seeds from 0 on. Accuracy is CIFAR-10 validation, robustness APGD-CE
at eps 1/255, energy edgegpu's. Inputs are our graph features and the *published* proxies (or ours),
for energy features and encodings; beside it scikit-learn's default random forest on GRAF's features
and the same proxies, on the same splits. Drawn by nets as published, and by functional class, so
that no tested net has a twin among those seen.

{table(header, rows)}"""


def quality_transfer(record: Record) -> str:
    """A model of accuracy from one space on another."""
    rows = [
        [
            each["to_space"],
            each["inputs"],
            f"{each['n_networks']:,} ({each['networks']})",
            *(
                f"{each[figure]:.3f}"
                for figure in ("kendall_tau", "kendall_tau_params", "kendall_tau_macs")
            ),
        ]
        for each in record["rows"]
    ]
    header = ["to", "inputs", "networks", "Kendall tau", "params alone", "MACs alone"]
    return f"""\
`hwnas fit --quantity robustness --from-space nasbench201 --to-space SPACE` prints it: Kendall tau
with the published accuracy of a model fitted on NAS-Bench-201 (accuracy), by ranks within each
space, beside parameters and MACs alone. Nothing can be said so of robustness, which is published
for one space only.

{table(header, rows)}"""
