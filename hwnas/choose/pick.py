"""An architecture with its values: a row of a front, a pick, or what a pick is compared with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnas.core import arguments
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked
from hwnas.core.columns import ByColumn, resolve_column
from hwnas.core.display import Listing, cell
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Source
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.models.building import build_model
from hwnas.models.export import Export, export_onnx

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, repr=False)
class Choice:
    """An architecture of a front.

    Args:
        index: Its position in the front, from 0; -1 for what is not on it.
        arch: Its published string; empty for a row of values without one.
        values: Value by column, in the column's unit; NaN where unknown.
        intervals: Ends of the 90 % interval by column, for the columns that have one.
        columns: What each column is.
        space: Its search space; None where nobody said, or where it cannot be loaded.
    """

    index: int
    arch: str
    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    columns: tuple[ObjectiveSpec, ...] = ()
    space: SearchSpace | None = None

    @property
    def row(self) -> int | None:
        """Number that is shown beside it, from 1; None for what is not on the front."""
        return None if self.index < 0 else self.index + 1

    @property
    def sources(self) -> Mapping[str, Source]:
        """Where each value comes from, by column; nothing of what the user says has a source."""
        told = self.columns if self.arch else ()
        return ByColumn((spec.column, spec.source) for spec in told)

    def interval(self, column: str) -> tuple[float, float]:
        """Ends of the 90 % interval; the value twice where there is none."""
        column = resolve_column(column, self.values)
        value = self.values[column]
        return self.intervals.get(column, (value, value))

    def build(self, seed: int = 0) -> torch.nn.Module:
        """Its torch model, freshly initialised, in training mode.

        Args:
            seed: Of the weights; the same one gives the same weights.

        Raises:
            ConfigError: It is no architecture, or its search space is not known.
            MissingExtraError: torch is not installed.
        """
        return build_model(*self.located(), seed)

    @checked(
        path=arguments.path,
        weights=arguments.path,
        overwrite=arguments.flag,
    )
    def export(
        self,
        path: str | os.PathLike[str],
        weights: str | os.PathLike[str] | None = None,
        seed: int = 0,
        overwrite: bool = False,
        details: Mapping[str, Any] | None = None,
    ) -> Export:
        """Write its model in ONNX, and the card that tells of it beside it.

        Args:
            path: Where to; ends in ``.onnx``. The card's name is this one and ``.json``.
            weights: A ``.safetensors`` file of trained weights; fresh ones by default.
            seed: Of fresh weights, and of the images that the check is made with.
            overwrite: Whether files of an earlier export may be replaced.
            details: What else the card tells; by default the row of the front.

        Raises:
            ConfigError: It is no architecture, its search space is not known, or the path is taken
                or cannot be one.
            ArtifactError: The weights file is missing, damaged or of another model.
            ExportError: The ONNX model cannot be written, or does not compute what the torch model
                does.
            MissingExtraError: Weights are given and torch or safetensors is not installed.
            StorageError: The folder cannot be written.
        """
        space, arch = self.located()
        told = {"row": self.record(self.columns)} if details is None else details
        file = None if weights is None else Path(weights)
        return export_onnx(space, arch, Path(path), file, seed, told, overwrite)

    def located(self) -> tuple[SearchSpace, Architecture]:
        """Its search space, and what it is there.

        Raises:
            ConfigError: It is no architecture, or its search space is not known.
        """
        if not self.arch:
            raise ConfigError("What is built must be an architecture; this is a row of values.")
        if self.space is None:
            raise ConfigError(
                f"The search space of '{self.arch}' must be known to build it; it cannot be loaded "
                "here. Register it first, or install the package that has it."
            )
        return self.space, self.space.parse(self.arch)

    def record(self, columns: tuple[ObjectiveSpec, ...]) -> dict[str, Any]:
        """It as JSON can hold it: counts are whole numbers, unknown is None.

        Args:
            columns: Those of its values that are told.
        """
        values, sources = {}, self.sources
        for spec in columns:
            ends = self.intervals.get(spec.column, (float("nan"),) * 2)
            value, lower, upper = spec.numbers((self.values[spec.column], *ends))
            values[spec.column] = {
                "value": value,
                "lower": lower,
                "upper": upper,
                "unit": spec.unit,
                "source": sources.get(spec.column),
                "detail": spec.detail,
                "lacks_skill": spec.lacks_skill,
            }
        return {"index": self.index, "row": self.row, "arch": self.arch, "values": values}

    def __repr__(self) -> str:
        return self._listing().text()

    def _repr_html_(self) -> str:
        return self._listing().html()

    def _listing(self) -> Listing:
        """Its values with intervals and sources, a row each."""
        rows = []
        for column, told in self.record(self.columns)["values"].items():
            numbers = (told[name] for name in ("value", "lower", "upper"))
            rows.append((column, *map(cell, numbers), told["source"] or ""))
        where = f"row {self.row} of the front" if self.row else "not on the front"
        head = f"Choice, {where}: {self.arch or 'values without an architecture'}"
        return Listing([head], ("", "value", "lower", "upper", "source"), rows)
