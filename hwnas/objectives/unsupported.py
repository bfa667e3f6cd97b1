"""What a device cannot run, as a count that a limit keeps at 0."""

from __future__ import annotations

from collections.abc import Sequence

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.device import Device
from hwnas.core.limits import Limit
from hwnas.core.objective import Estimate, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.features.operation_kinds import count_kinds

COLUMN = "unsupported_operators"
"""Name of the count."""


class UnsupportedOperators:
    """Operations of an architecture that a device cannot run, counted.

    It is counted first, so that an architecture that has any is spared everything else.

    Args:
        space: Search space with its data set.
        device: The device.
    """

    def __init__(self, space: SearchSpace, device: Device) -> None:
        self._space, self._kinds = space, device.unsupported
        words = ", ".join(device.unsupported) or "nothing"
        self.spec = ObjectiveSpec(
            column=COLUMN,
            unit="",
            direction="min",
            source="counted",
            title="Unsupported operators",
            detail=f"operators that {device.name} does not support: {words}",
            origin=f"description of {device.name}: unsupported {words}",
            stage=0,
        )

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Counts of ``n_archs`` architectures."""
        batch = Batch.of(self._space, archs)
        counts = count_kinds(self._space, batch.genotypes, self._kinds)
        return Estimate.exact(counts)


def support(
    space: SearchSpace, device: Device | None
) -> tuple[list[UnsupportedOperators], list[Limit]]:
    """What says whether a device can run architectures, and the limit on it; nothing if it can all.

    Args:
        space: Search space with its data set.
        device: The device, if there is one.
    """
    if device is None or not device.unsupported:
        return [], []
    return [UnsupportedOperators(space, device)], [Limit(COLUMN, "<=", 0)]
