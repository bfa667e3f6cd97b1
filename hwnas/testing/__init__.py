"""The contracts of spaces, objectives, proxies and algorithms, for our own tests and yours."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.graph import KINDS, OperationGraph
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import QUANTITIES, Direction, Source
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError
from hwnas.features.counts import COLUMNS, count_genotypes
from hwnas.proxies import PROXIES, noise, score
from hwnas.spaces import load_space
from hwnas.testing.algorithms import check_algorithm as check_algorithm

if TYPE_CHECKING:
    from torch import nn

# Single precision may round a batch in another order differently, and no more than that.
_RELATIVE_TOLERANCE = 1e-6
_SCORE_TOLERANCE = 1e-4

_SAME_SHAPE_KINDS = (
    "batch_norm",
    "relu",
    "silu",
    "sigmoid",
    "add",
    "channel_shuffle",
    "identity",
    "zero",
)


def check_space(
    space: SearchSpace, n_archs: int = 20, seed: int = 0, n_built_archs: int = 2
) -> None:
    """Assert that a search space keeps the contract of ``SearchSpace``.

    It checks that

    - genes, choices and names agree in number, and groups of independent genes cover all genes
      once;
    - ``sample`` gives as many valid architectures as asked, the same for the same seed;
    - ``parse`` reads what ``format`` wrote, and refuses text that is no architecture;
    - ``architecture`` refuses genes that are out of range, too few or too many;
    - ``canonical`` and ``pruned`` forms are their own forms, stay in range, keep validity and
      class, and the canonical form has no more parameters or multiply-accumulates;
    - counts summed over groups of independent genes equal those of the whole graph;
    - the graph lists each operator after what it reads, with shapes that fit;
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
    archs = _check_sampling(space, n_archs, seed)
    genotypes = np.concatenate([space.genotypes(archs), _corners(space)])
    _check_strings(space, [space.architecture(genotype) for genotype in genotypes])
    _check_refusals(space)
    _check_all_genotypes(space)
    _check_forms(space, genotypes)
    _check_counts(space, genotypes)
    for arch in archs:
        _check_graph(space, arch)
    if importlib.util.find_spec("torch") is not None:
        for arch in archs[:n_built_archs]:
            _check_model(space, arch)


def check_objective(objective: Objective, archs: Sequence[Architecture]) -> None:
    """Assert that an objective keeps the contract of ``Objective``.

    It checks that

    - its ``spec`` has a column, a title, a known direction and a known source, and agrees with
      hwnas on the unit and direction of a quantity that hwnas knows;
    - it answers with arrays of shape ``(n_archs,)`` and no infinities (unknown is NaN);
    - each interval holds its value;
    - asked twice, in another order or for one architecture alone, it gives the same values (to
      a relative 1e-6; a live measurement is exempt).

    Args:
        objective: The objective.
        archs: Some architectures it can value, at least one.

    Raises:
        AssertionError: A sentence on what must hold and what was found instead.
    """
    spec = objective.spec
    _check_spec(spec)
    _require(len(archs) > 0, "check_objective must be given at least one architecture; got none.")
    first = _estimate(objective, archs)
    if spec.source == "measured":
        return
    again = _estimate(objective, archs)
    backwards = _estimate(objective, archs[::-1])
    alone = _estimate(objective, archs[:1])
    for name in ("value", "lower", "upper"):
        values = getattr(first, name)
        _require(
            np.array_equal(values, getattr(again, name), equal_nan=True),
            f"{spec.column}: {name} must be the same when asked twice; it changed.",
        )
        _require(
            _is_close(values, getattr(backwards, name)[::-1]),
            f"{spec.column}: {name} must not depend on the order of the batch; it does.",
        )
        _require(
            _is_close(values[:1], getattr(alone, name)),
            f"{spec.column}: {name} must not depend on the rest of the batch; it does.",
        )


