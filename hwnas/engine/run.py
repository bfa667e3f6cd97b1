"""A run: a directory with its configuration, every evaluation in order, its front and report."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._files import write_json, write_text
from hwnas.core.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.engine.store import Evaluated, Generation, read_history
from hwnas.errors import RunError
from hwnas.objectives.indicators import minimised, non_dominated
from hwnas.spaces import load_space

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
RECORD, DATABASE, REPORT = "run.json", "run.sqlite", "report.html"
FRONT_CSV, FRONT_JSON = "front.csv", "front.json"


@dataclass(frozen=True, slots=True)
class Record:
    """What ``run.json`` says.

    Args:
        config: What was asked for: space, device, objectives, seed and so on.
        columns: What each column is; the objectives first.
        n_objectives: How many of them are objectives.
        versions: Versions of hwnas and the packages that decide the result.
        status: ``"running"``, ``"interrupted"`` or ``"finished"``.
        normalisation: ``best`` and ``worst`` of each objective and the ``reference`` point, or
            None while there is none.
        notes: What the user should know about the objectives.
    """

    config: dict[str, Any]
    columns: tuple[ObjectiveSpec, ...]
    n_objectives: int
    versions: dict[str, str]
    status: str = "running"
    normalisation: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write ``run.json`` into the run's directory."""
        write_json(folder / RECORD, {"schema": SCHEMA, **dataclasses.asdict(self)})


def read_record(folder: Path) -> Record:
    """What the ``run.json`` of a run's directory says.

    Raises:
        RunError: There is none, or it is damaged or of a newer schema.
    """
    path = folder / RECORD
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        schema = data.pop("schema")
        if schema <= SCHEMA:
            return _record(data)
    except FileNotFoundError as error:
        raise RunError(
            f"{folder} must be the directory of a run; it holds no {RECORD}. "
            "Name the one that hwnas search printed."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} must be what hwnas search wrote; it is damaged "
            f"({type(error).__name__}). Start again with another --out."
        ) from error
    raise RunError(f"{path} has schema {schema}; this version reads up to {SCHEMA}. Update hwnas.")


def _record(data: dict[str, Any]) -> Record:
    """The record that ``run.json`` states; a ValueError or TypeError if it states none."""
    columns = tuple(ObjectiveSpec(**column) for column in data.pop("columns"))
    record = Record(columns=columns, notes=tuple(data.pop("notes")), **data)
    if not 1 <= record.n_objectives <= len(columns):
        raise ValueError("n_objectives")
    if not {"space", "dataset", "device", "seed"} <= record.config.keys():
        raise ValueError("config")
    return record


class Run:
    """A finished or interrupted run.

    Args:
        path: Its directory.

    Raises:
        RunError: The directory holds no run, or a damaged one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = read_record(path)
        history = read_history(path / DATABASE, [spec.column for spec in self.record.columns])
        if self.record.status == "finished" and not history.generations:
            raise RunError(
                f"{path / DATABASE} must hold the evaluations of a finished run; it is empty. "
                "Make them again with --resume."
            )
        self.history: tuple[Generation, ...] = history.generations
        self._evaluated: Evaluated = history.evaluated

    @property
    def config(self) -> dict[str, Any]:
        """What was asked for: space, device, objectives, seed and so on."""
        return self.record.config

    @cached_property
    def space(self) -> SearchSpace:
        """Search space with its data set."""
        return load_space(self.config["space"], dataset=self.config["dataset"])

    @property
    def n_evaluated(self) -> int:
        """Distinct architectures evaluated."""
        return len(self._evaluated)

    @cached_property
    def evaluations(self) -> pd.DataFrame:
        """One row for each distinct architecture in the order asked.

        Columns ``arch``, ``generation``, then one for each objective and for each thing told
        beside them, in its own unit, NaN where unknown; last ``feasible``.
        """
        import pandas as pd

        seen = self._evaluated
        data: dict[str, Any] = {"arch": list(seen.archs), "generation": seen.generation}
        for column, spec in enumerate(self.record.columns):
            data[spec.column] = seen.values[:, column, 0]
        return pd.DataFrame({**data, "feasible": seen.violation == 0})

    @cached_property
    def front(self) -> Front:
        """The feasible architectures nothing feasible beats, the best in the first objective first.

        Empty where nothing was feasible.
        """
        seen, record = self._evaluated, self.record
        feasible = np.flatnonzero(seen.violation == 0)
        objectives = record.columns[: record.n_objectives]
        values = minimised(seen.values[feasible, : record.n_objectives, 0], objectives)
        kept = non_dominated(values)
        order = np.lexsort(values[kept].T[::-1])
        chosen = feasible[kept][order]
        table = seen.values[chosen]
        return Front(
            archs=tuple(seen.archs[position] for position in chosen),
            columns=record.columns,
            values=table[:, :, 0],
            lower=table[:, :, 1],
            upper=table[:, :, 2],
            n_objectives=record.n_objectives,
        )


def front_csv(front: Front) -> str:
    """A front as CSV: the architecture, then its values; unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["arch", *(spec.column for spec in front.columns)])
    for arch, values in zip(front.archs, front.values.tolist(), strict=True):
        writer.writerow([arch, *("" if math.isnan(value) else repr(value) for value in values)])
    return text.getvalue()


def front_record(front: Front) -> dict[str, Any]:
    """A front for JSON: every value with its interval and source; unknown is null."""

    def known(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    rows = []
    for row, arch in enumerate(front.archs):
        values = {
            spec.column: {
                "value": known(front.values[row, column]),
                "lower": known(front.lower[row, column]),
                "upper": known(front.upper[row, column]),
                "source": spec.source,
            }
            for column, spec in enumerate(front.columns)
        }
        rows.append({"arch": arch, **values})
    return {
        "schema": SCHEMA,
        "objectives": [spec.column for spec in front.objectives],
        "columns": [dataclasses.asdict(spec) for spec in front.columns],
        "front": rows,
    }


def write_front(folder: Path, front: Front) -> None:
    """Write ``front.csv`` and ``front.json`` into a run's directory."""
    write_text(folder / FRONT_CSV, front_csv(front))
    write_json(folder / FRONT_JSON, front_record(front))
