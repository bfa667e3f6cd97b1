"""Values that need no data: counts, energy from a rated power, and the user's own functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hwnas._names import shown
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.columns import target_of
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import QUANTITIES, Direction
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_target
from hwnas.errors import ConfigError, ReturnError, known_name
from hwnas.features.counting import COLUMNS, count_genotypes
from hwnas.features.memory import (
    PRECISIONS,
    USUAL_PRECISION,
    memory_genotypes,
    peak_memory_bytes,
    size_bytes,
)
from hwnas.objectives.evaluation import prepare
from hwnas.objectives.unsupported import COLUMN as UNSUPPORTED

_IN_BYTES = {"peak_memory": peak_memory_bytes, "size": size_bytes}
COUNTED = (*COLUMNS, *_IN_BYTES)
"""Quantities that are counted from the operation graph."""

_TAKEN = {"arch", "row", "seq", "generation", "fidelity", "violation", "feasible", UNSUPPORTED}
"""Names that the files of a run give to other columns."""
_TAKEN_ENDS = ("_lower", "_upper", "_source")


class CountedObjective:
    """Parameters, multiply-accumulates, peak memory or size, exact.

    Args:
        space: Search space with its data set.
        name: One of ``COUNTED``; of those of memory, ``@precision=int8`` may name a precision.

    Raises:
        ConfigError: It has a condition that it is not counted under.
        UnknownNameError: There is no such quantity or precision.
    """

    def __init__(self, space: SearchSpace, name: str) -> None:
        target = parse_target(name, space.dataset)
        self._space = space
        self._count, detail = _counting(target)
        self.spec = ObjectiveSpec.of(
            target,
            source="counted",
            detail=f"counted from the operation graph for {space.dataset}{detail}",
            stage=0,
        )

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Counts of ``n_archs`` architectures."""
        return Estimate.exact(self._count(Batch.of(self._space, archs)))


def _counting(target: Target) -> tuple[Callable[[Batch], np.ndarray], str]:
    """How a quantity is counted of a batch, values of shape ``(n_archs,)``; and more detail."""
    given = dict(target.conditions)
    if target.quantity in _IN_BYTES:
        name = known_name("precision", given.pop("precision", USUAL_PRECISION), PRECISIONS)
    if given:
        known = f"but precision={'|'.join(PRECISIONS)}"
        may = known if target.quantity in _IN_BYTES else "at all"
        raise ConfigError(
            f"{target}: what is counted from the operation graph must have no conditions {may}; "
            f"got {', '.join(given)}. Leave {'it' if len(given) == 1 else 'them'} out."
        )
    if target.quantity in _IN_BYTES:
        in_bytes, precision = _IN_BYTES[target.quantity], PRECISIONS[name]
        return lambda batch: in_bytes(_memory(batch), precision), f", in {name}, batch 1"
    column = COLUMNS.index(target.quantity)
    return lambda batch: _counts(batch)[:, column], ""


def _counts(batch: Batch) -> np.ndarray:
    return batch.once("counts", lambda: count_genotypes(batch.space, batch.genotypes))


def _memory(batch: Batch) -> np.ndarray:
    return batch.once("memory", lambda: memory_genotypes(batch.space, batch.genotypes))


class RatedEnergy:
    """Energy as rated power times latency: an estimate, not a measurement.

    Args:
        latency: The objective that gives ``latency_ms``.
        power_w: Rated power of the device, in watts.

    Raises:
        ConfigError: ``power_w`` is not a positive, finite number.
    """

    def __init__(self, latency: Objective, power_w: float) -> None:
        if not (math.isfinite(power_w) and power_w > 0):
            raise ConfigError(
                f"The rated power must be a positive number of watts; got {power_w:g}."
            )
        self._latency = latency
        self._power_w = power_w
        # It holds under the conditions of the latency.
        target = target_of(latency.spec.column) or Target("latency")
        self.spec = ObjectiveSpec.of(
            replace(target, quantity="energy"),
            source="estimated",
            detail=f"rated power {power_w:g} W x latency ({latency.spec.source})",
            # Not the figures of latency: nobody measured how wrong the product is.
            origin=latency.spec.origin,
            stage=latency.spec.stage,
            lacks_skill=latency.spec.lacks_skill,
        )

    def prepare(self, batch: Batch) -> None:
        """Let latency be predicted with what else is, and once for all that need it."""
        prepare(self._latency, batch)

    def __call__(self, batch: Batch) -> Estimate:
        """Millijoules of ``n_archs`` architectures: watts times milliseconds."""
        latency = self._latency(batch)
        ends = (latency.value, latency.lower, latency.upper)
        return Estimate(*(end * self._power_w for end in ends))


class CustomObjective:
    """The user's own function over a batch of architectures.

    Args:
        function: Takes ``n_archs`` architectures, returns values of shape ``(n_archs,)``; NaN
            means that the value is unknown.
        column: Name of the values, with their unit.
        direction: ``"min"`` or ``"max"``.
        unit: The unit, for people.
        title: A heading for people; the column's name by default.

    Raises:
        ConfigError: The name is that of a known quantity, or the direction is none.
    """

    def __init__(
        self,
        function: Callable[[Sequence[Architecture]], np.ndarray],
        column: str,
        direction: Direction = "min",
        unit: str = "",
        title: str = "",
    ) -> None:
        self._function = function
        self.spec = own_spec(column, direction, unit, title, "your own function")

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """The function's values for ``n_archs`` architectures.

        Raises:
            ReturnError: The function returned something that is no number, or another number of
                values.
        """
        returned = self._function(archs)
        try:
            values = np.asarray(returned, dtype=float)
        except (TypeError, ValueError) as error:
            raise ReturnError(
                f"{self.spec.column} must return a number for each architecture; {error}."
            ) from error
        if values.shape != (len(archs),):
            raise ReturnError(
                f"{self.spec.column} must return shape (n_archs,) = ({len(archs)},); "
                f"got {values.shape}."
            )
        return Estimate.exact(np.where(np.isinf(values), np.nan, values))


def own_spec(
    column: str, direction: Direction, unit: str, title: str, detail: str
) -> ObjectiveSpec:
    """What values of the user's own are.

    Args:
        column: Name of the values, with their unit.
        direction: ``"min"`` or ``"max"``.
        unit: The unit, for people.
        title: A heading for people; the column's name where it is empty.
        detail: Where they come from.

    Raises:
        ConfigError: The name is that of a known quantity, or the direction is none.
    """
    # SQLite does not tell capitals from small letters.
    plain = column.lower()
    taken = _TAKEN | {name for q in QUANTITIES.values() for name in (q.name, q.column)}
    if not column.isidentifier() or plain in taken or plain.endswith(_TAKEN_ENDS):
        raise ConfigError(
            "An objective of your own needs a name of letters, digits and '_' that is not "
            f"taken, as those of quantities are; got {shown(column)}."
        )
    if direction not in ("min", "max"):
        raise ConfigError(f"The direction of {column} must be min or max; got {shown(direction)}.")
    return ObjectiveSpec(column, unit, direction, "custom", title or column, detail)
