"""Errors: one root, fitting builtins, and sentences that help."""

from __future__ import annotations

import inspect

import pytest

from hwnas import errors
from hwnas.errors import HwnasError, MissingExtraError, UnknownNameError

_CLASSES = [
    thing
    for _, thing in inspect.getmembers(errors, inspect.isclass)
    if issubclass(thing, HwnasError) and thing is not HwnasError
]


@pytest.mark.parametrize("error", _CLASSES, ids=lambda error: error.__name__)
def test_every_error_is_a_fitting_builtin_too(error: type[HwnasError]) -> None:
    builtin = [base for base in error.__mro__ if base.__module__ == "builtins"]
    assert builtin[0] not in (Exception, BaseException, object)


@pytest.mark.parametrize("error", _CLASSES, ids=lambda error: error.__name__)
def test_every_error_says_when_it_is_raised(error: type[HwnasError]) -> None:
    assert (error.__doc__ or "").strip().partition("\n")[0].endswith(".")


def test_unknown_name_suggests_the_closest_and_says_where_to_look() -> None:
    error = UnknownNameError("device", "edgegpuu", ["raspi4", "edgegpu"], "hwnas devices")
    assert str(error) == "Unknown device 'edgegpuu'. Did you mean 'edgegpu'? See: hwnas devices"


def test_unknown_name_far_from_all_lists_them_in_order() -> None:
    error = UnknownNameError("space", "zzz", ["fbnet", "cells"])
    assert str(error) == "Unknown space 'zzz'. Known: cells, fbnet."


def test_unknown_name_where_none_is_known_says_so() -> None:
    assert str(UnknownNameError("space", "x", [])) == "Unknown space 'x'. Known: none."


def test_missing_extra_says_what_to_install() -> None:
    error = MissingExtraError("Building a model", "torch", "torch")
    assert str(error) == (
        "Building a model cannot run here: torch is not installed. "
        'Install it with: pip install "hwnas[torch]".'
    )
