"""Headers that nearly follow the rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.quantity import QUANTITIES
from hwnas.core.target import parse_table_column
from hwnas.tables.headers import device_alone, near_miss

DATASETS = ("cifar10", "cifar100", "imagenet16-120")


@pytest.mark.parametrize(
    ("name", "should"),
    [
        ("cifar10_pi5_latency_us", "cifar10_pi5_latency_ms"),
        ("cifar10_pi5_energy_j@batch=32", "cifar10_pi5_energy_mj@batch32"),
        ("latency_ms", "cifar10_mydevice_latency_ms"),
        ("Latency (ms)", "cifar10_mydevice_latency_ms"),
        ("cifar10_latency_ms", "cifar10_mydevice_latency_ms"),
        ("pi5_latency_ms", "cifar10_pi5_latency_ms"),
        ("cifar10_pi5_latency", "cifar10_pi5_latency_ms"),
        ("cifar10_pi5_ms", "cifar10_pi5_latency_ms"),
        ("CIFAR10_Pi5_Latency_ms", "cifar10_pi5_latency_ms"),
        ("CIFAR-10_my board_latency_ms", "cifar10_my_board_latency_ms"),
        ("cifar10-my-board-latency-ms", "cifar10_my-board_latency_ms"),
        ("cifar11_pi5_latency_ms", "cifar10_pi5_latency_ms"),
        ("imagenet16_120_pi5_latency_ms", "imagenet16-120_pi5_latency_ms"),
        ("cifar10_pi5_latency_ms@Batch32", "cifar10_pi5_latency_ms@batch32"),
        ("cifar10_pi5_accuracy_pct", "cifar10_accuracy_pct"),
        ("test accuracy (%)", "cifar10_accuracy_pct"),
        ("fps", "cifar10_mydevice_throughput_ips"),
        ("params", "cifar10_params"),
        ("cifar10_my-board_latecny_ms", "cifar10_my-board_latency_ms"),
        ("cifar10_my-board_latecny", "cifar10_my-board_latency_ms"),
        ("cifar10_accurracy_pct", "cifar10_accuracy_pct"),
        ("cifar10_peak_memroy_bytes", "cifar10_peak_memory_bytes"),
        ("cifar10_pi5_latency_ns", "cifar10_pi5_latency_ms"),
        ("cifar10_pi5_latencyms", "cifar10_pi5_latency_ms"),
        ("cifar10_pi5_throughput_fps", "cifar10_pi5_throughput_ips"),
        ("cifar10_pi5_latency_ms_mean", "cifar10_pi5_latency_ms"),
        ("mean_latency_ms", "cifar10_mydevice_latency_ms"),
        ("cifar10_pi5_latency_ms.1", "cifar10_pi5_latency_ms"),
        ("cifar10_pi5_latency_ms@batch0", "cifar10_pi5_latency_ms"),
        ("flops", "cifar10_macs"),
    ],
)
def test_a_near_miss_is_named_with_what_it_should_be(name: str, should: str) -> None:
    advice = near_miss(name, DATASETS)
    assert advice is not None
    assert advice.startswith(f"'{name}' should be '{should}'")
    assert parse_table_column(should, DATASETS)


@pytest.mark.parametrize(
    "name",
    ["day", "", "cifar10_pi5_latency_ms_std", "latency_std_ms", "@", "mean_ms", "cifar10_mean_ms"],
)
def test_of_another_header_nothing_is_said(name: str) -> None:
    assert near_miss(name, DATASETS) is None


@pytest.mark.parametrize(
    ("name", "should"),
    [("my-board", "cifar10_my-board_latency_ms"), ("cifar100_TX2", "cifar100_tx2_latency_ms")],
)
def test_a_device_alone_is_named_with_its_column(name: str, should: str) -> None:
    assert str(device_alone(name, DATASETS)).endswith(f"call it '{should}'")


@pytest.mark.parametrize("name", ["mean_ms", "index", "0", "", "std", "cifar10"])
def test_what_is_no_device_is_not_taken_for_one(name: str) -> None:
    assert device_alone(name, DATASETS) is None


def test_another_unit_is_told() -> None:
    assert near_miss("cifar10_pi5_latency_s", DATASETS).endswith(", with numbers in milliseconds")


@given(
    st.sampled_from([*QUANTITIES, *(q.column for q in QUANTITIES.values()), "latency_us", "acc"]),
    st.text(max_size=12),
    st.text(max_size=6),
)
def test_what_is_said_follows_the_rule(word: str, before: str, after: str) -> None:
    advice = near_miss(f"{before}_{word}@{after}", DATASETS)
    if advice is not None:
        should = advice.rpartition("should be '")[2].partition("'")[0]
        assert parse_table_column(should, DATASETS)
