"""Predictors of small samples beside GRAF's: accuracy, robustness and energy of NAS-Bench-201.

Protocol of the published comparison: the 9,445 nets without dead operations, n of them drawn at
random to fit on, Kendall tau on all the others. Inputs are our graph features and the *published*
zero-cost proxies (NAS-Bench-Suite-Zero), so that features and estimators are compared; the anchor
is scikit-learn's default random forest on GRAF's features and the same proxies. A second split
draws whole functional classes, so that no net is tested whose twin was seen.

Run: ``python benchmarks/small_samples.py --from DIR --out FILE.jsonl``; what FILE holds is not
computed again. About two hours on one core. ``--scores FILE`` adds our own proxies.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _environment import environment, write_results
from page import section
from scipy.stats import kendalltau
from threadpoolctl import threadpool_limits

from hwnas.core.feature_set import FEATURE_SETS
from hwnas.core.quantity import QUANTITIES
from hwnas.features import feature_matrix
from hwnas.fitting.procedure import Sample, procedure_for, scales_of
from hwnas.fitting.ranks import normal_scores
from hwnas.proxies.store import read_card, read_scores
from hwnas.spaces import load_space
from hwnas.tables import Table, import_table

SAMPLES = (32, 128, 1024)
SEEDS = range(10)
SPLITS = ("nets", "classes")
OURS, ANCHOR = "hwnas", "random forest"
_TARGETS = {
    "accuracy": ("robustness", "cifar10_accuracy_pct@validation"),
    "robustness": ("robustness", "cifar10_robustness_pct@apgd-ce-eps1"),
    "energy": ("hw-nas-bench", "cifar10_edgegpu_energy_mj"),
}


@dataclass(frozen=True)
class Problem:
    """What is predicted from what.

    Args:
        target: True values, shape ``(n_nets,)``.
        sets: Inputs by name, each of shape ``(n_nets, n_columns)``.
        anchor: Inputs of the random forest, shape ``(n_nets, n_columns)``.
        quantity: What the values are of, which says whether their order or logarithm is fitted.
    """

    target: np.ndarray
    sets: Mapping[str, np.ndarray]
    anchor: np.ndarray
    quantity: str


def read_problems(folder: Path, scores: Path | None) -> tuple[dict[str, Problem], np.ndarray]:
    """The problems by name, and the functional class of each net, shape ``(n_nets,)``."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HWNAS_CACHE"] = cache
        names = ("nb-suite-zero", "robustness", "hw-nas-bench")
        tables = {name: import_table(name, folder) for name in names}
    space = load_space("nasbench201")
    nets = tables["nb-suite-zero"].archs
    genotypes = space.genotypes([space.parse(arch) for arch in nets])
    classes = np.unique(space.canonical_genotypes(genotypes), axis=0, return_inverse=True)[1]

    def column(name: str) -> np.ndarray:
        source, column = _TARGETS[name]
        return _values(tables[source], column, nets)

    def canonical(name: str) -> np.ndarray:
        return feature_matrix(space, genotypes, [name])

    # GRAF reads a net as it stands; energy differs between nets that compute the same.
    graf, one_hot = (FEATURE_SETS[name].values(space, genotypes) for name in ("graph", "one_hot"))
    published = _published(tables["nb-suite-zero"], nets)
    cells = {name: canonical(name) for name in ("counts", "graph", "paths")}
    problems = {
        name: Problem(
            column(name),
            {**cells, "proxies": _ranked(published)},
            np.hstack([graf, published]),
            name,
        )
        for name in ("accuracy", "robustness")
    }
    as_it_stands = {"operations": graf[:, : len(space.cell_types[0].operations)]}
    problems["energy"] = Problem(
        column("energy"),
        {**as_it_stands, "graph": graf, "one_hot": one_hot, "counts": cells["counts"]},
        np.hstack([graf, one_hot]),
        "energy",
    )
    if scores is not None:
        own = _own(scores, [str(space.canonical(space.parse(arch))) for arch in nets])
        for name in ("accuracy", "robustness"):
            problems[f"{name}, our proxies"] = Problem(
                column(name),
                {**cells, "proxies": _ranked(own)},
                np.hstack([graf, own]),
                name,
            )
    return problems, classes.reshape(-1)


def _values(source: Table, column: str, nets: list[str] | tuple[str, ...]) -> np.ndarray:
    known = dict(zip(source.archs, source.values(column), strict=True))
    return np.array([known[net] for net in nets])


def _published(source: Table, nets: list[str] | tuple[str, ...]) -> np.ndarray:
    """Published proxies, shape ``(n_nets, n_proxies)``, gaps at the median."""
    names = [column.name for column in source.columns if column.name.startswith("cifar10_zc_")]
    return _filled(np.stack([_values(source, name, nets) for name in names], axis=1))


