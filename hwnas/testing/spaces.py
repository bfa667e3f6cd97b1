"""The contract of search spaces."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Sequence
from functools import partial

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.errors import HwnasError
from hwnas.features import feature_matrix, feature_names
from hwnas.features.counting import COLUMNS, count_genotypes
from hwnas.testing._networks import check_graph, check_model
from hwnas.testing._require import require, require_refused


def check_space(
    space: SearchSpace, n_archs: int = 20, seed: int = 0, n_built_archs: int = 2
) -> None:
    """Assert that a search space keeps the contract of ``SearchSpace``.

    It checks that

    - genes, choices and names agree in number, and groups of independent genes, if there are
      any, cover all genes once;
    - it can be made again from its data set and options;
    - ``sample`` gives as many valid architectures as asked, the same for the same seed;
    - ``parse`` reads what ``format`` wrote, and refuses text that is no architecture;
    - ``architecture`` refuses genes that are out of range, too few or too many;
    - ``canonical`` and ``pruned`` forms are their own forms, stay in range, keep validity and
      class, and the canonical form has no more parameters or multiply-accumulates;
    - counts summed over groups of independent genes equal those of the whole graph;
    - with inactive genes at 0 an architecture has the same active genes and canonical form;
    - an architecture has blocks to be drawn as, each with a name;
    - cells are labelled with their own operations, and the feature sets give finite numbers;
    - the graph lists each operator after what it reads, with shapes that fit, from the space's
      input shape to its number of outputs;
    - where torch is installed, ``build`` gives a model with the graph's output and parameters.

    Args:
        space: The space, with the options to check it under.
        n_archs: How many architectures to sample.
        seed: Seed of the sample.
        n_built_archs: How many of them to build and run.

    Raises:
        AssertionError: A sentence on what must hold and what was found instead.

    Example:
        >>> from hwnas.spaces import load_space
        >>> check_space(load_space("nasbench201", cells=1), n_built_archs=0)
    """
    _check_genes(space)
    _check_options(space)
    archs = _check_sampling(space, n_archs, seed)
    genotypes = np.concatenate([space.genotypes(archs), _corners(space)])
    _check_strings(space, [space.architecture(genotype) for genotype in genotypes])
    _check_refusals(space)
    _check_all_genotypes(space)
    _check_forms(space, genotypes)
    _check_counts(space, genotypes)
    _check_active_genes(space, genotypes)
    _check_cells(space, genotypes)
    _check_features(space, space.genotypes(archs))
    for arch in archs:
        _check_blocks(space, arch)
        check_graph(space, arch)
    if importlib.util.find_spec("torch") is not None:
        for arch in archs[:n_built_archs]:
            check_model(space, arch)


def _check_blocks(space: SearchSpace, arch: Architecture) -> None:
    blocks = space.blocks(arch)
    require(
        bool(blocks) and all(block.name for block in blocks),
        f"{space.name}: blocks({arch}) must be at least one block, each with a name; got {blocks}.",
    )


def _check_genes(space: SearchSpace) -> None:
    n_genes = len(space.genes)
    require(n_genes > 0, f"{space.name} must have at least one gene; it has none.")
    require(
        len(set(space.genes)) == n_genes,
        f"{space.name}: genes must have different names; got {space.genes}.",
    )
    require(
        len(space.n_choices) == n_genes and min(space.n_choices) > 0,
        f"{space.name}: n_choices must hold one positive number for each of {n_genes} genes; "
        f"got {space.n_choices}.",
    )
    require(
        space.dataset in space.datasets,
        f"{space.name}: dataset must be one of {space.datasets}; got {space.dataset!r}.",
    )
    require(
        tuple(map(len, space.choice_names)) == tuple(space.n_choices),
        f"{space.name}: choice_names must name each of {space.n_choices} choices; "
        f"got {space.choice_names}.",
    )
    if space.independent_genes is not None:
        covered = sorted(itertools.chain.from_iterable(space.independent_genes))
        require(
            covered == list(range(n_genes)),
            f"{space.name}: independent_genes must cover each gene exactly once; got {covered}.",
        )


def _check_options(space: SearchSpace) -> None:
    try:
        again = type(space)(dataset=space.dataset, **space.options)
    except (TypeError, AttributeError) as error:
        raise AssertionError(
            f"{space.name} must take a data set and keep each option under its own name; {error}."
        ) from error
    require(
        again == space,
        f"{space.name} must be made again from its data set and options {dict(space.options)}; "
        f"that gave {again.dataset} and {dict(again.options)}.",
    )


def _check_active_genes(space: SearchSpace, genotypes: np.ndarray) -> None:
    is_active = space.active_genes(genotypes)
    require(
        is_active.shape == genotypes.shape and is_active.dtype == bool,
        f"{space.name}: active_genes must be booleans of shape {genotypes.shape}; "
        f"got {is_active.dtype} of shape {is_active.shape}.",
    )
    zeroed = np.where(is_active, genotypes, 0)
    require(
        np.array_equal(space.active_genes(zeroed), is_active),
        f"{space.name}: active_genes must be the same with the others at 0; they are not.",
    )
    require(
        np.array_equal(space.canonical_genotypes(zeroed), space.canonical_genotypes(genotypes)),
        f"{space.name}: inactive genes must not change the canonical form; they do.",
    )


def _check_cells(space: SearchSpace, genotypes: np.ndarray) -> None:
    for cell in space.cell_types:
        for genotype in genotypes.tolist():
            graph = cell.graph(genotype)
            where = f"{space.name}: the cell of {space.format(genotype)}"
            require(
                all(0 <= start < end < cell.n_nodes for start, end in graph.edges),
                f"{where} must have edges to larger nodes of {cell.n_nodes}; got {graph.edges}.",
            )
            labels = {*graph.on_edges, *graph.on_nodes}
            require(
                labels <= {*cell.operations},
                f"{where} must have operations among {', '.join(cell.operations)}; "
                f"got {', '.join(sorted(labels))}.",
            )


def _check_features(space: SearchSpace, genotypes: np.ndarray) -> None:
    for name in space.feature_sets:
        try:
            n_columns = len(feature_names(space, [name]))
            matrix = feature_matrix(space, genotypes, [name])
        except HwnasError as error:
            raise AssertionError(
                f"{space.name}: feature_sets must be sets that it has; {name} is none. {error}"
            ) from error
        require(
            matrix.shape == (len(genotypes), n_columns) and bool(np.isfinite(matrix).all()),
            f"{space.name}: feature set {name} must give {n_columns} finite numbers for each of "
            f"{len(genotypes)} architectures; got shape {matrix.shape}.",
        )


def _check_sampling(space: SearchSpace, n_archs: int, seed: int) -> list[Architecture]:
    archs = space.sample(n_archs, np.random.default_rng(seed))
    require(
        len(archs) == n_archs,
        f"{space.name}: sample must give {n_archs} architectures; got {len(archs)}.",
    )
    require(
        archs == space.sample(n_archs, np.random.default_rng(seed)),
        f"{space.name}: sample must give the same architectures for the same seed; it did not.",
    )
    for arch in archs:
        require(
            space.is_valid(arch), f"{space.name}: sample must give valid architectures; got {arch}."
        )
    _check_range(space, space.genotypes(archs), "sample")
    return archs


def _corners(space: SearchSpace) -> np.ndarray:
    """Genotypes of one choice throughout, shape ``(max(n_choices), n_genes)``.

    Samples hold valid architectures only; where a space has invalid ones, they are found here.
    """
    choices = np.arange(max(space.n_choices))[:, None]
    return np.asarray(np.minimum(choices, np.array(space.n_choices) - 1))


def _check_range(space: SearchSpace, genotypes: np.ndarray, maker: str) -> None:
    in_range = (genotypes >= 0) & (genotypes < np.array(space.n_choices))
    require(
        in_range.all(),
        f"{space.name}: {maker} must give genes from 0 to n_choices - 1; "
        f"got {genotypes[~in_range.all(axis=1)][:1].tolist()}.",
    )


def _check_strings(space: SearchSpace, archs: Sequence[Architecture]) -> None:
    for arch in archs:
        parsed = space.parse(str(arch))
        require(
            parsed == arch and str(parsed) == str(arch),
            f"{space.name}: parse must read back what format wrote; '{arch}' of {arch.genotype} "
            f"became '{parsed}' of {parsed.genotype}.",
        )
    n_texts, n_genotypes = len({str(arch) for arch in archs}), len(set(archs))
    require(
        n_texts == n_genotypes,
        f"{space.name}: format must give each genotype its own string; "
        f"{n_genotypes} genotypes have {n_texts}.",
    )
    for text in ("", "no architecture", str(archs[0]) + "?"):
        require_refused(partial(space.parse, text), f"{space.name}: text {text!r}")


def _check_refusals(space: SearchSpace) -> None:
    origin = [0] * len(space.genes)
    out_of_range = [
        [*origin[:gene], choice, *origin[gene + 1 :]]
        for gene, n_choices in enumerate(space.n_choices)
        for choice in (-1, n_choices)
    ]
    for genotype in (origin[:-1], [*origin, 0], *out_of_range):
        require_refused(
            partial(space.architecture, genotype), f"{space.name}: genotype {tuple(genotype)}"
        )


def _check_all_genotypes(space: SearchSpace) -> None:
    genotypes = space.all_genotypes()
    if genotypes is None:
        return
    _check_range(space, space.check_genotypes(genotypes), "all_genotypes")
    n_different = len(np.unique(genotypes, axis=0))
    require(
        n_different == len(genotypes),
        f"{space.name}: all_genotypes must list each once; "
        f"{len(genotypes)} rows hold {n_different} genotypes.",
    )


def _check_forms(space: SearchSpace, genotypes: np.ndarray) -> None:
    given = genotypes.copy()
    canonical, pruned = space.canonical_genotypes(genotypes), space.pruned_genotypes(genotypes)
    require(
        np.array_equal(given, genotypes),
        f"{space.name}: canonical_genotypes and pruned_genotypes must not change their argument.",
    )
    for name, form, again in (
        ("canonical_genotypes", canonical, space.canonical_genotypes(canonical)),
        ("pruned_genotypes", pruned, space.pruned_genotypes(pruned)),
    ):
        _check_range(space, form, name)
        require(
            np.array_equal(form, again),
            f"{space.name}: {name} must leave its own result as it is; it changed it.",
        )
        require(
            np.array_equal(space.valid_mask(form), space.valid_mask(genotypes)),
            f"{space.name}: {name} must keep valid architectures valid and invalid ones invalid.",
        )
    require(
        np.array_equal(space.canonical_genotypes(pruned), canonical),
        f"{space.name}: pruning must keep the functional class; it changed the canonical form.",
    )
    require(
        np.array_equal(space.pruned_genotypes(canonical), canonical),
        f"{space.name}: a canonical form must hold no dead operations; pruning changed it.",
    )
    counts, canonical_counts = count_genotypes(space, genotypes), count_genotypes(space, canonical)
    require(
        (canonical_counts <= counts).all(),
        f"{space.name}: a canonical form must have no more {' or '.join(COLUMNS)} than any member "
        "of its class; one has.",
    )


def _check_counts(space: SearchSpace, genotypes: np.ndarray) -> None:
    for genotype, counted in zip(genotypes, count_genotypes(space, genotypes), strict=True):
        arch = space.architecture(genotype)
        graph = space.graph(arch)
        require(
            (graph.params, graph.macs) == tuple(counted),
            f"{space.name}: counts summed over independent_genes must equal those of the graph, "
            f"params and macs {(graph.params, graph.macs)}; got {tuple(counted.tolist())} "
            f"for {arch}.",
        )
