"""Accel-NASBench: accuracy of a training proxy, throughput and latency of 5,138 MnasNets.

The archive is read in memory; nothing is unpacked to disk.

References:
    Ahmad et al. 2024, Accel-NASBench: Sustainable Benchmarking for Accelerator-Aware NAS,
    https://arxiv.org/abs/2404.08005
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from hwnas.core.target import Target, parse_target
from hwnas.errors import ArchitectureError, TableError
from hwnas.spaces.mnasnet import MnasNet
from hwnas.tables.archives import read_archive
from hwnas.tables.checks import check_row_count, finite_number
from hwnas.tables.importers import IMPORTERS, Importer, RawTable
from hwnas.tables.repeats import merge_repeats
from hwnas.tables.table import ARCH, Column

N_ROWS = 5_138
DATASET = "imagenet"

_FOLDER = "./anb_dataset_jsons"
_ENTRY = re.compile(r"result_\d{1,6}\.json")
_THROUGHPUT_DEVICES = ("a100", "rtx3090", "tpuv2", "tpuv3", "zcu102", "vck190")
_LATENCY_DEVICES = ("zcu102", "vck190")
# Upstream calls the RTX 3090 by its number alone.
_SPELLINGS = {"rtx3090": "3090"}
_Place = tuple[str, ...]


def _columns() -> dict[_Place, Column]:
    """What each column is, by its place in an entry; the published counts are no quantity.

    Upstream's MACs are more than those of convolutions and linear layers.
    """
    columns: dict[_Place, Column] = {
        ("metrics", "val_top1"): _accuracy_column(),
        ("metrics", "val_top5"): _other_column(
            "proxy_top5_pct", "%", "ImageNet top-5 of the training proxy, one seed"
        ),
        ("model_info", "params"): _other_column(
            "published_params_m", "M", "parameters in millions, as upstream counts them"
        ),
        ("model_info", "macs"): _other_column(
            "published_macs_m",
            "M",
            "MACs in millions as upstream counts them: normalisation and pooling among them",
        ),
    }
    for name, devices in (("latency", _LATENCY_DEVICES), ("throughput", _THROUGHPUT_DEVICES)):
        for device in devices:
            place = ("platform_perf", f"{name}_{_SPELLINGS.get(device, device)}", f"{name}_mean")
            columns[place] = _device_column(name, device)
    return columns


def _accuracy_column() -> Column:
    return Column.of(
        parse_target("accuracy@proxy", DATASET),
        "ImageNet top-1 of Accel-NASBench's training proxy, one seed",
        is_default=True,
    )


def _device_column(name: str, device: str) -> Column:
    return Column.of(Target(name, DATASET, device), f"mean {name}, see Accel-NASBench")


def _other_column(name: str, unit: str, detail: str) -> Column:
    return Column(f"{DATASET}_{name}", None, unit, False, detail, DATASET)


def read(files: Mapping[str, bytes]) -> RawTable:
    """The table of ``anb_dataset_jsons.tar.gz``, in the order of the results' numbers.

    Thirteen architectures were trained and measured twice: each is one row of means, and how far
    its values lie apart is told in ``repeats``.

    Raises:
        TableError: The archive is not what it says.
    """
    import pandas as pd

    where = "anb_dataset_jsons.tar.gz"
    contents = read_archive(files[where], where, _FOLDER, _ENTRY)
    check_row_count(len(contents), N_ROWS, where)
    columns = _columns()
    rows = [
        _row(contents[name], columns, f"{where}, {name}")
        for name in sorted(contents, key=lambda name: int(re.sub(r"\D", "", name)))
    ]
    frame, repeats = merge_repeats(pd.DataFrame(rows))
    return RawTable(tuple(columns.values()), frame, repeats=repeats)


def _row(data: bytes, columns: Mapping[_Place, Column], where: str) -> dict[str, str | float]:
    """The architecture and the values of one result."""
    try:
        entry = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise TableError(f"{where} must be JSON; {error}.") from error
    architecture = _at(entry, ("architecture",), where)
    if not isinstance(architecture, dict):
        raise TableError(f"{where}: architecture must be an object of settings.")
    try:
        row: dict[str, str | float] = {ARCH: str(MnasNet().from_accel_nasbench(architecture))}
    except ArchitectureError as error:
        raise TableError(f"{where}: {error}") from error
    row.update((column.name, _number(entry, place, where)) for place, column in columns.items())
    return row


def _at(entry: Any, place: _Place, where: str) -> Any:
    for key in place:
        if not isinstance(entry, dict) or key not in entry:
            raise TableError(f"{where} must have {'.'.join(place)}; {key} is missing.")
        entry = entry[key]
    return entry


def _number(entry: Any, place: _Place, where: str) -> float:
    """The number at a place; NaN for null, which upstream writes for what was not measured."""
    value = _at(entry, place, where)
    if value is None and place[0] == "platform_perf":
        return math.nan
    return finite_number(value, f"{where}: {'.'.join(place)}")


IMPORTERS.register("accel-nasbench")(
    Importer(
        "Accel-NASBench: MnasNets on six accelerators (Ahmad et al. 2024)",
        "mnasnet",
        read,
        tuple(_columns().values()),
    )
)
