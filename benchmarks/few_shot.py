"""A new device from 10 or 20 nets, next to other devices: the published splits of HELP's settings.

The target's nets are those that the tool's own design asks for, fitted as ``hwnas fit`` fits a
user's own table, and all other nets of the table are predicted: Spearman's rho, mean over targets
and seeds. Of NAS-Bench-201 these are the 9,444 connected nets without dead operations; beside it,
all 15,284 connected strings, as published figures have them. Sources use their whole tables, or
(``few``) only 16 or 800 random nets each; nothing else is known of a target, and of its board only
what a split lists among its sources. ``ceiling`` is what the smoothing of the target's own whole
table reaches: a model of its kind does no better, from however many nets.

    python benchmarks/few_shot.py [--seeds 0 1 2] [--only ND F1] [--out FILE]

What FILE holds of these seeds is not computed again. About ten minutes on one core.

References:
    Lee et al. 2021, HELP, https://arxiv.org/abs/2106.08630 (ND, FD)
    Akhauri and Abdelfattah 2024, NASFLAT, https://arxiv.org/abs/2403.02446 (F1 to F4, FA)
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from _environment import RESULTS, environment, read_results, write_results
from page import section
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from hwnas.core.space import SearchSpace
from hwnas.features import net_feature_matrix
from hwnas.features.device_costs import DEVICE_COSTS, SmoothedCost, device_costs
from hwnas.fitting.columns import fit_column
from hwnas.fitting.design import choose_to_measure
from hwnas.fitting.device_costs import smooth_costs
from hwnas.models.sessions import open_session
from hwnas.predictors.predictor import Predictor
from hwnas.spaces import load_space
from hwnas.tables import Column, Table, load_table

SEEDS = range(10)
DECIMALS = 5
GPUS = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
TABLES = {"nasbench201": "help-nasbench201", "fbnet": "help-fbnet"}
FEW_OF_A_SOURCE = {"nasbench201": 16, "fbnet": 800}
ROWS = ("whole", "few")


@dataclass(frozen=True)
class Split:
    """Devices to learn from and devices as if they were new.

    Args:
        space: Name of the search space.
        samples: Numbers of nets that are measured on a new device.
        sources: Settings in HELP's words, a space between them.
        targets: Likewise.
    """

    space: str
    samples: tuple[int, ...]
    sources: str
    targets: str


SPLITS = {
    "ND": Split(
        "nasbench201",
        (10,),
        "1080ti_1 1080ti_32 1080ti_256 silver_4114 silver_4210r samsung_a50 pixel3 essential_ph_1 "
        "samsung_s7",
        "titan_rtx_256 gold_6226 fpga pixel2 raspi4 eyeriss",
    ),
    "FD": Split(
        "fbnet",
        (10, 20),
        "1080ti_1 1080ti_32 1080ti_64 silver_4114 silver_4210r samsung_a50 pixel3 essential_ph_1 "
        "samsung_s7",
        "fpga raspi4 eyeriss",
    ),
    "F1": Split(
        "fbnet",
        (20,),
        "2080ti_1 essential_ph_1 silver_4114 titan_rtx_1 titan_rtx_32",
        "eyeriss fpga raspi4 samsung_a50 samsung_s7",
    ),
    "F2": Split(
        "fbnet",
        (20,),
        "essential_ph_1 gold_6226 gold_6240 pixel3 raspi4",
        "1080ti_1 1080ti_32 2080ti_32 titan_rtx_1 titanxp_1",
    ),
    "F3": Split(
        "fbnet",
        (20,),
        "essential_ph_1 pixel2 pixel3 raspi4 samsung_s7",
        "1080ti_1 1080ti_32 2080ti_1 titan_rtx_1 titan_rtx_32",
    ),
    "F4": Split(
        "fbnet",
        (20,),
        "1080ti_64 2080ti_1 eyeriss gold_6226 gold_6240 raspi4 samsung_s7 silver_4210r "
        "titan_rtx_1 titan_rtx_32",
        "1080ti_1 pixel2 essential_ph_1",
    ),
    "FA": Split(
        "fbnet",
        (20,),
        " ".join(f"{gpu}_{batch}" for gpu in GPUS for batch in (1, 32, 64)),
        "gold_6226 essential_ph_1 samsung_s7 pixel2",
    ),
}


class Settings:
    """HELP's table of a space, by its words for a setting: ``1080ti_32``, ``raspi4``.

    Args:
        name: Name of the space.
    """

    def __init__(self, name: str) -> None:
        self.space: SearchSpace = load_space(name)
        source = load_table(TABLES[name])
        every = self.space.genotypes([self.space.parse(arch) for arch in source.archs])
        is_valid = self.space.valid_mask(every)
        is_net = (self.space.pruned_genotypes(every) == every).all(axis=1) & is_valid
        self.nets, self.strings = every[is_net], every[is_valid]
        self.table = _rows(source, np.flatnonzero(is_net))
        self.table_of_strings = _rows(source, np.flatnonzero(is_valid))
        self.columns = {_words(each): each for each in source.columns if each.device}

    def values(self, setting: str, table_of: Table) -> np.ndarray:
        """Latency in milliseconds of a setting for the rows of a table."""
        return table_of.values(self.columns[setting].name)

    @lru_cache(maxsize=512)  # noqa: B019 - one object a space, which lives as long as the script
    def few(self, setting: str, seed: int) -> SmoothedCost:
        """What 16 or 800 random nets say of a source."""
        n = FEW_OF_A_SOURCE[self.space.name]
        place = list(self.columns).index(setting)
        rows = np.random.default_rng([seed, place]).permutation(len(self.nets))[:n]
        own = replace(_rows(self.table, rows), columns=(self.columns[setting],))
        return smooth_costs(self.space, [own]).costs[0]

    def ceiling(self, setting: str) -> float:
        """Spearman's rho of the setting's own smoothed cost with its values."""
        known = device_costs(self.space)
        assert known is not None
        place = [each.name for each in known.costs].index(_cost_name(setting))
        found = net_feature_matrix(self.space, self.nets, (DEVICE_COSTS,))
        return _rho(found[:, place], self.values(setting, self.table))


def _rows(whole: Table, rows: np.ndarray) -> Table:
    return replace(whole, name="mine", frame=whole.frame.iloc[rows].reset_index(drop=True))


def _words(column: Column) -> str:
    assert column.target is not None
    batch = dict(column.target.conditions).get("batch")
    return f"{column.device}_{batch}" if batch else str(column.device)


def _cost_name(setting: str) -> str:
    """Name of what ships of a setting: ``1080ti.latency.batch32`` of ``1080ti_32``."""
    device, _, batch = setting.rpartition("_")
    return f"{device}.latency.batch{batch}" if device in GPUS else f"{setting}.latency"


def _rho(one: np.ndarray, other: np.ndarray) -> float:
    return round(float(spearmanr(one, other).statistic), DECIMALS)


def measure(settings: Settings, split: Split, row: str, n: int, seed: int) -> list[dict[str, Any]]:
    """Spearman's rho of every target of a split, from ``n`` nets of it."""
    words = split.sources.split()
    whole = [_cost_name(each) for each in words]
    sources = whole if row == "whole" else [settings.few(each, seed) for each in words]
    space = settings.space
    chosen = choose_to_measure(space, n, seed, sources=sources, among=settings.nets)
    is_chosen = _is_among(settings.nets, chosen)
    own = _rows(settings.table, np.flatnonzero(is_chosen))
    found = []
    for target in split.targets.split():
        column = settings.columns[target]
        fitted = fit_column(space, own, column, seed, sources=sources)
        predictor = Predictor(fitted.card, space, open_session(fitted.model))
        rhos = {"spearman": _rho_of_rest(settings, predictor, target, chosen, is_string=False)}
        if space.cell_types:
            of_strings = _rho_of_rest(settings, predictor, target, chosen, is_string=True)
            rhos["spearman_strings"] = of_strings
        picked = fitted.card.model.estimator
        found.append({"row": row, "n": n, "seed": seed, "target": target, "picked": picked, **rhos})
    return found


