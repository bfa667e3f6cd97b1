"""What ``run.json`` says of a run: its configuration, columns, versions and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hwnas._records import RecordFormat
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.residuals import POINT
from hwnas.errors import RunError

RECORD, DATABASE, REPORT = "run.json", "run.sqlite", "report.html"
FRONT_CSV, FRONT_JSON = "front.csv", "front.json"

_STAGES = {"counted": 0, "measured": 2, "custom": 2}
"""When values were evaluated in schema 1, by their source; 1 for the others."""


@dataclass(frozen=True, slots=True)
class Record:
    """What ``run.json`` says.

    Args:
        config: What was asked for: space, device, objectives, seed and so on.
        columns: What each column is; the objectives first.
        n_objectives: How many of them are objectives.
        versions: Versions of hwnas and the packages that decide the result.
        limits: The limits, as they are printed.
        device_title: Full name of the device, or None where there is none.
        status: ``"running"``, ``"interrupted"``, ``"failed"`` or ``"finished"``.
        normalisation: ``best`` and ``worst`` of each objective and the ``reference`` point, or
            None while there is none.
        notes: What the user should know about the objectives.

    Raises:
        ValueError: It has no objective, or its configuration lacks what says what was searched.
    """

    config: dict[str, Any]
    columns: tuple[ObjectiveSpec, ...]
    n_objectives: int
    versions: dict[str, str]
    limits: tuple[str, ...] = ()
    device_title: str | None = None
    status: str = "running"
    normalisation: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.n_objectives <= len(self.columns):
            raise ValueError(
                f"n_objectives must be 1 to {len(self.columns)}; got {self.n_objectives}"
            )
        lacking = {"space", "dataset", "options", "device", "seed"} - self.config.keys()
        if lacking:
            raise ValueError(f"config lacks {', '.join(sorted(lacking))}")

    @property
    def objectives(self) -> tuple[ObjectiveSpec, ...]:
        """The columns that are optimised."""
        return self.columns[: self.n_objectives]

    def write(self, folder: Path) -> None:
        """Write ``run.json`` into the run's directory."""
        FORMAT.write(folder / RECORD, self)


def _from_schema_1(fields: dict[str, Any]) -> dict[str, Any]:
    """A record of a version that knew neither options of spaces nor devices without a file."""
    config: Mapping[str, Any] = fields["config"]
    columns = [
        {**column, "stage": _STAGES.get(column["source"], 1)} for column in fields["columns"]
    ]
    return {
        **fields,
        "config": {"options": {}, "warm_start": None, **config},
        "columns": columns,
        "limits": list(dict.fromkeys(config.get("constraints", ()))),
        "device_title": config["device"],
    }


FORMAT = RecordFormat(
    Record,
    schema=3,
    error=RunError,
    what="what hwnas search wrote",
    advice="Start again with another --out.",
    upgrades={1: _from_schema_1, 2: dict},
    sealed_from=3,
)


def read_record(folder: Path) -> Record:
    """What the ``run.json`` of a run's directory says.

    Raises:
        RunError: There is none, or it is damaged or of a newer schema.
    """
    if not (folder / RECORD).exists():
        raise RunError(
            f"{folder} must be the directory of a run; it holds no {RECORD}. "
            "Name the one that hwnas search printed."
        )
    record = FORMAT.read(folder / RECORD)
    # Before it was said, values alone kept the limits.
    return replace(record, config={"limit_at": POINT, **record.config})
