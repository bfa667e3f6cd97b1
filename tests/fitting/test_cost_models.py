"""Sums and products of costs, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.fitting._composed import LogCost
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.cost_models import log_sum, product_of_costs, weigh
from hwnas.models.sessions import run_onnx

RNG = np.random.default_rng(0)
TOTALS = RNG.uniform(1.0, 10.0, size=(500, 4)).astype(np.float32)


def test_a_sum_of_totals_is_found() -> None:
    rates = np.array([0.1, 0.0, 2.0, 0.5])
    values = TOTALS.astype(float) @ rates + 3.0
    np.testing.assert_allclose(log_sum(TOTALS, values).predict(TOTALS), np.log(values), rtol=1e-6)


def test_a_sum_has_no_negative_rate_or_constant() -> None:
    values = 40 - TOTALS[:, 0].astype(float)
    found = log_sum(TOTALS, values)
    assert (found.rates >= 0).all()
    assert (found.constants >= 0).all()


def test_weights_of_a_product_are_found() -> None:
    logs = RNG.normal(size=(2000, 3))
    weights, intercept = weigh(logs, logs @ [0.7, 0.0, 0.3] + 2.0)
    np.testing.assert_allclose(weights, [0.7, 0.0, 0.3], atol=1e-3)
    assert intercept == pytest.approx(2.0, abs=1e-3)


def test_a_device_that_goes_the_other_way_gets_no_weight() -> None:
    logs = RNG.normal(size=(2000, 2))
    weights, _ = weigh(logs, logs[:, 0] - logs[:, 1])
    assert weights[1] == 0


def test_a_product_is_costs_to_the_power_of_their_weights() -> None:
    one, other = (log_sum(TOTALS, TOTALS.astype(float) @ rates) for rates in np.eye(4)[:2] + 0.1)
    product = product_of_costs([one, other], [2], np.array([0.5, 0.0, 0.25]), 1.0)
    expected = 0.5 * one.predict(TOTALS) + 0.25 * np.log(TOTALS[:, 2]) + 1.0
    np.testing.assert_allclose(product.predict(TOTALS), expected, rtol=1e-6)
    # What has no weight is not computed.
    assert len(product.rates) == 2


def test_a_logarithm_of_a_cost_is_the_same_as_an_onnx_model() -> None:
    model = LogCost(
        rates=np.array([[0.0, 1e-9, 2.0, 0.0], [1.0, 0.0, 0.0, 0.5]]),
        constants=np.array([0.5, 0.0]),
        weights=np.array([0.75, 0.25]),
        slopes=np.array([0.0, 0.0, 0.0, -1.5]),
        intercept=3.0,
    )
    found = run_onnx(to_onnx(model, TOTALS), TOTALS)
    x = TOTALS.astype(float)
    sums = np.log([1e-9 * x[:, 1] + 2 * x[:, 2] + 0.5, x[:, 0] + 0.5 * x[:, 3]])
    np.testing.assert_allclose(
        found, 0.75 * sums[0] + 0.25 * sums[1] - 1.5 * x[:, 3] + 3.0, atol=1e-5
    )
