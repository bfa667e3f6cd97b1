"""HELP: latency on 27 device settings, of all cells of NAS-Bench-201 and of 5,000 FBNets.

The ``_32`` in a file's name is a batch size and becomes the condition ``batch32``; a device
without one has none. ``essential_ph_1`` is a telephone. Four devices are HW-NAS-Bench's: their
columns on NAS-Bench-201 are the same, digit by digit, and those on FBNet are sums over layers,
looked up and not measured.

References:
    Lee et al. 2021, HELP: Hardware-Adaptive Efficient Latency Prediction for NAS via
    Meta-Learning, https://arxiv.org/abs/2106.08630
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hwnas.core.target import parse_target
from hwnas.errors import ArchitectureError, TableError
from hwnas.spaces import load_space
from hwnas.tables.checks import check_distinct, check_row_count, published_archs
from hwnas.tables.importers import IMPORTERS, Importer, RawTable
from hwnas.tables.pickles import read_torch_file
from hwnas.tables.table import ARCH, Column

N_ROWS = {"nasbench201": 15_625, "fbnet": 5_000}
# Four columns are HW-NAS-Bench's CIFAR-10 columns, digit by digit; upstream states no data set.
DATASETS = {"nasbench201": "cifar10", "fbnet": "cifar100"}
BATCH_SIZES = {"nasbench201": (1, 32, 256), "fbnet": (1, 32, 64)}
GPUS = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
WHOLE_MS = ("essential_ph_1", "pixel2", "samsung_a50", "samsung_s7")
OF_HW_NAS_BENCH = ("eyeriss", "fpga", "pixel3", "raspi4")
_OTHERS = ("gold_6226", "gold_6240", "silver_4114", "silver_4210r")
_STRINGS = "str_arch2idx.pt"
_GENES = "arch.pt"


def _columns(space: str) -> dict[str, Column]:
    """What each file of latencies holds, by its name."""
    columns = {
        f"{gpu}_{size}.pt": _column(space, gpu, f"batch{size}", f"batch of {size}")
        for gpu in GPUS
        for size in BATCH_SIZES[space]
    }
    for device in (*WHOLE_MS, *OF_HW_NAS_BENCH, *_OTHERS):
        columns[f"{device}.pt"] = _column(space, device, "", _remark(space, device))
    return dict(sorted(columns.items()))


def _remark(space: str, device: str) -> str:
    if device in WHOLE_MS:
        return "in whole milliseconds"
    if device in OF_HW_NAS_BENCH:
        return {
            "nasbench201": "the same numbers as in HW-NAS-Bench",
            "fbnet": "exactly a sum over layers",
        }[space]
    return ""


def _column(space: str, device: str, batch: str, remark: str) -> Column:
    target = parse_target("@".join(filter(None, ("latency", batch))), DATASETS[space], device)
    detail = ", ".join(filter(None, ["latency", remark, "see HELP"]))
    return Column.of(target, detail, is_default=batch in ("", "batch1"))


def read(space: str, files: Mapping[str, bytes]) -> RawTable:
    """The table of the files of one space.

    Args:
        space: ``"nasbench201"`` or ``"fbnet"``.
        files: Bytes of ``str_arch2idx.pt`` or ``arch.pt`` and of the 27 files of latencies.

    Raises:
        TableError: A file is not what it says.
    """
    import pandas as pd

    archs = _read_strings(files) if space == "nasbench201" else _read_genes(files)
    columns = _columns(space)
    values = {
        column.name: _latencies(read_torch_file(files[name], name), N_ROWS[space], name)
        for name, column in columns.items()
    }
    return RawTable(tuple(columns.values()), pd.DataFrame({ARCH: archs, **values}))


def _read_strings(files: Mapping[str, bytes]) -> list[str]:
    """Architectures of NAS-Bench-201, whose file must number them as NATS-Bench does."""
    numbers = read_torch_file(files[_STRINGS], _STRINGS)
    archs = published_archs(load_space("nasbench201"))
    if numbers != {arch: number for number, arch in enumerate(archs)}:
        raise TableError(
            f"{_STRINGS} must number the {len(archs):,} architectures as NATS-Bench does."
        )
    return archs


def _read_genes(files: Mapping[str, bytes]) -> list[str]:
    """Architectures of FBNet, each 22 numbers of operations."""
    genotypes = read_torch_file(files[_GENES], _GENES)
    if not isinstance(genotypes, list):
        raise TableError(f"{_GENES} must be a list of architectures.")
    check_row_count(len(genotypes), N_ROWS["fbnet"], _GENES)
    space = load_space("fbnet")
    archs = []
    for row, genotype in enumerate(genotypes, start=1):
        try:
            archs.append(str(space.architecture(_integers(genotype))))
        except (ArchitectureError, TypeError) as error:
            raise TableError(f"{_GENES}, row {row}: {error}") from error
    check_distinct(archs, _GENES)
    return archs


def _integers(genotype: Any) -> Sequence[int]:
    if type(genotype) is not list or not all(type(gene) is int for gene in genotype):
        raise TypeError("An architecture must be a list of whole numbers.")
    return genotype


def _latencies(values: Any, n_rows: int, where: str) -> list[float]:
    if not isinstance(values, list):
        raise TableError(f"{where} must be a list of latencies.")
    check_row_count(len(values), n_rows, where)
    for row, value in enumerate(values, start=1):
        if type(value) not in (int, float) or not (math.isfinite(value) and value > 0):
            raise TableError(f"{where}, row {row}: latency must be a number above 0.")
    return [float(value) for value in values]


for _space, _title in (
    ("nasbench201", "HELP: latency on 27 device settings (Lee et al. 2021)"),
    ("fbnet", "HELP: latency of 5,000 FBNets on 27 device settings (Lee et al. 2021)"),
):
    IMPORTERS.register(f"help-{_space}")(
        Importer(
            _title,
            _space,
            functools.partial(read, _space),
            tuple(_columns(_space).values()),
            # What it shares with HW-NAS-Bench it repeats.
            rank=1,
        )
    )