def check_proxy(
    name: str, model: nn.Module | None = None, batch: tuple[Any, Any] | None = None
) -> None:
    """Assert that a registered proxy keeps the contract of ``Proxy``; needs torch.

    It checks that

    - its docstring tells the paper, with a link;
    - it gives a finite number for a small classifier, or says why it has none;
    - asked twice, from another state of the global generators, or beside all other proxies, it
      gives the same number for the same seed;
    - it leaves the model as it was: weights, buffers, gradients, modes, hooks and attributes;
    - it leaves torch's global generator as it was.

    Args:
        name: Its name.
        model: A classifier; by default a small one with convolutions, batch normalisation, ReLU
            in place, global pooling and a linear layer, for images of ``3 x 8 x 8``.
        batch: Images and labels for the model; by default eight images of noise.

    Raises:
        UnknownNameError: There is no such proxy.
        AssertionError: A sentence on what must hold and what was found instead.
    """
    import torch

    doc = PROXIES[name].doc
    _require(
        "References:" in doc and "https://" in doc,
        f"The docstring of proxy {name} must have References with a link; it has none.",
    )
    model = model or _small_classifier()
    batch = batch or noise(8, (3, 8, 8), 5)
    first = _score_untouched(name, model, batch)
    torch.rand(3)
    again = score(model, batch, [name]).values[name]
    _require(
        _is_same_score(first, again),
        f"Proxy {name} must be the same for the same seed; it was {first}, then {again}.",
    )
    together = score(model, batch).values[name]
    _require(
        _is_same_score(first, together),
        f"Proxy {name} must not depend on the others asked; it was {first} alone and {together} "
        "with all.",
    )


def _score_untouched(name: str, model: nn.Module, batch: tuple[Any, Any]) -> float | None:
    """A proxy's value, checked to come with no trace and, if it is None, with a reason."""
    import torch

    before, generator = _model_state(model), torch.get_rng_state()
    scores = score(model, batch, [name])
    for part, found in _model_state(model).items():
        _require(
            _is_equal(found, before[part]),
            f"Proxy {name} must leave the model's {part} as they were; it changed them.",
        )
    _require(
        torch.equal(torch.get_rng_state(), generator),
        f"Proxy {name} must leave torch's global generator as it was; it drew from it.",
    )
    value, reason = scores.values[name], scores.reasons.get(name)
    _require(
        (value is None) == bool(reason),
        f"Proxy {name} must give a reason where it has no value, and only there; "
        f"got {value} and {reason!r}.",
    )
    return value


def _small_classifier() -> nn.Module:
    import torch
    from torch import nn

    with torch.random.fork_rng([]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
            nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
        )  # fmt: skip


def _model_state(model: nn.Module) -> dict[str, list[Any]]:
    """All that a proxy may not change, by what it is called."""
    modules, parameters = list(model.modules()), list(model.parameters())
    return {
        "weights and buffers": [value.clone() for value in model.state_dict().values()],
        "gradients": [None if each.grad is None else each.grad.clone() for each in parameters],
        "parameters": [(id(each), each.requires_grad) for each in parameters],
        "modes": [(each.training, getattr(each, "inplace", None)) for each in modules],
        "attributes": [sorted(vars(each)) for each in modules],
        "hooks": [
            len(hooks)
            for each in modules
            for kind, hooks in sorted(vars(each).items())
            if kind.endswith("_hooks") and hooks is not None
        ],
    }


def _is_equal(first: list[Any], second: list[Any]) -> bool:
    import torch

    def is_same(one: Any, other: Any) -> bool:
        if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
            return torch.equal(one, other)
        return type(one) is type(other) and bool(one == other)

    return len(first) == len(second) and all(map(is_same, first, second))


