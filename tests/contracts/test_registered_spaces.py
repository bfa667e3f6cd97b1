"""Every registered search space keeps the contract, and a broken one is told what it breaks."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.cell import LabelledGraph, SearchedCell
from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.errors import ArchitectureError
from hwnas.spaces import SPACES, load_space
from hwnas.spaces.nasbench201 import NasBench201
from hwnas.testing import check_space

_NEEDS_TORCH = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")


def _datasets() -> list[tuple[str, str]]:
    return [(name, dataset) for name in SPACES for dataset in SPACES[name].datasets]


@pytest.mark.parametrize(("name", "dataset"), _datasets())
def test_registered_space_keeps_the_contract(name: str, dataset: str) -> None:
    check_space(load_space(name, dataset=dataset))


class _Small(NasBench201):
    """A space that keeps the contract, for the broken ones to differ from in one thing."""

    def __init__(self, dataset: str | None = None) -> None:
        super().__init__(dataset, channels=2, cells=1)

    options = {}  # noqa: RUF012 - it is made again without any


class _GenesLeftOut(_Small):
    independent_genes = ((0,), (1,), (2,), (3,), (4,))


class _GenesThatInteract(_Small):
    independent_genes = ((0, 1, 2, 3, 4), (5,))

    def graph(self, arch: Architecture) -> OperationGraph:
        graph = super().graph(arch)
        extra = graph.operations[0] if arch.genotype[4] == arch.genotype[5] == 1 else None
        return OperationGraph((extra, *graph) if extra else graph.operations)


class _WordsReadBackwards(_Small):
    def parse(self, text: str) -> Architecture:
        return self.architecture(super().parse(text).genotype[::-1])


class _EverythingIsAnArchitecture(_Small):
    def parse(self, text: str) -> Architecture:
        try:
            return super().parse(text)
        except ArchitectureError:
            return self.architecture([0] * 6)


class _AnyGenes(_Small):
    def architecture(self, genotype: Sequence[int]) -> Architecture:
        genes = tuple(int(choice) % 5 for choice in [*genotype, 0][:6])
        return Architecture(self.name, genes, self.format(genes))


class _GenesThatCrash(_Small):
    def architecture(self, genotype: Sequence[int]) -> Architecture:
        genes = tuple(int(choice) for choice in genotype)
        names = [self.choice_names[0][choice] for choice in genes]
        return Architecture(self.name, genes, self.format(genes) if names else "")


class _SamplesAnything(_Small):
    def sample_genotypes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.integers(0, 2, size=(n, len(self.genes)))


class _SamplesWithoutTheSeed(_Small):
    def sample_genotypes(self, n: int, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG002
        return super().sample_genotypes(n, np.random.default_rng())


class _CanonicalFormThatMoves(_Small):
    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        return np.roll(super().canonical_genotypes(genotypes), 1, axis=1)


class _CanonicalFormThatGrows(_Small):
    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        is_valid = self.valid_mask(genotypes)[:, None]
        return np.where(is_valid, [[3, 3, 3, 3, 3, 3]], [[0, 0, 0, 0, 0, 0]])


class _CanonicalFormThatWritesInPlace(_Small):
    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        genotypes[:] = super().canonical_genotypes(genotypes)
        return genotypes


class _CanonicalFormThatConnects(_Small):
    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        canonical = super().canonical_genotypes(genotypes)
        is_valid = self.valid_mask(genotypes)[:, None]
        return np.where(is_valid, canonical, [[0, 0, 0, 1, 0, 0]])


class _GraphWithWrongShapes(_Small):
    def graph(self, arch: Architecture) -> OperationGraph:
        *rest, last = super().graph(arch)
        wrong = Operation("linear", last.inputs, (999,), last.out_shape, has_bias=True)
        return OperationGraph((*rest, wrong))


class _GraphOutOfOrder(_Small):
    def graph(self, arch: Architecture) -> OperationGraph:
        first, *rest = super().graph(arch)
        return OperationGraph((*rest, first))


class _ModelOfAnotherSize(_Small):
    def build(self, arch: Architecture) -> object:
        return NasBench201(channels=3, cells=1).build(arch)


class _ModelForOtherClasses(_Small):
    def build(self, arch: Architecture) -> object:
        return NasBench201("cifar100", channels=2, cells=1).build(arch)


class _NamesMissing(_Small):
    choice_names = ((*"abcde",),) * 5 + (("a", "b"),)
    n_choices = (5,) * 6


class _OptionForgotten(_Small):
    def __init__(self, dataset: str | None = None, channels: int = 2) -> None:
        super().__init__(dataset)
        self.channels = channels + 1

    options = NasBench201.options


class _OptionUnderAnotherName(_Small):
    def __init__(self, dataset: str | None = None, width: int = 2) -> None:
        super().__init__(dataset)
        self.channels = width

    options = NasBench201.options


class _OwnForms(_Small):
    """Whose forms do not follow from its active genes."""

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        return NasBench201().canonical_genotypes(genotypes)

    def pruned_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        return NasBench201().pruned_genotypes(genotypes)


class _ActiveGenesThatMove(_OwnForms):
    def active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        return genotypes != 1


class _ActiveGenesOfAnotherShape(_OwnForms):
    def active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        return super().active_genes(genotypes)[:, :3]


class _IdleGenesThatCount(_OwnForms):
    def active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        return np.arange(6) < 5 + 0 * genotypes


class _CellOfOtherOperations(_Small):
    cell_types = (
        SearchedCell(("a",), 2, lambda _: LabelledGraph(2, ((0, 1),), on_edges=("b",)), False),
    )


class _CellThatTurnsBack(_Small):
    cell_types = (
        SearchedCell(("a",), 3, lambda _: LabelledGraph(3, ((0, 2), (2, 1)), on_nodes=("a",))),
    )


class _NoFeaturesOfGroups(_Small):
    independent_genes = None
    feature_sets = ("groups",)


class _AnotherInput(_Small):
    def __init__(self, dataset: str | None = None) -> None:
        super().__init__(dataset)
        self.input_shape = (3, 8, 8)

    def graph(self, arch: Architecture) -> OperationGraph:
        return NasBench201(channels=2, cells=1).graph(arch)


class _OtherOutputs(_Small):
    def __init__(self, dataset: str | None = None) -> None:
        super().__init__(dataset)
        self.n_outputs = 11

    def graph(self, arch: Architecture) -> OperationGraph:
        return NasBench201(channels=2, cells=1).graph(arch)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (_GenesLeftOut, r"independent_genes must cover each gene exactly once; got \[0, 1, 2, 3, "),
        (_GenesThatInteract, r"counts summed over independent_genes must equal those of the graph"),
        (_NamesMissing, r"choice_names must name each of \(5, 5, 5, 5, 5, 5\) choices; got"),
        (_OptionForgotten, r"must be made again from its data set and options \{'channels': 3\}"),
        (_OptionUnderAnotherName, r"keep each option under its own name; .* no attribute 'width'"),
        (_ActiveGenesOfAnotherShape, r"active_genes must be booleans of shape \(25, 6\); got bool"),
        (_ActiveGenesThatMove, r"must be the same with the others at 0; they are not"),
        (_NoFeaturesOfGroups, r"feature_sets must be sets that it has; groups is none\. What adds"),
        (_IdleGenesThatCount, r"inactive genes must not change the canonical form; they do"),
        (_CellOfOtherOperations, r"must have operations among a; got b"),
        (_CellThatTurnsBack, r"must have edges to larger nodes of 3; got \(\(0, 2\), \(2, 1\)\)"),
        (_AnotherInput, r"must read the space's input_shape \(3, 8, 8\); it reads \(3, 32, 32\)"),
        (_OtherOutputs, r"must put out the space's n_outputs, 11; got shape \(10,\)"),
        (_WordsReadBackwards, r"parse must read back what format wrote"),
        (_EverythingIsAnArchitecture, r"text '' must be refused with an ArchitectureError"),
        (_AnyGenes, r"genotype \(0, 0, 0, 0, 0\) must be refused"),
        (_GenesThatCrash, r"must be refused with an ArchitectureError; it raised IndexError"),
        (_SamplesAnything, r"sample must give valid architectures; got \|"),
        (_SamplesWithoutTheSeed, r"the same architectures for the same seed; it did not"),
        (_CanonicalFormThatMoves, r"canonical_genotypes must leave its own result as it is"),
        (_CanonicalFormThatGrows, r"a canonical form must have no more params or macs"),
        (_CanonicalFormThatWritesInPlace, r"must not change their argument"),
        (_CanonicalFormThatConnects, r"must keep valid architectures valid and invalid ones inv"),
        (_GraphWithWrongShapes, r"\(linear\) must have the in_shape of what it reads, \(8,\)"),
        (_GraphOutOfOrder, r"must read operators before it; it reads"),
        pytest.param(
            _ModelOfAnotherSize,
            r"must have the graph's \d+ parameters; it has \d+",
            marks=_NEEDS_TORCH,
        ),
        pytest.param(
            _ModelForOtherClasses,
            r"must put out shape \(2, 10\); got \(2, 100\)",
            marks=_NEEDS_TORCH,
        ),
    ],
)
def test_broken_space_is_told_what_must_hold(broken: type[NasBench201], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_space(broken())


def test_the_space_they_are_made_from_keeps_the_contract() -> None:
    check_space(_Small())
