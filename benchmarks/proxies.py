"""Zero-cost proxies: what sharing passes saves, which setting to score a space with, how they rank.

Run: ``python benchmarks/proxies.py time``, ``... settings --from DIR``, ``... ranks --from DIR``
and ``... vote --from DIR`` with the folder of the published tables. ``settings`` compares depth,
minibatch size and images on a few hundred networks; ``ranks`` sets our scores beside the published
ones on the same networks, from a file made by ``hwnas proxies --all --out FILE``
(``--scores FILE``) or computed anew; ``vote`` ranks by the mean rank of three, and by their
majority, from published and from shipped scores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _environment import environment, write_results
from _separate_proxies import SEPARATE
from page import section
from scipy.stats import spearmanr

from hwnas.core.architecture import Architecture
from hwnas.core.classes import all_classes
from hwnas.objectives.scored import N_REFERENCE
from hwnas.proxies import photos, score, vote
from hwnas.proxies.shipped import shipped_scores
from hwnas.proxies.store import read_card, read_scores
from hwnas.proxies.sweep import plan_scoring, score_rows
from hwnas.proxies.voting import VOTERS
from hwnas.spaces import load_space
from hwnas.tables import Table, import_table

SEED = 0
# The published name of each proxy; jacov is jacob_cov there.
PUBLISHED = {
    "nwot": "nwot",
    "jacob_cov": "jacov",
    "synflow": "synflow",
    "grad_norm": "grad_norm",
    "snip": "snip",
    "epe_nas": "epe_nas",
    "fisher": "fisher",
    "l2_norm": "l2_norm",
    "plain": "plain",
    "zen": "zen",
}
OWN = ("jacobian_norm", "input_grad_norm")
_ROBUSTNESS = "cifar10_robustness_pct@apgd-ce-eps1"
_TIMED = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds and CPU seconds of a run."""
    started, cpu_started = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - started, time.process_time() - cpu_started


def measure_time(repeats: int, n_threads: int) -> None:
    """Keep the time of all proxies at once, one by one, and in passes of their own."""
    torch.set_num_threads(n_threads)
    space = load_space("nasbench201")
    torch.manual_seed(SEED)
    model = space.build(space.parse(_TIMED))
    batch = photos(64, (3, 32, 32), 10)
    names = list(SEPARATE)
    found = score(model, batch, names).values
    for name, separate in SEPARATE.items():
        # Two ways to one result, or the ratio means nothing; plain is rounding noise here.
        value = found[name]
        assert value is not None
        if name != "plain":
            np.testing.assert_allclose(value, separate(model, batch), rtol=5e-3)
    runs: dict[str, Callable[[], object]] = {
        "shared passes: hwnas.proxies.score, once": lambda: score(model, batch, names),
        "one by one: score, once for each": lambda: [score(model, batch, [n]) for n in names],
        "own forward and backward pass for each": lambda: [
            separate(model, batch) for separate in SEPARATE.values()
        ],
        "grasp alone": lambda: score(model, batch, ["grasp"]),
    }
    # In turns, so that a busy moment of the machine meets all of them.
    times: dict[str, list[tuple[float, float]]] = {label: [] for label in runs}
    for _ in range(repeats):
        for label, run in runs.items():
            times[label].append(_timed(run))
    medians = {label: np.median(pairs, axis=0).tolist() for label, pairs in times.items()}
    runs_s = [
        {"version": label, "wall_s": wall, "cpu_s": cpu} for label, (wall, cpu) in medians.items()
    ]
    how = {"n_proxies": len(names), "n_images": 64, "threads": n_threads, "repeats": repeats}
    _keep("time", {**how, "arch": _TIMED, "runs": runs_s})


def _keep(what: str, numbers: Mapping[str, Any]) -> None:
    """Write figures, and print them as Markdown."""
    write_results(f"proxies_{what}", numbers, environment(("hwnas", "numpy", "torch"), SEED))
    print(section(f"proxies_{what}"))