def _is_same_score(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    # Passes that note down more may sum in another order, in single precision.
    return bool(np.isclose(first, second, rtol=_SCORE_TOLERANCE, atol=_SCORE_TOLERANCE))


def _require(holds: bool | np.bool_, sentence: str) -> None:
    # Not an assert statement: python -O must not switch a contract off.
    if not holds:
        raise AssertionError(sentence)


def _require_refused(attempt: Callable[[], object], what: str) -> None:
    try:
        attempt()
    except ArchitectureError as error:
        _require("\n" not in str(error), f"The error for {what} must be one line; got: {error}")
        return
    except Exception as error:
        raise AssertionError(
            f"{what} must be refused with an ArchitectureError; it raised {error!r}."
        ) from error
    raise AssertionError(f"{what} must be refused with an ArchitectureError; it was accepted.")


def _check_genes(space: SearchSpace) -> None:
    n_genes = len(space.genes)
    _require(n_genes > 0, f"{space.name} must have at least one gene; it has none.")
    _require(
        len(set(space.genes)) == n_genes,
        f"{space.name}: genes must have different names; got {space.genes}.",
    )
    _require(
        len(space.n_choices) == n_genes and min(space.n_choices) > 0,
        f"{space.name}: n_choices must hold one positive number for each of {n_genes} genes; "
        f"got {space.n_choices}.",
    )
    _require(
        space.dataset in space.datasets,
        f"{space.name}: dataset must be one of {space.datasets}; got {space.dataset!r}.",
    )
    covered = sorted(itertools.chain.from_iterable(space.independent_genes))
    _require(
        covered == list(range(n_genes)),
        f"{space.name}: independent_genes must cover each gene exactly once; got {covered}.",
    )
    if space.cell is not None:
        expected = (len(space.cell.operations),) * len(space.cell.edges)
        _require(
            space.n_choices == expected,
            f"{space.name}: the cell's edges and operations must be the genes and their choices, "
            f"n_choices {expected}; got {space.n_choices}.",
        )


def _check_sampling(space: SearchSpace, n_archs: int, seed: int) -> list[Architecture]:
    archs = space.sample(n_archs, np.random.default_rng(seed))
    _require(
        len(archs) == n_archs,
        f"{space.name}: sample must give {n_archs} architectures; got {len(archs)}.",
    )
    _require(
        archs == space.sample(n_archs, np.random.default_rng(seed)),
        f"{space.name}: sample must give the same architectures for the same seed; it did not.",
    )
    for arch in archs:
        _require(
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
    _require(
        in_range.all(),
        f"{space.name}: {maker} must give genes from 0 to n_choices - 1; "
        f"got {genotypes[~in_range.all(axis=1)][:1].tolist()}.",
    )


def _check_strings(space: SearchSpace, archs: Sequence[Architecture]) -> None:
    for arch in archs:
        parsed = space.parse(str(arch))
        _require(
            parsed == arch and str(parsed) == str(arch),
            f"{space.name}: parse must read back what format wrote; '{arch}' of {arch.genotype} "
            f"became '{parsed}' of {parsed.genotype}.",
        )
    n_texts, n_genotypes = len({str(arch) for arch in archs}), len(set(archs))
    _require(
        n_texts == n_genotypes,
        f"{space.name}: format must give each genotype its own string; "
        f"{n_genotypes} genotypes have {n_texts}.",
    )
    for text in ("", "no architecture", str(archs[0]) + "?"):
        _require_refused(partial(space.parse, text), f"{space.name}: text {text!r}")


def _check_refusals(space: SearchSpace) -> None:
    origin = [0] * len(space.genes)
    out_of_range = [
        [*origin[:gene], choice, *origin[gene + 1 :]]
        for gene, n_choices in enumerate(space.n_choices)
        for choice in (-1, n_choices)
    ]
    for genotype in (origin[:-1], [*origin, 0], *out_of_range):
        _require_refused(
            partial(space.architecture, genotype), f"{space.name}: genotype {tuple(genotype)}"
        )


def _check_all_genotypes(space: SearchSpace) -> None:
    genotypes = space.all_genotypes()
    if genotypes is None:
        return
    _check_range(space, space.check_genotypes(genotypes), "all_genotypes")
    n_different = len(np.unique(genotypes, axis=0))
    _require(
        n_different == len(genotypes),
        f"{space.name}: all_genotypes must list each once; "
        f"{len(genotypes)} rows hold {n_different} genotypes.",
    )


def _check_forms(space: SearchSpace, genotypes: np.ndarray) -> None:
    given = genotypes.copy()
    canonical, pruned = space.canonical_genotypes(genotypes), space.pruned_genotypes(genotypes)
    _require(
        np.array_equal(given, genotypes),
        f"{space.name}: canonical_genotypes and pruned_genotypes must not change their argument.",
    )
    for name, form, again in (
        ("canonical_genotypes", canonical, space.canonical_genotypes(canonical)),
        ("pruned_genotypes", pruned, space.pruned_genotypes(pruned)),
    ):
        _check_range(space, form, name)
        _require(
            np.array_equal(form, again),
            f"{space.name}: {name} must leave its own result as it is; it changed it.",
        )
        _require(
            np.array_equal(space.valid_mask(form), space.valid_mask(genotypes)),
            f"{space.name}: {name} must keep valid architectures valid and invalid ones invalid.",
        )
    _require(
        np.array_equal(space.canonical_genotypes(pruned), canonical),
        f"{space.name}: pruning must keep the functional class; it changed the canonical form.",
    )
    _require(
        np.array_equal(space.pruned_genotypes(canonical), canonical),
        f"{space.name}: a canonical form must hold no dead operations; pruning changed it.",
    )
    counts, canonical_counts = count_genotypes(space, genotypes), count_genotypes(space, canonical)
    _require(
        (canonical_counts <= counts).all(),
        f"{space.name}: a canonical form must have no more {' or '.join(COLUMNS)} than any member "
        "of its class; one has.",
    )


def _check_counts(space: SearchSpace, genotypes: np.ndarray) -> None:
    for genotype, counted in zip(genotypes, count_genotypes(space, genotypes), strict=True):
        arch = space.architecture(genotype)
        graph = space.graph(arch)
        _require(
            (graph.params, graph.macs) == tuple(counted),
            f"{space.name}: counts summed over independent_genes must equal those of the graph, "
            f"params and macs {(graph.params, graph.macs)}; got {tuple(counted.tolist())} "
            f"for {arch}.",
        )


def _check_graph(space: SearchSpace, arch: Architecture) -> None:
    graph = space.graph(arch)
    where = f"{space.name}: the graph of {arch}"
    _require(len(graph) > 0, f"{where} must have operators; it has none.")
    in_shape = _network_input(graph, where)
    for position, operation in enumerate(graph):
        what = f"{where}: operator {position} ({operation.kind})"
        _require(operation.kind in KINDS, f"{what} must be one of {', '.join(KINDS)}.")
        _require(
            bool(operation.inputs) and all(-1 <= i < position for i in operation.inputs),
            f"{what} must read operators before it; it reads {operation.inputs}.",
        )
        shapes = [in_shape if i < 0 else graph.operations[i].out_shape for i in operation.inputs]
        _require(
            shapes[0] == operation.in_shape,
            f"{what} must have the in_shape of what it reads, {shapes[0]}; "
            f"got {operation.in_shape}.",
        )
        if operation.kind in _SAME_SHAPE_KINDS:
            _require(
                {*shapes, operation.out_shape} == {operation.in_shape},
                f"{what} must read and put out one shape; it reads {shapes} and puts out "
                f"{operation.out_shape}.",
            )


def _network_input(graph: OperationGraph, where: str) -> tuple[int, ...]:
    shapes = {operation.in_shape for operation in graph if -1 in operation.inputs}
    _require(
        len(shapes) == 1,
        f"{where} must read the network's input (-1) in one shape; got {sorted(shapes)}.",
    )
    return shapes.pop()


def _check_model(space: SearchSpace, arch: Architecture) -> None:
    import torch

    graph = space.graph(arch)
    model = space.build(arch).eval()
    n_images = 2
    images = torch.zeros(n_images, *_network_input(graph, space.name))
    with torch.no_grad():
        out_shape = tuple(model(images).shape)
    expected = (n_images, *graph.operations[-1].out_shape)
    _require(
        out_shape == expected,
        f"{space.name}: the model of {arch} must put out shape {expected}; got {out_shape}.",
    )
    n_params = sum(p.numel() for p in model.parameters() if p.requires_grad)
    _require(
        n_params == graph.params,
        f"{space.name}: the model of {arch} must have the graph's {graph.params} parameters; "
        f"it has {n_params}.",
    )


def _check_spec(spec: ObjectiveSpec) -> None:
    _require(
        bool(spec.column) and not any(character.isspace() for character in spec.column),
        f"spec.column must be a word such as 'latency_ms'; got {spec.column!r}.",
    )
    _require(bool(spec.title), f"{spec.column}: spec.title must be a heading; it is empty.")
    for name, value, known in (
        ("direction", spec.direction, get_args(Direction)),
        ("source", spec.source, get_args(Source)),
    ):
        _require(
            value in known,
            f"{spec.column}: spec.{name} must be one of {', '.join(known)}; got {value!r}.",
        )
    for quantity in QUANTITIES.values():
        if spec.column.partition("@")[0] == quantity.column:
            _require(
                (spec.unit, spec.direction) == (quantity.unit, quantity.direction),
                f"{spec.column}: unit and direction must be {quantity.unit!r} and "
                f"{quantity.direction!r}; got {spec.unit!r} and {spec.direction!r}.",
            )


def _estimate(objective: Objective, archs: Sequence[Architecture]) -> Estimate:
    column = objective.spec.column
    estimate = objective(Batch.of(load_space(archs[0].space), archs))
    _require(
        estimate.value.shape == (len(archs),),
        f"{column}: values must have shape (n_archs,) = ({len(archs)},); "
        f"got {estimate.value.shape}.",
    )
    for name in ("value", "lower", "upper"):
        _require(
            not np.isinf(getattr(estimate, name)).any(),
            f"{column}: {name} must be finite, or NaN where unknown; it holds an infinity.",
        )
    # A comparison with NaN is false, so an unknown end excludes nothing.
    outside = (estimate.value < estimate.lower) | (estimate.value > estimate.upper)
    _require(
        not outside.any(),
        f"{column}: an interval must hold its value; that of {archs[int(outside.argmax())]} "
        "does not.",
    )
    return estimate


def _is_close(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.allclose(first, second, rtol=_RELATIVE_TOLERANCE, atol=0.0, equal_nan=True))
