"""Pickles of plain data are read; whatever else one holds is refused, and nothing runs."""

from __future__ import annotations

import builtins
import collections
import copyreg
import functools
import io
import os
import pickle
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.errors import TableError
from hwnas.tables import pickles
from hwnas.tables.pickles import read_pickle, read_torch_file

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**64) + 1, 2**64 - 1),
        st.floats(allow_nan=False),
        st.text(),
        st.binary(),
    ),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text() | st.integers(-9, 9), inner),
    ),
)
arrays = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.array([1, -2], dtype=">i2"),
    np.array([True, False]),
    np.zeros((0, 3), dtype="f4"),
    np.array(2.5),
]


class Called:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


class WithState:
    """Runs code of its own when its state is set."""

    def __init__(self) -> None:
        self.state = 1

    def __setstate__(self, state: object) -> None:
        raise AssertionError("its state was set")


def refused(data: bytes) -> str:
    with pytest.raises(TableError, match=r"^a\.pickle must ") as found:
        read_pickle(data, "a.pickle")
    message = str(found.value)
    assert len(message.splitlines()) == 1
    return message


def read_or_refuse(read: Callable[[bytes, str], Any], data: bytes) -> None:
    """Read a file that may be anything; any error but a refusal of one line fails the test."""
    message = ""
    try:
        read(data, "a")
    except TableError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1


def torch_file(data: bytes, name: str = "archive/data.pkl") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


@given(plain, st.sampled_from(PROTOCOLS))
def test_plain_data_is_read_as_it_was(value: Any, protocol: int) -> None:
    found = read_pickle(pickle.dumps(value, protocol), "a.pickle")
    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("array", arrays, ids=lambda array: f"{array.dtype}{array.shape}")
def test_array_of_numbers_is_read_as_it_was(array: np.ndarray, protocol: int) -> None:
    first, again = read_pickle(pickle.dumps([array, array], protocol), "a.pickle")
    np.testing.assert_array_equal(first, array)
    assert (first.dtype, first.shape) == (array.dtype, array.shape)
    assert first is again


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_numpy_numbers_become_plain_ones(protocol: int) -> None:
    numbers = [np.float64(2.5), np.float32(0.1), np.int64(-7), np.bool_(True), np.float64(1e-300)]
    found = read_pickle(pickle.dumps(numbers, protocol), "a.pickle")
    assert found == [number.item() for number in numbers]
    assert {type(number) for number in found} == {float, int, bool}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "hostile",
    [
        Called(os.system, "touch was-run"),
        Called(eval, "open('was-run', 'w')"),
        Called(exec, "open('was-run', 'w')"),
        Called(open, "was-run", "w"),
        Called(getattr, builtins, "eval"),
        Called(__import__, "os"),
        Called(functools.partial, print, "x"),
        Called(np.save, "was-run", 1),
        WithState(),
        collections.OrderedDict(a=1),
        {1, 2},
        Path("x"),
        1j,
        os.system,
        np.ndarray,
        np.dtype("f8"),
        np.array(["a"]),
        np.datetime64(0, "s"),
        np.zeros(1, dtype=[("a", "f8")]),
    ],
    ids=lambda hostile: type(hostile).__name__,
)
def test_other_objects_are_refused_wherever_they_stand(
    hostile: Any, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # A module cannot be pickled; its name can.
    monkeypatch.setitem(copyreg.dispatch_table, type(builtins), lambda module: module.__name__)
    for value in (hostile, [hostile], {"a": hostile}, (1, (hostile,)), [[{"a": [hostile]}]]):
        assert "Nothing in it was run." in refused(pickle.dumps(value, protocol))
    assert list(tmp_path.iterdir()) == []


def test_refusal_names_what_was_found() -> None:
    assert refused(pickle.dumps(Called(eval, "1"))) == (
        "a.pickle must hold plain data (dict, list, tuple, text, numbers, numpy arrays) and "
        "nothing else; it holds the object builtins.eval. Nothing in it was run."
    )


def test_array_of_objects_is_refused() -> None:
    assert "a numpy type that is no number" in refused(pickle.dumps(np.array([None])))


@pytest.mark.parametrize(
    "data",
    [
        b"Pcould be anything\n.",
        b"\x80\x02U\x01aQ.",
        b"\x80\x02\x82\x01.",
        b"(ios\nsystem\n.",
        b"(S'touch x'\nios\nsystem\n.",
        b"(cos\nsystem\nS'touch x'\no.",
        b"\x80\x02cos\nsystem\n)\x81.",
        b"\x80\x04\x8f.",
        b"cnumpy\nndarray\n.",
        b"cnumpy\ndtype\n(S'f8'\ntR.",
        b"cnumpy\ndtype\n(U\x02O8tR(K\x03U\x01<NNNK\xffK\xffK\x3ftb.",
        b"cevil\nname\nwith lines\n.",
    ],
)
def test_other_steps_are_refused(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_truncated_pickle_is_refused(protocol: int) -> None:
    data = pickle.dumps({"a": [1.5, "x", (2, None)], "b": np.arange(3.0)}, protocol)
    for n_bytes in range(len(data)):
        refused(data[:n_bytes])


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refuse(read_pickle, data)


@given(st.data())
def test_changed_bytes_are_read_or_refused(draw: st.DataObject) -> None:
    data = bytearray(pickle.dumps({"a": [1.5, np.float64(2)], "b": np.arange(3.0)}))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    read_or_refuse(read_pickle, bytes(data))


def peak_bytes(data: bytes) -> int:
    tracemalloc.start()
    try:
        read_pickle(data, "a.pickle")
    except TableError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


def nested(n_levels: int) -> tuple[Any, ...]:
    """A tuple of 2^n_levels leaves, all but a few of them shared."""
    value: tuple[Any, ...] = ("x" * 1000,)
    for _ in range(n_levels):
        value = (value, value)
    return value


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(nested(60)),
        # Text of 10,000 characters, turned into bytes ten thousand times.
        pickle.dumps(["x" * 10_000])[:-1] + b"\x8c\x07_codecs\x8c\x06encode\x93h\x01\x85R" * 10_000,
        b"\x80\x04r\xff\xff\xff\x7f.",
        b"\x80\x02]r\xff\xff\xff\x7f.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x0f.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x0f.",
        pickle.dumps(10**100_000),
    ],
)
def test_small_file_takes_little_memory(data: bytes) -> None:
    assert peak_bytes(data) < 20_000_000


