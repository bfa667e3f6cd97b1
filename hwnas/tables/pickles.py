"""Pickles of plain data, read step by step by a machine of our own: nothing runs.

A pickle is a program. The steps that build dictionaries, lists, tuples, text and numbers are
carried out here; of the objects a pickle can name, only those that numpy writes for its numbers
and arrays are understood, and these are built from their bytes. No name is ever imported or
called, and whatever else a file holds makes it refused as a whole.

References:
    The steps are those of Python's ``pickletools``, https://docs.python.org/3/library/pickletools.html
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas._files import DAMAGED_ZIP
from hwnas.errors import TableError
from hwnas.tables._pickled_numbers import (
    MAKERS,
    Name,
    RefusedError,
    Unfinished,
    filled_array,
    with_byte_order,
)

MAX_BYTES = 64 * 2**20
MAX_STEPS = 10_000_000
"""A step of one byte can make an empty dictionary of 64 bytes, so bytes alone are no bound."""

_PLAIN = (dict, list, tuple, str, bytes, bool, int, float, type(None), np.ndarray)
_KEYS = (str, bool, int, float, type(None))
_LARGEST_INT = 2**64


@dataclass(frozen=True, slots=True)
class _Arguments:
    """A tuple that is not plain data: what a name is called with, or the state of an array."""

    items: tuple[Any, ...]


class _Mark:
    """Where the items of a container begin on the stack."""


def read_pickle(data: bytes, where: str) -> Any:
    """What a pickle of plain data holds.

    Args:
        data: The pickle.
        where: What to call the file.

    Returns:
        Dictionaries, lists, tuples, text, numbers, None and numpy arrays of numbers.

    Raises:
        TableError: It is truncated or too large, or holds anything else.
    """
    if len(data) > MAX_BYTES:
        raise TableError(f"{where} must have at most {MAX_BYTES:,} bytes; it has {len(data):,}.")
    try:
        return _Machine(len(data)).run(data)
    except RefusedError as error:
        raise TableError(
            f"{where} must hold plain data (dict, list, tuple, text, numbers, numpy arrays) and "
            f"nothing else; it holds {error}. Nothing in it was run."
        ) from error
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise TableError(
            f"{where} must be a whole pickle; it is damaged ({type(error).__name__}). "
            "Nothing in it was run."
        ) from error


def read_torch_file(data: bytes, where: str) -> Any:
    """What a ``.pt`` file of plain data holds; torch is not needed.

    Tensors are not plain data: a file with one is refused.

    Args:
        data: A zip archive as ``torch.save`` writes it.
        where: What to call the file.

    Raises:
        TableError: It is no such archive, or holds anything but plain data.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(names) != 1:
                raise TableError(f"{where} must hold one data.pkl; it holds {len(names)}.")
            with archive.open(names[0]) as file:
                # One byte too many is enough to know that it is too large.
                pickled = file.read(MAX_BYTES + 1)
    except TableError:
        raise
    except DAMAGED_ZIP as error:
        raise TableError(
            f"{where} must be a zip archive as torch.save writes it; it is damaged or another "
            f"kind of file ({type(error).__name__})."
        ) from error
    return read_pickle(pickled, where)


