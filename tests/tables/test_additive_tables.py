"""Tables of one-gene changes, and HW-NAS-Bench's lookup of operators for FBNet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from hwnas.core.target import Target
from hwnas.errors import TableError
from hwnas.spaces.fbnet import FBNet
from hwnas.tables import Table, additive_terms, audit_table, class_means, network_values
from hwnas.tables.additive import is_sum_over_genes, one_gene_changes
from hwnas.tables.fbnet_operators import operator_keys
from hwnas.tables.table import Column

BLOCKS = [(1, 3, 1), (1, 3, 2), (3, 3, 1), (6, 3, 1), (1, 5, 1), (1, 5, 2), (3, 5, 1), (6, 5, 1)]
DATASETS = FBNet.datasets


def network_keys(choices: list[int], dataset: str) -> list[str]:
    """Keys of a network's operators, walked through as HW-NAS-Bench's own code does."""
    small = dataset == "cifar100"
    size, stem_stride, head = (32, 1, 1504) if small else (224, 2, 1984)
    strides = (1, 1, 2, 2, 1, 2, 1) if small else (1, 2, 2, 2, 1, 2, 1)
    keys = [f"ConvNorm_H{size}_W{size}_Cin3_Cout16_kernel3_stride{stem_stride}_group1"]
    size //= stem_stride
    channels, layer = 16, iter(choices)
    stages = zip((1, 4, 4, 4, 4, 4, 1), (16, 24, 32, 64, 112, 184, 352), strides, strict=True)
    for n_layers, out, first_stride in stages:
        for number in range(n_layers):
            stride = 1 if number else first_stride
            shape = f"H{size}_W{size}_Cin{channels}_Cout{out}"
            choice = next(layer)
            if choice == 8:
                keys.append(f"Skip_{shape}_stride{stride}")
            else:
                exp, kernel, group = BLOCKS[choice]
                keys.append(
                    f"ConvBlock_{shape}_exp{exp}_kernel{kernel}_stride{stride}_group{group}"
                )
            size, channels = size // stride, out
    keys.append(f"ConvNorm_H{size}_W{size}_Cin352_Cout{head}_kernel1_stride1_group1")
    keys.append(f"AvgP_H{size}_W{size}_Cin{head}_Cout{head}_kernel{size}_stride1")
    keys.append(f"FC_Cin{head}_Cout{100 if small else 1000}")
    return keys


def random_lookup(seed: int = 0) -> dict[str, float]:
    """A value for every operator of both data sets."""
    rng = np.random.default_rng(seed)
    keys = dict.fromkeys(key for dataset in DATASETS for key in operator_keys(dataset))
    return {key: float(rng.uniform(0.01, 2.0)) for key in keys}


def additive_table(values: np.ndarray, dataset: str = "cifar100") -> Table:
    """A table of FBNet's one-gene changes."""
    archs = [FBNet().format(genotype) for genotype in one_gene_changes(FBNet()).tolist()]
    column = Column.of(Target("latency", dataset, "board"))
    frame = pd.DataFrame({"arch": archs, column.name: values})
    return Table("mine", "fbnet", "", (column,), frame, is_additive=True)


def test_keys_are_those_of_the_published_api() -> None:
    keys = operator_keys("cifar100")
    assert keys.fixed == (
        "ConvNorm_H32_W32_Cin3_Cout16_kernel3_stride1_group1",
        "ConvNorm_H4_W4_Cin352_Cout1504_kernel1_stride1_group1",
        "AvgP_H4_W4_Cin1504_Cout1504_kernel4_stride1",
        "FC_Cin1504_Cout100",
    )
    assert keys.layers[0][0] == "ConvBlock_H32_W32_Cin16_Cout16_exp1_kernel3_stride1_group1"
    assert keys.layers[5][7] == "ConvBlock_H32_W32_Cin24_Cout32_exp6_kernel5_stride2_group1"
    assert keys.layers[5][8] == "Skip_H32_W32_Cin24_Cout32_stride2"
    assert keys.layers[6][8] == "Skip_H16_W16_Cin32_Cout32_stride1"
    assert operator_keys("imagenet").fixed[0] == (
        "ConvNorm_H224_W224_Cin3_Cout16_kernel3_stride2_group1"
    )
    assert operator_keys("imagenet").fixed[-1] == "FC_Cin1984_Cout1000"


@pytest.mark.parametrize("dataset", DATASETS)
def test_network_value_is_the_sum_over_its_operators(dataset: str) -> None:
    genotypes = np.random.default_rng(1).integers(0, 9, (200, 22))
    lookup = random_lookup()
    expected = [
        sum(lookup[key] for key in network_keys(genotype, dataset))
        for genotype in genotypes.tolist()
    ]
    found = network_values(FBNet(dataset), lookup, genotypes)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_missing_operator_is_named() -> None:
    lookup = random_lookup()
    del lookup["Skip_H16_W16_Cin32_Cout32_stride1"]
    with pytest.raises(TableError, match=r"operator of cifar100; Skip_H16_W16_Cin32_Cout32_strid"):
        network_values(FBNet(), lookup, np.zeros((1, 22), dtype=int))


