"""The one reader of records: JSON or TOML into frozen typed records, with one clear error.

A record is a frozen dataclass, perhaps with others inside. Files hold its fields and a ``schema``
number; older ones are brought up to date one number at a time, newer ones are refused.
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import msgspec
from msgspec import inspect

from hwnas._files import write_json
from hwnas.errors import HwnasError

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""From what a file of one schema holds to what the next one would."""


@dataclass(frozen=True)
class RecordFormat(Generic[T]):
    """How records of one kind lie in files.

    Args:
        kind: The record, a frozen dataclass.
        schema: Number of the newest schema, from 1.
        error: Class of the error where a file is no such record.
        what: What a file must be: ``"the card of a predictor"``.
        advice: What to do about one that is not: ``"Make it again with: hwnas fit"``.
        upgrades: From each older schema to the next.
    """

    kind: type[T]
    schema: int
    error: type[HwnasError]
    what: str
    advice: str
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)

    def read(self, path: Path) -> T:
        """The record in a JSON file.

        Raises:
            HwnasError: Of the format's class: the file is missing, damaged, foreign or newer.
        """
        return self.parse(self._text(path), str(path))

    def _text(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._refused(str(path), error.strerror or str(error)) from error

    def parse(self, text: str | bytes, where: str) -> T:
        """The record in JSON text.

        Args:
            text: The text.
            where: What to call it.

        Raises:
            HwnasError: Of the format's class: it is damaged, foreign or newer.
        """
        try:
            data = json.loads(text, parse_constant=_no_constant)
        except ValueError as error:
            raise self._refused(where, "it is no JSON") from error
        return self.decode(data, where)

    def decode(self, data: Any, where: str) -> T:
        """The record in what JSON or TOML held.

        Args:
            data: The fields and ``schema``.
            where: What to call it.

        Raises:
            HwnasError: Of the format's class: a field is missing, unknown or of another type, or
                the schema is newer.
        """
        if not isinstance(data, dict):
            raise self._refused(where, "it holds no fields")
        fields = dict(data)
        schema = fields.pop("schema", None)
        if type(schema) is not int or schema < 1:
            raise self._refused(where, f"schema must be a whole number from 1; got {schema!r}")
        if schema > self.schema:
            raise self.error(
                f"{where}: schema must be at most {self.schema}; got {schema}. Update hwnas."
            )
        try:
            for number in range(schema, self.schema):
                fields = self.upgrades[number](fields)
            stranger = _strangers(cast(Hashable, self.kind))(fields, "")
            if stranger is not None:
                raise self._refused(where, stranger)
            return msgspec.convert(fields, self.kind)
        except (msgspec.ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, self.error):
                raise
            raise self._refused(where, _reason(error)) from error

    def encode(self, record: T) -> dict[str, Any]:
        """A record as JSON can hold it, ``schema`` first."""
        return {"schema": self.schema, **msgspec.to_builtins(record)}

    def write(self, path: Path, record: T) -> None:
        """Write a record as JSON, whole or not at all.

        Raises:
            StorageError: The folder cannot be written.
        """
        write_json(path, self.encode(record))

    def _refused(self, where: str, reason: str) -> HwnasError:
        return self.error(f"{where} must be {self.what}; {reason}. {self.advice}")


Stranger = Callable[[Any, str], str | None]
"""From data and its place in a file to what is wrong with the first key that no record has."""


@functools.cache
def _strangers(kind: Hashable) -> Stranger:
    """Finds keys that a record does not have; made once for each kind of record."""
    return _finder(inspect.type_info(kind)) or (lambda _, __: None)


def _finder(kind: inspect.Type) -> Stranger | None:
    """The same for one type; None where nothing inside it is a record."""
    if isinstance(kind, inspect.UnionType):
        found = list(filter(None, map(_finder, kind.types)))
        return (lambda data, place: _first(find(data, place) for find in found)) if found else None
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        item = _finder(kind.item_type)
        return item and _in_items(item)
    if isinstance(kind, inspect.DictType):
        value = _finder(kind.value_type)
        return value and _in_values(value)
    return _in_record(kind) if isinstance(kind, inspect.DataclassType) else None


def _first(found: Iterable[str | None]) -> str | None:
    return next(filter(None, found), None)


def _in_items(item: Stranger) -> Stranger:
    def find(data: Any, place: str) -> str | None:
        return (
            _first(item(each, place) for each in data) if isinstance(data, list | tuple) else None
        )

    return find


def _in_values(value: Stranger) -> Stranger:
    def find(data: Any, place: str) -> str | None:
        if not isinstance(data, dict):
            return None
        return _first(value(each, f"{place}{key}.") for key, each in data.items())

    return find


def _in_record(kind: inspect.DataclassType) -> Stranger:
    known = dict.fromkeys(each.encode_name for each in kind.fields)
    inside = {each.encode_name: finder for each in kind.fields if (finder := _finder(each.type))}

    def find(data: Any, place: str) -> str | None:
        if not isinstance(data, dict):
            return None
        for key in data:
            if key not in known:
                return _unknown(str(key), known, place)
        return _first(
            finder(data[key], f"{place}{key}.") for key, finder in inside.items() if key in data
        )

    return find


def _unknown(key: str, known: Iterable[str], place: str) -> str:
    """What is said of a key that a record does not have."""
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean '{place}{close[0]}'?" if close else f"known: {', '.join(known)}"
    return f"it has no '{place}{key}', {hint}".rstrip("?")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON; unknown is null")


def _reason(error: Exception) -> str:
    """What is wrong with a record, as part of a sentence."""
    if isinstance(error, HwnasError):
        text = str(error).removesuffix(".")
        return text[0].lower() + text[1:]
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    if not isinstance(error, msgspec.ValidationError):
        return f"it cannot be read ({type(error).__name__})"
    text = str(error).replace("`$.", "`").replace("`", "'").removesuffix(" - at '$'")
    return text[0].lower() + text[1:]
