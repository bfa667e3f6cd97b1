"""What a profile says of itself: passes, plans, machine, and facts of each net; beside raw samples.

One Parquet file holds both: a row a run, and the record as JSON in the file's own metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hwnas._parquet import SealedFile, write_sealed
from hwnas._records import RecordFormat
from hwnas.core.target import Target
from hwnas.errors import TableError
from hwnas.measure.energy import EnergyReading, Window
from hwnas.measure.environment import Environment
from hwnas.measure.metering import Mark
from hwnas.measure.plan import Plan
from hwnas.measure.profiling import Block, Facts
from hwnas.measure.samples import Samples

SUFFIX = ".samples.parquet"
"""How the file of a profile's raw samples ends."""
_KEY = b"hwnas.profile"
_NUMBERS = ("pass", "visit", "start_ns", "run_ns", "anchor_ns")


@dataclass(frozen=True, slots=True)
class Pass:
    """One stretch of measuring in one process.

    Args:
        target: What was measured: data set, device and conditions.
        backend: Name of the backend.
        settings: What the backend says of itself: versions, options, tuning.
        plan: How it was measured.
        anchor: The model that ran beside all others.
        environment: The machine at the start.
        cores: Cores that the process kept to; None where it was not pinned.
        weights: Where the models' weights come from.
        started_unix_s: When it began, seconds since 1970 in UTC ...
        started_clock_ns: ... and by the clock of the samples.
        facts: What is known of each net that was measured, by its name.
        failed: Why each net that could not be measured could not.
        cooled_s: Seconds that were waited for the device to cool down.
        n_retries: How often a block was begun again because the device went away.
        energy: Energy of a run of each net that was metered.
        marks: Stretches in which one net alone ran, for the log of a meter outside.
    """

    target: Target
    backend: str
    settings: dict[str, Any]
    plan: Plan
    anchor: str
    environment: Environment
    cores: tuple[int, ...] | None
    weights: str
    started_unix_s: float
    started_clock_ns: int
    facts: dict[str, Facts] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    cooled_s: float = 0.0
    n_retries: int = 0
    energy: dict[str, EnergyReading] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

    def with_block(self, block: Block, settings: dict[str, Any]) -> Pass:
        """The same with what a block gave, and what the backend says of itself since."""
        return replace(
            self,
            settings=settings,
            facts={**self.facts, **{each.name: each.facts for each in block.measured}},
            failed={**self.failed, **{each.name: each.reason for each in block.failed}},
            cooled_s=self.cooled_s + block.cooled_s,
            n_retries=self.n_retries + block.n_retries,
            energy={**self.energy, **dict(block.metered.readings)},
            marks=(*self.marks, *block.metered.marks),
        )

    def windows(self) -> list[Window]:
        """The marked stretches by the clock on the wall, in order."""
        start_s = self.started_unix_s - self.started_clock_ns / 1e9
        return [
            Window(
                each.name, start_s + each.start_ns / 1e9, start_s + each.end_ns / 1e9, each.n_runs
            )
            for each in self.marks
        ]


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """Everything about a profile but its samples.

    Args:
        space: Search space of the nets; None for files.
        options: Options of that space; None for files.
        passes: In the order of time.
    """

    space: str | None
    options: dict[str, Any] | None
    passes: tuple[Pass, ...] = ()


@dataclass(frozen=True, eq=False)
class Profile:
    """What was measured: a record and raw samples.

    Args:
        record: What it says of itself.
        samples: Of each pass, in order: samples by the name of the net.
    """

    record: ProfileRecord
    samples: tuple[Mapping[str, Samples], ...] = ()

    def begun(self, new: Pass) -> Profile:
        """The same with a pass that has no samples yet."""
        record = replace(self.record, passes=(*self.record.passes, new))
        return Profile(record, (*self.samples, {}))

    def with_block(self, block: Block, settings: dict[str, Any]) -> Profile:
        """The same with what a block of the last pass gave.

        Args:
            block: What it gave.
            settings: What the backend says of itself now: some know only what they compiled.
        """
        *before, last = self.record.passes
        record = replace(self.record, passes=(*before, last.with_block(block, settings)))
        found = {each.name: each.samples for each in block.measured}
        return Profile(record, (*self.samples[:-1], {**self.samples[-1], **found}))

    def of(self, target: Target) -> list[Mapping[str, Samples]]:
        """Samples of the passes that measured a target."""
        pairs = zip(self.record.passes, self.samples, strict=True)
        return [samples for each, samples in pairs if each.target == target]

    @property
    def targets(self) -> list[Target]:
        """What was measured, each once, in order."""
        return list(dict.fromkeys(each.target for each in self.record.passes))


_RECORDS = RecordFormat(
    kind=ProfileRecord,
    schema=2,
    error=TableError,
    what="a profile's raw samples",
    advice="Measure again with: hwnas profile",
    upgrades={1: dict},
    sealed_from=2,
)


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile, whole or not at all.

    Raises:
        StorageError: The folder cannot be written.
    """
    import pyarrow as pa

    names, columns = [], {name: list[np.ndarray]() for name in _NUMBERS}
    for number, samples in enumerate(profile.samples):
        for name, runs in samples.items():
            names += [name] * len(runs)
            columns["pass"].append(np.full(len(runs), number))
            for column in _NUMBERS[1:]:
                columns[column].append(getattr(runs, column))
    arrays = {
        name: np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)
        for name, parts in columns.items()
    }
    table = pa.table({"net": pa.array(names, pa.string()).dictionary_encode(), **arrays})
    write_sealed(
        path,
        table,
        _KEY,
        profile.record,
        _RECORDS,
        version="2.6",
        compression="zstd",
        use_dictionary=["net"],
        column_encoding=dict.fromkeys(_NUMBERS, "DELTA_BINARY_PACKED"),
    )


def read_profile(path: Path) -> Profile:
    """The profile in a file.

    Raises:
        TableError: The file is missing, damaged or no profile.
    """
    import pyarrow as pa

    file = SealedFile(path, _KEY, _RECORDS)
    table, record = file.table(), file.record
    try:
        names = np.asarray(table["net"].to_pylist(), dtype=object)
        arrays = {name: table[name].to_numpy() for name in _NUMBERS}
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise _RECORDS.refused(str(path), "its columns are others") from error
    if not np.isin(arrays["pass"], np.arange(len(record.passes))).all():
        raise _RECORDS.refused(str(path), "its passes are others")
    samples = [dict[str, Samples]() for _ in record.passes]
    for number, name, rows in _groups(arrays["pass"], names):
        samples[number][name] = Samples(*(arrays[column][rows] for column in _NUMBERS[1:]))
    return Profile(record, tuple(samples))


def _groups(passes: np.ndarray, names: np.ndarray) -> Sequence[tuple[int, str, np.ndarray]]:
    """Rows of each net in each pass, in the order in which they stand."""
    places = dict[tuple[int, str], list[int]]()
    for row, key in enumerate(zip(passes.tolist(), names.tolist(), strict=True)):
        places.setdefault(key, []).append(row)
    return [(number, name, np.array(rows)) for (number, name), rows in places.items()]
