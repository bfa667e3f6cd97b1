from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.blocks import Block, blocks_of_genes
from hwnas.core.space import SearchSpace
from hwnas.spaces import SPACES, load_space


@pytest.mark.parametrize(
    ("gene", "block"),
    [
        ("block 3 kernel", Block("block 3", (("kernel", "5"),))),
        ("kernel of block 3", Block("block 3", (("kernel", "5"),))),
        ("layer 7", Block("layer 7", (("", "5"),))),
        ("stage 2 layer 1 width", Block("layer 1", (("width", "5"),), stage="stage 2")),
        ("normal edge 0-1", Block("normal edge 0-1", (("", "5"),))),
        ("depth", Block("depth", (("", "5"),))),
        ("roof 2", Block("roof 2", (("", "5"),))),
    ],
)
def test_a_gene_says_which_block_it_belongs_to(gene: str, block: Block) -> None:
    assert blocks_of_genes([gene], ["5"], [True]) == (block,)


def test_genes_of_one_place_are_one_block_in_the_order_of_the_first() -> None:
    genes = ("block 2 kernel", "block 1 kernel", "block 2 width")
    first, second = blocks_of_genes(genes, ("3", "5", "16"), (True,) * 3)
    assert (first.name, first.choices) == ("block 2", (("kernel", "3"), ("width", "16")))
    assert (second.name, second.choices) == ("block 1", (("kernel", "5"),))


def test_a_block_that_the_network_has_no_use_for_is_skipped() -> None:
    genes = ("layer 1 kernel", "layer 2 kernel", "layer 2 width")
    one, other = blocks_of_genes(genes, ("3", "5", "16"), (True, False, False))
    assert (one.is_skipped, other.is_skipped, other.choices) == (False, True, ())


def test_mnasnet_names_what_it_chooses() -> None:
    space = load_space("mnasnet")
    arch = space.parse("e1k3l1se-e6k3l2-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se")
    assert space.blocks(arch)[1] == Block(
        "block 2", (("expansion", "6"), ("kernel", "3"), ("layers", "2"), ("squeeze-excite", "off"))
    )


def test_a_skipped_layer_of_fbnet_keeps_its_stage() -> None:
    space = load_space("fbnet")
    first, second, third, *_ = space.blocks(space.parse("8-8184-4888-7414-7327-3242-4"))
    assert first == Block("layer 1", (), "stage 1: 16 channels", is_skipped=True)
    projected = Block("layer 2", (("", "1x1 convolution"),), "stage 2: 24 channels", True)
    assert second == projected
    assert third.choices == (("kernel", "3"), ("expansion", "1"), ("groups", "2"))


@pytest.mark.parametrize("name", list(SPACES))
def test_architectures_that_differ_are_drawn_differently(name: str) -> None:
    space: SearchSpace = load_space(name)
    archs = set(space.sample(20, np.random.default_rng(0)))
    assert len({space.blocks(arch) for arch in archs}) == len(archs)
