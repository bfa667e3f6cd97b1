"""A table: values per architecture, what each column is, and where they come from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

ARCH = "arch"
_DEVICE = re.compile(r"[a-z0-9][a-z0-9._-]*")
_VARIANT = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a table holds.

    Args:
        name: Name of the column, its unit in it.
        quantity: Name of the quantity, or None for anything else, such as a proxy.
        variant: Which variant of the quantity: ``"test"``, ``"apgd-ce-eps1"``; empty for none.
        unit: The unit, for people; empty for a pure number or text.
        device: Device the values belong to, or None.
        dataset: Data set the values belong to, or None.
        is_default: Whether it answers when the quantity is asked for without a variant.
        detail: One line on what exactly the values are.
    """

    name: str
    quantity: str | None
    variant: str
    unit: str
    device: str | None
    dataset: str | None
    is_default: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Nulled:
    """A value that stood for "not measured" and became null.

    Args:
        column: Name of the column.
        value: The number that was published in its place.
        count: How many cells held it.
    """

    column: str
    value: float
    count: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """What architectures that stood in the source several times tell of a column's noise.

    Args:
        column: Name of the column; an architecture's value in it is the mean of its own.
        n_archs: Architectures with two values or more.
        spread_median: Median over them of the largest minus the smallest value, in the column's
            unit.
        spread_max: The largest of these differences.
    """

    column: str
    n_archs: int
    spread_median: float
    spread_max: float


@dataclass(frozen=True, eq=False)
class Table:
    """Published or measured values of architectures of one search space.

    Args:
        name: Name on the command line.
        space: Search space of its rows.
        title: One line for people.
        columns: What each column is.
        frame: Column ``arch`` (published strings), then ``columns`` in order; unknown is null.
        sha256: SHA-256 of the Parquet file.
        sources: Repository, commit, path, licence, size and SHA-256 of each source file.
        nulled: Values that stood for "not measured" in the source.
        ignored: Columns of the source that were left out.
        repeats: Noise of the columns, from architectures that stood in the source several times.
        is_additive: Whether the value of any other architecture follows: the rows are one
            architecture and those that differ from it in one gene, and differences add up.
    """

    name: str
    space: str
    title: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    sha256: str = ""
    sources: tuple[dict[str, Any], ...] = ()
    nulled: tuple[Nulled, ...] = ()
    ignored: tuple[str, ...] = ()
    repeats: tuple[Repeats, ...] = ()
    is_additive: bool = False

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @property
    def archs(self) -> list[str]:
        """Published strings of the ``n_rows`` architectures."""
        archs: list[str] = self.frame[ARCH].tolist()
        return archs

    def find(
        self,
        quantity: str,
        dataset: str | None,
        device: str | None = None,
        variant: str = "",
    ) -> Column | None:
        """The column of a quantity, or None if the table has none.

        Args:
            quantity: Name of the quantity.
            dataset: Data set.
            device: Device, for a quantity that means nothing without one.
            variant: Variant of the quantity; empty for the default one.
        """
        for column in self.columns:
            if (column.quantity, column.dataset, column.device) != (quantity, dataset, device):
                continue
            if column.variant == variant if variant else column.is_default:
                return column
        return None

    def values(self, name: str) -> np.ndarray:
        """Values of a column of numbers, shape ``(n_rows,)``, NaN for null.

        Raises:
            UnknownNameError: There is no such column.
        """
        names = [column.name for column in self.columns]
        if name not in names:
            raise UnknownNameError(
                "column", name, names, f"hwnas tables show {self.name} --columns"
            )
        return np.asarray(self.frame[name].to_numpy(dtype=float))


def parse_column(name: str, datasets: Sequence[str]) -> Column | None:
    """What a column named by the project's rule holds; None if the name does not follow it.

    The rule is ``{dataset}_{device}_{quantity column}[@variant]``, without the device for a
    quantity that needs none. The column counts as the default one if it names no variant.

    Example:
        >>> parse_column("cifar10_pixel3_latency_ms", ["cifar10", "cifar100"]).device
        'pixel3'
    """
    body, at, variant = name.partition("@")
    if at and not _VARIANT.fullmatch(variant):
        return None
    dataset = next((known for known in datasets if body.startswith(f"{known}_")), None)
    if dataset is None:
        return None
    rest = body.removeprefix(f"{dataset}_")
    for quantity in QUANTITIES.values():
        if quantity.per_device:
            device = rest.removesuffix(f"_{quantity.column}")
            if device != rest and _DEVICE.fullmatch(device):
                return _named(name, quantity, variant, dataset, device)
        elif rest == quantity.column:
            return _named(name, quantity, variant, dataset, None)
    return None


def _named(name: str, quantity: Quantity, variant: str, dataset: str, device: str | None) -> Column:
    detail = " ".join(filter(None, [dataset, quantity.title.lower(), device, variant]))
    return Column(name, quantity.name, variant, quantity.unit, device, dataset, not variant, detail)


def with_defaults(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns in which a variant that is alone with its quantity is the default one."""

    def alike(column: Column) -> int:
        key = (column.quantity, column.dataset, column.device)
        return sum((c.quantity, c.dataset, c.device) == key for c in columns)

    return tuple(
        replace(column, is_default=column.is_default or alike(column) == 1) for column in columns
    )
