"""NAS-Bench-201 networks: their counts, and that functional classes are what they compute."""

from __future__ import annotations

import zlib
from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.spaces.nasbench201 import EDGES, OPERATIONS, NasBench201

torch = pytest.importorskip("torch", reason="torch is not installed")

_SMALL = NasBench201(channels=2, cells=2)


def _counts_by_running(model: torch.nn.Module, side: int) -> tuple[int, int]:
    """Parameters, and MACs seen by the convolutions and linear layers as one image passes."""
    macs = 0

    def count(layer: torch.nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal macs
        # Each number put out is a dot product with one filter, or one row of the matrix.
        macs += output.numel() * layer.weight[0].numel()

    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, side, side))
    return sum(parameter.numel() for parameter in model.parameters()), macs


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "imagenet16-120"])
def test_graph_counts_what_the_model_holds_and_does(dataset: str) -> None:
    space = NasBench201(dataset)
    for arch in space.sample(3, np.random.default_rng(5)):
        graph = space.graph(arch)
        model = space.build(arch)
        assert _counts_by_running(model, space.input_shape[1]) == (graph.params, graph.macs)


def _terms(genotype: tuple[int, ...], pool_distributes: bool) -> list[tuple]:
    """What each node computes: its sum, as a sorted tuple of nested terms."""
    sums: list[tuple] = [("x",)]
    for node in (1, 2, 3):
        terms: list = []
        for (start, end), choice in zip(EDGES, genotype, strict=True):
            operation = OPERATIONS[choice]
            if end != node or operation == "none" or not sums[start]:
                continue
            if operation == "skip_connect":
                terms.extend(sums[start])
            elif operation == "avg_pool_3x3" and pool_distributes:
                terms.extend((operation, (term,)) for term in sums[start])
            else:
                terms.append((operation, sums[start]))
        sums.append(tuple(sorted(terms, key=repr)))
    return sums


def _randomise(module: torch.nn.Module, key: object) -> None:
    """Give every weight and running statistic a value that depends on ``key`` alone."""
    generator = torch.Generator().manual_seed(zlib.crc32(repr(key).encode()))
    for name, tensor in sorted(module.state_dict().items()):
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
            # A variance must be positive, and one near 1 keeps the signal within range.
            tensor.copy_(noise.exp() if name.endswith("var") else noise)


def _with_weights_by_term(arch: Architecture, seed: int) -> torch.nn.Module:
    """The network of ``arch``, in which operations that compute the same term weigh the same."""
    model = _SMALL.build(arch).double().eval()
    sums = _terms(arch.genotype, pool_distributes=True)
    for position, layer in enumerate(model):
        if not hasattr(layer, "ops"):
            _randomise(layer, (seed, position))
            continue
        for operation, (start, _), choice in zip(layer.ops, EDGES, arch.genotype, strict=True):
            _randomise(operation, (seed, position, choice, sums[start]))
    return model


def _output(arch: Architecture, seed: int = 0) -> torch.Tensor:
    images = torch.randn(
        2, 3, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    with torch.no_grad():
        return _with_weights_by_term(arch, seed)(images)


def _is_same(first: torch.Tensor, second: torch.Tensor) -> bool:
    return torch.allclose(first, second, rtol=1e-7, atol=1e-9 * float(first.abs().max()))


@cache
def _classes() -> list[list[Architecture]]:
    """Pruned cells by functional class, the disconnected one left out."""
    pruned = np.unique(_SMALL.pruned_genotypes(_SMALL.all_genotypes()), axis=0)
    pruned = pruned[_SMALL.valid_mask(pruned)]
    members = defaultdict(list)
    for genotype, form in zip(pruned, _SMALL.canonical_genotypes(pruned), strict=True):
        members[tuple(form)].append(_SMALL.architecture(genotype))
    return list(members.values())


def _n_convolutions(arch: Architecture) -> int:
    return str(arch).count("nor_conv")


@pytest.mark.long
def test_members_of_a_class_compute_the_same_with_the_same_weights() -> None:
    several = [archs for archs in _classes() if len(archs) > 1]
    chosen = np.random.default_rng(11).choice(len(several), size=12, replace=False)
    for archs in (several[i] for i in chosen):
        first, *others = [_output(arch) for arch in archs]
        assert all(_is_same(first, other) for other in others), [str(arch) for arch in archs]


def test_members_with_different_numbers_of_convolutions_compute_the_same() -> None:
    # One convolution read twice is two convolutions of equal weights.
    uneven = [archs for archs in _classes() if len({_n_convolutions(arch) for arch in archs}) > 1]
    assert len(uneven) > 100
    chosen = np.random.default_rng(12).choice(len(uneven), size=12, replace=False)
    for archs in (uneven[i] for i in chosen):
        first, *others = [_output(arch) for arch in archs]
        assert all(_is_same(first, other) for other in others), [str(arch) for arch in archs]


def test_different_classes_compute_different_things() -> None:
    classes = _classes()
    chosen = np.random.default_rng(13).choice(len(classes), size=24, replace=False)
    archs = [classes[i][0] for i in chosen]
    outputs = [_output(arch) for arch in archs]
    # Pooling is linear: cells that differ only in pooling before or after a sum are equal too.
    functions = [_terms(arch.genotype, pool_distributes=True)[-1] for arch in archs]
    for i in range(len(archs)):
        for j in range(i):
            is_equal = functions[i] == functions[j]
            assert _is_same(outputs[i], outputs[j]) == is_equal, (str(archs[i]), str(archs[j]))


def test_other_weights_give_another_output() -> None:
    arch = _SMALL.sample(1, np.random.default_rng(14))[0]
    assert not _is_same(_output(arch, seed=0), _output(arch, seed=1))


def test_a_pooled_sum_is_the_sum_of_pooled_terms() -> None:
    # What the classes leave out: these two are of different classes and compute the same.
    sum_then_pool = _SMALL.parse(
        "|nor_conv_1x1~0|+|skip_connect~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
    )
    pool_then_sum = _SMALL.parse(
        "|nor_conv_1x1~0|+|none~0|none~1|+|avg_pool_3x3~0|avg_pool_3x3~1|none~2|"
    )
    assert _SMALL.canonical(sum_then_pool) != _SMALL.canonical(pool_then_sum)
    assert _is_same(_output(sum_then_pool), _output(pool_then_sum))


@pytest.mark.long
def test_all_pruned_cells_compute_as_many_functions_as_the_terms_say() -> None:
    """Runs one cell of each of the 9,444 connected pruned nets and counts distinct outputs."""
    space = NasBench201(channels=2, cells=1)
    archs = [arch for members in _classes() for arch in members]
    images = torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(0)).double()
    outputs, functions = set(), set()
    for arch in archs:
        cell = next(layer for layer in space.build(arch) if hasattr(layer, "ops")).double().eval()
        sums = _terms(arch.genotype, pool_distributes=True)
        for operation, (start, _), choice in zip(cell.ops, EDGES, arch.genotype, strict=True):
            _randomise(operation, (choice, sums[start]))
        with torch.no_grad():
            values = cell(images).flatten()
        outputs.add(tuple(round(float(value), 7) for value in values))
        functions.add(sums[-1])
    assert len(archs) == 9444
    assert len(outputs) == len(functions) == 4659