def test_key_that_would_take_forever_to_hash_is_refused() -> None:
    # Written by hand: the pickler itself would have to hash it.
    tuple_in_tuple = pickle.dumps(nested(60), 4)[2:-1]
    data = b"\x80\x04}" + tuple_in_tuple + b"K\x01s."
    assert "a key that is neither text nor a number" in refused(data)
    refused(b"\x80\x04" + tuple_in_tuple + b"\x8c\x01a\x93.")


def test_array_larger_than_its_data_is_refused() -> None:
    data = pickle.dumps(np.arange(3.0), 2)
    assert b"K\x03\x85" in data
    assert "another size than its data" in refused(data.replace(b"K\x03\x85", b"K\x7f\x85"))


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_BYTES", 100)
    assert "at most 100 bytes; it has 115" in refused(pickle.dumps("x" * 100, 4))


def test_too_many_steps_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_STEPS", 10)
    assert "more than 10 steps" in refused(b"]" * 12 + b".")


def test_files_of_help_are_what_torch_reads(upstream: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = upstream / "HELP/data"
    for name in (
        "fbnet/arch.pt",
        "nasbench201/str_arch2idx.pt",
        "fbnet/latency/pixel2.pt",
        "nasbench201/latency/raspi4.pt",
    ):
        path = folder / name
        ours = read_torch_file(path.read_bytes(), path.name)
        assert ours == torch.load(path, weights_only=True)


def test_what_torch_saves_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"a": [1, 2.5, "x"]}, tmp_path / "a.pt")
    assert read_torch_file((tmp_path / "a.pt").read_bytes(), "a.pt") == {"a": [1, 2.5, "x"]}


def test_tensor_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save([torch.zeros(2)], tmp_path / "a.pt")
    with pytest.raises(TableError, match=r"^a\.pt must hold plain data .* torch\._utils\."):
        read_torch_file((tmp_path / "a.pt").read_bytes(), "a.pt")


def test_hostile_torch_file_is_refused() -> None:
    data = torch_file(pickle.dumps(Called(os.system, "touch was-run")))
    with pytest.raises(TableError, match=r"^a\.pt must hold plain data .*Nothing in it was run\.$"):
        read_torch_file(data, "a.pt")


def test_compressed_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_BYTES", 1000)
    with pytest.raises(TableError, match=r"^a\.pt must have at most 1,000 bytes; it has 1,001\.$"):
        read_torch_file(torch_file(b"]" * 1_000_000), "a.pt")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", pickle.dumps([1]), b"x" * 1000])
def test_file_that_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(TableError, match=r"^a\.pt must be a zip archive as torch\.save writes it"):
        read_torch_file(data, "a.pt")


def test_zip_of_something_else_is_refused() -> None:
    with pytest.raises(TableError, match=r"^a\.pt must hold one data\.pkl; it holds 0\.$"):
        read_torch_file(torch_file(pickle.dumps([1]), "archive/code.py"), "a.pt")


@given(st.data())
def test_changed_zip_is_read_or_refused(draw: st.DataObject) -> None:
    data = bytearray(torch_file(pickle.dumps([1.5, 2.5])))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    read_or_refuse(read_torch_file, bytes(data))
