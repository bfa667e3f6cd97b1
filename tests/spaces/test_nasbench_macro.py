"""NAS-Bench-Macro: strings, classes and counts, by hand and against the published file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.errors import ArchitectureError
from hwnas.features.counting import count_genotypes
from hwnas.spaces.nasbench_macro import NasBenchMacro

_SPACE = NasBenchMacro()

genotypes = st.tuples(*[st.integers(0, 2)] * 8)


@pytest.fixture(scope="module")
def published(upstream: Path) -> dict[str, dict[str, Any]]:
    """What the file tells of each string."""
    path = upstream / "NAS-Bench-Macro" / "data" / "nas-bench-macro_cifar10.json"
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _canonical_text(text: str) -> str:
    """Zeros last after the first layer of each stage; without a look at the space's own."""
    stages = [text[:2], text[2:5], text[5:]]
    return "".join(
        stage[0] + stage[1:].replace("0", "") + "0" * stage[1:].count("0") for stage in stages
    )


def test_params_and_macs_are_the_published_ones_of_every_net(
    published: dict[str, dict[str, Any]],
) -> None:
    assert len(published) == 6561
    counted = count_genotypes(_SPACE, np.array([_SPACE.parse(text).genotype for text in published]))
    expected = [(entry["params"], entry["flops"]) for entry in published.values()]
    np.testing.assert_array_equal(counted, expected)


def test_classes_are_those_that_share_published_accuracies(
    published: dict[str, dict[str, Any]],
) -> None:
    ours = [_SPACE.canonical(_SPACE.parse(text)).text for text in published]
    theirs = [tuple(entry["test_acc"]) for entry in published.values()]
    # As many pairs as labels on either side: the two partitions are one.
    pairs = set(zip(ours, theirs, strict=True))
    assert len(set(ours)) == len(set(theirs)) == len(pairs) == 3969


def test_params_and_macs_of_identities_by_hand() -> None:
    # Stem, three 1x1 convolutions at stride 2 with batch normalisation, head, classifier.
    params = 27 * 32 + 2 * 32
    macs = 27 * 32 * 32**2
    for n_in, n_out, side in ((32, 64, 16), (64, 128, 8), (128, 256, 4)):
        params += n_in * n_out + 2 * n_out
        macs += n_in * n_out * side**2
    params += 256 * 1280 + 2 * 1280 + 1280 * 10 + 10
    macs += 256 * 1280 * 16 + 1280 * 10
    graph = _SPACE.graph(_SPACE.parse("00000000"))
    assert (graph.params, graph.macs) == (params, macs) == (387882, 7713280)


def test_params_and_macs_of_one_inverted_residual_by_hand() -> None:
    empty, full = (_SPACE.graph(_SPACE.parse(text)) for text in ("00000000", "00020000"))
    inner = 6 * 128
    weights = 128 * inner + 25 * inner + inner * 128
    assert full.params - empty.params == weights + 2 * (inner + inner + 128)
    assert full.macs - empty.macs == weights * 8**2


def test_residual_layers_add_their_input_and_first_layers_do_not() -> None:
    def n_sums(text: str) -> int:
        return sum(operation.kind == "add" for operation in _SPACE.graph(_SPACE.parse(text)))

    assert n_sums("11111111") == 5
    assert n_sums("10100100") == 0


def test_all_genotypes_are_6561_each_once() -> None:
    everything = _SPACE.all_genotypes()
    assert everything.shape == (6561, 8)
    assert len(np.unique(everything, axis=0)) == 6561


@given(genotypes)
def test_string_round_trips_and_canonical_form_has_identities_last(
    genotype: tuple[int, ...],
) -> None:
    arch = _SPACE.architecture(genotype)
    assert _SPACE.parse(str(arch)) == arch
    assert str(_SPACE.canonical(arch)) == _canonical_text(str(arch))


def test_an_identity_in_a_first_layer_stays_there() -> None:
    assert str(_SPACE.canonical(_SPACE.parse("01012012"))) == "01012012"
    assert str(_SPACE.canonical(_SPACE.parse("10101202"))) == "10110220"


@pytest.mark.parametrize(
    "text", ["", "0120120", "012012012", "01201203", "0120120x", "\u06601201201"]
)
def test_malformed_string_is_refused(text: str) -> None:
    with pytest.raises(ArchitectureError, match=r"must be 8 digits from 0 to 2, such as") as error:
        _SPACE.parse(text)
    assert "\n" not in str(error.value)