def _rho_of_rest(
    settings: Settings, predictor: Predictor, target: str, chosen: np.ndarray, *, is_string: bool
) -> float:
    genotypes = settings.strings if is_string else settings.nets
    truth = settings.values(target, settings.table_of_strings if is_string else settings.table)
    rest = ~_is_among(genotypes, chosen)
    return _rho(predictor.predict_nets(genotypes[rest]).value, truth[rest])


def _is_among(genotypes: np.ndarray, some: np.ndarray) -> np.ndarray:
    wanted = {tuple(each) for each in some.tolist()}
    return np.array([tuple(each) in wanted for each in genotypes.tolist()])


def main() -> None:
    """Measure every split and print the means as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--only", nargs="+", choices=list(SPLITS), default=list(SPLITS))
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--out", type=Path, help="results/few_shot.json by default")
    words = parser.parse_args()
    out = words.out or RESULTS / "few_shot.json"
    record = json.loads(out.read_text("utf-8")) if out.exists() else {"ceilings": {}, "rows": []}
    found = [each for each in record["rows"] if each["seed"] in words.seeds]
    ceilings = record["ceilings"]
    done = {(each["split"], each["row"], each["n"], each["seed"]) for each in found}
    where = environment(("hwnas", "numpy", "scipy"))
    settings = {name: Settings(name) for name in {SPLITS[each].space for each in words.only}}
    with threadpool_limits(1):
        for name in words.only:
            split = SPLITS[name]
            of_space = settings[split.space]
            ceilings[name] = {each: of_space.ceiling(each) for each in split.targets.split()}
            wanted = itertools.product(words.rows, split.samples, words.seeds)
            missing = [each for each in wanted if (name, *each) not in done]
            for row, n, seed in missing:
                measured = measure(of_space, split, row, n, seed)
                found += [{"split": name, **each} for each in measured]
            if not missing:
                continue  # the file's commit is that of what it holds
            numbers = {"seeds": words.seeds, "ceilings": ceilings, "rows": found}
            write_results("few_shot", numbers, where, out)
    print(section("few_shot", read_results(out)))


if __name__ == "__main__":
    main()
