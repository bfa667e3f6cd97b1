"""Tables of a user's own."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwnas.core.target import Target, parse_target
from hwnas.errors import ConfigError, HwnasError, TableError, UnknownNameError
from hwnas.spaces import load_space
from hwnas.tables import Table, class_means, import_file
from hwnas.tables.own import read_own

ARCHS = (
    "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
    "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
    "|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
)
LATENCY = "cifar10_pi5_latency_ms"


def import_text(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return import_file("mine", path, "nasbench201")


def csv_of(*cells: str, header: str = LATENCY) -> str:
    rows = [f"{arch},{cell}" for arch, cell in zip(ARCHS, cells, strict=False)]
    return "\n".join([f"arch,{header}", *rows]) + "\n"


def test_empty_cell_is_null(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1.25", "", "3e1"))
    np.testing.assert_array_equal(table.values(LATENCY), [1.25, np.nan, 30.0])
    assert table.archs == list(ARCHS)


def test_of_a_table_without_values_it_is_told_what_to_fill_in(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("", ""))
    assert table.n_values == 0
    assert table.notes == (f"no values yet: fill in {LATENCY} and import it again",)


@pytest.mark.parametrize("arch", ["index:1462", "|none~0|+|none~1|none~0|+|none~2|none~1|none~0|"])
def test_an_architecture_in_another_notation_is_kept_as_published(
    tmp_path: Path, arch: str
) -> None:
    space = load_space("nasbench201")
    table = import_text(tmp_path, f"arch,{LATENCY}\n{arch},1\n")
    assert table.archs == [str(space.parse(arch))] != [arch]
    assert "1 architecture of another notation taken as published strings" in table.notes


def test_a_condition_that_hwnas_does_not_know_is_noted(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1", header=f"{LATENCY}@foo"))
    assert table.notes == (f"{LATENCY}@foo has a condition of its own, 'foo'",)


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


@pytest.mark.parametrize(
    "cell", ["inf", "-inf", "infinity", "fast", "1 ms", "1_0", "0x1", "\u0661", "-"]
)
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


def test_nan_in_parquet_is_not_measured_and_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"arch": ARCHS, LATENCY: [1.0, float("nan"), 2.0]}), path)
    table = import_file("mine", path, "nasbench201")
    np.testing.assert_array_equal(table.values(LATENCY), [1.0, np.nan, 2.0])
    assert table.notes == ("1 cell with 'nan' taken as not measured",)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([Decimal("1.50"), None, Decimal("3.00")]),
        pa.array([1.5, None, 3.0], pa.float32()),
        pa.array(np.array([1.5, np.nan, 3.0], dtype=np.float16)),
        pa.array(["1.5", "NA", "3"]),
        pa.array(["1.5", None, "3"]).dictionary_encode(),
    ],
)
def test_numbers_of_every_type_are_read_from_parquet(tmp_path: Path, values: pa.Array) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"arch": ARCHS, LATENCY: values}), path)
    table = import_file("mine", path, "nasbench201")
    np.testing.assert_array_equal(table.values(LATENCY), [1.5, np.nan, 3.0])


@pytest.mark.parametrize(
    "values",
    [[True, False, True], [b"1", b"2", b"3"], [[1.0], [2.0], [3.0]], [{"a": 1}] * 3,
     [datetime(2026, 1, 1, tzinfo=UTC)] * 3, pa.array([1, 2, 3], pa.duration("ns"))],
)  # fmt: skip
def test_what_is_no_number_in_parquet_is_refused(tmp_path: Path, values: Any) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"arch": ARCHS, LATENCY: values}), path)
    with pytest.raises(TableError, match=r"mine\.parquet, row 1: .* must be a finite number"):
        import_file("mine", path, "nasbench201")


def test_other_columns_of_parquet_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    moments = pa.array([1, 2, 3], pa.timestamp("ns"))
    pq.write_table(pa.table({"arch": ARCHS, LATENCY: [1.0, 2.0, 3.0], "when": moments}), path)
    assert import_file("mine", path, "nasbench201").ignored == ("when",)


@pytest.mark.parametrize("index", ["unnamed", "arch"])
def test_an_index_of_pandas_is_no_column(tmp_path: Path, index: str) -> None:
    frame = pd.DataFrame({"arch": ARCHS, LATENCY: [1.5, 2.5, 3.5]}, index=[7, 0, 12])
    frame = frame.set_index("arch") if index == "arch" else frame
    frame.to_csv(tmp_path / "mine.csv")
    frame.to_parquet(tmp_path / "mine.parquet")
    for name in ("mine.csv", "mine.parquet"):
        table = import_file("mine", tmp_path / name, "nasbench201")
        assert table.values(LATENCY).tolist() == [1.5, 2.5, 3.5]
        assert table.ignored == ()


def test_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(TableError, match=r"mine\.parquet must be a Parquet file"):
        import_file("mine", path, "nasbench201")


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        TableError, match=r"must be a file \.csv or .* or \.parquet; got .*mine\.pkl"
    ):
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


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (csv_of("1.5", "", "2"), "utf-16"),
        (csv_of("1.5", "", "2"), "utf-8-sig"),
        (csv_of("1.5", "", "2").replace("\n", "\r"), "utf-8"),
        (csv_of("1.5", "", "2").replace("\n", "\r\n") + "\r\n,\r\n", "utf-8"),
        (csv_of(" 1.5", " ", "2 ", header=f"  {LATENCY} ").replace("arch", " arch "), "utf-8"),
        (csv_of("1.5", "", "2").replace(",", "\t"), "utf-8"),
        (csv_of("1.5", "", "2").replace(",", ";"), "utf-8"),
        ("sep=;\n" + csv_of("1.5", "", "2").replace(",", ";"), "utf-8"),
        (csv_of("1.5,", ",", "2,,,", header=f"{LATENCY},"), "utf-8"),
        (csv_of("1.5", "n/a", "2"), "utf-8"),
        (csv_of("1.5", "None", "2"), "utf-8"),
    ],
)
def test_files_are_read_as_spreadsheets_and_data_frames_write_them(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode(encoding))
    table = import_file("mine", path, "nasbench201")
    np.testing.assert_array_equal(table.values(LATENCY), [1.5, np.nan, 2.0])
    assert table.archs == list(ARCHS)
    assert table.ignored == ()


def test_decimal_commas_are_read_where_they_part_no_cells_and_told(tmp_path: Path) -> None:
    rows = [
        f"arch;{LATENCY}",
        *(f"{a};{c}" for a, c in zip(ARCHS, ("1,5", "1,234", "12"), strict=True)),
    ]
    table = import_text(tmp_path, "\n".join(rows))
    assert table.values(LATENCY).tolist() == [1.5, 1.234, 12.0]
    assert table.notes == ("commas were read as decimal points",)


@pytest.mark.parametrize(
    ("separator", "cells", "said"),
    [
        (";", ("1,234", "5"), "row 1: .* got '1,234'; a comma may mark thousands or decimals"),
        (";", ("1,5", "1.5"), "decimals must be written in one way, .* got '1,5' and '1.5'"),
        (";", ("1.234,5", "2"), "got '1.234,5'; write it with a point for the decimals alone"),
        (",", ("1,5", "2"), "row 1: must have 2 cells .* got 3. Decimals must have a point"),
        (",", ('"1,5"', "2"), "got '1,5'; write decimals with a point, not a comma"),
        (",", ('"1,234"', "2"), "got '1,234'; a comma may mark thousands or decimals"),
        (",", ("1_0", "2"), "got '1_0'; write it without underscores"),
        (",", ("5k", "2"), "got '5k'; write its zeros out"),
        (",", ("1e300", "2"), "latency_ms must be 0 or from 1e-12 to 1e\\+18; got 1e300"),
        (",", ("0", "2"), "latency_ms cannot be 0; got 0. Leave the cell empty where"),
    ],
)
def test_what_may_mean_two_things_is_told(
    tmp_path: Path, separator: str, cells: tuple[str, ...], said: str
) -> None:
    rows = [("arch", LATENCY), *zip(ARCHS, cells, strict=False)]
    with pytest.raises(TableError, match=said):
        import_text(tmp_path, "\n".join(separator.join(row) for row in rows))


@pytest.mark.parametrize("quantity", ["latency_ms", "energy_mj", "throughput_ips"])
def test_what_a_device_takes_is_not_0(tmp_path: Path, quantity: str) -> None:
    with pytest.raises(TableError, match=rf"cifar10_pi5_{quantity} cannot be 0"):
        import_text(tmp_path, csv_of("1", "0.0", header=f"cifar10_pi5_{quantity}"))


def test_a_percentage_above_100_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"accuracy_pct cannot be above 100; got 100\.5"):
        import_text(tmp_path, csv_of("100", "100.5", header="cifar10_accuracy_pct"))


def test_percentages_that_look_like_shares_are_noted(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("0.93", "", "0.5", header="cifar10_accuracy_pct"))
    assert table.notes == (
        "cifar10_accuracy_pct is at most 0.93 %: are these shares of 1? Then multiply them by 100",
    )
    assert import_text(tmp_path, csv_of("1.1", "0.5", header="cifar10_accuracy_pct")).notes == ()


def test_counts_may_be_written_short(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("500k", "1.5M", "2e6", header="cifar10_params"))
    assert table.values("cifar10_params").tolist() == [5e5, 1.5e6, 2e6]


def test_a_near_miss_is_left_out_and_named(tmp_path: Path) -> None:
    header = f"{LATENCY},cifar10_pi5_energy_j,day"
    table = import_text(tmp_path, csv_of("1,2,3", header=header))
    assert table.ignored == ("cifar10_pi5_energy_j", "day")
    assert table.notes == (
        "'cifar10_pi5_energy_j' should be 'cifar10_pi5_energy_mj', with numbers in millijoules",
    )


def test_where_nothing_else_is_there_a_near_miss_is_the_error(tmp_path: Path) -> None:
    said = r"'latency' should be 'cifar10_mydevice_latency_ms'.* header found is: arch, latency\."
    with pytest.raises(TableError, match=said):
        import_text(tmp_path, csv_of("1", header="latency"))


def test_the_column_that_holds_architectures_is_named(tmp_path: Path) -> None:
    text = csv_of("1").replace("arch,", "Architecture,", 1)
    with pytest.raises(TableError, match=r"'Architecture' holds architectures: call it arch\. The"):
        import_text(tmp_path, text)
    frame = pd.DataFrame({LATENCY: [1.0, 2.0, 3.0]}, index=ARCHS)
    with pytest.raises(TableError, match=r"Column 'column 1' holds architectures: call it arch"):
        import_text(tmp_path, frame.to_csv())


def test_a_device_that_is_known_under_a_like_name_is_noted(tmp_path: Path) -> None:
    table = import_text(tmp_path, csv_of("1", header="cifar10_edge-gpu_latency_ms"))
    assert table.notes == ("device 'edge-gpu' is a new one; the one that is known is 'edgegpu'",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04....", "is a spreadsheet or an archive. Save the table as CSV"),
        (b"PAR1....", "is a Parquet file. Call it .parquet"),
        (b"\x1f\x8b....", "is compressed"),
        ("arch,x\n".encode("utf-16-le"), "it has zero bytes. Save it as CSV in UTF-8"),
        ("arch,\xb5s\n".encode("latin-1"), "byte 6 cannot be read so"),
    ],
)
def test_what_is_no_table_is_told_for_what_it_is(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(data)
    with pytest.raises(TableError, match=said):
        import_file("mine", path, "nasbench201")


PARTS = st.one_of(
    st.sampled_from([*ARCHS, "arch", LATENCY, "latency", "cifar10_accuracy_pct", ",", ";", "\t",
                     "\r", "\n", '"', "1,5", "1.5", "nan", "1_0", "0", "-1", "1e400", "sep="]),
    st.text(max_size=4),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(PARTS, max_size=30), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32"]))
def test_any_text_is_a_table_or_one_error(tmp_path: Path, parts: list[str], encoding: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes("".join(parts).encode(encoding, "surrogatepass"))
    with contextlib.suppress(HwnasError):
        assert len(read_own("mine", path, load_space("nasbench201")))
