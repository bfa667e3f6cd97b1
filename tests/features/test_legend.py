"""Names of features for people: nothing without a line of explanation, choices by their names."""

from __future__ import annotations

import pytest
from feature_sets import sets_of

from hwnas.core.feature_set import FEATURE_SETS
from hwnas.errors import UnknownNameError
from hwnas.features import feature_names
from hwnas.features.legend import KINDS, SETS, kinds, labels
from hwnas.spaces import SPACES, load_space


def test_every_set_is_explained_in_a_line() -> None:
    assert set(SETS) == set(FEATURE_SETS)
    assert set(KINDS) <= set(SETS)
    assert all(0 < len(line) < 90 for line in SETS.values())
    assert all(0 < len(line) < 90 for of_set in KINDS.values() for line in of_set.values())


@pytest.mark.parametrize("name", list(SPACES))
def test_every_column_has_a_kind_and_a_name_of_its_own(name: str) -> None:
    space = load_space(name)
    for feature_set in sets_of(space):
        n_columns = len(feature_names(space, (feature_set,)))
        named = labels(space, feature_set)
        assert len(kinds(space, feature_set)) == len(named) == n_columns
        assert len(set(named)) == n_columns
        if feature_set in KINDS:
            assert set(kinds(space, feature_set)) == set(KINDS[feature_set])


@pytest.mark.parametrize("name", list(SPACES))
def test_every_choice_of_a_gene_has_a_name_of_its_own(name: str) -> None:
    space = load_space(name)
    assert tuple(len(set(names)) for names in space.choice_names) == space.n_choices


@pytest.mark.parametrize(
    ("space", "feature_set", "name", "label", "kind"),
    [
        ("nasbench201", "one_hot", "edge 1-3=4", "edge 1-3 = avg_pool_3x3", "edge 1-3"),
        ("nasbench201", "graph", "n_none", "n_none", "n_OPERATION"),
        (
            "nasbench201",
            "graph",
            "max_on_path(none+skip_connect)",
            "max_on_path(none+skip_connect)",
            "max_on_path(S)",
        ),
        ("nasbench201", "paths", "paths()", "paths(skips alone)", ""),
        ("nasbench201", "counts", "log_macs", "log_macs", ""),
        ("fbnet", "groups", "group(layer 3=8)", "layer 3: skip", "layer 3"),
        ("fbnet", "one_hot", "layer 22=2", "layer 22 = k3_e3", "layer 22"),
        ("nasbench_macro", "groups", "group(layer 8=1)", "layer 8: mb_k3_e3", "layer 8"),
        ("mnasnet", "one_hot", "block 6 layers=3", "block 6 layers = 4", "block 6 layers"),
        (
            "mnasnet",
            "groups",
            "group(block 1 expansion=2, block 1 kernel=1, block 1 layers=0, "
            "block 1 squeeze-excite=1)",
            "block 1: expansion 6, kernel 5, layers 1, squeeze-excite on",
            "block 1",
        ),
        ("mnasnet", "stages", "macs(stage3)", "macs(stage3)", "macs(STAGE)"),
        ("mnasnet", "operators", "bytes_read(conv)", "bytes_read(conv)", "bytes_read(TYPE)"),
        ("mnasnet", "ordinal", "block 1 kernel", "block 1 kernel", ""),
    ],
)
def test_names_by_hand(space: str, feature_set: str, name: str, label: str, kind: str) -> None:
    loaded = load_space(space)
    at = feature_names(loaded, (feature_set,)).index(name)
    assert labels(loaded, feature_set)[at] == label
    assert kinds(loaded, feature_set)[at] == kind


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Unknown feature set 'graf'"):
        labels(load_space("nasbench201"), "graf")
