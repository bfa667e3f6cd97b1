"""Reading what meters write down: tables of time and power, and the lines of tegrastats."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

from hwnas._files import check_plain
from hwnas.core.encoding import encoding_of_file
from hwnas.core.numbers import parse_number
from hwnas.errors import MeasurementError

# What stands above the header of a table: the instrument's name, its settings.
_MOST_LINES_ABOVE = 50

_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9),
}
_WATTS = {
    **dict.fromkeys(("w", "watt", "watts"), 1.0),
    **dict.fromkeys(("mw", "milliwatt", "milliwatts"), 1e-3),
    **dict.fromkeys(("uw", "µw", "μw", "microwatt", "microwatts"), 1e-6),
    "kw": 1e3,
}
_TIME_WORDS = frozenset(("time", "timestamp", "datetime", "date", "unix", "epoch", "t"))
_POWER_WORDS = frozenset(("power", "apower"))
# Columns that speak of power and are not what is drawn now.
_OTHER_WORDS = frozenset(
    ("factor", "apparent", "reactive", "va", "var", "limit", "cap", "max", "min", "peak", "energy")
)

_TEGRASTATS = re.compile(r"\bRAM \d+/\d+MB")
_RAIL = re.compile(r"\b([A-Z][A-Z0-9_]+) (\d{1,9})(?:mW)?/\d+(?:mW)?(?=\s|$)")
# These count the whole module, the other rails of such a line being parts of it.
_WHOLE_RAILS = ("VDD_IN", "POM_5V_IN")
_DATES = ("%m-%d-%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S",
          "%Y/%m/%d %H:%M:%S.%f")  # fmt: skip


@dataclass(slots=True)
class Log:
    """What a log holds, as it was written.

    Args:
        what: Which column, or which rails.
        times_s: Time of each sample in seconds, never going back.
        powers_w: Power of each, never negative.
        is_local: Whether some time was written without its zone.
    """

    what: str = ""
    times_s: array[float] = field(default_factory=lambda: array("d"))
    powers_w: array[float] = field(default_factory=lambda: array("d"))
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class _Table:
    """Where a table keeps what, from its header."""

    separator: str
    times: tuple[int, ...]
    seconds: float | None
    power: int
    watts: float
    what: str


def read_log(path: Path, column: str | None = None) -> Log:
    """What a meter wrote into a file.

    Args:
        path: Text: a table with a header, or the lines of tegrastats.
        column: Name of the column of power, or of tegrastats' rail, where there are several.

    Raises:
        MeasurementError: It is no such file, or a line of it cannot be.
    """
    try:
        check_plain(path)
        with path.open(encoding=encoding_of_file(path), newline="") as file:
            lines = enumerate(file, 1)
            above = list(islice(lines, _MOST_LINES_ABOVE))
            if any(_TEGRASTATS.search(line) for _, line in above):
                return _read_tegrastats(path, chain(above, lines), column)
            for index, (_, line) in enumerate(above):
                table = _table(path, line, column)
                if table is not None:
                    return _read_table(path, chain(above[index + 1 :], lines), table)
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})") from error
    except (UnicodeError, csv.Error) as error:
        raise _refused(path, "is no text") from error
    raise _refused(path, "has no line that names a column of time and one of power")


def _refused(path: Path, reason: str) -> MeasurementError:
    return MeasurementError(
        f"{path}: a meter's log must be a table with a header such as time,power_w, or the lines "
        f"of tegrastats; it {reason}."
    )


def _table(path: Path, line: str, column: str | None) -> _Table | None:
    """What a line says as the header of a table; None if it is none."""
    separator = max(";\t,", key=line.count)
    names = [each.strip() for each in next(csv.reader([line], delimiter=separator), [])]
    words = [re.findall(r"[a-zµμ]+", each.lower()) for each in names]
    times = [index for index, each in enumerate(words) if _is_time(each)]
    powers = [index for index, each in enumerate(words) if _is_power(each)]
    if column is not None and column in names:
        powers = [names.index(column)]
    if not times or not powers:
        return None
    if column is not None and column not in names:
        raise MeasurementError(
            f"{path}: the column of power must be one of {', '.join(names)}; got '{column}'."
        )
    if len(powers) > 1:
        raise MeasurementError(
            f"{path}: one column of power must be chosen; it has "
            f"{', '.join(names[each] for each in powers)}. Name one with --column."
        )
    # Some split the moment into a date and a time of day.
    date_and_time = len(times) > 1 and [words[each] for each in times[:2]] == [["date"], ["time"]]
    power = powers[0]
    return _Table(
        separator,
        tuple(times[:2] if date_and_time else times[:1]),
        next((_SECONDS[each] for each in words[times[0]] if each in _SECONDS), None),
        power,
        next((_WATTS[each] for each in words[power] if each in _WATTS), 1.0),
        names[power],
    )


def _is_time(words: list[str]) -> bool:
    return bool(words) and (
        not _TIME_WORDS.isdisjoint(words) or all(each in _SECONDS for each in words)
    )


def _is_power(words: list[str]) -> bool:
    return _OTHER_WORDS.isdisjoint(words) and (
        not _POWER_WORDS.isdisjoint(words) or any(each in _WATTS for each in words)
    )


def _read_table(path: Path, lines: Iterator[tuple[int, str]], table: _Table) -> Log:
    log = Log(f"column {table.what}")
    seconds = table.seconds
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        cells = next(csv.reader([line], delimiter=table.separator))
        if len(cells) <= max(*table.times, table.power):
            raise _wrong(path, number, f"it has {len(cells)} columns, fewer than the header")
        moment = " ".join(cells[each].strip() for each in table.times)
        time = _number(moment, table.separator)
        if time is not None:
            seconds = _unit_of(time) if seconds is None else seconds
            time *= seconds
        power_w = _power_w(cells[table.power].strip(), table)
        if power_w is None:
            text = cells[table.power].strip()
            raise _wrong(path, number, f"power must be a number; got '{text}'")
        _append(log, path, number, moment, time, power_w)
    return log


def _power_w(text: str, table: _Table) -> float | None:
    """Power in a cell, which may bear its own unit; None if it is no number."""
    number, _, unit = text.partition(" ")
    if unit and unit.lower() not in _WATTS:
        return None
    power = _number(number, table.separator)
    return None if power is None else power * _WATTS.get(unit.lower(), table.watts)


def _unit_of(time: float) -> float:
    """The unit of a bare number: moments of our days in s, ms, us or ns are far apart."""
    for least, unit in ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3)):
        if time >= least:
            return unit
    return 1.0


def _number(text: str, separator: str) -> float | None:
    """A finite number, None if it is none; a comma is a decimal point where it does not separate.

    Infinite and "not a number" are none.
    """
    if separator != "," and "." not in text:
        text = text.replace(",", ".")
    return parse_number(text)


def _read_tegrastats(path: Path, lines: Iterator[tuple[int, str]], column: str | None) -> Log:
    log, choose = Log(), None
    for number, line in lines:
        if not line.strip():
            continue
        start = _TEGRASTATS.search(line)
        rails = {name: int(mw) for name, mw in _RAIL.findall(line)}
        if start is None or not rails:
            raise _wrong(path, number, "it is no line of tegrastats with the power of a rail")
        choose = choose or _chooser(path, log, rails, column)
        power_mw = choose(rails)
        if power_mw is None:
            raise _wrong(path, number, f"it lacks {log.what}")
        moment = line[: start.start()].strip()
        if not moment:
            raise _wrong(
                path, number, "it has no time; log with: tegrastats | ts '%Y-%m-%dT%H:%M:%.S%z'"
            )
        _append(log, path, number, moment, None, power_mw / 1e3)
    return log


def _chooser(
    path: Path, log: Log, rails: dict[str, int], column: str | None
) -> Callable[[dict[str, int]], int | None]:
    """How to read the power of a line, from the rails of the first."""
    if column is not None and column not in rails:
        raise MeasurementError(
            f"{path}: the rail must be one of {', '.join(rails)}; got '{column}'."
        )
    whole = column or next((each for each in _WHOLE_RAILS if each in rails), None)
    if whole is not None:
        log.what = f"rail {whole}"
        return lambda found: found.get(whole)
    names = tuple(rails)
    log.what = f"rails {' + '.join(names)}"
    return lambda found: sum(found[each] for each in names) if set(names) <= set(found) else None


def _append(
    log: Log, path: Path, number: int, moment: str, time_s: float | None, power_w: float
) -> None:
    """Add a sample; a time that was no number is a date."""
    if time_s is None:
        date = _date(moment)
        if date is None:
            raise _wrong(
                path,
                number,
                f"time must be a number or such as 2026-01-31T12:00:00; got '{moment}'",
            )
        time_s, is_local = date
        log.is_local = log.is_local or is_local
    if power_w < 0:
        raise _wrong(path, number, f"power must not be negative; got {power_w:g} W")
    if log.times_s and time_s < log.times_s[-1]:
        raise _wrong(
            path, number,
            f"times must not go back; '{moment}' is {log.times_s[-1] - time_s:g} s before the "
            "sample above it",
        )  # fmt: skip
    log.times_s.append(time_s)
    log.powers_w.append(power_w)


def _date(text: str) -> tuple[float, bool] | None:
    """Seconds since 1970 of a date, and whether it lacks its zone; None if it is no date."""
    for form in ("", *_DATES):
        try:
            date = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
            return date.timestamp(), date.tzinfo is None
        except (ValueError, OverflowError, OSError):
            # The last two are dates that no computer's clock can show.
            continue
    return None


def _wrong(path: Path, number: int, reason: str) -> MeasurementError:
    return MeasurementError(f"{path}, line {number}: {reason}. Mend or delete the line.")