@pytest.mark.parametrize("device", ["eyeriss", "fpga", "pixel3", "raspi4"])
def test_operators_of_these_keys_make_up_helps_latency(
    tables: Mapping[str, Table], device: str
) -> None:
    table = tables["help-fbnet"]
    genotypes = np.array([FBNet().parse(arch).genotype for arch in table.archs])
    values = table.values(f"cifar100_{device}_latency_ms")
    keys = operator_keys("cifar100")
    place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    # How often a network has each operator: layers of one shape share theirs.
    counts = np.zeros((len(genotypes), len(place)))
    numbers = np.array([[place[key] for key in layer] for layer in keys.layers])
    for layer, chosen in enumerate(genotypes.T):
        counts[np.arange(len(genotypes)), numbers[layer, chosen]] += 1
    counts[:, [place[key] for key in keys.fixed]] = 1
    terms = np.linalg.lstsq(counts[:1000], values[:1000], rcond=1e-10)[0]
    np.testing.assert_allclose(counts[1000:] @ terms, values[1000:], rtol=1e-9)


def test_one_gene_changes_differ_in_one_gene() -> None:
    genotypes = one_gene_changes(FBNet())
    assert genotypes.shape == (1 + 22 * 8, 22)
    assert ((genotypes != genotypes[0]).sum(axis=1)[1:] == 1).all()
    assert len(np.unique(genotypes, axis=0)) == len(genotypes)


def test_table_of_one_gene_changes_answers_for_every_architecture() -> None:
    lookup = random_lookup()
    table = additive_table(network_values(FBNet(), lookup, one_gene_changes(FBNet())))
    genotypes = np.random.default_rng(2).integers(0, 9, (500, 22))
    found = additive_terms(FBNet(), table, "cifar100_board_latency_ms")(genotypes)
    np.testing.assert_allclose(found, network_values(FBNet(), lookup, genotypes), rtol=1e-10)


def test_rows_may_start_from_any_architecture() -> None:
    lookup = random_lookup()
    genotypes = one_gene_changes(FBNet())
    turned = (genotypes + 3) % 9
    table = additive_table(network_values(FBNet(), lookup, turned))
    frame = table.frame.assign(arch=[FBNet().format(genotype) for genotype in turned.tolist()])
    table = Table("mine", "fbnet", "", table.columns, frame, is_additive=True)
    found = additive_terms(FBNet(), table, "cifar100_board_latency_ms")(genotypes)
    np.testing.assert_allclose(found, network_values(FBNet(), lookup, genotypes), rtol=1e-10)


def test_choice_without_a_value_leaves_its_architectures_unknown() -> None:
    values = np.ones(177)
    values[8] = np.nan
    terms = additive_terms(FBNet(), additive_table(values), "cifar100_board_latency_ms")
    genotypes = np.zeros((2, 22), dtype=int)
    genotypes[1, 0] = 8
    np.testing.assert_array_equal(terms(genotypes), [1.0, np.nan])


def test_plain_table_is_not_summed() -> None:
    table = additive_table(np.ones(177))
    plain = Table("mine", "fbnet", "", table.columns, table.frame)
    with pytest.raises(TableError, match=r"must hold one architecture and one-gene changes of it"):
        additive_terms(FBNet(), plain, "cifar100_board_latency_ms")


def test_additive_table_has_nothing_to_average_or_fit() -> None:
    with pytest.raises(TableError, match=r"value of any architecture as a sum, without noise"):
        class_means(FBNet(), additive_table(np.ones(177)), "cifar100_board_latency_ms")


def test_sum_over_genes_is_told_from_what_is_none() -> None:
    rng = np.random.default_rng(0)
    genotypes = rng.integers(0, 9, (1000, 22))
    terms = rng.random((22, 9))
    exact = terms[np.arange(22), genotypes].sum(axis=1)
    noisy = exact * (1 + 1e-6 * rng.standard_normal(1000))
    unknown = np.where(np.arange(1000) == 5, np.nan, exact)
    values = np.stack([exact, noisy, 7 * exact + 1, unknown], axis=1)
    assert is_sum_over_genes(FBNet(), genotypes, values).tolist() == [True, False, True, False]


def test_too_few_rows_cannot_tell_a_sum() -> None:
    rng = np.random.default_rng(0)
    genotypes = rng.integers(0, 9, (150, 22))
    assert is_sum_over_genes(FBNet(), genotypes, rng.random((150, 1))).tolist() == [False]


def test_audit_takes_no_additive_table_for_a_finding() -> None:
    found = audit_table(
        additive_table(network_values(FBNet(), random_lookup(), one_gene_changes(FBNet())))
    )
    assert (found.n_rows, found.n_absent, found.columns[0].is_sum) == (177, None, False)
