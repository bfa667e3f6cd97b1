"""Named sets of features and the matrices made of them."""

from __future__ import annotations

import numpy as np
import pytest
from feature_sets import sets_of

from hwnas.core.feature_set import FEATURE_SETS
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.features import feature_layout, feature_matrix, feature_names
from hwnas.features.counting import count_genotypes
from hwnas.spaces import SPACES, load_space
from hwnas.spaces.nasbench201 import NasBench201


class _Layers(NasBench201):
    """A space without a cell."""

    name = "layers"
    cell_types = ()


def _named(space: SearchSpace, genotypes: np.ndarray, sets: list[str]) -> dict[str, np.ndarray]:
    matrix = feature_matrix(space, genotypes, sets)
    return dict(zip(feature_names(space, sets), matrix.T, strict=True))


@pytest.mark.parametrize("name", sets_of(load_space("nasbench201")))
def test_every_set_names_its_columns(nasbench201: SearchSpace, name: str) -> None:
    genotypes = nasbench201.sample_genotypes(5, np.random.default_rng(0))
    matrix = feature_matrix(nasbench201, genotypes, [name])
    names = feature_names(nasbench201, [name])
    assert matrix.shape == (5, len(names))
    assert len(set(names)) == len(names)
    assert matrix.dtype == np.float32
    assert np.isfinite(matrix).all()


def test_sets_stand_side_by_side_in_the_order_given(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.sample_genotypes(5, np.random.default_rng(0))
    both = feature_matrix(nasbench201, genotypes, ["one_hot", "counts"])
    np.testing.assert_array_equal(both[:, -2:], feature_matrix(nasbench201, genotypes, ["counts"]))
    assert feature_names(nasbench201, ["one_hot", "counts"])[-2:] == ["log_params", "log_macs"]


@pytest.mark.parametrize("name", list(SPACES))
def test_layout_parts_the_columns_among_the_sets(name: str) -> None:
    space = load_space(name)
    sets = sets_of(space)[::-1]
    layout = feature_layout(space, sets)
    names = feature_names(space, sets)
    assert list(layout) == sets
    assert [column for columns in layout.values() for column in columns] == list(range(len(names)))
    genotypes = space.sample_genotypes(4, np.random.default_rng(0))
    matrix = feature_matrix(space, genotypes, sets)
    for each, columns in layout.items():
        assert names[columns.start : columns.stop] == feature_names(space, [each])
        np.testing.assert_array_equal(matrix[:, columns], feature_matrix(space, genotypes, [each]))


def test_groups_mark_one_combination_of_each() -> None:
    space = load_space("mnasnet")
    genotypes = space.sample_genotypes(20, np.random.default_rng(0))
    matrix = feature_matrix(space, genotypes, ["groups"])
    names = feature_names(space, ["groups"])
    for row, genotype in zip(matrix, space.canonical_genotypes(genotypes), strict=True):
        hot = [name for name, value in zip(names, row, strict=True) if value]
        assert hot == [
            f"group({', '.join(f'{space.genes[gene]}={genotype[gene]}' for gene in group)})"
            for group in space.independent_genes
        ]


def test_layout_of_an_unknown_set_is_refused(nasbench201: SearchSpace) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown feature set 'pathz'\. Did you mean"):
        feature_layout(nasbench201, ["one_hot", "pathz"])


def test_one_hot_marks_each_genes_choice(nasbench201: SearchSpace) -> None:
    genotype = nasbench201.canonical_genotypes(np.array([[0, 0, 0, 3, 0, 0]]))
    named = _named(nasbench201, genotype, ["one_hot"])
    hot = {name for name, values in named.items() if values[0] == 1}
    expected = {
        f"{gene}={choice}" for gene, choice in zip(nasbench201.genes, genotype[0], strict=True)
    }
    assert hot == expected
    assert sum(float(values[0]) for values in named.values()) == 6


def test_counts_are_natural_logarithms(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.canonical_genotypes(np.array([[3, 3, 3, 3, 3, 3]]))
    named = _named(nasbench201, genotypes, ["counts"])
    expected = np.log(count_genotypes(nasbench201, genotypes)[0])
    assert named["log_params"][0] == pytest.approx(expected[0], rel=1e-6)
    assert named["log_macs"][0] == pytest.approx(expected[1], rel=1e-6)


def test_members_of_a_class_have_equal_features(nasbench201: SearchSpace) -> None:
    everything = nasbench201.all_genotypes()
    canonical = nasbench201.canonical_genotypes(everything)
    sets = sets_of(nasbench201)
    np.testing.assert_array_equal(
        feature_matrix(nasbench201, everything, sets), feature_matrix(nasbench201, canonical, sets)
    )


def test_unknown_set_is_refused(nasbench201: SearchSpace) -> None:
    with pytest.raises(
        UnknownNameError, match=r"Unknown feature set 'grap'\. Did you mean 'graph'"
    ):
        feature_names(nasbench201, ["grap"])


@pytest.mark.parametrize("name", ["graph", "paths", "path_statistics"])
def test_cell_features_of_a_space_without_cells_are_refused(name: str) -> None:
    for ask in (feature_names, feature_layout):
        with pytest.raises(ConfigError, match="need a space of cells; layers has none"):
            ask(_Layers(), ["counts", name])
    with pytest.raises(ConfigError, match="need a space of cells; layers has none"):
        feature_matrix(_Layers(), np.zeros((1, 6), dtype=int), [name])


def test_genotypes_known_to_be_canonical_are_not_made_canonical_again() -> None:
    class Counted(NasBench201):
        n_calls = 0

        def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
            type(self).n_calls += 1
            return super().canonical_genotypes(genotypes)

    space = Counted()
    genotypes = space.canonical_genotypes(space.all_genotypes()[:50])
    # Ranks among random nets, and means over all nets of a class, ask for other nets' forms.
    others = {"relative", *(name for name in FEATURE_SETS if FEATURE_SETS[name].of_nets)}
    sets = [name for name in sets_of(space) if name not in others]
    matrix = feature_matrix(space, genotypes, sets, is_canonical=True)
    assert Counted.n_calls == 1
    np.testing.assert_array_equal(matrix, feature_matrix(space, genotypes, sets))
    assert Counted.n_calls == 2


@pytest.mark.parametrize("name", list(SPACES))
def test_the_sets_that_suit_a_space_are_sets_that_it_has(name: str) -> None:
    space = load_space(name)
    assert set(space.feature_sets) <= set(sets_of(space))