def _own(path: Path, archs: list[str]) -> np.ndarray:
    """Our proxies of the canonical forms, shape ``(n_nets, n_proxies)``; chance for the rest."""
    card = read_card(path)
    rows = read_scores(path, card)
    names = card.proxies
    unknown = dict.fromkeys(names)
    found = [rows[arch].scores.values if arch in rows else unknown for arch in archs]
    return _filled(np.array([[row[name] for name in names] for row in found], dtype=float))


def _filled(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))


def _ranked(values: np.ndarray) -> np.ndarray:
    """Normal scores of each column over all nets: proxies need no training, all are known."""
    return np.apply_along_axis(normal_scores, 0, values)


def draw(split: str, n_train: int, classes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and rows to test on."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(classes))
    if split == "nets":
        return order[:n_train], order[n_train:]
    train = order[:n_train]
    return train, order[~np.isin(classes[order], classes[train])]


def measure(problem: Problem, train: np.ndarray, test: np.ndarray, seed: int) -> dict[str, object]:
    """Kendall tau of both, and the estimator that was picked."""
    from sklearn.ensemble import RandomForestRegressor

    features = np.hstack(list(problem.sets.values())).astype(np.float32)
    ends = np.cumsum([values.shape[1] for values in problem.sets.values()]).tolist()
    layout = {
        name: range(end - values.shape[1], end)
        for end, (name, values) in zip(ends, problem.sets.items(), strict=True)
    }
    quantity, values = QUANTITIES[problem.quantity], problem.target[train]
    procedure = procedure_for(len(train), quantity, layout, scales_of(quantity, layout, values))
    candidate = Sample(procedure, quantity, features[train], values, layout, seed).fit().candidate
    forest = RandomForestRegressor(random_state=seed).fit(
        problem.anchor[train], problem.target[train]
    )
    truth = problem.target[test]
    return {
        OURS: float(kendalltau(candidate.predict(features[test]), truth).statistic),
        ANCHOR: float(kendalltau(forest.predict(problem.anchor[test]), truth).statistic),
        "picked": candidate.name,
    }


def _jobs(problems: Mapping[str, Problem]) -> Iterator[tuple[str, str, int, int]]:
    for n_train in SAMPLES:
        for seed in SEEDS:
            for split in SPLITS:
                for name in problems:
                    yield name, split, n_train, seed


def summary(results: list[dict[str, object]]) -> list[dict[str, Any]]:
    """Mean and standard error of each problem, split and sample."""
    grouped: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for result in results:
        key = result["target"], result["split"], result["n"]
        grouped.setdefault(key, []).append(result)
    rows = []
    for (target, split, n), found in grouped.items():
        names = [str(one["picked"]) for one in found]
        row: dict[str, Any] = {"target": target, "split": split, "n": n}
        for name, who in (("hwnas", OURS), ("random_forest", ANCHOR)):
            values = [float(str(one[who])) for one in found]
            row[name] = float(np.mean(values))
            row[f"{name}_error"] = _standard_error(values)
        rows.append({**row, "n_seeds": len(found), "picked": max(set(names), key=names.count)})
    return sorted(rows, key=lambda row: (row["split"] != "nets", str(row["target"]), row["n"]))


def _standard_error(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def main() -> None:
    """Compute what is missing in the file of results, then print it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, one a fit")
    parser.add_argument("--scores", type=Path, help="file of 'hwnas proxies --all'")
    parser.add_argument("--only", nargs="*", help="targets; all by default")
    parser.add_argument("--splits", nargs="*", default=SPLITS)
    arguments = parser.parse_args()
    problems, classes = read_problems(arguments.folder, arguments.scores)
    wanted = {name: problems[name] for name in arguments.only or problems}
    lines = arguments.out.read_text("utf-8").splitlines() if arguments.out.exists() else []
    results = [json.loads(line) for line in lines]
    done = {(one["target"], one["split"], one["n"], one["seed"]) for one in results}
    with arguments.out.open("a", encoding="utf-8") as out, threadpool_limits(1):
        for name, split, n_train, seed in _jobs(wanted):
            if (name, split, n_train, seed) in done or split not in arguments.splits:
                continue
            train, test = draw(split, n_train, classes, seed)
            found = measure(problems[name], train, test, seed)
            result = {"target": name, "split": split, "n": n_train, "seed": seed, **found}
            results.append(result)
            print(json.dumps(result), file=out, flush=True)
    where = environment(("hwnas", "numpy", "scikit-learn"))
    write_results("small_samples", {"rows": summary(results)}, where)
    print(section("small_samples"))


if __name__ == "__main__":
    main()
