"""The contract of meters."""

from __future__ import annotations

import inspect
import json
import math

from hwnas.errors import MeasurementError
from hwnas.measure.meters import METERS, Counter, Meter
from hwnas.testing._require import require


def check_meter(meter: Meter | str) -> None:
    """Assert that a meter tells what it reads, and reads it, or says in one line why it cannot.

    It checks that

    - the first line of its class's docstring describes it;
    - where it cannot read anything, ``why_not`` says so in one line and ``counters`` raises a
      MeasurementError;
    - where it can, its counters have names of their own, update at some interval, and where they
      go round do so above 0;
    - a reading has a value for each counter, none negative, none beyond where it goes round, and
      none that does not go round is lower at the next reading;
    - what it says of itself can be written as JSON.

    Args:
        meter: The meter, or the name of a registered one.

    Raises:
        AssertionError: A sentence on what must hold and what was found instead.
        UnknownNameError: No meter has that name.
    """
    found = METERS[meter]() if isinstance(meter, str) else meter
    name = found.name
    title = (inspect.getdoc(type(found)) or "").partition("\n")[0].strip()
    require(bool(title), f"Meter '{name}' must have a docstring whose first line describes it.")
    reason = found.why_not()
    if reason is not None:
        _check_absent(found, reason)
        return
    counters = found.counters()
    names = [each.name for each in counters]
    require(
        bool(names) and len(set(names)) == len(names),
        f"Meter '{name}': its counters must have names of their own; got {names}.",
    )
    first = found.read_mj()
    second = found.read_mj()
    require(
        len(first) == len(second) == len(counters),
        f"Meter '{name}': a reading must have {len(counters)} values, one for each counter; got "
        f"{len(first)} and {len(second)}.",
    )
    for counter, before_mj, after_mj in zip(counters, first, second, strict=True):
        _check_counter(name, counter, before_mj, after_mj)
    try:
        json.dumps(found.describe(), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"Meter '{name}': describe() must be what JSON can hold; {error}."
        ) from error


def _check_absent(meter: Meter, reason: str) -> None:
    require(
        bool(reason.strip()) and "\n" not in reason,
        f"Meter '{meter.name}': why_not() must be one line; got {reason!r}.",
    )
    try:
        counters = meter.counters()
    except (MeasurementError, ImportError):
        return
    raise AssertionError(
        f"Meter '{meter.name}' must raise a MeasurementError where it cannot read; it has the "
        f"counters {[each.name for each in counters]}."
    )


def _check_counter(name: str, counter: Counter, before_mj: float, after_mj: float) -> None:
    require(
        math.isfinite(counter.update_s) and counter.update_s > 0,
        f"Meter '{name}': the counter of {counter.name} must update at an interval above 0 s; got "
        f"{counter.update_s}.",
    )
    wraps_at_mj = counter.wraps_at_mj
    require(
        wraps_at_mj is None or (math.isfinite(wraps_at_mj) and wraps_at_mj > 0),
        f"Meter '{name}': the counter of {counter.name} must go round above 0 mJ, or be None; got "
        f"{wraps_at_mj}.",
    )
    highest_mj = math.inf if wraps_at_mj is None else wraps_at_mj
    for value in (before_mj, after_mj):
        require(
            math.isfinite(value) and 0 <= value <= highest_mj,
            f"Meter '{name}': the counter of {counter.name} must read from 0 to {highest_mj:g} "
            f"mJ; got {value}.",
        )
    require(
        wraps_at_mj is not None or after_mj >= before_mj,
        f"Meter '{name}': the counter of {counter.name} does not go round, so it must not go "
        f"back; it went from {before_mj:g} to {after_mj:g} mJ.",
    )
