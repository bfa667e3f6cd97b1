"""Search spaces by name: which options they take, and what is said of others."""

from __future__ import annotations

from typing import Any

import pytest

from hwnas.errors import ConfigError, UnknownNameError
from hwnas.features.counting import count_genotypes
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
    with pytest.raises(
        ConfigError, match=r"^resolution of mnasnet must be a whole number; got 'large'\.$"
    ):
        load_space("mnasnet", resolution="large")


def test_an_option_that_the_constructor_does_not_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Open(FBNet):
        def __init__(self, dataset: str | None = None, **_: Any) -> None:
            super().__init__(dataset)

    monkeypatch.setitem(SPACES._things, "open", Open)
    with pytest.raises(ConfigError, match="'open' has no option 'colour'"):
        load_space("open", dataset="imagenet", colour="red")


@pytest.mark.parametrize("options", [{}, {"cells": 1, "channels": 8}])
def test_a_space_is_made_again_from_its_options(options: dict[str, int]) -> None:
    space = load_space("nasbench201", dataset="cifar100", **options)
    again = load_space("nasbench201", dataset=space.dataset, **space.options)
    assert again == space
    assert again.options == {"cells": 5, "channels": 16} | options


def test_options_decide_what_a_network_costs() -> None:
    usual, small = load_space("nasbench201"), load_space("nasbench201", cells=1, channels=8)
    assert small != usual
    text = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|nor_conv_1x1~0|none~1|skip_connect~2|"
    params = [count_genotypes(s, s.genotypes([s.parse(text)]))[0, 0] for s in (usual, small)]
    assert params == [73306 + 243040 + 2 * 28000, 33858]
    again = load_space("nasbench201", dataset=small.dataset, **small.options)
    assert again.graph(again.parse(text)).params == 33858


def test_an_unknown_space_names_a_close_one() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown search space 'fbnett'\. Did you mean 'f"):
        load_space("fbnett")