class Truth:
    """Published values by architecture.

    Args:
        tables: ``nb-suite-zero``, ``nats-bench`` and ``robustness``.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        def column(name: str, column: str) -> dict[str, float]:
            return dict(zip(tables[name].archs, tables[name].values(column), strict=True))

        self.accuracy = column("nats-bench", _test_accuracy(tables["nats-bench"]))
        self.robustness = column("robustness", _ROBUSTNESS)
        self.proxies = {
            ours: column("nb-suite-zero", f"cifar10_zc_{theirs}")
            for ours, theirs in PUBLISHED.items()
        }


def _test_accuracy(nats_bench: Table) -> str:
    (name,) = [c.name for c in nats_bench.columns if c.name.startswith("cifar10_")]
    return name


def read_truth(folder: Path) -> Truth:
    """Published values from the folder of published files."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HWNAS_CACHE"] = cache
        names = ("nb-suite-zero", "nats-bench", "robustness")
        return Truth({name: import_table(name, folder) for name in names})


def spearman(scores: Mapping[str, float | None], truth: Mapping[str, float]) -> float:
    """Spearman's rank correlation over architectures that have both values."""
    pairs = [(value, truth[arch]) for arch, value in scores.items() if value is not None]
    found = np.array([pair for pair in pairs if not np.isnan(pair).any()])
    return float(spearmanr(found[:, 0], found[:, 1]).statistic)


def _compute(
    archs: Sequence[Architecture], cells: int, n_images: int, source: str
) -> tuple[dict[str, dict[str, float | None]], float]:
    """Scores by proxy and architecture, and CPU seconds for one architecture."""
    space = load_space("nasbench201", cells=cells)
    plan = plan_scoring(space, source, n_images, [*PUBLISHED, *OWN], SEED)
    started = time.process_time()
    rows = list(score_rows(archs, plan))
    seconds = (time.process_time() - started) / len(archs)
    return {
        name: {str(arch): scores.values[name] for arch, scores in rows} for name in plan.names
    }, seconds


def _drawn(n_nets: int) -> list[Architecture]:
    archs = all_classes(load_space("nasbench201"))
    chosen = np.random.default_rng(SEED).choice(len(archs), size=n_nets, replace=False)
    return [archs[row] for row in sorted(chosen)]


def compare_settings(truth: Truth, n_nets: int, images: str | None) -> None:
    """Keep how each setting's scores rank test accuracy, and what a network costs."""
    archs = _drawn(n_nets)
    names = [*PUBLISHED, *OWN]
    texts = [str(arch) for arch in archs]
    published = {
        name: spearman({arch: truth.proxies[name][arch] for arch in texts}, truth.accuracy)
        for name in PUBLISHED
    }
    of_published = {"images": "published", "cells": 5, "n_images": 64, "cpu_ms": None}
    rows = [{**of_published, "spearman": published | dict.fromkeys(OWN)}]
    settings = [(5, 64, "photos"), (5, 32, "photos"), (5, 16, "photos")]
    settings += [(3, 16, "photos"), (1, 16, "photos"), (5, 16, "noise")]
    settings += [(5, 16, images)] if images else []
    for cells, n_images, source in settings:
        scores, seconds = _compute(archs, cells, n_images, source)
        rows.append(
            {
                "images": Path(source).stem,
                "cells": cells,
                "n_images": n_images,
                "cpu_ms": seconds * 1e3,
                "spearman": {name: spearman(scores[name], truth.accuracy) for name in names},
            }
        )
    _keep("settings", {"n_networks": n_nets, "settings": rows})


def compare_ranks(truth: Truth, n_nets: int, file: Path | None) -> None:
    """Keep how our scores and the published ones rank the same networks."""
    if file is None:
        scores, _ = _compute(_drawn(n_nets), 5, 32, "photos")
        made: dict[str, Any] = {"n_images": 32, "batch": "photos"}
    else:
        card = read_card(file)
        rows = read_scores(file, card)
        names = [name for name in (*PUBLISHED, *OWN) if name in card.proxies]
        scores = {
            name: {arch: row.scores.values[name] for arch, row in rows.items()} for name in names
        }
        made = {"n_images": card.n_images, "batch": card.batch}
    found: dict[str, dict[str, float | None]] = {}
    for name, ours in scores.items():
        theirs = {arch: truth.proxies[name][arch] for arch in ours} if name in PUBLISHED else None
        found[name] = {
            "accuracy": spearman(ours, truth.accuracy),
            "accuracy_published": spearman(theirs, truth.accuracy) if theirs else None,
            "with_published": spearman(ours, theirs) if theirs else None,
            "robustness": spearman(ours, truth.robustness),
            "robustness_published": spearman(theirs, truth.robustness) if theirs else None,
        }
    n_networks = len(next(iter(scores.values())))
    _keep("ranks", {"n_networks": n_networks, **made, "spearman": found})


