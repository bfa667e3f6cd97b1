"""Every error a user can meet: one root, and each child is also the fitting builtin.

A message names an argument as the command line does, ``--power-w W``: that is how the command line
shows it, while Python's users read ``power_w=W``.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from typing import ClassVar

from hwnas._names import is_far, meant, quoted, same, shown

_LONGEST_WORD = 240
_LONGEST = 900
_KEPT_OF_WORD = 100
_KEPT_AT_END = 250

# A command is told as it is typed, whoever reads of it; only what is no command is an argument.
_TYPED = re.compile(
    r"(?P<command>\bhwnas(?: [^\s;,()]*[^\s;,().:])+)"
    r"|(?<![\w'\"/-])--(?P<name>[a-z][a-z-]*[a-z])"
    r"(?: (?P<key>\w+)=(?P<number>\d(?:[\d,.]*\d)?)"
    r"|[ =](?P<value>[A-Z]+\b|\d+\b|\"[^\"]*\"|(?<==)[\w.:-]*\w))?"
)
# Arguments that are not called as their options are, and options that take no value.
_ARGUMENTS = {
    "constraint": "constraints",
    "batch-size": "batch",
    "spaces": "names",
    "input-shape": "shapes",
    "warm-start": "warm_start",
    "column": "columns",
}
_FLAGS = {"resume", "again", "all"}


def printable(text: str) -> str:
    """A text with what would steer a terminal, or turn its writing round, as escapes.

    Line feeds stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        each.encode("unicode_escape").decode() if _steers(each) else each for each in text
    )


def _steers(character: str) -> bool:
    category = unicodedata.category(character)
    return character != "\n" and (category[0] == "C" or category in ("Zl", "Zp"))


def one_line(text: str) -> str:
    """A message on one line, in which what is quoted of a huge input is cut short."""

    def cut(word: re.Match[str]) -> str:
        return f"{word[0][:_KEPT_OF_WORD]}... ({len(word[0]):,} characters)"

    words = re.sub(r"[\r\n\t]+", " ", text).strip()
    line = printable(re.sub(rf"\S{{{_LONGEST_WORD},}}", cut, words))
    if len(line) <= _LONGEST:
        return line
    # What to do stands at the end.
    return f"{line[: _LONGEST - _KEPT_AT_END]} ... {line[-_KEPT_AT_END:]}"


def in_arguments(message: str) -> str:
    """A message with its options written as arguments of functions.

    Example:
        >>> in_arguments("Choose another --out, or give --power-w W; see: hwnas tables --help")
        'Choose another out=, or give power_w=W; see: hwnas tables --help'
        >>> in_arguments("Use --source=table, or --at-most latency_ms=20")
        'Use source="table", or at_most={"latency_ms": 20}'
    """
    return _TYPED.sub(_written, message)


def _written(match: re.Match[str]) -> str:
    """A command as it is, an option as an argument."""
    if match["command"]:
        return match["command"]
    name, value = match["name"], match["value"] or ""
    if name in _FLAGS:
        return f"{name}=True" + (f" {value}" if value else "")
    if match["key"]:
        number = match["number"]
        value = f'{{"{match["key"]}": {f"[{number}]" if "," in number else number}}}'
    elif value and not (value.isupper() or value.isdecimal() or value.startswith('"')):
        value = f'"{value}"'
    return f"{_ARGUMENTS.get(name, name.replace('-', '_'))}={value}"


class HwnasError(Exception):
    """Root of all errors raised on purpose; its message is one sentence for the user.

    Attributes:
        is_failure: Whether something failed that the user asked for rightly.
    """

    is_failure: ClassVar[bool] = False

    @property
    def typed(self) -> str:
        """The message as the command line shows it, with ``--out`` where Python has ``out=``."""
        # Reasons of other libraries are quoted, some of which have several lines.
        return one_line(str(self.args[0]) if len(self.args) == 1 else Exception.__str__(self))

    def __str__(self) -> str:
        return in_arguments(self.typed)


class SkippedFileWarning(UserWarning):
    """A file that was left out since it cannot be read; what else was asked for goes on.

    Args:
        error: Why.

    Attributes:
        typed: The message as the command line shows it.
    """

    def __init__(self, error: HwnasError) -> None:
        super().__init__(f"Left out: {error}")
        self.typed = f"Left out: {error.typed}"


def skip(error: HwnasError) -> None:
    """Say that a file is left out, and why."""
    warnings.warn(SkippedFileWarning(error), stacklevel=2)


