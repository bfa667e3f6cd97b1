"""What is said of how far costs carry, and against what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hwnas.predictors.trust import CostTrust, Order, measured_alike

TRUST = CostTrust(
    "eyeriss",
    "nasbench201",
    "fbnet",
    spearman=0.97,
    scale=1.3,
    within_10_pct_scaled=100.0,
    log_error=0.3,
    spearman_macs=0.96,
    method="devices",
)


@pytest.mark.parametrize(
    ("rho", "rho_macs", "expected"),
    [(0.97, 0.96, True), (0.96, 0.96, False), (None, 0.96, False), (0.97, None, None)],
)
def test_a_transfer_is_judged_against_counting_macs(
    rho: float | None, rho_macs: float | None, expected: bool | None
) -> None:
    assert replace(TRUST, spearman=rho, spearman_macs=rho_macs).beats_macs is expected


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "energy"},
        {"from_space": "fbnet", "to_space": "nasbench201"},
        {"method": "totals"},
    ],
)
def test_another_quantity_start_or_method_says_nothing(change: dict[str, str]) -> None:
    wanted = ("latency", "eyeriss", "nasbench201", "devices")
    assert measured_alike([TRUST], *wanted) == [TRUST]
    assert measured_alike([replace(TRUST, **change)], *wanted) == []


def test_transfers_of_the_device_go_before_those_of_all() -> None:
    other = replace(TRUST, device="fpga")
    wanted = ("nasbench201", "devices")
    assert measured_alike([other, TRUST], "latency", "eyeriss", *wanted) == [TRUST]
    assert measured_alike([other, TRUST], "latency", "edgegpu", *wanted) == [other, TRUST]


@pytest.mark.parametrize(
    ("rho_macs", "rho_params", "expected"),
    [(0.9995, 0.9, "MACs"), (0.9, 0.9995, "parameters"), (0.998, None, None)],
)
def test_values_that_order_as_a_count_does_say_which(
    rho_macs: float, rho_params: float | None, expected: str | None
) -> None:
    assert Order(2000, 2000, rho_macs, rho_params).same_as == expected