def _majority(scores: np.ndarray) -> np.ndarray:
    """How many others each architecture beats by two of three proxies, shape ``(n_archs,)``.

    Args:
        scores: Shape ``(n_archs, 3)``.
    """
    n_won = np.zeros(len(scores))
    for row, own in enumerate(scores):
        n_won[row] = ((own > scores).sum(axis=1) >= 2).sum()
    return np.where(np.isfinite(scores).all(axis=1), n_won, np.nan)


def _shipped_votes(archs: Sequence[str]) -> dict[str, np.ndarray]:
    """Shipped scores of the voters, by class, for each architecture; shape ``(n_archs, 3)``."""
    space = load_space("nasbench201")
    shipped = shipped_scores(space)
    assert shipped is not None
    places = [shipped.names.index(name) for name in VOTERS]
    genotypes = space.canonical_genotypes(space.genotypes([space.parse(arch) for arch in archs]))
    population = shipped.values[:, places]
    own = shipped.look_up(genotypes)[:, places]
    drawn = np.random.default_rng(SEED).choice(len(population), N_REFERENCE, replace=False)
    return {
        "shipped, among all classes": vote(own, population),
        f"shipped, among {N_REFERENCE} classes": vote(own, population[drawn]),
    }


def compare_votes(folder: Path) -> None:
    """Keep how the vote, and each voter, rank CIFAR-10 accuracy: Spearman by split."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HWNAS_CACHE"] = cache
        names = ("nb-suite-zero", "nats-bench", "robustness")
        zero, nats, robustness = (import_table(name, folder) for name in names)
    found = {
        "validation": (robustness, "cifar10_accuracy_pct@validation"),
        "test": (nats, _test_accuracy(nats)),
    }
    truths = {}
    for split, (source, column) in found.items():
        known = dict(zip(source.archs, source.values(column), strict=True))
        truths[split] = np.array([known.get(arch, np.nan) for arch in zero.archs])
    scores = np.stack([zero.values(f"cifar10_zc_{PUBLISHED[name]}") for name in VOTERS], axis=1)
    ranked = {f"published {name}": scores[:, place] for place, name in enumerate(VOTERS)}
    ranked |= {"published, mean rank": vote(scores), "published, majority": _majority(scores)}
    ranked |= _shipped_votes(zero.archs)
    is_known = np.isfinite([*ranked.values(), *truths.values()]).all(axis=0)
    spearmans = {
        name: {
            split: float(spearmanr(values[is_known], truth[is_known]).statistic)
            for split, truth in truths.items()
        }
        for name, values in ranked.items()
    }
    _keep("vote", {"n_networks": int(is_known.sum()), "spearman": spearmans})


def main() -> None:
    """Print one of the four comparisons and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("time", "settings", "ranks", "vote"))
    parser.add_argument("--from", dest="folder", type=Path, help="folder of the published files")
    parser.add_argument("--nets", type=int, help="networks; 150 for settings, 1000 for ranks")
    parser.add_argument("--images", help=".npz of real images, for settings")
    parser.add_argument("--scores", type=Path, help="file of 'hwnas proxies', for ranks")
    parser.add_argument("--repeats", type=int, default=7, help="rounds, for time")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch, for time")
    arguments = parser.parse_args()
    if arguments.what == "time":
        measure_time(arguments.repeats, arguments.threads)
        return
    if arguments.folder is None:
        parser.error("all but time need --from DIR, the folder of the published files")
    if arguments.what == "vote":
        compare_votes(arguments.folder)
        return
    truth = read_truth(arguments.folder)
    if arguments.what == "settings":
        compare_settings(truth, arguments.nets or 150, arguments.images)
    else:
        compare_ranks(truth, arguments.nets or 1000, arguments.scores)


if __name__ == "__main__":
    main()
