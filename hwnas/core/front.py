"""A Pareto front: the architectures nothing beats, with values, intervals and their sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.core.arguments import must_be
from hwnas.core.columns import resolve_column
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ShapeError


@dataclass(frozen=True, slots=True)
class Front:
    """Non-dominated architectures of a run.

    Args:
        archs: Published strings of the ``n_archs`` architectures.
        columns: What each column is, ``n_columns`` of them; those of ``objectives`` first.
        values: Shape ``(n_archs, n_columns)``, each column in its own unit and direction.
        lower: Shape ``(n_archs, n_columns)``, lower ends of the 90 % intervals; NaN for none.
        upper: Shape ``(n_archs, n_columns)``, upper ends.
        n_objectives: How many of the columns were optimised; the others are told beside them.

    Raises:
        ShapeError: The arrays disagree with the lists.
    """

    archs: tuple[str, ...]
    columns: tuple[ObjectiveSpec, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    n_objectives: int

    def __post_init__(self) -> None:
        for name, kind in (("archs", tuple), ("columns", tuple), ("n_objectives", int)):
            if not isinstance(getattr(self, name), kind):
                raise must_be(name, f"a {kind.__name__}", getattr(self, name))
        for name in ("values", "lower", "upper"):
            if not isinstance(getattr(self, name), np.ndarray):
                raise must_be(name, "an array", getattr(self, name))
        expected = (len(self.archs), len(self.columns))
        for name in ("values", "lower", "upper"):
            shape = getattr(self, name).shape
            if shape != expected:
                raise ShapeError(
                    f"{name} must have shape (n_archs, n_columns) = {expected}; got {shape}."
                )

    def __len__(self) -> int:
        return len(self.archs)

    @property
    def objectives(self) -> tuple[ObjectiveSpec, ...]:
        """The columns that were optimised."""
        return self.columns[: self.n_objectives]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [spec.column for spec in self.columns]

    def place(self, name: str) -> int:
        """Position of the column that a name means.

        Args:
            name: Its name; conditions may be left open where one column only is meant.

        Raises:
            UnknownNameError: The front has no such column.
            ConfigError: The name may mean several.
        """
        return self.names.index(resolve_column(name, self.names))

    def column(self, name: str) -> np.ndarray:
        """Values of the column that a name means, shape ``(n_archs,)``; see ``place``."""
        return np.asarray(self.values[:, self.place(name)])
