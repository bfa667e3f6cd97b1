"""Functional classes of a space: all of them, samples, those of given architectures."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core import classes
from hwnas.core.classes import all_classes, canonical_classes, sample_classes, valid_classes
from hwnas.errors import ArchitectureError, ConfigError
from hwnas.spaces.nasbench201 import NasBench201

SPACE = NasBench201("imagenet16-120", channels=2, cells=1)


def test_all_classes_are_the_canonical_forms_of_valid_cells() -> None:
    archs = all_classes(SPACE)
    assert len(archs) == 4929
    assert archs == sorted(archs)
    assert all(SPACE.canonical(arch) == arch for arch in archs[::500])


def test_a_class_of_several_genotypes_is_listed_once() -> None:
    everything = SPACE.all_genotypes()
    found = valid_classes(SPACE, everything)
    np.testing.assert_array_equal(found, valid_classes(SPACE, found[::-1]))
    assert len(found) == 4929


def test_space_too_large_to_list_is_refused() -> None:
    class Endless(NasBench201):
        def all_genotypes(self) -> None:
            return None

    with pytest.raises(ConfigError, match=r"too many architectures to list\. Use sample=N"):
        all_classes(Endless())


def test_sampled_classes_are_different_canonical_and_valid() -> None:
    archs = sample_classes(SPACE, 200, seed=3)
    assert len(set(archs)) == 200
    assert all(SPACE.canonical(arch) == arch and SPACE.is_valid(arch) for arch in archs)
    assert archs == sample_classes(SPACE, 200, seed=3)
    assert archs != sample_classes(SPACE, 200, seed=4)


@pytest.mark.parametrize(
    ("n", "message"), [(0, "at least 1 architecture; got 0"), (5000, "must have 5000 different")]
)
def test_sample_that_cannot_be_is_refused(
    n: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "SAMPLING_ROUNDS", 5)
    with pytest.raises(ConfigError, match=message):
        sample_classes(SPACE, n, seed=0)


def test_twins_are_one_class() -> None:
    texts = [
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
        "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
    ]
    assert len(canonical_classes(SPACE, [SPACE.parse(text) for text in texts])) == 1


def test_disconnected_architecture_is_refused() -> None:
    arch = SPACE.architecture([0] * 6)
    with pytest.raises(ArchitectureError, match="must connect input and output"):
        canonical_classes(SPACE, [arch])
