"""Every error a user can meet: one root, and each child is also the fitting builtin."""

from __future__ import annotations

import difflib
import re
import unicodedata
import warnings
from collections.abc import Iterable
from typing import ClassVar

_LONGEST_WORD = 240
_LONGEST = 900
_KEPT_OF_WORD = 100
_KEPT_AT_END = 250


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


class HwnasError(Exception):
    """Root of all errors raised on purpose; its message is one sentence for the user.

    Attributes:
        is_failure: Whether something failed that the user asked for rightly.
    """

    is_failure: ClassVar[bool] = False

    def __str__(self) -> str:
        # Reasons of other libraries are quoted, some of which have several lines.
        return one_line(super().__str__())


class SkippedFileWarning(UserWarning):
    """A file that was left out since it cannot be read; what else was asked for goes on."""


def skip(error: HwnasError) -> None:
    """Say that a file is left out, and why."""
    warnings.warn(f"Left out: {error}", SkippedFileWarning, stacklevel=2)


class UnknownNameError(HwnasError, KeyError):
    """A name that is not known.

    Args:
        kind: What was looked up, such as ``"device"``.
        given: The name that was given.
        known: All names that would have been accepted.
        see: A command or page that lists them.
    """

    def __init__(self, kind: str, given: str, known: Iterable[str], see: str = "") -> None:
        names = sorted(set(known))
        close = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        tail = f" See: {see}" if see else f" Known: {', '.join(names) or 'none'}."
        self.message = f"Unknown {kind} '{given}'.{hint}{tail}"
        super().__init__(self.message)

    def __str__(self) -> str:
        # KeyError would print the repr of its argument.
        return one_line(self.message)


class ArchitectureError(HwnasError, ValueError):
    """Text or genes that are no architecture of the space."""


class ConfigError(HwnasError, ValueError):
    """A setting that cannot be, or two that exclude each other."""


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
