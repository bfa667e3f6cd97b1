"""Predictors at rest: for each space an index of cards, and models by the hash of their bytes.

The user's lie in a folder, ``<space>/index.json`` and ``<space>/models/<sha256>.onnx``; those that
ship hold the same in one file, ``<space>/predictors.zip``. Caches of version 0.1, with files
``<space>/<dataset>/<name>.json`` and ``.onnx`` beside, are still read.
"""

from __future__ import annotations

import contextlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from hwnas._files import (
    DAMAGED_ZIP,
    atomic_path,
    check_plain,
    read_bytes,
    sha256_bytes,
    write_bytes,
)
from hwnas._resources import artifacts_dir, cache_dir
from hwnas.errors import ArtifactError, StorageError, skip
from hwnas.predictors.card import CARDS, INDEXES, SCORED, Card, Index

INDEX = "index.json"
PACKED = "predictors.zip"
_LOCK = ".lock"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stored:
    """A predictor where it lies.

    Args:
        card: Its card.
        place: Folder or zip file that holds its models.
        model: Name of the model in there.
        support: Name of the model of what the device runs; empty where there is none.
    """

    card: Card
    place: Path
    model: str
    support: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.card.name} on {self.card.target.dataset}"

    def read(self, name: str) -> bytes:
        """A model's bytes, not yet checked.

        Raises:
            ArtifactError: It is not there, or cannot be read.
        """
        return _read(self.place, name)


def search_path() -> tuple[Path, ...]:
    """Folders of predictors: the user's own first, then the shipped ones."""
    return cache_dir() / "artifacts", artifacts_dir()


def stored_in(root: Path, space: str) -> tuple[Stored, ...]:
    """The predictors of a space in one of the folders of ``search_path``.

    Raises:
        ArtifactError: An index or card is damaged or newer.
    """
    found: dict[str, Stored] = {}
    for read in _places(root / space):
        for each in read():
            found.setdefault(_identity(each.card), each)
    return tuple(found.values())


def _places(folder: Path) -> list[Callable[[], Iterable[Stored]]]:
    """Reads each file of cards of a space, those that come first first."""
    loose = [partial(_loose, path) for path in _loose_paths(folder)]
    return [partial(_indexed, folder), partial(_indexed, folder / PACKED), *loose]


def _readable_in(root: Path, space: str) -> list[Stored]:
    """The same without what is in files that cannot be read, which is said."""
    found = list[Stored]()
    for read in _places(root / space):
        try:
            found += read()
        except ArtifactError as error:
            skip(error)
    return found


def stored_predictors(space: str) -> tuple[Stored, ...]:
    """All predictors of a space; of those that predict the same, the user's alone.

    One that reads proxy scores comes before its like that does not. Files that cannot be read are
    left out with a ``SkippedFileWarning``.
    """
    found: dict[str, Stored] = {}
    for root in search_path():
        for each in sorted(_readable_in(root, space), key=lambda each: not each.card.reads_scores):
            found.setdefault(_identity(each.card), each)
    return tuple(found.values())


def predictor_cards(space: str, dataset: str | None = None) -> tuple[Card, ...]:
    """Cards of all predictors of a space, whatever its options.

    Args:
        space: Name of the search space.
        dataset: Data set; all of them by default.
    """
    cards = (each.card for each in stored_predictors(space))
    return tuple(card for card in cards if dataset in (None, card.target.dataset))


def add_predictor(root: Path, card: Card, models: Sequence[bytes]) -> Path:
    """Put a predictor into one of the folders of ``search_path``, in place of its like.

    Models are written before the index that names them, so that a predictor is there as a whole or
    not at all; of two processes that add one, the second waits. A predictor from features alone
    takes the place of its like that reads scores, too: that was fitted beside the one before, and
    would still be asked first.

    Args:
        root: The folder.
        card: Its card.
        models: Bytes of the models whose hashes the card names.

    Returns:
        Path of the index.

    Raises:
        StorageError: The folder cannot be written.
        ArtifactError: The index that is there is damaged or newer.
    """
    folder = root / card.space
    with _locked(folder):
        kept = [each.card for each in _indexed(folder) if not _replaces(card, each.card)]
        for data in models:
            write_bytes(folder / _model(sha256_bytes(data)), data)
        cards = (*kept, card)
        INDEXES.write(folder / INDEX, Index(cards))
        _remove_replaced(folder, card)
        _remove_unnamed(folder, cards)
    return folder / INDEX


