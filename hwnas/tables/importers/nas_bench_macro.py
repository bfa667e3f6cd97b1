"""NAS-Bench-Macro: CIFAR-10 test accuracy of three seeds of all 6,561 strings.

Strings of one functional class hold copies of one result: 3,969 networks were trained.

References:
    Su et al. 2021, Prioritized Architecture Sampling with Monto-Carlo Tree Search,
    https://arxiv.org/abs/2103.11922
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hwnas.core.target import parse_target
from hwnas.errors import TableError
from hwnas.spaces import load_space
from hwnas.tables.checks import check_row_count, finite_number, published_archs
from hwnas.tables.importers import IMPORTERS, Importer, RawTable
from hwnas.tables.table import ARCH, Column

N_ROWS = 6_561
N_SEEDS = 3
DATASET = "cifar10"
_SEEDS = "test_acc"
_COUNTS = {
    "params": ("published_params", "parameters, as published"),
    "flops": ("published_macs", "MACs, as published (upstream calls them FLOPs)"),
}


def _accuracy_column(split: str, detail: str) -> Column:
    target = parse_target(f"accuracy@{split}", DATASET)
    return Column.of(target, detail, is_default=split == "test")


def _columns() -> tuple[Column, ...]:
    """The mean of the seeds, each seed, and the published counts.

    The counts are no quantity: parameters and MACs are counted from the graph here.
    """
    return (
        _accuracy_column("test", f"CIFAR-10 test accuracy, mean of {N_SEEDS} seeds"),
        *(
            _accuracy_column(f"test-seed{seed}", f"CIFAR-10 test accuracy, seed {seed} alone")
            for seed in range(N_SEEDS)
        ),
        *(
            Column(f"{DATASET}_{name}", None, "", False, detail, DATASET)
            for name, detail in _COUNTS.values()
        ),
    )


def read(files: Mapping[str, bytes]) -> RawTable:
    """The table of ``nas-bench-macro_cifar10.json``, in lexicographic order.

    Raises:
        TableError: The file is not what it says.
    """
    import pandas as pd

    where = "nas-bench-macro_cifar10.json"
    entries = _parse(files[where], where)
    check_row_count(len(entries), N_ROWS, where)
    archs = published_archs(load_space("nasbench_macro"))
    missing = next((arch for arch in archs if arch not in entries), None)
    if missing is not None:
        raise TableError(f"{where} must hold every network of 8 digits; {missing} is missing.")
    columns = _columns()
    rows = [(arch, *_values(entries[arch], f"{where}, {arch}")) for arch in archs]
    names = [ARCH, *(column.name for column in columns)]
    return RawTable(columns, pd.DataFrame(rows, columns=pd.Index(names)))


def _parse(data: bytes, where: str) -> dict[str, Any]:
    try:
        entries = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise TableError(f"{where} must be JSON; {error}.") from error
    if not isinstance(entries, dict):
        raise TableError(f"{where} must be a JSON object of networks; got another kind of value.")
    return entries


def _values(entry: Any, where: str) -> Sequence[float]:
    """Mean accuracy, accuracy of each seed, parameters and MACs of one network."""
    seeds = entry.get(_SEEDS) if isinstance(entry, dict) else None
    if not isinstance(seeds, list) or len(seeds) != N_SEEDS:
        raise TableError(f"{where} must have {_SEEDS} of {N_SEEDS} seeds.")
    accuracies = [finite_number(value, f"{where}: {_SEEDS}") for value in seeds]
    counts = [finite_number(entry.get(key), f"{where}: {key}") for key in _COUNTS]
    return [math.fsum(accuracies) / N_SEEDS, *accuracies, *counts]


IMPORTERS.register("nas-bench-macro")(
    Importer(
        "NAS-Bench-Macro: CIFAR-10 test accuracy, three seeds (Su et al. 2021)",
        "nasbench_macro",
        read,
        _columns(),
    )
)
