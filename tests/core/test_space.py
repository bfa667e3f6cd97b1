"""What every search space has from its base class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ShapeError, UnknownNameError


class _Toy(SearchSpace):
    """Two genes, of two and three choices; where the first is 0 nothing reaches the output."""

    name = "toy"
    title = "Toy"
    datasets = ("dots", "lines")
    genes = ("width", "depth")
    n_choices = (2, 3)
    independent_genes = ((0, 1),)

    def parse(self, text: str) -> Architecture:
        return self.architecture([int(digit) for digit in text])

    def format(self, genotype: Sequence[int]) -> str:
        return "".join(map(str, genotype))

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        return np.where(self.valid_mask(genotypes)[:, None], genotypes, 0)

    def valid_mask(self, genotypes: np.ndarray) -> np.ndarray:
        return self.check_genotypes(genotypes)[:, 0] > 0

    def graph(self, arch: Architecture) -> OperationGraph:
        builder = GraphBuilder((arch.genotype[0] + 1, 4, 4))
        builder.global_avg_pool(-1)
        return builder.build()

    def build(self, arch: Architecture) -> object:
        raise NotImplementedError


class _NothingIsValid(_Toy):
    def valid_mask(self, genotypes: np.ndarray) -> np.ndarray:
        return np.zeros(len(genotypes), dtype=bool)


def test_first_dataset_is_the_default() -> None:
    assert _Toy().dataset == "dots"
    assert _Toy("lines").dataset == "lines"


def test_unknown_dataset_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown dataset 'line'\. Did you mean 'lines'"):
        _Toy("line")


@pytest.mark.parametrize(
    ("genotype", "sentence"),
    [
        ((0,), r"A genotype of toy has 2 genes; got 1"),
        ((0, 1, 0), r"A genotype of toy has 2 genes; got 3"),
        ((2, 0), r"Gene width of toy must be 0 to 1; got 2"),
        ((0, -1), r"Gene depth of toy must be 0 to 2; got -1"),
    ],
)
def test_genotype_outside_the_space_is_refused(genotype: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(ArchitectureError, match=sentence):
        _Toy().architecture(genotype)


def test_architecture_holds_plain_integers() -> None:
    arch = _Toy().architecture(np.array([1, 2]))
    assert arch == Architecture("toy", (1, 2), "12")
    assert {type(choice) for choice in arch.genotype} == {int}


def test_canonical_and_validity_of_one_architecture_are_those_of_its_row() -> None:
    space = _Toy()
    dead, live = space.parse("02"), space.parse("12")
    assert (space.canonical(dead), space.canonical(live)) == (space.parse("00"), live)
    assert (space.is_valid(dead), space.is_valid(live)) == (False, True)


def test_pruned_genotypes_are_the_genotypes_where_a_space_has_no_dead_operations() -> None:
    genotypes = np.array([[0, 2], [1, 1]])
    np.testing.assert_array_equal(_Toy().pruned_genotypes(genotypes), genotypes)


def test_genotypes_of_no_architectures_have_the_right_width() -> None:
    assert _Toy().genotypes([]).shape == (0, 2)


def test_a_space_too_large_to_list_lists_nothing() -> None:
    assert _Toy().all_genotypes() is None


def test_samples_are_valid_and_follow_the_seed() -> None:
    space = _Toy()
    first = space.sample(50, np.random.default_rng(4))
    assert first == space.sample(50, np.random.default_rng(4))
    assert first != space.sample(50, np.random.default_rng(5))
    assert {str(arch) for arch in first} == {"10", "11", "12"}


def test_a_sample_of_none_is_empty() -> None:
    assert _Toy().sample(0, np.random.default_rng(0)) == []


def test_sampling_a_space_without_valid_architectures_comes_to_an_end() -> None:
    with pytest.raises(ArchitectureError, match="too rare to sample: 0 of the 1 asked"):
        _NothingIsValid().sample(1, np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(2,), (2, 3), (1, 2, 2)])
def test_genotypes_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"must have shape \(n_archs, n_genes\) = \(\.\.\., 2\)"):
        _Toy().check_genotypes(np.zeros(shape))


class _Plain(_Toy):
    """As a space is that says nothing of forms and names."""

    n_choices = (2, 3)
    canonical_genotypes = SearchSpace.canonical_genotypes
    valid_mask = SearchSpace.valid_mask


class _FirstDecides(_Plain):
    """Where the first gene is 0, the second does nothing."""

    def active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        return np.stack([np.ones(len(genotypes)), genotypes[:, 0]], axis=1).astype(bool)


class _Named(_Plain):
    choice_names = (("narrow", "wide"), ("1", "2", "3"), ("on",))


def test_choices_without_names_are_called_by_their_numbers() -> None:
    assert _Toy.choice_names == (("0", "1"), ("0", "1", "2"))


def test_names_of_choices_say_how_many_there_are() -> None:
    assert _Named.n_choices == (2, 3, 1)


def test_a_space_of_its_own_number_of_choices_does_not_inherit_names() -> None:
    class Wider(_Named):
        n_choices = (4, 1, 1)

    assert Wider.choice_names == (("0", "1", "2", "3"), ("0",), ("0",))


def test_without_cells_and_idle_genes_each_genotype_is_valid_and_its_own_form() -> None:
    genotypes = np.array([[0, 2], [1, 1]])
    for form in (_Plain().canonical_genotypes, _Plain().pruned_genotypes):
        np.testing.assert_array_equal(form(genotypes), genotypes)
    assert _Plain().valid_mask(genotypes).tolist() == [True, True]
    assert _Plain().active_genes(genotypes).all()


def test_idle_genes_are_zero_in_the_canonical_and_the_pruned_form() -> None:
    space, genotypes = _FirstDecides(), np.array([[0, 2], [1, 1]])
    for form in (space.canonical_genotypes, space.pruned_genotypes):
        assert form(genotypes).tolist() == [[0, 0], [1, 1]]
    assert genotypes.tolist() == [[0, 2], [1, 1]]
