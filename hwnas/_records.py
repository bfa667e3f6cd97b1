"""The one reader of records: JSON or TOML into frozen typed records, with one clear error.

A record is a frozen dataclass, perhaps with others inside. Files hold its fields, a ``schema``
number and, in JSON, a ``digest`` of both; older ones are brought up to date one number at a time,
newer ones are refused, and so are those that have changed since they were written.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import json
import tomllib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, cast

import msgspec
from msgspec import inspect

from hwnas._files import read_bytes, sha256_bytes, write_text
from hwnas.errors import HwnasError

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""From what a file of one schema holds to what the next one would."""
Count = Annotated[int, msgspec.Meta(ge=0)]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
"""Types of fields whose ranges are checked as they are read."""
DIGEST = "digest"
"""Key of the digest in a file."""


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
        sealed_from: Schema from which on files hold a digest; None for those that people write.
    """

    kind: type[T]
    schema: int
    error: type[HwnasError]
    what: str
    advice: str
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)
    sealed_from: int | None = None

    def read(self, path: Path) -> T:
        """The record in a JSON file.

        Raises:
            HwnasError: Of the format's class: the file is missing, damaged, foreign or newer.
        """
        return self.parse(self._text(path, str(path)), str(path))

    def read_toml(self, path: Path, where: str) -> T:
        """The record in a TOML file.

        Args:
            path: The file.
            where: What to call it.

        Raises:
            HwnasError: Of the format's class: the file is missing, damaged, foreign or newer.
        """
        text = self._text(path, where)
        try:
            # What editors put before text in UTF-8 is no TOML.
            data = tomllib.loads(text.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = text.count(b"\n", 0, error.start) + 1
            reason = f"it is no text in UTF-8 (line {line}). Save it in that encoding"
            raise self.refused(where, reason) from error
        except tomllib.TOMLDecodeError as error:
            raise self.refused(where, f"it is no TOML: {_told(error)}") from error
        except (ValueError, OverflowError, RecursionError) as error:
            raise self.refused(where, "it is no TOML") from error
        return self.decode(data, where)

    def _text(self, path: Path, where: str) -> bytes:
        try:
            return read_bytes(path)
        except OSError as error:
            raise self.refused(where, error.strerror or str(error)) from error

    def parse(self, text: str | bytes, where: str, has_seal: bool = True) -> T:
        """The record in JSON text.

        Args:
            text: The text.
            where: What to call it.
            has_seal: Whether the file around it has the seal that a record with a digest goes with.

        Raises:
            HwnasError: Of the format's class: it is damaged, foreign or newer.
        """
        try:
            data = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise self.refused(where, "it is no JSON") from error
        return self.decode(data, where, has_seal)

    def decode(self, data: Any, where: str, has_seal: bool = True) -> T:
        """The record in what JSON or TOML held.

        Args:
            data: The fields and ``schema``.
            where: What to call it.
            has_seal: As for ``parse``.

        Raises:
            HwnasError: Of the format's class: a field is missing, unknown or of another type, the
                schema is newer, or what it holds has changed since it was written.
        """
        if not isinstance(data, dict):
            raise self.refused(where, "it holds no fields")
        fields = dict(data)
        schema = fields.pop("schema", None)
        if type(schema) is not int or schema < 1:
            raise self.refused(where, f"schema must be a whole number from 1; got {schema!r}")
        if schema > self.schema:
            raise self.error(
                f"{where}: schema must be at most {self.schema}; got {schema}. Update hwnas."
            )
        if self.sealed_from is not None:
            self._check_digest(schema, fields, where, has_seal)
        try:
            for number in range(schema, self.schema):
                fields = self.upgrades[number](fields)
            stranger = _strangers(cast(Hashable, self.kind))(fields, "")
            if stranger is not None:
                raise self.refused(where, stranger)
            return msgspec.convert(fields, self.kind)
        except _REFUSED as error:
            if isinstance(error, self.error):
                raise
            raise self.refused(where, _reason(error)) from error

    def _check_digest(
        self, schema: int, fields: dict[str, Any], where: str, has_seal: bool
    ) -> None:
        """See that fields are what was written, and take out the digest that says so.

        One that is there must match whatever the schema: else a damaged number would switch the
        check off.
        """
        digest = fields.pop(DIGEST, None)
        if digest is None and schema < cast(int, self.sealed_from):
            return
        is_same = False
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            is_same = has_seal and digest == digest_of(schema, fields)
        if not is_same:
            raise self.refused(where, "it has changed since it was written")

    def encode(self, record: T) -> dict[str, Any]:
        """A record as JSON can hold it, ``schema`` first; without the digest of files."""
        return {"schema": self.schema, **msgspec.to_builtins(record)}

    def text(self, record: T, is_compact: bool = False) -> str:
        """A record as JSON that ``parse`` reads, with its digest.

        Args:
            record: The record.
            is_compact: Whether to spare blanks and new lines.

        Raises:
            ValueError: A number in it is not finite; unknown is None.
        """
        fields = msgspec.to_builtins(record)
        if self.sealed_from is not None:
            # As it will be read: keys are text there, and tuples lists.
            digest = digest_of(self.schema, json.loads(json.dumps(fields, allow_nan=False)))
            fields = {DIGEST: digest, **fields}
        shape: dict[str, Any] = {"separators": (",", ":")} if is_compact else {"indent": 2}
        return json.dumps({"schema": self.schema, **fields}, allow_nan=False, **shape)

    def write(self, path: Path, record: T) -> None:
        """Write a record as JSON, whole or not at all.

        Raises:
            StorageError: The folder cannot be written.
        """
        write_text(path, self.text(record) + "\n")

    def refused(self, where: str, reason: str) -> HwnasError:
        """The error for a file that is no such record.

        Args:
            where: What to call it.
            reason: What is wrong with it, as part of a sentence.
        """
        return self.error(f"{where} must be {self.what}; {reason}. {self.advice}")


_REFUSED = (
    msgspec.ValidationError,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
    OverflowError,
    RecursionError,
)
"""What fields that are none of a record raise as they are converted."""


def digest_of(schema: int, fields: Mapping[str, Any]) -> str:
    """SHA-256 of what a file holds, however its text is laid out."""
    content = {**fields, "schema": schema}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256_bytes(text.encode())


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


def _told(error: Exception) -> str:
    """What an error says, within a sentence."""
    text = " ".join(str(error).split()).removesuffix(".")
    return text[:1].lower() + text[1:200]


def _reason(error: Exception) -> str:
    """What is wrong with a record, as part of a sentence."""
    if isinstance(error, HwnasError):
        return _told(error)
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    if not isinstance(error, msgspec.ValidationError):
        return f"it cannot be read ({type(error).__name__})"
    text = str(error).replace("`$.", "`").replace("`", "'").removesuffix(" - at '$'")
    return text[0].lower() + text[1:]
