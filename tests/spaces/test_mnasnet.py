"""MnasNet's space: strings, the encoding of Accel-NASBench, counts by hand and of every net."""

from __future__ import annotations

import json
import math
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.graph import OperationGraph
from hwnas.errors import ArchitectureError, ConfigError, UnknownNameError
from hwnas.features.additive import additive_table
from hwnas.features.counting import count_genotypes
from hwnas.spaces import load_space
from hwnas.spaces.mnasnet import MnasNet

_SPACE = MnasNet()
_B0 = "e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se"
_SMALLEST = "-".join(["e1k3l1"] * 7)

genotypes = st.tuples(*[st.integers(0, n_choices - 1) for n_choices in MnasNet.n_choices])


def _entry(text: str) -> dict[str, Any]:
    """Accel-NASBench's form of a string, written without a look at the space's own."""
    entry: dict[str, Any] = {}
    for block, part in enumerate(text.split("-")):
        entry[f"block{block}_e"] = int(part[1])
        entry[f"block{block}_k"] = int(part[3])
        entry[f"block{block}_l"] = int(part[5])
        entry[f"block{block}_se"] = part.endswith("se")
    return entry


@pytest.fixture(scope="module")
def published(upstream: Path) -> list[dict[str, Any]]:
    """All files of Accel-NASBench."""
    path = upstream / "Accel-NASBench" / "anb_dataset" / "anb_dataset_jsons.tar.gz"
    with tarfile.open(path) as archive:
        members = [member for member in archive if member.name.endswith(".json")]
        return [json.load(archive.extractfile(member)) for member in members]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def published_genotypes(published: list[dict[str, Any]]) -> np.ndarray:
    archs = [MnasNet.from_accel_nasbench(entry["architecture"]) for entry in published]
    return _SPACE.genotypes(archs)


def _published_convention(graph: OperationGraph) -> dict[str, int]:
    """What the files' ``macs`` count: thop's convention.

    Each MAC once, 4 an element of a batch normalisation, and for an average over an image 1 an
    element read and 1 an element put out.
    """
    total = graph.macs
    for operation in graph:
        if operation.kind == "batch_norm":
            total += 4 * math.prod(operation.out_shape)
        if operation.kind == "global_avg_pool":
            total += math.prod(operation.in_shape) + math.prod(operation.out_shape)
    return {"macs": total}


def test_params_are_the_published_ones_of_every_net(
    published: list[dict[str, Any]], published_genotypes: np.ndarray
) -> None:
    params = np.array([entry["model_info"]["params"] for entry in published]) * 1e6
    np.testing.assert_allclose(params, params.round(), rtol=0, atol=1e-6)
    assert len(params) == 5138
    np.testing.assert_array_equal(
        count_genotypes(_SPACE, published_genotypes)[:, 0], params.round()
    )


def test_macs_are_the_published_ones_of_every_net(
    published: list[dict[str, Any]], published_genotypes: np.ndarray
) -> None:
    macs = np.array([entry["model_info"]["macs"] for entry in published]) * 1e6
    np.testing.assert_allclose(macs, macs.round(), rtol=0, atol=1e-6)
    table = additive_table(_SPACE, _published_convention)
    np.testing.assert_array_equal(table.values(published_genotypes)[:, 0], macs.round())


def test_published_files_use_every_choice_of_every_gene(published_genotypes: np.ndarray) -> None:
    used = [len(np.unique(column)) for column in published_genotypes.T]
    assert tuple(used) == MnasNet.n_choices


def test_only_the_sixth_block_may_have_four_layers() -> None:
    assert [MnasNet.n_choices[4 * block + 2] for block in range(7)] == [3, 3, 3, 3, 3, 4, 3]
    assert math.prod(MnasNet.n_choices) == 36**6 * 48


def test_params_and_macs_of_the_smallest_net_by_hand() -> None:
    widths = (32, 16, 24, 40, 80, 112, 192, 320)
    sides = (112, 112, 56, 28, 14, 14, 7, 7)
    params = 27 * 32 + 2 * 32
    macs = 27 * 32 * 112**2
    for n_in, n_out, side in zip(widths[:-1], widths[1:], sides[1:], strict=True):
        params += 9 * n_in + 2 * n_in + n_in * n_out + 2 * n_out
        macs += side**2 * (9 * n_in + n_in * n_out)
    params += 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    macs += 49 * 320 * 1280 + 1280 * 1000
    graph = _SPACE.graph(_SPACE.parse(_SMALLEST))
    assert (graph.params, graph.macs) == (params, macs)


def test_squeeze_excite_by_hand() -> None:
    # Block 2 at expansion 6: first layer 16 in, 96 inside, squeezed to 4; second 24, 144, 6.
    plain = _SPACE.parse(_SMALLEST.replace("e1k3l1", "e6k3l2"))
    blocks = str(plain).split("-")
    weighted = _SPACE.parse("-".join([blocks[0], blocks[1] + "se", *blocks[2:]]))
    added = _SPACE.graph(weighted).params - _SPACE.graph(plain).params
    assert added == (96 * 4 + 4 + 4 * 96 + 96) + (144 * 6 + 6 + 6 * 144 + 144)
    added_macs = _SPACE.graph(weighted).macs - _SPACE.graph(plain).macs
    assert added_macs == 2 * 96 * 4 + 2 * 144 * 6


