"""Whether what was measured of a device still holds: some nets once more, beside their old values.

Latency expires with the version of a runtime, a driver, a governor. One factor on all nets is
another machine state; factors that differ are another machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hwnas.errors import MeasurementError

Verdict = Literal["still holds", "scale", "refit"]
SHAPE_TOLERANCE = 0.05
"""How far factors of nets may be from their median, relative, and still be one factor ..."""
NOISE_TIMES = 3.0
"""... or so many times the variation of the nets' own visits, whichever is more."""
SCALE_TOLERANCE = 0.1
"""How far the factor may be from one and still hold, or within what the anchor's visits had."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A net's latency then and now.

    Args:
        name: The net.
        before_ms: What the table holds.
        now_ms: What was measured now, by this machine's clock alone.
        cv: Variation of its visits now.
    """

    name: str
    before_ms: float
    now_ms: float
    cv: float

    @property
    def factor(self) -> float:
        """How many times slower it is."""
        return self.now_ms / self.before_ms


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a recheck found.

    Args:
        verdict: ``"still holds"``; ``"scale"``, all nets by one factor; or ``"refit"``.
        factor: Median of the nets' factors.
        spread: Largest relative distance of a net's factor from it.
        nets: The nets.
        changed: Versions and settings that are not what they were: before and now, by name.
    """

    verdict: Verdict
    factor: float
    spread: float
    nets: tuple[Compared, ...]
    changed: Mapping[str, tuple[str, str]]


def judge(
    nets: tuple[Compared, ...], usual: tuple[float, float], changed: Mapping[str, tuple[str, str]]
) -> Recheck:
    """What nets that were measured again say.

    Args:
        nets: At least one.
        usual: Range of the anchor's visits when the table was measured, relative to its median,
            such as ``(0.95, 1.2)``: so far the machine itself drifts.
        changed: Versions and settings that are not what they were.

    Raises:
        MeasurementError: There is no net.
    """
    if not nets:
        raise MeasurementError("A recheck needs at least one net that was measured; got none.")
    factors = np.array([each.factor for each in nets])
    factor = float(np.median(factors))
    spread = float(np.abs(factors / factor - 1).max())
    noise = NOISE_TIMES * max(each.cv for each in nets)
    low, high = min(usual[0], 1 - SCALE_TOLERANCE), max(usual[1], 1 + SCALE_TOLERANCE)
    verdict: Verdict = "still holds"
    if spread > max(SHAPE_TOLERANCE, noise):
        verdict = "refit"
    elif not low <= factor <= high:
        verdict = "scale"
    return Recheck(verdict, factor, spread, nets, changed)
