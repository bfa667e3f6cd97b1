"""Predictors of measured latency: 200 measured networks, all others predicted.

    python benchmarks/measured_predictors.py [--again FOLDER] [--seeds 0 1 2 3 4] [TABLE ...]

Of each table in ``latency_tables/``, 200 networks are drawn at random, fitted as ``hwnas fit``
fits them, and all others are predicted as they stand. FOLDER holds raw samples of a second pass
over some of the networks, made in another process at another time: the share of its values within
10 % of the first is the most that a predictor can reach.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from _environment import environment, table, write_results
from scipy.stats import spearmanr

from hwnas.fitting.columns import fit_column
from hwnas.measure.record import SUFFIX, Profile, read_profile
from hwnas.measure.tables import summaries
from hwnas.models.sessions import open_session
from hwnas.predictors.predictor import Predictor
from hwnas.spaces import load_space
from hwnas.tables import Column, Table, load_table

TABLES = ("x86-ort-nasbench201", "x86-ort-mnasnet")
SHIPPED = Path(__file__).parents[1] / "latency_tables"
N_FITTED = 200
CLOSE = 0.1


def predict_others(own: Table, column: Column, seed: int) -> dict[str, float]:
    """Figures of the networks that a predictor was not fitted on."""
    space, truth = load_space(own.space), own.values(column.name)
    genotypes = space.genotypes([space.parse(arch) for arch in own.archs])
    order = np.random.default_rng(seed).permutation(np.flatnonzero(np.isfinite(truth)))
    fitted_on, rest = order[:N_FITTED], order[N_FITTED:]
    frame = own.frame.iloc[fitted_on].reset_index(drop=True)
    found = fit_column(space, replace(own, name="mine", frame=frame), column, seed)
    predictor = Predictor(found.card, space, open_session(found.model))
    value = predictor.predict_nets(genotypes[rest]).value
    error = np.abs(value / truth[rest] - 1)
    return {
        "within_10_pct": 100 * float(np.mean(error <= CLOSE)),
        "median_error_pct": 100 * float(np.median(error)),
        "spearman": float(spearmanr(value, truth[rest]).statistic),
        "n_others": len(rest),
    }


def repeated(first: Profile, second: Profile, column: Column) -> dict[str, float]:
    """How a second pass agrees with the first: each by its own anchor, and by the first one's."""
    assert column.target is not None
    one, two = (summaries(each, column.target) for each in (first, second))
    names = [name for name in two if name in one]
    pairs = np.array([[one[name].latency_ms, two[name].latency_ms] for name in names])
    ratio = pairs[:, 1] / pairs[:, 0]
    shared = ratio / np.median(ratio)
    return {
        "n_networks": len(names),
        "within_10_pct": 100 * float(np.mean(np.abs(ratio - 1) <= CLOSE)),
        "median_change_pct": 100 * float(np.median(np.abs(ratio - 1))),
        "median_change_but_a_factor_pct": 100 * float(np.median(np.abs(shared - 1))),
        "factor": float(np.median(ratio)),
        "hours_apart": (
            second.record.passes[0].started_unix_s - first.record.passes[0].started_unix_s
        )
        / 3600,
    }


def main() -> None:
    """Print the table and keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5))
    parser.add_argument("--again", type=Path)
    words = parser.parse_args()
    where = environment(("hwnas", "scikit-learn"))
    rows, numbers = list[list[object]](), dict[str, Any]()
    for name in words.tables:
        own = load_table(name)
        column = next(each for each in own.columns if each.target and not each.target.conditions)
        runs = [predict_others(own, column, seed) for seed in words.seeds]
        means = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
        again = None
        if words.again is not None:
            first, second = (
                read_profile(folder / f"{name}{SUFFIX}") for folder in (SHIPPED, words.again)
            )
            again = repeated(first, second, column)
        numbers[name] = {"predicted": means, "seeds": list(words.seeds), "again": again}
        rows.append(
            [
                name,
                f"{means['within_10_pct']:.1f} %",
                f"{means['median_error_pct']:.1f} %",
                f"{means['spearman']:.4f}",
                "" if again is None else f"{again['within_10_pct']:.1f} %",
                "" if again is None else f"{again['median_change_pct']:.1f} %",
            ]
        )
    print(where)
    header = [
        "table",
        "within 10 %",
        "median error",
        "Spearman",
        "second pass within 10 %",
        "moved",
    ]
    print(table(header, rows))
    write_results("measured_predictors", numbers, where)


if __name__ == "__main__":
    main()
