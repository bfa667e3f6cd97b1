"""What a profile gave: figures and facts of each model, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnas.core.target import Target
from hwnas.measure.energy import EnergyReading
from hwnas.measure.samples import Summary

if TYPE_CHECKING:
    from hwnas.measure.profiling import Facts
    from hwnas.measure.sustain import Sustained


@dataclass(frozen=True, slots=True)
class ProfiledModel:
    """What was measured of one model.

    Args:
        name: An architecture's string or a file's name.
        summary: What its raw samples say.
        facts: What else is known of it; of the last pass that measured it.
        is_unstable: Whether its visits vary more than the plan allows.
        energy: Energy of a run; None where it was neither metered nor estimated.
    """

    name: str
    summary: Summary
    facts: Facts
    is_unstable: bool
    energy: EnergyReading | None = None


@dataclass(frozen=True, slots=True)
class Profiled:
    """What a profile gave.

    Args:
        target: What the values are about: device, data set, conditions.
        backend: Name of the backend.
        settings: What it says of itself.
        anchor: The model that ran beside all others.
        models: Those that were asked for and measured, now or before, in the order asked.
        failed: Why each that could not be measured could not.
        table: Name of the table that holds them; None for files.
        path: File of the raw samples.
    """

    target: Target
    backend: str
    settings: Mapping[str, Any]
    anchor: str
    models: tuple[ProfiledModel, ...]
    failed: Mapping[str, str]
    table: str | None
    path: Path


def profiled_record(
    result: Profiled, lasting: Mapping[str, Sustained] | None = None
) -> dict[str, Any]:
    """A profile as JSON can hold it; units are in the names."""
    lasting = lasting or {}
    return {
        "target": result.target.table_column,
        "source": "measured",
        "backend": result.backend,
        "settings": dict(result.settings),
        "anchor": result.anchor,
        "models": [
            {
                "name": each.name,
                **asdict(each.summary),
                "is_unstable": each.is_unstable,
                "energy": None if each.energy is None else asdict(each.energy),
                **asdict(each.facts),
                "sustained": asdict(lasting[each.name]) if each.name in lasting else None,
            }
            for each in result.models
        ],
        "failed": dict(result.failed),
        "table": result.table,
        "raw_samples": str(result.path),
    }