def _remove_replaced(folder: Path, card: Card) -> None:
    """Remove the files of what a predictor replaces, where it has files of its own."""
    for each in (found for path in _loose_paths(folder) for found in _loose(path)):
        if _replaces(card, each.card):
            for name in (f"{each.card.name}.json", each.model, each.support):
                if name:
                    (each.place / name).unlink(missing_ok=True)


def _remove_unnamed(folder: Path, cards: Sequence[Card]) -> None:
    """Remove models that no card names any more; files of other names are not ours."""
    named = {sha256 for card in cards for sha256 in _hashes(card)}
    for path in (folder / "models").glob("*.onnx"):
        if _SHA256.fullmatch(path.stem) and path.stem not in named:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        lock.acquire()
    except OSError as error:
        raise StorageError(
            f"{folder} must be writable; it is not ({error.strerror or error}). "
            "Free some space, change its permissions or choose another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _identity(card: Card) -> str:
    """What a predictor predicts, and from what: two that agree do not live beside each other."""
    options = json.dumps(card.options, sort_keys=True)
    return f"{card.space} {options} {card.target.dataset} {card.name}"


def _replaces(card: Card, other: Card) -> bool:
    identity = _identity(card)
    return _identity(other) in (identity, f"{identity}.{SCORED}")


def _hashes(card: Card) -> list[str]:
    """Hashes of a predictor's models."""
    return [card.model.sha256, *([card.support.sha256] if card.support else [])]


def _model(sha256: str) -> str:
    return f"models/{sha256}.onnx"


def _indexed(place: Path) -> tuple[Stored, ...]:
    """What the index in a folder or zip file names; nothing where there is none."""
    file = place / INDEX if place.suffix != ".zip" else place
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise INDEXES.refused(str(file), error.strerror or str(error)) from error
    return _read_index(place, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=32)
def _read_index(place: Path, _: tuple[int, int, int]) -> tuple[Stored, ...]:
    """The same, read once as long as the file does not change."""
    where = place if place.suffix == ".zip" else place / INDEX
    index = INDEXES.parse(_read(place, INDEX), str(where))
    return tuple(
        Stored(
            card,
            place,
            _model(card.model.sha256),
            _model(card.support.sha256) if card.support else "",
        )
        for card in index.predictors
    )


def _loose_paths(folder: Path) -> list[Path]:
    """Cards of version 0.1, each with files of its own in a folder for the data set."""
    return sorted(folder.glob("*/*.json"))


def _loose(path: Path) -> Iterator[Stored]:
    """The predictor of such a card."""
    card = CARDS.read(path)
    if card.name != path.stem or card.target.dataset != path.parent.name:
        raise ArtifactError(
            f"{path} must be the card of {path.stem} on {path.parent.name}; it is that of "
            f"{card.name} on {card.target.dataset}. Make it again with: hwnas fit"
        )
    support = f"{card.name}.support.onnx" if card.support else ""
    yield Stored(card, path.parent, f"{card.name}.onnx", support)


def _read(place: Path, name: str) -> bytes:
    """A file of a folder or zip file."""
    try:
        if place.suffix != ".zip":
            return read_bytes(place / name)
        check_plain(place)
        with zipfile.ZipFile(place) as packed:
            return packed.read(name)
    except DAMAGED_ZIP as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ArtifactError(
            f"{place} must hold {name}; it cannot be read ({reason}). "
            "Install hwnas again, or make it again with: hwnas fit"
        ) from error


def pack(folder: Path) -> Path:
    """Pack a space's folder of predictors into the file that ships; the same bytes each time.

    Args:
        folder: Folder of one space, as ``add_predictor`` leaves it.

    Returns:
        Path of the packed file, in the folder.

    Raises:
        ArtifactError: There is no index, it is damaged, or a model is missing or another one.
    """
    predictors = _indexed(folder)
    cards = sorted((each.card for each in predictors), key=_identity)
    if not cards:
        raise ArtifactError(f"{folder} must hold an {INDEX} with predictors; it does not.")
    text = INDEXES.text(Index(tuple(cards)), is_compact=True)
    files = {INDEX: text.encode()}
    for sha256 in (each for card in cards for each in _hashes(card)):
        data = _read(folder, _model(sha256))
        if sha256_bytes(data) != sha256:
            raise ArtifactError(f"{folder / _model(sha256)} must have the hash of its name.")
        files[_model(sha256)] = data
    path = folder / PACKED
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for name, data in sorted(files.items()):
            # The oldest time that the format knows: the bytes say nothing of when and where.
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr, info.create_system = 0o644 << 16, 3
            packed.writestr(info, data, zipfile.ZIP_DEFLATED, 9)
    return path
