"""An architecture as frozen data."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from hwnas.core.architecture import Architecture, genotype_keys


def test_architectures_are_equal_by_space_and_genotype() -> None:
    arch = Architecture("toy", (0, 1), "a|b")
    assert arch == Architecture("toy", (0, 1), "written another way")
    assert arch != Architecture("toy", (1, 0), "a|b")
    assert arch != Architecture("other", (0, 1), "a|b")
    assert len({arch, Architecture("toy", (0, 1), "written another way")}) == 1


def test_architectures_sort_by_genotype_within_a_space() -> None:
    archs = [Architecture("toy", genotype, "") for genotype in ((1, 0), (0, 2), (0, 1))]
    assert [arch.genotype for arch in sorted(archs)] == [(0, 1), (0, 2), (1, 0)]


def test_architecture_prints_as_its_published_string() -> None:
    assert str(Architecture("toy", (0,), "|skip_connect~0|")) == "|skip_connect~0|"


def test_architecture_cannot_be_changed() -> None:
    arch = Architecture("toy", (0,), "a")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'genotype'"):
        arch.genotype = (1,)  # type: ignore[misc]


def test_equal_genotypes_have_equal_keys_whatever_the_array() -> None:
    genotypes = np.array([[0, 1], [1, 0], [0, 1]], dtype=np.int64)
    first, other, same = genotype_keys(genotypes)
    assert first == same != other
    assert genotype_keys(genotypes.astype(np.int8)) == [first, other, same]
    assert genotype_keys(np.asfortranarray(genotypes)) == [first, other, same]


def test_a_key_holds_the_genotype() -> None:
    (key,) = genotype_keys(np.array([[3, 1, 4]]))
    assert np.frombuffer(key, dtype=np.int64).tolist() == [3, 1, 4]
