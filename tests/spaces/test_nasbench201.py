"""NAS-Bench-201: strings, forms and functional classes."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.architecture import Architecture
from hwnas.errors import ArchitectureError, ConfigError, ShapeError, UnknownNameError
from hwnas.features.counting import count_genotypes
from hwnas.spaces import load_space
from hwnas.spaces.nasbench201 import (
    CELL,
    CONV_1X1,
    CONV_3X3,
    EDGES,
    NONE,
    OPERATIONS,
    POOL,
    SKIP,
    NasBench201,
)

_SPACE = NasBench201()
_TEXT = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"

genotypes = st.tuples(*[st.integers(0, len(OPERATIONS) - 1)] * len(EDGES))


def _sum_of_terms(genotype: tuple[int, ...]) -> tuple:
    """What a cell computes, as nested sorted tuples; written without a look at the space's own."""
    sums: list[tuple] = [("x",)]
    for node in (1, 2, 3):
        terms: list = []
        for (start, end), choice in zip(EDGES, genotype, strict=True):
            if end != node or OPERATIONS[choice] == "none" or not sums[start]:
                continue
            if OPERATIONS[choice] == "skip_connect":
                terms.extend(sums[start])
            else:
                terms.append((OPERATIONS[choice], sums[start]))
        sums.append(tuple(sorted(terms, key=repr)))
    return sums[-1]


def _live_edges(genotype: tuple[int, ...]) -> set[int]:
    """Edges on some path from node 0 to node 3 without ``none``, by walking each of the paths."""
    paths = [(3,), (0, 4), (1, 5), (0, 2, 5)]
    return {edge for path in paths if all(genotype[step] != NONE for step in path) for edge in path}


def test_string_of_a_genotype_by_hand() -> None:
    genotype = (CONV_3X3, NONE, SKIP, NONE, NONE, SKIP)
    assert str(_SPACE.architecture(genotype)) == _TEXT
    assert _SPACE.parse(_TEXT).genotype == genotype


def test_space_has_15625_genotypes_each_once() -> None:
    everything = _SPACE.all_genotypes()
    assert everything.shape == (15625, 6)
    assert len(np.unique(everything, axis=0)) == 15625


def test_valid_cells_are_15284_and_invalid_ones_341() -> None:
    mask = _SPACE.valid_mask(_SPACE.all_genotypes())
    assert int(mask.sum()) == 15284
    assert int((~mask).sum()) == 341


def test_validity_is_that_some_path_has_no_absent_edge() -> None:
    everything = _SPACE.all_genotypes()
    by_path = [bool(_live_edges(tuple(genotype))) for genotype in everything]
    np.testing.assert_array_equal(_SPACE.valid_mask(everything), by_path)


def test_pruning_keeps_exactly_the_edges_on_paths() -> None:
    everything = _SPACE.all_genotypes()
    expected = [
        [choice if edge in _live_edges(tuple(row)) else NONE for edge, choice in enumerate(row)]
        for row in everything
    ]
    np.testing.assert_array_equal(_SPACE.pruned_genotypes(everything), expected)


def test_pruned_nets_are_9445() -> None:
    pruned = _SPACE.pruned_genotypes(_SPACE.all_genotypes())
    assert len(np.unique(pruned, axis=0)) == 9445


def test_functional_classes_are_4930_of_which_4929_are_connected() -> None:
    canonical = np.unique(_SPACE.canonical_genotypes(_SPACE.all_genotypes()), axis=0)
    assert len(canonical) == 4930
    assert int(_SPACE.valid_mask(canonical).sum()) == 4929


def test_classes_are_those_of_equal_sums_of_terms() -> None:
    everything = _SPACE.all_genotypes()
    ours = [tuple(form) for form in _SPACE.canonical_genotypes(everything).tolist()]
    theirs = [_sum_of_terms(tuple(genotype)) for genotype in everything.tolist()]
    # As many pairs as labels on either side: the two partitions are one.
    assert len(set(ours)) == len(set(theirs)) == len(set(zip(ours, theirs, strict=True)))


def test_class_zero_is_the_disconnected_one() -> None:
    assert tuple(CELL.classes.representative[0]) == (NONE,) * len(EDGES)


def test_skip_and_identity_twins_have_one_canonical_form() -> None:
    straight = _SPACE.parse(_TEXT)
    direct = _SPACE.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    assert _SPACE.canonical(straight) == _SPACE.canonical(direct)


def test_order_of_sums_does_not_matter() -> None:
    first = _SPACE.architecture((CONV_3X3, POOL, NONE, NONE, SKIP, SKIP))
    second = _SPACE.architecture((POOL, CONV_3X3, NONE, NONE, SKIP, SKIP))
    assert _SPACE.canonical(first) == _SPACE.canonical(second)


