"""The one reader of records: JSON or TOML into frozen typed records, with one clear error.

A record is a frozen dataclass, perhaps with others inside. Files hold its fields and a ``schema``
number; older ones are brought up to date one number at a time, newer ones are refused.
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Callable, Hashable, Mapping
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
            data = json.loads(text)
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
            stranger = _unknown_key(_info(cast(Hashable, self.kind)), fields, "")
            if stranger is not None:
                raise self._refused(where, stranger)
            return msgspec.convert(fields, self.kind)
        except (msgspec.ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, HwnasError):
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


@functools.cache
def _info(kind: Hashable) -> inspect.Type:
    return inspect.type_info(kind)


def _unknown_key(kind: inspect.Type, data: Any, place: str) -> str | None:
    """What is wrong with the first key that a record does not have; None if it has them all."""
    if isinstance(kind, inspect.UnionType):
        found = (_unknown_key(each, data, place) for each in kind.types)
        return next(filter(None, found), None)
    if isinstance(kind, inspect.VarTupleType | inspect.ListType) and isinstance(data, list | tuple):
        parts = (_unknown_key(kind.item_type, each, place) for each in data)
        return next(filter(None, parts), None)
    if isinstance(kind, inspect.DictType) and isinstance(data, dict):
        inside = (
            _unknown_key(kind.value_type, each, f"{place}{key}.") for key, each in data.items()
        )
        return next(filter(None, inside), None)
    if not isinstance(kind, inspect.DataclassType) or not isinstance(data, dict):
        return None
    known = {each.encode_name: each.type for each in kind.fields}
    for key in data:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            hint = f"did you mean '{place}{close[0]}'?" if close else f"known: {', '.join(known)}"
            return f"it has no '{place}{key}', {hint}".rstrip("?")
        stranger = _unknown_key(known[key], data[key], f"{place}{key}.")
        if stranger is not None:
            return stranger
    return None


def _reason(error: Exception) -> str:
    """What is wrong with a record, as part of a sentence."""
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    if not isinstance(error, msgspec.ValidationError):
        return f"it cannot be read ({type(error).__name__})"
    text = str(error).replace("`$.", "`").replace("`", "'").removesuffix(" - at '$'")
    return text[0].lower() + text[1:]
