"""How much of the true front a default search finds: hypervolume against the exhaustive front.

The search sees predictions; what it returns is scored on the published tables, as means over
functional classes, in as many objectives as are known of the device. The shipped predictors have
seen every class; beside them the same search by predictions of classes that were not seen. Needs
the tables: ``python benchmarks/default_search.py --from DIR``. About 20 minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _environment import environment, write_results
from _truth import TABLES, Truth
from _unseen import unseen
from page import section

import hwnas
from hwnas.api import make_objective
from hwnas.tables import import_table

DEVICES = ("edgegpu", "eyeriss", "raspi4", "pixel3", "fpga")
SEEDS = range(10, 20)
UNSEEN = "nsga2, predicted unseen"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "nsga2, predicted": {},
    UNSEEN: {},
    "random, predicted": {"algorithm": "random"},
    "nsga2, true values": {"source": "table"},
}


def front(
    truth: Truth, variant: str, device: str, seed: int, folder: Path
) -> tuple[list[str], int]:
    """Architectures on the front of a search with its defaults, and how many it evaluated."""
    space, objectives = truth.space, list[Any](truth.names)
    if variant == UNSEEN:
        target = hwnas.load_device(device)
        shipped = [make_objective(space, name, target) for name in truth.names]
        objectives = [unseen(each, folder / "unseen") for each in shipped]
    run = hwnas.search(
        space,
        device=device,
        objectives=objectives,
        seed=seed,
        out=folder / f"{device}-{seed}-{variant}",
        **VARIANTS[variant],
    )
    return list(run.front.archs), len(run.evaluations)


def measured(truth: Truth, variant: str, device: str, folder: Path) -> dict[str, Any]:
    """What searches of all seeds found: hypervolumes in percent, evaluations, sizes of fronts."""
    fronts = [front(truth, variant, device, seed, folder) for seed in SEEDS]
    return {
        "hypervolume_pct": [truth.share_pct(truth.rows_of(archs)) for archs, _ in fronts],
        "evaluated": [n for _, n in fronts],
        "front": [len(archs) for archs, _ in fronts],
        "true_front": truth.n_front,
    }


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    source = parser.parse_args().source
    space = hwnas.load_space("nasbench201")
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HWNAS_CACHE"] = str(folder / "cache")
        for needed in TABLES:
            import_table(needed, source)
        for device in DEVICES:
            truth = Truth(space, device)
            found[device] = {each: measured(truth, each, device, folder) for each in VARIANTS}
    where = environment(("hwnas", "numpy", "pymoo", "moocore"))
    write_results("default_search", {"seeds": list(SEEDS), "devices": found}, where)
    print(section("default_search"))


if __name__ == "__main__":
    main()