class UnknownNameError(HwnasError, KeyError):
    """A name that is not known.

    Args:
        kind: What was looked up, such as ``"device"``.
        given: The name that was given.
        known: All names that would have been accepted.
        see: A command or page that lists them.
        titles: Longer names of some of them, for people, which are searched too.
        also: Those among them that are second names of others, and not listed.
    """

    def __init__(
        self,
        kind: str,
        given: str,
        known: Iterable[str],
        see: str = "",
        titles: Mapping[str, str] | None = None,
        also: Iterable[str] = (),
    ) -> None:
        names, titles = sorted(set(known)), titles or {}
        told = sorted(set(names) - set(also)) or names
        close = [
            f"'{name}'" + (f" ({titles[name]})" if is_far(given, name) and name in titles else "")
            for name in meant(given, names, titles)
        ]
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        tail = f" See: {see}" if see else f" Known: {', '.join(told) or 'none'}."
        super().__init__(f"Unknown {kind} {quoted(given)}.{hint}{tail}")

    def __str__(self) -> str:
        # KeyError would print the repr of its argument.
        return HwnasError.__str__(self)


class ArchitectureError(HwnasError, ValueError):
    """Text or genes that are no architecture of the space."""


class ConfigError(HwnasError, ValueError):
    """A setting that cannot be, or two that exclude each other."""


class ArgumentError(ConfigError, TypeError):
    """An argument of another type than can be."""


class ReturnError(ConfigError):
    """What a function of the user's returned, in a form or range that it cannot have."""


class ShapeError(HwnasError, ValueError):
    """An array of the wrong shape."""


class PositionError(HwnasError, IndexError):
    """A row that is not there."""


class TableError(HwnasError, ValueError):
    """A table or upstream file that is missing, damaged or not what it says."""


class ArtifactError(HwnasError, ValueError):
    """A file of a predictor or of weights that is missing, damaged or foreign."""


class RunError(HwnasError, ValueError):
    """A run directory that is taken, damaged or of another configuration."""


class NoCandidateError(HwnasError, ValueError):
    """No architecture is left to choose from."""

    is_failure = True


class ExportError(HwnasError, RuntimeError):
    """A model that cannot be exported, or does not compute what it should once it is."""


class EvaluationError(HwnasError, RuntimeError):
    """Nothing could be evaluated; the search cannot go on."""


class StateError(HwnasError, RuntimeError):
    """Calls in an order that makes no sense."""


class StorageError(HwnasError, OSError):
    """A place that cannot be written."""

    is_failure = True


class DownloadError(TableError):
    """A file that cannot be fetched."""

    is_failure = True


class MeasurementError(HwnasError, RuntimeError):
    """A model that cannot be measured, or computes something else on the device."""


class LostDeviceError(MeasurementError):
    """A device that does not answer, or no longer; another try may work."""


class MissingExtraError(HwnasError, ImportError):
    """An optional dependency that is not installed.

    Args:
        what: What cannot run without it, such as ``"hwnas.load_space(...).build"``.
        package: The package that is missing.
        extra: The extra of hwnas that brings it.
    """

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} cannot run here: {package} is not installed. "
            f'Install it with: pip install "hwnas[{extra}]".'
        )


def known_name(
    kind: str,
    given: object,
    known: Iterable[str],
    see: str = "",
    titles: Mapping[str, str] | None = None,
    also: Iterable[str] = (),
) -> str:
    """The known name that a given one spells; capitals, spaces, ``-`` and ``_`` do not count.

    A name that is there as it stands is meant, whatever else it may spell.

    Args:
        kind: What is looked up, such as ``"device"``.
        given: What was given.
        known: All names that are accepted.
        see: A command or page that lists them.
        titles: Longer names of some of them, for people; one of these will do, too.
        also: Those among all names that are second names of others, and not listed.

    Raises:
        ArgumentError: No text was given.
        UnknownNameError: It spells none of them.
        ConfigError: It spells several.

    Example:
        >>> known_name("dataset", "CIFAR-10", ["cifar10", "cifar100"])
        'cifar10'
    """
    names = list(known)
    if not isinstance(given, str):
        raise ArgumentError(
            f"The name of a {kind} must be a text{_example(names)}; got {shown(given)}."
        )
    found = same(given, names, titles)
    if not found:
        raise UnknownNameError(kind, given, names, see, titles, also)
    if len(found) > 1:
        several = " or ".join(f"'{name}'" for name in sorted(found))
        raise ConfigError(f"{kind.capitalize()} {quoted(given)} may be {several}. Name one.")
    return found[0]


def _example(names: list[str]) -> str:
    return f", such as '{min(names)}'" if names else ""
