"""Search spaces by name: which options they take, and what is said of others."""

from __future__ import annotations

from typing import Any

import pytest

from hwnas.errors import ConfigError, UnknownNameError
from hwnas.spaces import SPACES, load_space
from hwnas.spaces.fbnet import FBNet


def test_options_reach_the_space() -> None:
    space = load_space("mnasnet", resolution=32, dataset="imagenet")
    assert (space.dataset, space.resolution) == ("imagenet", 32)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "option", "options"),
    [
        ("fbnet", "resolution", "dataset"),
        ("nasbench_macro", "cells", "dataset"),
        ("nasbench201", "depth", "dataset, channels, cells"),
        ("mnasnet", "cells", "dataset, resolution, activation"),
    ],
)
def test_an_option_that_a_space_does_not_have_is_told_with_those_it_has(
    name: str, option: str, options: str
) -> None:
    with pytest.raises(
        ConfigError,
        match=rf"^Search space '{name}' has no option '{option}'\. Its options: {options}\.$",
    ):
        load_space(name, **{option: 3})


def test_an_option_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^Search space 'mnasnet': '<' not supported between"):
        load_space("mnasnet", resolution="large")


def test_a_space_may_take_any_option(monkeypatch: pytest.MonkeyPatch) -> None:
    class Open(FBNet):
        def __init__(self, **options: Any) -> None:
            super().__init__(options["dataset"])

    monkeypatch.setitem(SPACES._things, "open", Open)
    assert load_space("open", dataset="imagenet", colour="red").dataset == "imagenet"


def test_an_unknown_space_names_a_close_one() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown search space 'fbnett'\. Did you mean 'f"):
        load_space("fbnett")
