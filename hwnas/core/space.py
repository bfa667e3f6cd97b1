"""A search space: genes, their choices, and what makes two genotypes one architecture."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hwnas._names import shown
from hwnas.core import doors
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import kind_of, many, whole
from hwnas.core.blocks import Block, blocks_of_genes
from hwnas.core.cell import Cell
from hwnas.core.genes import whole_array, whole_genes
from hwnas.core.graph import OperationGraph
from hwnas.core.notation import Notation, plain, usual_notations
from hwnas.core.shapes import Shape
from hwnas.errors import ArchitectureError, ShapeError, known_name

if TYPE_CHECKING:
    import torch

SAMPLING_ROUNDS = 1000
_GENERATOR = kind_of(np.random.Generator, what="a random generator, as np.random.default_rng gives")
CHAIN_FEATURES = ("groups", "one_hot", "ordinal", "stages", "operators", "counts")
"""Feature sets that suit chains of layers."""


class SearchSpace(ABC):
    """A set of architectures, each a choice for every gene.

    A subclass gives the class attributes and the abstract methods; everything else follows.

    Attributes:
        name: Name on the command line.
        title: One line for people, with the paper.
        datasets: Data sets the space is defined for, the default one first.
        genes: Names of the ``n_genes`` genes.
        n_choices: Number of choices of each gene, ``n_genes`` of them.
        choice_names: What people call the choices of each gene; numbers where it is left out.
        independent_genes: Groups of genes that together cover all: whatever is a sum over the
            network's operators is a constant plus a term for each group. None where it is not;
            graphs are measured one by one then.
        cell_types: The cells that its networks repeat; none for other spaces.
        feature_sets: Feature sets that suit the space, for predictors of its networks.
        own_notations: By name, other ways to write its architectures; see ``notations``.
        input_shape: Shape of one input without the batch axis: ``(channels, height, width)``.
        n_outputs: Outputs of a network, such as the classes of an image.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    datasets: ClassVar[tuple[str, ...]]
    genes: ClassVar[tuple[str, ...]]
    n_choices: ClassVar[tuple[int, ...]]
    choice_names: ClassVar[tuple[tuple[str, ...], ...]]
    independent_genes: ClassVar[tuple[tuple[int, ...], ...] | None] = None
    cell_types: ClassVar[tuple[Cell, ...]] = ()
    feature_sets: ClassVar[tuple[str, ...]] = CHAIN_FEATURES
    own_notations: ClassVar[Mapping[str, Notation]] = {}
    input_shape: Shape
    n_outputs: int

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        given = vars(cls)
        if "n_choices" in given and "choice_names" not in given:
            cls.choice_names = tuple(tuple(map(str, range(n))) for n in cls.n_choices)
        elif "choice_names" in given and "n_choices" not in given:
            cls.n_choices = tuple(map(len, cls.choice_names))
        # What a subclass writes is given architectures of its own alone, whatever was asked for.
        for name, door in doors.DOORS.items():
            if name in given:
                setattr(cls, name, door(given[name]))

    def __init__(self, dataset: str | None = None) -> None:
        given = self.datasets[0] if dataset is None else dataset
        self.dataset = known_name("dataset", given, self.datasets)

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """What the constructor took besides the data set, defaults included, by name.

        A subclass keeps each option under its own name. With the name and the data set they say
        which space this is, wherever one is recorded; two that agree in all three are equal.
        """
        named = inspect.signature(type(self)).parameters.values()
        return {
            each.name: getattr(self, each.name)
            for each in named
            if each.name != "dataset" and each.kind is not each.VAR_KEYWORD
        }

    @property
    def label(self) -> str:
        """Name, and options that are not the usual ones: ``nasbench201 (cells=1)``."""
        defaults = inspect.signature(type(self)).parameters
        unusual = [
            f"{name}={value}"
            for name, value in self.options.items()
            if value != defaults[name].default
        ]
        return f"{self.name} ({', '.join(unusual)})" if unusual else self.name

    def __repr__(self) -> str:
        given = {"dataset": self.dataset, **self.options}
        options = "".join(f", {name}={value!r}" for name, value in given.items())
        return f"load_space({self.name!r}{options})"

    def _identity(self) -> tuple[Any, ...]:
        return type(self), self.dataset, *self.options.items()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """The architecture that the field's published string names.

        Raises:
            ArchitectureError: The text is no architecture of this space.
        """

    def as_arch(self, value: Any) -> Architecture:
        """An architecture of this space, however it is given.

        Args:
            value: An architecture; the field's published string; a value or its text in one of
                the ``notations``, named as in ``"index:7"``, or without a name where it can be
                nothing else.

        Raises:
            ArchitectureError: It is none, or one of another space.
        """
        if isinstance(value, Architecture):
            self._check_own(value)
            return value
        if isinstance(value, str):
            return self.parse(value)
        found = plain(value)
        if isinstance(found, list | tuple | Mapping):
            for notation in self.notations.values():
                if notation.is_certain(found):
                    return self.architecture(notation.read(found))
        example = shown(found) if isinstance(found, list | tuple) else "VALUE"
        raise ArchitectureError(
            f"An architecture of {self.name} must be an Architecture, a published string, or come "
            f"with its notation, {' or '.join(self.notations)}, as in the text "
            f"'genotype:{example}'; got {shown(value)}."
        )

    def as_archs(self, values: Any) -> list[Architecture]:
        """Architectures of this space, each however it is given; see ``as_arch``.

        Raises:
            ArgumentError: They are no list.
            ArchitectureError: One is none, or of another space.
        """
        return [self.as_arch(value) for value in many()("archs", values)]

    @property
    def notations(self) -> Mapping[str, Notation]:
        """Other ways to write architectures of this space, by name, for ``read`` and ``write``.

        Every space has ``choices``, a dictionary of each gene's choice by name, and ``genotype``,
        the genes as numbers; one whose architectures can be listed has ``index``.
        """
        return usual_notations(self) | dict(self.own_notations)

    def read(self, value: Any, notation: str) -> Architecture:
        """The architecture that is written in a notation.

        Args:
            value: What is written, or its text.
            notation: One of ``notations``.

        Raises:
            UnknownNameError: The space has no such notation.
            ArchitectureError: The value is none of it.
        """
        known = self.notations
        return self.architecture(known[known_name("notation", notation, known)].read(value))

    def write(self, arch: Any, notation: str) -> Any:
        """An architecture in a notation; the inverse of ``read``.

        Args:
            arch: The architecture; see ``as_arch``.
            notation: One of ``notations``.

        Raises:
            UnknownNameError: The space has no such notation.
            ArchitectureError: It is no architecture of this space.
        """
        known = self.notations
        name = known_name("notation", notation, known)
        return known[name].write(self.as_arch(arch).genotype)

    def from_index(self, index: int) -> Architecture:
        """The architecture in a row of the published tables, counted from 0.

        Raises:
            ArgumentError: ``index`` is no whole number.
            ArchitectureError: There is no such row, or too many architectures to list.
        """
        listed = self._need_list()
        row = whole()("index", index)
        if not 0 <= row < len(listed):
            raise ArchitectureError(
                f"index of {self.name} must be 0 to {len(listed) - 1:,}; got {shown(row)}."
            )
        return self.architecture(listed[row].tolist())

    def index_of(self, arch: Any) -> int:
        """The row of an architecture in the published tables, counted from 0.

        Raises:
            ArchitectureError: It is none of this space, or there are too many to list.
        """
        listed = self._need_list()
        genotype = np.array(self.as_arch(arch).genotype)
        return int(np.flatnonzero((listed == genotype).all(axis=1))[0])

    def _need_list(self) -> np.ndarray:
        listed = self.all_genotypes()
        if listed is None:
            raise ArchitectureError(
                f"Architectures of {self.name} must be few enough to list for an index; there are "
                f"{np.prod(self.n_choices, dtype=float):.1g}. Give its published string."
            )
        return listed

    @abstractmethod
    def format(self, genotype: Sequence[int]) -> str:
        """The field's published string of a genotype."""

    @abstractmethod
    def graph(self, arch: Architecture) -> OperationGraph:
        """The operation graph of an architecture, dead operations included."""

    @abstractmethod
    def build(self, arch: Architecture) -> torch.nn.Module:
        """A freshly initialised torch model of an architecture.

        Raises:
            MissingExtraError: torch is not installed.
        """

    def active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        """Which genes the network has a use for; with all others at 0 it is the same network.

        Genes of a layer beyond the depth are inactive, and those of a node that no path uses.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.

        Returns:
            Booleans of shape ``(n_archs, n_genes)``; here, True throughout.
        """
        return np.ones(self.check_genotypes(genotypes).shape, dtype=bool)

    def valid_mask(self, genotypes: np.ndarray) -> np.ndarray:
        """Whether the input reaches the output; shape ``(n_archs,)``, boolean.

        Here, whether it does in all cells; in a space without cells, True throughout.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.
        """
        genotypes = self.check_genotypes(genotypes)
        is_valid = np.ones(len(genotypes), dtype=bool)
        for cell in self.cell_types:
            is_valid &= cell.is_connected(genotypes)
        return is_valid

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        """One representative of each genotype's functional class.

        Here, inactive genes are 0 and each cell is the representative of its own class.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.

        Returns:
            Shape ``(n_archs, n_genes)``.
        """
        canonical = self._with_active_genes(genotypes)
        for cell in self.cell_types:
            canonical = cell.canonical(canonical)
        return canonical

    def pruned_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes without dead operations, shape ``(n_archs, n_genes)``.

        Here, inactive genes are 0 and cells are pruned. The true value of a functional class is
        the mean over its members that are their own pruned form.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.
        """
        pruned = self._with_active_genes(genotypes)
        for cell in self.cell_types:
            pruned = cell.pruned(pruned)
        return pruned

    def _with_active_genes(self, genotypes: np.ndarray) -> np.ndarray:
        genotypes = self.check_genotypes(genotypes)
        return np.where(self.active_genes(genotypes), genotypes, 0)

    def blocks(self, arch: Architecture) -> tuple[Block, ...]:
        """An architecture as the strip of blocks that a report draws.

        Here, genes whose names share a place are a block: ``block 3 kernel`` and ``kernel of block
        3``. A block without active genes is skipped.
        """
        genotype = self.genotypes([arch])
        names = zip(self.choice_names, arch.genotype, strict=True)
        return blocks_of_genes(
            self.genes,
            [choices[choice] for choices, choice in names],
            self.active_genes(genotype)[0].tolist(),
        )

    def all_genotypes(self) -> np.ndarray | None:
        """Every genotype in the order of the published tables; None if too many to list."""
        return None

    def architecture(self, genotype: Sequence[int]) -> Architecture:
        """The architecture of a genotype.

        Raises:
            ArchitectureError: A gene is no whole number or out of range, or there are too many or
                too few.
        """
        genes = self.genes_of(genotype)
        return Architecture(self.name, genes, self._format(genes))

    def _format(self, genes: tuple[int, ...]) -> str:
        """The published string of genes that were looked at already."""
        return str(doors.inner(type(self).format)(self, genes))

    def genes_of(self, genotype: Any) -> tuple[int, ...]:
        """A genotype as whole numbers, each looked at.

        Raises:
            ArchitectureError: One is no choice of its gene, or there are too many or too few.
        """
        return whole_genes(self.name, self.genes, self.choice_names, genotype)

    def _check_own(self, arch: Architecture) -> None:
        """Check that an architecture is of this space, and that its genes can be.

        Raises:
            ArchitectureError: It is not, or they cannot.
        """
        if arch.space != self.name:
            raise ArchitectureError(
                f"{shown(str(arch))} is an architecture of {shown(arch.space)[1:-1]}; expected one "
                f"of {self.name}."
            )
        self.genes_of(arch.genotype)

    def genotypes(self, archs: Sequence[Architecture]) -> np.ndarray:
        """Genotypes of architectures, shape ``(n_archs, n_genes)``.

        Args:
            archs: The ``n_archs`` architectures, each however it is given; see ``as_arch``.

        Raises:
            ArgumentError: They are no list.
            ArchitectureError: One of them is none, or belongs to another space.
        """
        found = self.as_archs(archs)
        if not found:
            return np.empty((0, len(self.genes)), dtype=np.int64)
        return np.array([arch.genotype for arch in found], dtype=np.int64)

    def canonical(self, arch: Architecture) -> Architecture:
        """The one representative of the architecture's functional class.

        Args:
            arch: The architecture; see ``as_arch``.
        """
        return self.architecture(self.canonical_genotypes(self.genotypes([arch]))[0])

    def is_valid(self, arch: Architecture) -> bool:
        """Whether the architecture's input reaches its output.

        Args:
            arch: The architecture; see ``as_arch``.
        """
        return bool(self.valid_mask(self.genotypes([arch]))[0])

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` valid architectures, each drawn uniformly over genotypes; repeats can occur."""
        return [self.architecture(genotype) for genotype in self.sample_genotypes(n, rng)]

    def sample_genotypes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Genotypes of ``n`` valid architectures, shape ``(n, n_genes)``.

        Raises:
            ArchitectureError: Hardly any genotype is valid.
        """
        n, rng = whole(at_least=0)("n", n), _GENERATOR("rng", rng)
        found = np.empty((0, len(self.genes)), dtype=np.int64)
        for _ in range(SAMPLING_ROUNDS):
            if len(found) >= n:
                break
            drawn = rng.integers(self.n_choices, size=(n - len(found), len(self.genes)))
            found = np.concatenate([found, drawn[self.valid_mask(drawn)]])
        if len(found) < n:
            raise ArchitectureError(
                f"Valid architectures of {self.name} are too rare to sample: {len(found)} of the "
                f"{n} asked after {SAMPLING_ROUNDS} rounds. Narrow the space's choices."
            )
        return found

    def check_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        """``genotypes`` as integers of shape ``(n_archs, n_genes)``.

        Raises:
            ArgumentError: It is no array of whole numbers.
            ShapeError: It has another shape.
            ArchitectureError: A gene is out of range.
        """
        genotypes = whole_array(genotypes)
        if genotypes.ndim != 2 or genotypes.shape[1] != len(self.genes):
            raise ShapeError(
                f"genotypes must have shape (n_archs, n_genes) = (..., {len(self.genes)}); "
                f"got {genotypes.shape}."
            )
        is_choice = (genotypes >= 0) & (genotypes < self._sizes)
        if not is_choice.all():
            # The first one that is wrong says what is.
            self.genes_of(genotypes[~is_choice.all(axis=1)][0])
        return genotypes

    @cached_property
    def _sizes(self) -> np.ndarray:
        return np.array(self.n_choices)
