"""Tables of a user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hwnas.core.target import Target, parse_target
from hwnas.errors import ConfigError, TableError, UnknownNameError
from hwnas.spaces import load_space
from hwnas.tables import Table, class_means, import_file

ARCHS = (
    "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
    "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
    "|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
)
LATENCY = "cifar10_pi5_latency_ms"


def import_text(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    return import_file("mine", path, "nasbench201")


def csv_of(*cells: str, header: str = LATENCY) -> str:
    rows = [f"{arch},{cell}" for arch, cell in zip(ARCHS, cells, strict=False)]
    return "\n".join([f"arch,{header}", *rows]) + "\n"


def test_empty_cell_is_null(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1.25", "", "3e1"))
    np.testing.assert_array_equal(table.values(LATENCY), [1.25, np.nan, 30.0])
    assert table.archs == list(ARCHS)


def test_columns_are_read_from_their_names(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1"))
    column = table.find(Target("latency", "cifar10", "pi5"))
    assert column is not None
    assert (column.name, column.unit, column.variant) == (LATENCY, "ms", "")


def test_lone_variant_is_the_default(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1", header=f"{LATENCY}@p99"))
    assert table.find(Target("latency", "cifar10", "pi5")) == table.columns[0]


def test_of_two_variants_none_is_the_default(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1,2", header=f"{LATENCY}@p90,{LATENCY}@p99"))
    assert table.find(Target("latency", "cifar10", "pi5")) is None
    assert table.find(parse_target("latency@p99", "cifar10", "pi5")) == table.columns[1]


def test_conditions_may_be_spelled_out(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1", header=f"{LATENCY}@batch=32"))
    assert [column.name for column in table.columns] == [f"{LATENCY}@batch32"]
    assert table.values(f"{LATENCY}@batch32").tolist() == [1.0]
    assert table.ignored == ()


def test_two_spellings_of_one_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"every column must stand once; got .*@batch32 twice"):
        import_text(tmp_path, csv_of("1,2", header=f"{LATENCY}@batch=32,{LATENCY}@batch32"))


def test_other_columns_are_left_out_and_told(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1,monday", header=f"{LATENCY},day"))
    assert table.ignored == ("day",)
    assert list(table.frame.columns) == ["arch", LATENCY]


def test_own_table_has_class_means(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1.5", "2.5", "9"))
    means = class_means(load_space("nasbench201"), table, LATENCY)
    assert sorted(means.values.tolist()) == [1.5, 2.5]


@pytest.mark.parametrize("cell", ["inf", "-inf", "NaN", "nan", "fast", "1 ms"])
def test_no_finite_number_is_refused_with_its_row(tmp_path: Path, cell: str) -> None:
    with pytest.raises(TableError, match=rf"mine\.csv, row 2: {LATENCY} must be a finite number"):
        import_text(tmp_path, csv_of("1", cell, "3"))


def test_negative_latency_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"row 3: .* cannot be negative; got -1\. Leave the cell"):
        import_text(tmp_path, csv_of("1", "2", "-1"))


def test_double_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"stand once; rows 1 and 2 are both"):
        import_text(tmp_path, f"arch,{LATENCY}\n{ARCHS[0]},1\n{ARCHS[0]},2\n")


def test_malformed_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"mine\.csv, row 1: An architecture of nasbench201 must"):
        import_text(tmp_path, f"arch,{LATENCY}\n|conv~0|,1\n")


def test_file_without_a_known_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        TableError, match=r"such as cifar10_mydevice_latency_ms; quantities: accura"
    ):
        import_text(tmp_path, csv_of("1", header="speed"))


def test_file_without_architectures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"must have the column arch; arch missing"):
        import_text(tmp_path, f"net,{LATENCY}\nx,1\n")


def test_ragged_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"row 1: must have 2 cells as the header; got 3"):
        import_text(tmp_path, csv_of("1,2"))


def test_double_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"every column must stand once; got cifar10_pi5_latency"):
        import_text(tmp_path, csv_of("1,2", header=f"{LATENCY},{LATENCY}"))


@pytest.mark.parametrize("text", ["", f"arch,{LATENCY}\n"])
def test_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TableError, match=r"mine\.csv must have a header and at least one row"):
        import_text(tmp_path, text)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TableError, match=r"mine\.csv must be a CSV file in UTF-8"):
        import_file("mine", path, "nasbench201")


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"arch": ARCHS, LATENCY: [1.25, None, 3.0]}).to_parquet(path)
    table = import_file("mine", path, "nasbench201")
    np.testing.assert_array_equal(table.values(LATENCY), [1.25, np.nan, 3.0])


def test_nan_in_parquet_is_not_taken_for_null(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"arch": ARCHS, LATENCY: [1.0, float("nan"), 2.0]}), path)
    with pytest.raises(TableError, match=r"mine\.parquet, row 2: .* must be a finite number"):
        import_file("mine", path, "nasbench201")


def test_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(TableError, match=r"mine\.parquet must be a Parquet file"):
        import_file("mine", path, "nasbench201")


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"must be a file \.csv or \.parquet; got .*mine\.pkl"):
        import_file("mine", tmp_path / "mine.pkl", "nasbench201")


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"nothing\.csv must be a table; cannot read it \(No such"):
        import_file("mine", tmp_path / "nothing.csv", "nasbench201")


def test_unknown_space_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown search space 'nasbench2001'"):
        import_file("mine", tmp_path / "mine.csv", "nasbench2001")


@pytest.mark.parametrize("name", ["hw-nas-bench", "all", "../mine", "Mine", "a b", ""])
def test_name_must_be_free_and_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"A table's name must be of small letters"):
        import_file(name, tmp_path / "mine.csv", "nasbench201")
