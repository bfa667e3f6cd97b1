"""What numpy writes into pickles: numbers and arrays, built from their bytes and checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


class RefusedError(Exception):
    """A file that is refused; the message says what it holds."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that a pickle may use; it is never looked up."""

    module: str
    name: str


@dataclass(slots=True)
class Unfinished:
    """A numpy type or array before the step that fills it in.

    Args:
        dtype: The type without its byte order, or None for an array.
        place: Its place in the memo, where it must be replaced.
    """

    dtype: np.dtype[Any] | None
    place: int | None = None


def _make_dtype(code: object, *_: object) -> Unfinished:
    return Unfinished(_number_dtype(code))


def _number_dtype(code: object) -> np.dtype[Any]:
    """The numpy type of numbers that a code such as ``f8`` names."""
    if not isinstance(code, str) or code not in _DTYPES:
        raise RefusedError("a numpy type that is no number")
    return np.dtype(code)


def with_byte_order(
    dtype: np.dtype[Any], _version: object, order: object, *rest: object
) -> np.dtype[Any]:
    if order not in ("<", ">", "|", "=") or any(item not in (None, -1, 0) for item in rest):
        raise RefusedError("a numpy type that is no number")
    return dtype.newbyteorder(order)


def _make_scalar(dtype: object, data: object) -> Any:
    return _from_bytes(dtype, data, 1)[0].item()


def _make_empty_array(cls: object, *_: object) -> Unfinished:
    if cls != Name("numpy", "ndarray"):
        raise RefusedError("an array of another class")
    return Unfinished(None)


def filled_array(
    _version: object, shape: object, dtype: object, is_fortran: object, data: object
) -> np.ndarray:
    return _make_array(data, dtype, shape, "F" if is_fortran else "C")


def _make_array(data: object, dtype: object, shape: object, order: object) -> np.ndarray:
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise RefusedError("an array of another form")
    flat = _from_bytes(dtype, data, math.prod(shape))
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _from_bytes(dtype: object, data: object, n_items: int) -> np.ndarray:
    if not isinstance(dtype, np.dtype) or type(data) is not bytes:
        raise RefusedError("an array that is not made of numbers")
    if len(data) != n_items * dtype.itemsize:
        raise RefusedError("an array of another size than its data")
    return np.frombuffer(data, dtype)


def _encode(text: object, encoding: object = "latin1") -> bytes:
    # How the older protocols write bytes.
    if not isinstance(text, str) or encoding != "latin1":
        raise RefusedError("text in an encoding")
    return text.encode("latin1")


_DTYPES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
# numpy 2 renamed its module core to _core.
MAKERS: dict[tuple[object, object], Callable[..., Any]] = {
    ("numpy", "dtype"): _make_dtype,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): lambda: b"",
    **{
        (f"numpy.{core}.{module}", name): maker
        for core in ("core", "_core")
        for module, name, maker in (
            ("multiarray", "scalar", _make_scalar),
            ("multiarray", "_reconstruct", _make_empty_array),
            ("numeric", "_frombuffer", _make_array),
        )
    },
}
