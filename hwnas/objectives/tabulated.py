"""Values looked up in tables: the mean over each functional class, or a sum over operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.device import Device
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import Quantity, column_name
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.objectives import SOURCES
from hwnas.objectives._missing import check_variant, need_device, unknown_here
from hwnas.tables import (
    Column,
    Table,
    additive_terms,
    class_means,
    how_to_get,
    is_cached,
    load_table,
    read_card,
    table_names,
)
from hwnas.tables.store import EVERY_TABLE


class TabulatedObjective:
    """A column of a table as an objective.

    Args:
        space: Search space with the column's data set.
        table: The table.
        column: Column of the table.
        name: Column of the values.
        quantity: What they are.
    """

    def __init__(
        self, space: SearchSpace, table: Table, column: Column, name: str, quantity: Quantity
    ) -> None:
        self._space = space
        self._look_up = (additive_terms if table.is_additive else _class_lookup)(
            space, table, column.name
        )
        how = "" if table.is_additive else "; mean over the functional class"
        self.spec = ObjectiveSpec(
            column=name,
            unit=quantity.unit,
            direction=quantity.direction,
            source="tabulated",
            title=quantity.title,
            detail=f"{column.detail}{how}",
            origin=f"table {table.name} sha256 {table.sha256}, column {column.name}",
            stage=1,
        )

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Values of the classes of ``n_archs`` architectures; NaN where the table has none."""
        return Estimate.exact(self._look_up(Batch.of(self._space, archs).canonical))


def _class_lookup(
    space: SearchSpace, table: Table, column: str
) -> Callable[[np.ndarray], np.ndarray]:
    """A function from canonical genotypes ``(n_archs, n_genes)`` to class means ``(n_archs,)``."""
    means = class_means(space, table, column)
    values = dict(zip(map(tuple, means.genotypes.tolist()), means.values.tolist(), strict=True))

    def look_up(canonical: np.ndarray) -> np.ndarray:
        found = [values.get(tuple(genotype), np.nan) for genotype in canonical.tolist()]
        return np.array(found, dtype=float)

    return look_up


@SOURCES.register("table")
def tabulated_objective(
    space: SearchSpace, device: Device | None, quantity: Quantity, variant: str
) -> Objective:
    """The objective of the table column that holds a quantity.

    Raises:
        TableError: No table in the cache holds it, or the table is damaged.
        NothingKnownError: No table that there is holds it.
        UnknownNameError: A table holds the quantity, but not this variant.
    """
    name = need_device(quantity, device).name if quantity.per_device else None
    variants = []
    for table_name in _cached_tables(space, quantity, device):
        table = load_table(table_name)
        column = table.find(quantity.name, space.dataset, name, variant)
        if column is not None:
            return TabulatedObjective(
                space, table, column, column_name(quantity, variant), quantity
            )
        variants += [
            c.variant
            for c in table.columns
            if (c.quantity, c.dataset, c.device) == (quantity.name, space.dataset, name)
        ]
    check_variant(quantity, variant, variants)
    knows = device is not None and quantity.name in device.quantities(space.name, space.dataset)
    if all(map(is_cached, table_names())) or (quantity.per_device and not knows):
        raise unknown_here(space, device, quantity)
    sources = device.tables(quantity.name, space.name, space.dataset) if device and knows else ()
    raise TableError(
        f"No table in the cache holds {quantity.name} for {space.name} on {space.dataset}. "
        f"Run: {how_to_get(sources[0] if sources else EVERY_TABLE)}"
    )


def _cached_tables(space: SearchSpace, quantity: Quantity, device: Device | None) -> list[str]:
    """Tables of a space: those that know every architecture, those the device names, the rest."""
    cards = {name: read_card(name) for name in table_names() if is_cached(name)}
    names = [name for name, card in cards.items() if card["space"] == space.name]
    own = device.tables(quantity.name, space.name, space.dataset) if device else ()
    return sorted(
        names, key=lambda name: (not cards[name].get("is_additive", False), name not in own)
    )
