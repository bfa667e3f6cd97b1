"""Every registered search space keeps the contract, and a broken one is told what it breaks."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.graph import Operation, OperationGraph
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

    def __init__(self) -> None:
        super().__init__(channels=2, cells=1)


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
        return Architecture(self.name, genes, self.format(genes))


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


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (_GenesLeftOut, r"independent_genes must cover each gene exactly once; got \[0, 1, 2, 3, "),
        (_GenesThatInteract, r"counts summed over independent_genes must equal those of the graph"),
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
