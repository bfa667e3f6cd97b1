"""NATS-Bench: test accuracy after 200 epochs of all cells of NAS-Bench-201 on three data sets.

References:
    Dong et al. 2021, NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size,
    https://arxiv.org/abs/2009.00437
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hwnas.core.target import parse_target
from hwnas.spaces import load_space
from hwnas.tables.checks import (
    check_columns,
    check_distinct,
    check_numbers,
    check_order,
    check_row_count,
    parse_archs,
    published_archs,
    read_csv,
)
from hwnas.tables.importers import IMPORTERS, Importer, RawTable
from hwnas.tables.table import ARCH, Column

N_ROWS = 15_625
_ARCH = "ArchitectureString"
_UNIQUE = "UniqueString"
_FILE_COLUMNS = {
    "cifar10": ("CIFAR10TestAccuracy200Epochs", "CIFAR-10"),
    "cifar100": ("CIFAR100TestAccuracy200Epochs", "CIFAR-100"),
    "imagenet16-120": ("ImageNetTestAccuracy200Epochs", "ImageNet16-120"),
}


def _columns() -> dict[str, Column]:
    """What each column is, by its name in the file.

    CIFAR-10 has a validation accuracy elsewhere, so its test accuracy is no default: a search
    must not see it. The other two data sets have nothing but test accuracy.
    """
    columns = {
        spelling: Column.of(
            parse_target("accuracy@test", dataset),
            f"{title} test accuracy after 200 epochs, mean of seeds",
            is_default=dataset != "cifar10",
        )
        for dataset, (spelling, title) in _FILE_COLUMNS.items()
    }
    detail = "upstream's string, equal for isomorphic cells (zeros kept apart)"
    columns[_UNIQUE] = Column("unique_string", None, "", False, detail)
    return columns


def read(files: Mapping[str, bytes]) -> RawTable:
    """The table of ``nats_bench.csv``.

    Raises:
        TableError: The file is not what it says.
    """
    where = "nats_bench.csv"
    columns = _columns()
    frame = read_csv(files[where], where)
    check_columns(list(frame.columns), [_ARCH, *columns], where)
    check_row_count(len(frame), N_ROWS, where)
    archs = [str(arch) for arch in frame[_ARCH]]
    check_distinct(archs, where)
    _check_published_order(archs, where)
    check_numbers(frame, [name for name in columns if name != _UNIQUE], where)
    frame = frame[list(columns)].rename(columns={old: new.name for old, new in columns.items()})
    frame.insert(0, ARCH, archs)
    return RawTable(tuple(columns.values()), frame)


def _check_published_order(archs: list[str], where: str) -> None:
    space = load_space("nasbench201")
    parse_archs(space, archs, where)
    place = {arch: row for row, arch in enumerate(published_archs(space))}
    check_order(np.array([place[arch] for arch in archs]), where)


IMPORTERS.register("nats-bench")(
    Importer(
        "NATS-Bench: 200-epoch test accuracy (Dong et al. 2021)",
        "nasbench201",
        read,
        tuple(_columns().values()),
    )
)
