"""Which architectures to measure on a device by hand, and the table to fill in."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwnas._files import write_bytes
from hwnas.api._spaces import resolve_space
from hwnas.core import arguments, given
from hwnas.core.arguments import checked, whole
from hwnas.core.classes import listed_classes
from hwnas.core.device import check_own_device
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.core.target import parse_target
from hwnas.errors import ConfigError

__all__ = ["Sample", "sample", "sample_record"]

DEFAULT_DEVICE = "my-device"
DEFAULT_N = 60
_MOST = 100_000
"""Architectures of one table: nobody measures more, and several times as many are drawn."""
_USUALLY_FEW = 200
"""A number that need not be compared with that of all architectures."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Architectures to measure.

    Args:
        space: Their search space.
        dataset: Its data set.
        archs: The most telling ones first: measured in this order, a part is of use too.
        column: What the column of the values is called, with its unit.
        path: The table to fill in; None if none was written.
        models: Files of their models, in the same order; empty if none were written.
        notes: What is otherwise than asked.
    """

    space: str
    dataset: str
    archs: tuple[str, ...]
    column: str
    path: Path | None
    models: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@checked(
    space=given.space,
    n=whole(),
    device=arguments.text,
    dataset=arguments.text,
    quantity=arguments.text,
    out=arguments.path,
    models=arguments.path,
    seed=whole(at_least=0),
    on_model=arguments.function,
)
def sample(
    space: str | SearchSpace,
    n: int = DEFAULT_N,
    device: str = DEFAULT_DEVICE,
    dataset: str | None = None,
    quantity: str = "latency",
    out: str | os.PathLike[str] | None = None,
    models: str | os.PathLike[str] | None = None,
    seed: int = 0,
    on_model: Callable[[int, int], None] | None = None,
) -> Sample:
    """Choose the architectures whose values on a device say most of all others.

    They are spread over what makes networks cost more or less, not drawn at random: see
    ``hwnas.fitting.design``. The same seed chooses the same ones.

    Args:
        space: Search space or its name.
        n: How many; at most as many as differ in function, where these can be listed.
        device: What to call the device that they are to be measured on.
        dataset: Data set; the space's first one by default.
        quantity: What is to be measured, such as ``"latency"`` or ``"energy"``.
        out: CSV file to write, with a row for each and an empty column for the values; none by
            default.
        models: Folder to write their ONNX models into, with fresh weights; none by default.
        seed: Of the choice and of the weights.
        on_model: Called after each model with how many are written and how many there are.

    Raises:
        UnknownNameError: There is no such space, data set or quantity.
        ConfigError: The space has too few architectures, the quantity is none of devices, the
            device is one that hwnas describes, or a file is there already.
        ExportError: A model cannot be written.
        StorageError: A file cannot be written.
    """
    from hwnas.fitting.design import choose_to_measure

    space = resolve_space(space, dataset)
    check_own_device(device)
    n, among, notes = _capped(space, n)
    target = parse_target(quantity, space.dataset, device)
    if not target.meaning.per_device:
        known = ", ".join(each.name for each in QUANTITIES.values() if each.per_device)
        raise ConfigError(f"What is measured on a device is one of {known}; got '{quantity}'.")
    table, folder = (None if each is None else Path(each) for each in (out, models))
    names = [f"{space.name}-{number:0{len(str(n))}}.onnx" for number in range(1, n + 1)]
    files = () if folder is None else tuple(folder / name for name in names)
    _check_free(*filter(None, (table, *files)))
    genotypes = choose_to_measure(space, n, seed, among=among)
    archs = tuple(str(space.architecture(genotype)) for genotype in genotypes)
    for number, (arch, path) in enumerate(zip(archs, files, strict=False), start=1):
        _export(space, arch, path, seed)
        if on_model is not None:
            on_model(number, len(files))
    column = target.table_column
    if table is not None:
        write_bytes(table, _csv(archs, column, files).encode())
    return Sample(space.name, space.dataset, archs, column, table, files, notes)


def _capped(space: SearchSpace, n: int) -> tuple[int, np.ndarray | None, tuple[str, ...]]:
    """How many there can be, the functional classes if it is all of them, and what to say.

    Raises:
        ConfigError: It is more than can be held.
    """
    classes = listed_classes(space) if n > _USUALLY_FEW else None
    if classes is None or n <= len(classes):
        if n > _MOST:
            raise ConfigError(
                f"The number of architectures to choose must be at most {_MOST:,}; got {n:,}."
            )
        return n, None, ()
    note = (
        f"All {len(classes):,} architectures of {space.label} that differ in function are chosen, "
        f"not {n:,}."
    )
    return len(classes), classes, (note,)


def sample_record(found: Sample) -> dict[str, Any]:
    """The same as JSON can hold it."""
    record = asdict(found)
    path = None if found.path is None else str(found.path)
    return {**record, "path": path, "models": list(map(str, found.models))}


def _check_free(*paths: Path) -> None:
    """See that nothing would be written over, as measurements that were filled in.

    Raises:
        ConfigError: A file is there.
    """
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None:
        raise ConfigError(
            f"{taken} is there already, and may hold what was measured. Choose another name, or "
            "move it away."
        )


def _export(space: SearchSpace, arch: str, path: Path, seed: int) -> None:
    from hwnas.models.export import export_onnx

    export_onnx(space, space.parse(arch), path, seed=seed)


def _csv(archs: tuple[str, ...], column: str, files: tuple[Path, ...]) -> str:
    """Rows to fill in; with models, the file of each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["arch", column, *(["file"] if files else [])])
    for number, arch in enumerate(archs):
        writer.writerow([arch, "", *([files[number].name] if files else [])])
    return text.getvalue()
