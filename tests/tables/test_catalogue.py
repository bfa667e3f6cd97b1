"""The catalogue: which table knows a target, told from cards alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from changed_records import sealed, unsealed

from hwnas import _resources
from hwnas._resources import cache_dir
from hwnas.core.target import Target, parse_target
from hwnas.errors import ConfigError, TableError
from hwnas.spaces import load_space
from hwnas.tables import Table, import_file, load_table, read_card
from hwnas.tables.catalogue import catalogue, find, known_targets
from hwnas.tables.store import save_table
from hwnas.tables.table import Column

ARCH = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
EDGEGPU = Target("latency", "cifar10", "edgegpu")


@pytest.fixture
def import_own(tmp_path: Path) -> Callable[..., Table]:
    """Imports a table of one architecture of the user's own."""

    def run(name: str = "mine", column: str = EDGEGPU.table_column, **options: int) -> Table:
        path = tmp_path / f"{name}.csv"
        path.write_text(f"arch,{column}\n{ARCH},1.5\n")
        return import_file(name, path, load_space("nasbench201", **options))

    return run


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tables that travel with the package, with one of a board of its own."""
    folder = tmp_path / "latency_tables"
    others = _resources.data_dir
    for module in ("hwnas._resources", "hwnas.tables.store"):
        monkeypatch.setattr(
            f"{module}.data_dir", lambda n: folder if n == "latency_tables" else others(n)
        )
    column = Column.of(Target("latency", "cifar10", "our_board"))
    frame = pd.DataFrame({"arch": [ARCH], column.name: [2.5]})
    save_table(Table("ours", "nasbench201", "Measured here", (column,), frame), folder)
    return folder


def names(target: Target, **options: object) -> list[str]:
    return [entry.name for entry, _ in find(target, load_space("nasbench201", **options))]


def test_published_tables_are_known_before_they_are_imported() -> None:
    (entry, column), *_ = find(EDGEGPU, load_space("nasbench201"))
    assert (entry.name, entry.origin, entry.is_here) == ("hw-nas-bench", "published", False)
    assert column.name == "cifar10_edgegpu_latency_ms"
    assert entry.how_to_get.startswith("hwnas tables import hw-nas-bench --from DIR")


def test_the_file_that_users_hold_is_known_too() -> None:
    found = find(Target("energy", "imagenet", "fpga"), load_space("fbnet", dataset="imagenet"))
    assert [(entry.name, entry.is_additive) for entry, _ in found] == [
        ("hw-nas-bench-official-fbnet", True)
    ]
    assert "HW-NAS-Bench-v1_0.pickle" in found[0][0].how_to_get


def test_a_table_that_knows_every_architecture_goes_first() -> None:
    found = find(Target("latency", "cifar100", "fpga"), load_space("fbnet"))
    assert [entry.name for entry, _ in found] == ["hw-nas-bench-official-fbnet", "help-fbnet"]


def test_what_help_repeats_is_looked_up_in_the_original() -> None:
    assert names(Target("latency", "cifar10", "pixel3")) == [
        "hw-nas-bench", "help-nasbench201", "hw-nas-bench-official",
    ]  # fmt: skip


def test_the_user_s_own_goes_before_what_is_published(import_own: Callable[..., Table]) -> None:
    import_own()
    assert names(EDGEGPU)[:2] == ["mine", "hw-nas-bench"]


def test_no_parquet_is_read(import_own: Callable[..., Table]) -> None:
    import_own()
    (cache_dir() / "tables" / "mine.parquet").write_bytes(b"no Parquet")
    assert names(EDGEGPU)[0] == "mine"


def test_a_target_without_conditions_means_the_default_column() -> None:
    space = load_space("nasbench201")
    for text, column in (
        ("latency", "cifar10_titanx_latency_ms@batch1"),
        ("latency@batch=32", "cifar10_titanx_latency_ms@batch32"),
    ):
        (_, found), *_ = find(parse_target(text, "cifar10", "titanx"), space)
        assert found.name == column
    assert find(parse_target("latency@batch7", "cifar10", "titanx"), space) == []


def test_a_table_of_other_options_is_another_space_s(import_own: Callable[..., Table]) -> None:
    import_own("thin", cells=1)
    assert read_card("thin").options == {"channels": 16, "cells": 1}
    assert names(EDGEGPU, cells=1) == ["thin"]
    assert "thin" not in names(EDGEGPU)
    with pytest.raises(TableError, match=r"'thin' holds architectures of nasbench201 \(.*cells=1"):
        load_table("thin").check_space(load_space("nasbench201"))


def test_known_targets_are_those_of_the_data_set(import_own: Callable[..., Table]) -> None:
    import_own(column="cifar100_myboard_energy_mj")
    known = known_targets(load_space("nasbench201", dataset="cifar100"))
    assert Target("energy", "cifar100", "myboard") in known
    assert {target.dataset for target in known} == {"cifar100"}
    assert len(known) == len(set(known))


@pytest.mark.usefixtures("shipped")
def test_tables_that_travel_with_the_package_are_read() -> None:
    (entry, _), *others = find(Target("latency", "cifar10", "our_board"), load_space("nasbench201"))
    assert (entry.name, entry.origin, entry.is_here, others) == ("ours", "shipped", True, [])
    assert load_table("ours").values("cifar10_our_board_latency_ms").tolist() == [2.5]


@pytest.mark.usefixtures("shipped")
def test_the_name_of_a_shipped_table_is_taken(import_own: Callable[..., Table]) -> None:
    with pytest.raises(ConfigError, match=r"not that of a published table \(.*ours\); got 'ours'"):
        import_own("ours")


def test_entries_of_one_table_stand_once(import_own: Callable[..., Table]) -> None:
    import_own()
    listed = [entry.name for entry in catalogue()]
    assert len(listed) == len(set(listed))


def test_a_quantity_that_is_gone_hides_no_other_table(import_own: Callable[..., Table]) -> None:
    import_own()
    path = cache_dir() / "tables" / "mine.json"
    text = path.read_text().replace('"quantity": "latency"', '"quantity": "delay"')
    path.write_text(json.dumps(sealed(json.loads(text))))
    assert names(EDGEGPU)[0] == "hw-nas-bench"
    assert load_table("mine").columns[0].quantity == "delay"


def test_an_older_card_is_read(import_own: Callable[..., Table]) -> None:
    table = import_own(column="cifar10_edgegpu_latency_ms@batch32")
    path = cache_dir() / "tables" / "mine.json"
    card = json.loads(path.read_text())
    del card["options"], card["repeats"], card["is_additive"], card["audit"]["n_unused"]
    for column in card["columns"]:
        del column["target"]
        column |= {"quantity": "latency", "variant": "batch32"}
    path.write_text(json.dumps({**unsealed(card), "schema": 1}))
    assert load_table("mine").columns == table.columns
    assert names(EDGEGPU)[0] == "mine"
    assert names(EDGEGPU, cells=1) == []