class _Machine:
    """Carries out the steps of one pickle.

    Args:
        n_bytes: Size of the pickle; text that it turns into bytes cannot be longer in all.
    """

    def __init__(self, n_bytes: int) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._n_bytes_left = n_bytes

    def run(self, data: bytes) -> Any:
        """The object that the pickle builds."""
        for n_steps, (step, argument, _) in enumerate(pickletools.genops(data)):
            if n_steps > MAX_STEPS:
                raise RefusedError(f"more than {MAX_STEPS:,} steps")
            if step.name in _LITERALS:
                self._stack.append(_checked_literal(argument))
            elif step.name in _CONSTANTS:
                self._stack.append(_CONSTANTS[step.name])
            elif step.name in _STEPS:
                _STEPS[step.name](self, argument)
            elif step.name not in _NO_EFFECT:
                raise RefusedError(f"the step {step.name}")
        (result,) = self._stack
        return _checked_plain(result)

    def _pop_items(self) -> list[Any]:
        """What lies on the stack above the last mark, which goes too."""
        place = len(self._stack) - 1
        while not isinstance(self._stack[place], _Mark):
            place -= 1
            if place < 0:
                raise IndexError
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _pop_last(self, n_items: int) -> list[Any]:
        if len(self._stack) < n_items:
            raise IndexError
        items = self._stack[len(self._stack) - n_items :]
        del self._stack[len(self._stack) - n_items :]
        return items

    def mark(self, _: object) -> None:
        self._stack.append(_Mark())

    def empty_list(self, _: object) -> None:
        self._stack.append([])

    def empty_dict(self, _: object) -> None:
        self._stack.append({})

    def make_list(self, _: object) -> None:
        self._stack.append([_checked_plain(item) for item in self._pop_items()])

    def make_dict(self, _: object) -> None:
        items = self._pop_items()
        self._stack.append({})
        self._set_items(items)

    def make_tuple(self, _: object) -> None:
        self._push_tuple(self._pop_items())

    def make_short_tuple(self, n_items: int) -> None:
        self._push_tuple(self._pop_last(n_items))

    def _push_tuple(self, items: list[Any]) -> None:
        if any(isinstance(item, _Mark | Unfinished) for item in items):
            raise RefusedError("an unfinished object")
        is_plain = all(type(item) in _PLAIN for item in items)
        self._stack.append(tuple(items) if is_plain else _Arguments(tuple(items)))

    def append(self, _: object) -> None:
        self._extend(self._pop_last(1))

    def appends(self, _: object) -> None:
        self._extend(self._pop_items())

    def _extend(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not list:
            raise RefusedError("items of an object that is no list")
        self._stack[-1].extend(_checked_plain(item) for item in items)

    def set_item(self, _: object) -> None:
        self._set_items(self._pop_last(2))

    def set_items(self, _: object) -> None:
        self._set_items(self._pop_items())

    def _set_items(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not dict:
            raise RefusedError("items of an object that is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Nested tuples that share parts take exponential time to hash.
            if type(key) not in _KEYS:
                raise RefusedError("a key that is neither text nor a number")
            self._stack[-1][key] = _checked_plain(value)

    def put(self, place: int) -> None:
        if isinstance(self._stack[-1], Unfinished):
            self._stack[-1].place = place
        self._memo[place] = self._stack[-1]

    def memoize(self, _: object) -> None:
        self.put(len(self._memo))

    def get(self, place: int) -> None:
        self._stack.append(self._memo[place])

    def pop(self, _: object) -> None:
        self._pop_last(1)

    def pop_mark(self, _: object) -> None:
        self._pop_items()

    def name(self, argument: str) -> None:
        self._push_name(*argument.split(" ", 1))

    def stack_name(self, _: object) -> None:
        self._push_name(*self._pop_last(2))

    def _push_name(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise RefusedError("an object")
        if (module, name) not in MAKERS and (module, name) != ("numpy", "ndarray"):
            raise RefusedError(f"the object {_shown(module)}.{_shown(name)}")
        self._stack.append(Name(module, name))

    def call(self, _: object) -> None:
        """Make what a name stands for from its arguments."""
        name, arguments = self._pop_last(2)
        maker = MAKERS.get((name.module, name.name)) if isinstance(name, Name) else None
        if maker is None:
            raise RefusedError("a call of an object")
        items = arguments.items if isinstance(arguments, _Arguments) else arguments
        if not isinstance(items, tuple):
            raise RefusedError("a call without arguments")
        made = maker(*items)
        if isinstance(made, bytes):
            self._n_bytes_left -= len(made)
            if self._n_bytes_left < 0:
                raise RefusedError("text that grows")
        self._stack.append(made)

    def build(self, _: object) -> None:
        """Finish a numpy type or array with its state."""
        unfinished, state = self._pop_last(2)
        if not isinstance(unfinished, Unfinished):
            raise RefusedError("the state of an object")
        items = state.items if isinstance(state, _Arguments) else state
        if not isinstance(items, tuple):
            raise RefusedError("a state of another form")
        if unfinished.dtype is not None:
            finished: Any = with_byte_order(unfinished.dtype, *items)
        else:
            finished = filled_array(*items)
        if unfinished.place is not None:
            self._memo[unfinished.place] = finished
        self._stack.append(finished)


def _checked_plain(value: Any) -> Any:
    if type(value) not in _PLAIN:
        raise RefusedError(f"an object ({type(value).__name__.strip('_').lower()})")
    return value


def _checked_literal(value: Any) -> Any:
    if isinstance(value, int) and abs(value) >= _LARGEST_INT:
        raise RefusedError("an integer of more than 64 bits")
    return bytes(value) if isinstance(value, bytearray) else value


def _shown(word: str) -> str:
    """A word for a message of one line."""
    return ascii(word)[1:-1][:60]


_NO_EFFECT = ("PROTO", "FRAME", "STOP")
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
    "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "EMPTY_LIST": _Machine.empty_list,
    "LIST": _Machine.make_list,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "EMPTY_DICT": _Machine.empty_dict,
    "DICT": _Machine.make_dict,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "TUPLE": _Machine.make_tuple,
    "TUPLE1": lambda machine, _: machine.make_short_tuple(1),
    "TUPLE2": lambda machine, _: machine.make_short_tuple(2),
    "TUPLE3": lambda machine, _: machine.make_short_tuple(3),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    "MEMOIZE": _Machine.memoize,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.build,
}
