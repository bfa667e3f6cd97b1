"""HW-NAS-Bench's own file, which users hold: two spaces in one pickle, read without unpickling.

NAS-Bench-201 becomes a table of rows; FBNet's lookup of operators becomes an additive table that
answers for all 9^22 architectures.

References:
    Li et al. 2021, HW-NAS-Bench, https://openreview.net/forum?id=_0kaDkv3dVf; file:
    https://github.com/GATECH-EIC/HW-NAS-Bench
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._files import read_bytes, sha256_bytes
from hwnas.errors import TableError
from hwnas.spaces import load_space
from hwnas.spaces.fbnet import FBNet
from hwnas.tables.additive import one_gene_changes
from hwnas.tables.checks import check_row_count, finite_number, published_archs
from hwnas.tables.fbnet_operators import has_operators, network_values
from hwnas.tables.importers._zc_combine import DATASETS
from hwnas.tables.importers.hw_nas_bench import N_ROWS, NOT_RUN, all_columns, hardware_columns
from hwnas.tables.importing import null_sentinels
from hwnas.tables.pickles import MAX_BYTES, read_pickle
from hwnas.tables.store import OFFICIAL, OFFICIAL_FBNET, save_table
from hwnas.tables.table import ARCH, Column, Nulled, Table

if TYPE_CHECKING:
    import pandas as pd

TITLE = "HW-NAS-Bench's own file (Li et al. 2021)"


def import_official(path: Path) -> tuple[Table, ...]:
    """Import ``HW-NAS-Bench-v1_0.pickle`` into the cache.

    Args:
        path: The file.

    Returns:
        The tables it makes: of NAS-Bench-201, of FBNet, or both.

    Raises:
        TableError: The file cannot be read, or holds anything but plain data of that form.
        StorageError: The cache cannot be written.
    """
    data = _read_bytes(path)
    content = read_pickle(data, path.name)
    if not isinstance(content, dict):
        raise TableError(f"{path.name} must be a dictionary with nasbench201 and fbnet.")
    source = {"path": path.name, "bytes": len(data), "sha256": sha256_bytes(data)}
    makers = {"nasbench201": _cell_table, "fbnet": _fbnet_table}
    tables = [
        make(_dictionary(content[name], f"{path.name}, {name}"), source, f"{path.name}, {name}")
        for name, make in makers.items()
        if name in content
    ]
    if not tables:
        raise TableError(f"{path.name} must hold nasbench201 or fbnet; it holds neither.")
    return tuple(save_table(table) for table in tables)


def _read_bytes(path: Path) -> bytes:
    try:
        return read_bytes(path, most=MAX_BYTES)
    except OSError as error:
        raise TableError(f"{path} must be a pickle; cannot read it ({error.strerror}).") from error


def _dictionary(value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise TableError(f"{where} must be a dictionary.")
    return value


def _cell_table(part: dict[Any, Any], source: dict[str, Any], where: str) -> Table:
    """The part ``{data set: {metric: [15,625 values], "config": [...]}}``."""
    import pandas as pd

    archs = published_archs(load_space("nasbench201"))
    columns: list[Column] = []
    values: dict[str, np.ndarray] = {}
    for dataset, spelling in DATASETS.items():
        if spelling not in part:
            continue
        place = f"{where}, {spelling}"
        metrics = _dictionary(part[spelling], place)
        _check_order(metrics.get("config", ()), archs, place)
        for metric, column in hardware_columns(dataset).items():
            if metric in metrics:
                columns.append(column)
                values[column.name] = _numbers(metrics[metric], f"{place}, {metric}")
    if not columns:
        raise TableError(f"{where} must hold {', '.join(DATASETS.values())}; no metric is there.")
    sentinels = dict.fromkeys((name for name in values if "_edgetpu_" in name), NOT_RUN)
    frame, nulled = null_sentinels(pd.DataFrame({ARCH: archs, **values}), sentinels)
    return _table(OFFICIAL, "nasbench201", columns, frame, source, nulled)


def _check_order(configs: Any, archs: list[str], where: str) -> None:
    """Check that the cells named in ``config`` stand in the order of NATS-Bench."""
    if not isinstance(configs, list | tuple):
        raise TableError(f"{where}, config must be a list.")
    for row, (config, arch) in enumerate(zip(configs, archs, strict=False), start=1):
        named = config.get("arch_str", arch) if isinstance(config, dict) else arch
        if named != arch:
            raise TableError(
                f"{where}, config: cells must be in the order of NATS-Bench; row {row} is another."
            )


def _numbers(values: Any, where: str) -> np.ndarray:
    """Values of the 15,625 cells, shape ``(15625,)``."""
    if isinstance(values, np.ndarray):
        values = values.ravel().tolist()
    if not isinstance(values, list | tuple):
        raise TableError(f"{where} must be a list of numbers.")
    check_row_count(len(values), N_ROWS, where)
    return np.array(
        [finite_number(value, f"{where}, row {row}") for row, value in enumerate(values, 1)]
    )


def _fbnet_table(part: dict[Any, Any], source: dict[str, Any], where: str) -> Table:
    """The part ``{metric: {operator key: value}}``."""
    import pandas as pd

    lookups = {
        metric: _lookup(part[metric], f"{where}, {metric}")
        for metric in hardware_columns(FBNet.datasets[0])
        if metric in part
    }
    genotypes = one_gene_changes(FBNet())
    columns: list[Column] = []
    values: dict[str, np.ndarray] = {}
    for dataset in FBNet.datasets:
        space, known = FBNet(dataset), hardware_columns(dataset)
        for metric, lookup in lookups.items():
            if has_operators(lookup, dataset):
                column = known[metric]
                columns.append(replace(column, detail=f"{column.detail}; sum over operators"))
                values[column.name] = network_values(space, lookup, genotypes, f"{where}, {metric}")
    if not columns:
        raise TableError(f"{where} must hold the operators of {' or '.join(FBNet.datasets)}.")
    archs = [FBNet().format(genotype) for genotype in genotypes.tolist()]
    frame = pd.DataFrame({ARCH: archs, **values})
    return _table(OFFICIAL_FBNET, "fbnet", columns, frame, source, is_additive=True)


def _lookup(part: Any, where: str) -> Mapping[str, float]:
    return {
        key: finite_number(value, f"{where}, {key!a:.80}")
        for key, value in _dictionary(part, where).items()
    }


DECLARED = {
    OFFICIAL: ("nasbench201", all_columns(DATASETS)),
    OFFICIAL_FBNET: ("fbnet", all_columns(FBNet.datasets)),
}
"""Space and columns of the tables that the file makes, known before it is imported."""


def _table(
    name: str,
    space: str,
    columns: list[Column],
    frame: pd.DataFrame,
    source: dict[str, Any],
    nulled: tuple[Nulled, ...] = (),
    is_additive: bool = False,
) -> Table:
    return Table(
        name=name,
        space=space,
        title=f"{TITLE}: {'FBNet, summed over operators' if is_additive else 'NAS-Bench-201'}",
        columns=tuple(columns),
        frame=frame,
        sources=(source,),
        nulled=nulled,
        options=load_space(space).options,
        is_additive=is_additive,
    )