def test_macs_of_convolutions_grow_with_the_square_of_the_resolution() -> None:
    arch = _SPACE.parse(_B0.replace("se", ""))
    graph, double = (MnasNet(resolution=side).graph(arch) for side in (224, 448))
    classifier = 1280 * 1000
    assert double.macs - classifier == 4 * (graph.macs - classifier)
    assert double.params == graph.params


def test_odd_resolutions_are_rounded_up_at_each_stride() -> None:
    graph = MnasNet(resolution=65).graph(_SPACE.parse(_SMALLEST))
    sides = [operation.out_shape[1] for operation in graph if operation.stride == 2]
    assert sides == [33, 17, 9, 5, 3]


def test_activation_changes_operators_and_no_counts() -> None:
    arch = _SPACE.parse(_B0)
    relu, silu = _SPACE.graph(arch), MnasNet(activation="silu").graph(arch)
    assert (relu.params, relu.macs) == (silu.params, silu.macs)
    assert {"relu", "silu"} & {operation.kind for operation in relu} == {"relu"}
    assert {"relu", "silu"} & {operation.kind for operation in silu} == {"silu"}


def test_string_of_efficientnet_b0_by_hand() -> None:
    genotype = (
        *(0, 0, 0, 1),
        *(2, 0, 1, 1),
        *(2, 1, 1, 1),
        *(2, 0, 2, 1),
        *(2, 1, 2, 1),
        *(2, 1, 3, 1),
        *(2, 0, 0, 1),
    )
    assert str(_SPACE.architecture(genotype)) == _B0
    assert _SPACE.parse(_B0).genotype == genotype


@given(genotypes)
def test_string_and_published_encoding_name_one_architecture(genotype: tuple[int, ...]) -> None:
    arch = _SPACE.architecture(genotype)
    assert _SPACE.parse(str(arch)) == arch
    assert MnasNet.from_accel_nasbench(_entry(str(arch))) == arch


@given(genotypes)
def test_every_genotype_is_its_own_canonical_form(genotype: tuple[int, ...]) -> None:
    arch = _SPACE.architecture(genotype)
    assert _SPACE.canonical(arch) == arch
    assert _SPACE.is_valid(arch)


def test_each_choice_of_each_gene_changes_the_graph() -> None:
    rng = np.random.default_rng(0)
    genotype = _SPACE.sample_genotypes(1, rng)[0]
    graph = _SPACE.graph(_SPACE.architecture(genotype))
    for gene, n_choices in enumerate(MnasNet.n_choices):
        changed = genotype.copy()
        changed[gene] = (changed[gene] + 1) % n_choices
        assert _SPACE.graph(_SPACE.architecture(changed)) != graph, MnasNet.genes[gene]


@pytest.mark.parametrize(
    "text",
    ["", _B0 + "-", _B0.upper(), _B0.replace("-", ""), _B0.replace("k5", "k7"), _SMALLEST[7:]],
)
def test_malformed_string_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ArchitectureError, match=r"must be 7 blocks such as 'e6k5l2se'") as refusal:
        _SPACE.parse(text)
    assert "\n" not in str(refusal.value)


def test_four_layers_in_another_block_are_refused() -> None:
    with pytest.raises(ArchitectureError, match=r"block 1 layers .* one of 1, 2, 3; got 4"):
        _SPACE.parse(_B0.replace("e1k3l1", "e1k3l4"))


def test_published_entry_with_a_missing_or_unknown_key_is_refused() -> None:
    entry = _entry(_B0)
    del entry["block6_se"]
    with pytest.raises(ArchitectureError, match=r"missing or unknown: 'block6_se'\.$"):
        MnasNet.from_accel_nasbench(entry)
    with pytest.raises(ArchitectureError, match=r"missing or unknown: 'block7_e'\.$"):
        MnasNet.from_accel_nasbench({**_entry(_B0), "block7_e": 1})


@pytest.mark.parametrize(("key", "value"), [("block0_e", 3), ("block2_k", "5"), ("block4_l", 4)])
def test_published_entry_with_another_value_is_refused(key: str, value: object) -> None:
    with pytest.raises(ArchitectureError, match=rf"must be one of .*; got {value!r}"):
        MnasNet.from_accel_nasbench({**_entry(_B0), key: value})


def test_resolution_below_32_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"resolution of mnasnet must be at least 32 .* got 31"):
        load_space("mnasnet", resolution=31)


def test_unknown_activation_is_refused() -> None:
    with pytest.raises(ConfigError, match="activation of mnasnet must be one of relu, silu; got"):
        load_space("mnasnet", activation="tanh")


def test_unknown_dataset_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Unknown dataset 'cifar10'"):
        load_space("mnasnet", dataset="cifar10")