def test_different_kernels_are_different_classes() -> None:
    small = _SPACE.architecture((NONE, NONE, NONE, CONV_1X1, NONE, NONE))
    large = _SPACE.architecture((NONE, NONE, NONE, CONV_3X3, NONE, NONE))
    assert _SPACE.canonical(small) != _SPACE.canonical(large)


@given(genotypes)
def test_published_string_round_trips(genotype: tuple[int, ...]) -> None:
    arch = _SPACE.architecture(genotype)
    assert _SPACE.parse(str(arch)) == arch


@given(genotypes)
def test_canonical_form_is_pruned_idempotent_and_of_the_class(genotype: tuple[int, ...]) -> None:
    canonical = _SPACE.canonical(_SPACE.architecture(genotype))
    assert _SPACE.canonical(canonical) == canonical
    assert tuple(_SPACE.pruned_genotypes(np.array([canonical.genotype]))[0]) == canonical.genotype
    assert _sum_of_terms(canonical.genotype) == _sum_of_terms(genotype)


@pytest.mark.long
@given(genotypes)
def test_canonical_form_has_the_fewest_params_of_its_pruned_members(
    genotype: tuple[int, ...],
) -> None:
    everything = _SPACE.all_genotypes()
    pruned = np.unique(_SPACE.pruned_genotypes(everything), axis=0)
    canonical = _SPACE.canonical_genotypes(np.array([genotype]))
    members = pruned[(_SPACE.canonical_genotypes(pruned) == canonical).all(axis=1)]
    fewest = count_genotypes(_SPACE, members)[:, 0].min()
    assert count_genotypes(_SPACE, canonical)[0, 0] == fewest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|nor_conv_3x3~0|",
        _TEXT + "|",
        _TEXT.replace("~2", "~1"),
        _TEXT.replace("+", ""),
        _TEXT.upper(),
        f"{_TEXT}\n{_TEXT}",
    ],
)
def test_malformed_string_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ArchitectureError, match="must have the form") as refusal:
        _SPACE.parse(text)
    assert "\n" not in str(refusal.value)


def test_unknown_operation_is_named() -> None:
    with pytest.raises(
        ArchitectureError, match=r"must be one of none, skip_connect.*got 'conv_7x7"
    ):
        _SPACE.parse(_TEXT.replace("nor_conv_3x3", "conv_7x7"))


@given(genotypes, st.data())
def test_a_damaged_string_is_refused_or_read_as_what_it_now_says(
    genotype: tuple[int, ...], data: st.DataObject
) -> None:
    text = _SPACE.format(genotype)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = text[:start] + data.draw(st.text("|+~012nop \n", max_size=4)) + text[end:]
    try:
        result = str(_SPACE.parse(damaged))
    except ArchitectureError as refusal:
        result = str(refusal)
    assert result == "".join(damaged.split()) or "must" in result
    assert "\n" not in result


def test_unknown_dataset_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown dataset 'cifar11'\. Did you mean"):
        load_space("nasbench201", dataset="cifar11")


@pytest.mark.parametrize("option", ["channels", "cells"])
@pytest.mark.parametrize("value", [0, "5", 1.5, True])
def test_options_that_count_nothing_are_refused(option: str, value: object) -> None:
    told = f"{option} of nasbench201 must be a whole number, at least 1; got {value!r}"
    with pytest.raises(ConfigError, match=re.escape(told)):
        load_space("nasbench201", **{option: value})


def test_genotypes_of_the_wrong_width_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(n_archs, n_genes\) = \(\.\.\., 6\); got \(2, 5\)"):
        _SPACE.canonical_genotypes(np.zeros((2, 5), dtype=int))


def test_architectures_of_another_space_are_refused() -> None:
    foreign = Architecture("mnasnet", (0,) * 6, "foreign")
    with pytest.raises(ArchitectureError, match="'foreign' is an architecture of mnasnet"):
        _SPACE.genotypes([foreign])


def test_samples_are_uniform_over_valid_genotypes() -> None:
    n_samples = 20_000
    drawn = _SPACE.sample_genotypes(n_samples, np.random.default_rng(3))
    valid = [g for g in itertools.product(range(5), repeat=6) if _live_edges(g)]
    expected = np.stack([(np.array(valid) == choice).mean(axis=0) for choice in range(5)])
    found = np.stack([(drawn == choice).mean(axis=0) for choice in range(5)])
    # Five standard errors of a proportion of one half, the widest there is.
    np.testing.assert_allclose(found, expected, atol=5 * 0.5 / np.sqrt(n_samples))
