"""Values looked up in published tables: the mean over each architecture's functional class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.device import Device
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import Quantity, column_name
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.objectives import SOURCES
from hwnas.objectives._missing import check_variant, need_device, unknown_here
from hwnas.tables import Column, Table, class_means, is_cached, load_table, read_card, table_names


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
        means = class_means(space, table, column.name)
        self._space = space
        self._values = {
            tuple(genotype): value
            for genotype, value in zip(means.genotypes.tolist(), means.values.tolist(), strict=True)
        }
        self.spec = ObjectiveSpec(
            column=name,
            unit=quantity.unit,
            direction=quantity.direction,
            source="tabulated",
            title=quantity.title,
            detail=f"{column.detail}; mean over the functional class",
            origin=f"table {table.name} sha256 {table.sha256}, column {column.name}",
        )

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Class means of ``n_archs`` architectures; NaN where the table has none."""
        canonical = self._space.canonical_genotypes(self._space.genotypes(archs))
        values = [self._values.get(tuple(genotype), np.nan) for genotype in canonical.tolist()]
        return Estimate.exact(np.array(values, dtype=float))


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
    names = table_names()
    for table_name in names:
        if not is_cached(table_name) or read_card(table_name)["space"] != space.name:
            continue
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
    if all(map(is_cached, names)) or (quantity.per_device and not knows):
        raise unknown_here(space, device, quantity)
    raise TableError(
        f"No table in the cache holds {quantity.name} for {space.name} on {space.dataset}. "
        "Run: hwnas tables import all --from DIR (or: hwnas tables pull all)."
    )
