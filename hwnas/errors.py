"""Every error a user can meet: one root, and each child is also the fitting builtin."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from typing import ClassVar


class HwnasError(Exception):
    """Root of all errors raised on purpose; its message is one sentence for the user.

    Attributes:
        is_failure: Whether something failed that the user asked for rightly.
    """

    is_failure: ClassVar[bool] = False

    def __init__(self, message: str = "") -> None:
        # Reasons of other libraries are quoted, some of which have several lines.
        super().__init__(" ".join(message.splitlines()))


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
        return self.message


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
