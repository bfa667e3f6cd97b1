"""Means over functional classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import TableError, UnknownNameError
from hwnas.spaces import load_space
from hwnas.tables import Table, class_means
from hwnas.tables.table import Column

LATENCY = Column.of(Target("latency", "cifar10", "x"))
STRAIGHT = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
TWIN = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
# The same function once more, with a dead operation on edge 0-1.
DEAD = "|nor_conv_1x1~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
DEAD_TOO = "|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
OTHER = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
DISCONNECTED = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def table_of(values: Mapping[str, float]) -> Table:
    frame = pd.DataFrame({"arch": list(values), LATENCY.name: list(values.values())})
    return Table("mine", "nasbench201", "", (LATENCY,), frame)


def canonical(space: SearchSpace, arch: str) -> list[int]:
    return list(space.canonical(space.parse(arch)).genotype)


def test_class_mean_is_over_pruned_members_only(nasbench201: SearchSpace) -> None:
    means = class_means(nasbench201, table_of({STRAIGHT: 1.0, TWIN: 2.0, DEAD: 99.0}), LATENCY.name)
    assert means.values.tolist() == [1.5]
    assert means.n_members.tolist() == [2]
    assert means.genotypes.tolist() == [canonical(nasbench201, TWIN)]


def test_missing_member_is_counted_and_does_not_pull_the_mean(nasbench201: SearchSpace) -> None:
    means = class_means(nasbench201, table_of({STRAIGHT: 1.0, TWIN: np.nan}), LATENCY.name)
    assert means.values.tolist() == [1.0]
    assert means.n_missing.tolist() == [1]
    assert len(means.unsupported) == 0


def test_class_without_any_value_is_unsupported(nasbench201: SearchSpace) -> None:
    table = table_of({STRAIGHT: np.nan, TWIN: np.nan, DEAD: 3.0, OTHER: 4.0})
    means = class_means(nasbench201, table, LATENCY.name)
    assert means.unsupported.tolist() == [canonical(nasbench201, TWIN)]
    assert means.values.tolist() == [4.0]


def test_class_without_pruned_members_is_the_mean_over_those_there_are(
    nasbench201: SearchSpace,
) -> None:
    table = table_of({DEAD: 3.0, DEAD_TOO: 5.0, OTHER: 1.0})
    means = class_means(nasbench201, table, LATENCY.name)
    assert dict(zip(map(tuple, means.genotypes.tolist()), means.values.tolist(), strict=True)) == {
        tuple(canonical(nasbench201, TWIN)): 4.0,
        tuple(canonical(nasbench201, OTHER)): 1.0,
    }
    assert (means.n_unused, means.n_disconnected) == (0, 0)


def test_rows_that_no_mean_rests_on_are_counted(nasbench201: SearchSpace) -> None:
    rows = {TWIN: 1.0, DEAD: 3.0, DEAD_TOO: np.nan, OTHER: 2.0, DISCONNECTED: 0.003}
    means = class_means(nasbench201, table_of(rows), LATENCY.name)
    # The one without a value was not dropped: there is nothing to drop.
    assert (means.n_unused, means.n_disconnected) == (1, 1)
    assert means.where(means.values > 1).n_unused == 1


def test_a_pruned_member_without_a_value_still_speaks_for_its_class(
    nasbench201: SearchSpace,
) -> None:
    means = class_means(nasbench201, table_of({TWIN: np.nan, DEAD: 3.0}), LATENCY.name)
    assert means.unsupported.tolist() == [canonical(nasbench201, TWIN)]
    assert means.n_unused == 1


def test_table_of_other_options_is_refused() -> None:
    space = load_space("nasbench201", cells=1)
    with pytest.raises(TableError, match=r"expected nasbench201 \(cells=1\)"):
        class_means(space, table_of({OTHER: 1.0}), LATENCY.name)


def test_disconnected_architectures_have_no_class_mean(nasbench201: SearchSpace) -> None:
    means = class_means(nasbench201, table_of({DISCONNECTED: 0.003, OTHER: 4.0}), LATENCY.name)
    assert means.values.tolist() == [4.0]


@pytest.mark.long
def test_class_means_of_edgetpu_equal_a_plain_loop(
    tables: Mapping[str, Table], nasbench201: SearchSpace
) -> None:
    table, column = tables["hw-nas-bench"], "cifar10_edgetpu_latency_ms"
    members = defaultdict(list)
    for arch, value in zip(table.archs, table.values(column), strict=True):
        parsed = nasbench201.parse(arch)
        genotype = nasbench201.genotypes([parsed])
        is_pruned = np.array_equal(nasbench201.pruned_genotypes(genotype), genotype)
        if is_pruned and nasbench201.is_valid(parsed):
            members[nasbench201.canonical(parsed).genotype].append(value)
    means = class_means(nasbench201, table, column)
    known = {g: np.array(v) for g, v in sorted(members.items()) if not np.isnan(v).all()}
    assert [tuple(genotype) for genotype in means.genotypes.tolist()] == list(known)
    assert np.allclose(means.values, [np.nanmean(values) for values in known.values()])
    assert means.n_members.tolist() == [(~np.isnan(v)).sum() for v in known.values()]
    assert means.n_missing.tolist() == [np.isnan(v).sum() for v in known.values()]
    unsupported = [tuple(genotype) for genotype in means.unsupported.tolist()]
    assert unsupported == sorted(g for g in members if g not in known)


def test_full_column_has_4929_classes_of_9444_members(
    tables: Mapping[str, Table], nasbench201: SearchSpace
) -> None:
    means = class_means(nasbench201, tables["robustness"], "cifar10_accuracy_pct@validation")
    assert len(means.values) == 4929
    # 9,445 pruned cells, the all-none cell among them.
    assert means.n_members.sum() == 9444
    assert means.n_missing.sum() == len(means.unsupported) == 0


def test_classes_do_not_depend_on_the_dataset_of_the_space(tables: Mapping[str, Table]) -> None:
    column = "cifar100_accuracy_pct@test"
    one = class_means(load_space("nasbench201"), tables["nats-bench"], column)
    other = class_means(load_space("nasbench201", dataset="cifar100"), tables["nats-bench"], column)
    assert np.array_equal(one.values, other.values)


def test_unknown_column_is_refused(nasbench201: SearchSpace) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown column 'cifar10_x_latency'. Did you mean"):
        class_means(nasbench201, table_of({OTHER: 1.0}), "cifar10_x_latency")


def test_table_of_another_space_is_refused(nasbench201: SearchSpace) -> None:
    table = Table("mine", "fbnet", "", (LATENCY,), pd.DataFrame({"arch": [], LATENCY.name: []}))
    with pytest.raises(TableError, match=r"'mine' holds architectures of fbnet; expected nasbench"):
        class_means(nasbench201, table, LATENCY.name)


def test_means_of_some_classes_are_those_of_all_without_the_others(
    nasbench201: SearchSpace,
) -> None:
    table = table_of({STRAIGHT: 1.0, TWIN: 2.0, OTHER: 4.0})
    means = class_means(nasbench201, table, LATENCY.name)
    is_other = (means.genotypes == canonical(nasbench201, OTHER)).all(axis=1)
    some = means.where(~is_other)
    assert some.genotypes.tolist() == [canonical(nasbench201, TWIN)]
    assert (some.values.tolist(), some.n_members.tolist()) == ([1.5], [2])
    assert some.n_missing.tolist() == [0]
