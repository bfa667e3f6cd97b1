"""Every error a user can meet: one root, and each child is also the fitting builtin.

A message names an argument as the command line does, ``--power-w W``: that is how the command line
shows it, while Python's users read ``power_w=W``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hwnas._names import is_far, meant, quoted, same, shown

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
    """Root of all errors raised on purpose; its message is one sentence for the user."""

    @property
    def typed(self) -> str:
        """The message as the command line shows it, with ``--out`` where Python has ``out=``."""
        return str(self.args[0]) if len(self.args) == 1 else Exception.__str__(self)

    def __str__(self) -> str:
        return in_arguments(self.typed)


class UnknownNameError(HwnasError, KeyError):
    """A name that is not known.

    Args:
        kind: What was looked up, such as ``"device"``.
        given: The name that was given.
        known: All names that would have been accepted.
        see: A command or page that lists them.
        titles: Longer names of some of them, for people, which are searched too.
    """

    def __init__(
        self,
        kind: str,
        given: str,
        known: Iterable[str],
        see: str = "",
        titles: Mapping[str, str] | None = None,
    ) -> None:
        names, titles = sorted(set(known)), titles or {}
        close = [
            f"'{name}'" + (f" ({titles[name]})" if is_far(given, name) and name in titles else "")
            for name in meant(given, names, titles)
        ]
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        tail = f" See: {see}" if see else f" Known: {', '.join(names) or 'none'}."
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


class ShapeError(HwnasError, ValueError):
    """An array of the wrong shape."""


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
) -> str:
    """The known name that a given one spells; capitals, spaces, ``-`` and ``_`` do not count.

    A name that is there as it stands is meant, whatever else it may spell.

    Args:
        kind: What is looked up, such as ``"device"``.
        given: What was given.
        known: All names that are accepted.
        see: A command or page that lists them.
        titles: Longer names of some of them, for people; one of these will do, too.

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
        raise UnknownNameError(kind, given, names, see, titles)
    if len(found) > 1:
        several = " or ".join(f"'{name}'" for name in sorted(found))
        raise ConfigError(f"{kind.capitalize()} {quoted(given)} may be {several}. Name one.")
    return found[0]


def _example(names: list[str]) -> str:
    return f", such as '{min(names)}'" if names else ""
