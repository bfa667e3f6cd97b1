"""Every meter keeps the contract, and check_meter tells what does not what it breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from hwnas.errors import MeasurementError, UnknownNameError
from hwnas.measure.meters import METERS, Counter
from hwnas.testing import check_meter


@pytest.mark.parametrize("name", list(METERS))
def test_meter_keeps_its_contract(name: str) -> None:
    check_meter(name)


def test_a_name_that_no_meter_has_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown meter 'zeuss'. Did you mean 'zeus'"):
        check_meter("zeuss")


@dataclass
class Sound:
    """Two counters that were written down, the second of which goes round."""

    reason: str | None = None
    counted: tuple[Counter, ...] = (Counter("a", 0.1), Counter("b", 0.001, 50.0))
    readings: list[tuple[float, ...]] = field(default_factory=lambda: [(5.0, 49.0), (6.0, 1.0)])
    described: Any = field(default_factory=lambda: {"version": "1"})
    name: ClassVar[str] = "sound"

    def why_not(self) -> str | None:
        return self.reason

    def describe(self) -> dict[str, Any]:
        return self.described

    def counters(self) -> tuple[Counter, ...]:
        if self.reason is not None and not self.counted:
            raise MeasurementError(self.reason)
        return self.counted

    def read_mj(self) -> tuple[float, ...]:
        return self.readings.pop(0)


class Undescribed(Sound):
    __doc__ = ""


def test_the_unbroken_one_passes() -> None:
    check_meter(Sound())
    check_meter(Sound(reason="There is none here.", counted=()))


def test_a_meter_that_nobody_describes_is_told() -> None:
    with pytest.raises(AssertionError, match=r"'sound' must have a docstring whose first line"):
        check_meter(Undescribed())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reason": "two\nlines"}, r"why_not\(\) must be one line; got 'two\\nlines'"),
        ({"reason": " "}, r"why_not\(\) must be one line; got ' '"),
        ({"reason": "none"}, r"must raise a MeasurementError where it cannot read; .*'a', 'b'"),
        ({"counted": ()}, r"names of their own; got \[\]"),
        (
            {"counted": (Counter("a", 0.1), Counter("a", 0.1))},
            r"names of their own; got \['a', 'a'\]",
        ),
        ({"counted": (Counter("a", 0.0), Counter("b", 1.0))}, r"of a must update .*; got 0.0"),
        (
            {"counted": (Counter("a", 1.0, 0.0), Counter("b", 1.0))},
            r"go round above 0 mJ.* got 0.0",
        ),
        ({"readings": [(5.0,), (6.0,)]}, r"must have 2 values, one for each counter; got 1 and 1"),
        ({"readings": [(5.0, 51.0), (6.0, 1.0)]}, r"of b must read from 0 to 50 mJ; got 51.0"),
        ({"readings": [(5.0, 1.0), (-6.0, 1.0)]}, r"of a must read from 0 to inf mJ; got -6.0"),
        ({"readings": [(5.0, 1.0), (4.0, 1.0)]}, r"of a does not go round.* from 5 to 4 mJ"),
        ({"described": {"since": float("nan")}}, r"describe\(\) must be what JSON can hold"),
    ],
)
def test_a_broken_meter_is_told_what_must_hold(change: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_meter(Sound(**change))
