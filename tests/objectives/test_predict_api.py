"""``hwnas.predict``: the frame it returns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

import hwnas
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ConfigError, UnknownNameError
from hwnas.spaces import load_space

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"
SMALL = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
QUALITIES = ("accuracy_pct@validation", "robustness_pct@apgd-ce-eps1")
DISCONNECTED = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"


def _columns(*names: str, scored: Sequence[str] = ()) -> list[str]:
    """Columns of quantities, some of which have predictors that read proxy scores."""
    ends = ("", "_lower", "_upper", "_source")
    return [
        f"{name}{end}" for name in names for end in ((*ends, "_inputs") if name in scored else ends)
    ]


def test_with_a_device_everything_known_is_predicted() -> None:
    frame = hwnas.predict("nasbench201", [CELL], device="edgegpu")
    names = (*QUALITIES, "latency_ms", "energy_mj", "params", "macs")
    assert frame.columns.tolist() == _columns(*names, scored=names[:2])


def test_without_a_device_latency_and_energy_are_left_out() -> None:
    frame = hwnas.predict("nasbench201", [CELL])
    names = (*QUALITIES, "params", "macs")
    assert frame.columns.tolist() == _columns(*names, scored=names[:2])


def test_what_is_unknown_on_a_data_set_or_device_is_left_out() -> None:
    frame = hwnas.predict("nasbench201", [CELL], device="raspi4", dataset="cifar100")
    names = ("accuracy_pct@test", "latency_ms", "params", "macs")
    assert frame.columns.tolist() == _columns(*names)


def test_quantities_come_in_the_order_asked() -> None:
    names = ["macs", "latency", "robustness@pgd-eps1"]
    frame = hwnas.predict("nasbench201", [CELL], device="fpga", quantities=names)
    assert frame.columns.tolist() == _columns("macs", "latency_ms", "robustness_pct@pgd-eps1")


def test_rows_come_in_the_order_given_with_repeats() -> None:
    given = [SMALL, CELL, SMALL]
    frame = hwnas.predict("nasbench201", given, quantities=["accuracy"])
    assert frame.index.tolist() == given
    assert frame.index.name == "arch"
    first, second, third = frame[QUALITIES[0]]
    assert first == third < second


def test_numbers_are_floats_counts_integers_and_sources_words() -> None:
    frame = hwnas.predict("nasbench201", [CELL, SMALL], device="eyeriss")
    for name, column in frame.items():
        if str(name).endswith("_source"):
            assert set(column) <= {"predicted", "counted"}
        elif str(name).endswith("_inputs"):
            assert set(column) == {"from features and proxy scores"}
        else:
            assert column.dtype == (np.int64 if name in ("params", "macs") else np.float64), name


def test_disconnected_cells_are_unknown_but_counted() -> None:
    row = hwnas.predict("nasbench201", [DISCONNECTED], device="edgegpu").iloc[0]
    for name in (*QUALITIES, "latency_ms", "energy_mj"):
        assert row[[name, f"{name}_lower", f"{name}_upper"]].isna().all()
    assert row["params"] == 73_306 + 243_040


def test_counts_have_no_interval() -> None:
    frame = hwnas.predict("nasbench201", [CELL], quantities=["params"])
    assert frame[["params_lower", "params_upper"]].isna().all(axis=None)


def test_rated_power_adds_an_estimated_energy() -> None:
    frame = hwnas.predict("nasbench201", [CELL], device="raspi4", power_w=4.0)
    assert frame["energy_mj_source"].tolist() == ["estimated"]
    assert frame["energy_mj"].tolist() == pytest.approx((4.0 * frame["latency_ms"]).tolist())


def test_rated_power_that_cannot_be_is_refused_even_where_nothing_is_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"power_w= must be a positive number of watts; got -5"):
        hwnas.predict("nasbench201", [CELL], device="raspi4", power_w=-5.0)


def test_architectures_and_strings_mean_the_same(nasbench201: SearchSpace) -> None:
    frames = [
        hwnas.predict(nasbench201, [arch], device="pixel3")
        for arch in (CELL, nasbench201.parse(CELL))
    ]
    pd.testing.assert_frame_equal(*frames)


def test_no_architectures_give_no_rows() -> None:
    frame = hwnas.predict("nasbench201", [], device="edgetpu")
    assert len(frame) == 0
    assert "latency_ms_upper" in frame.columns


def test_data_set_must_be_that_of_the_space() -> None:
    space = load_space("nasbench201", dataset="cifar100")
    with pytest.raises(ConfigError, match=r"loaded for cifar100; got dataset='cifar10' as well\."):
        hwnas.predict(space, [CELL], dataset="cifar10")


def test_data_set_of_a_loaded_space_is_used() -> None:
    space = load_space("nasbench201", dataset="imagenet16-120")
    by_space = hwnas.predict(space, [CELL])
    by_name = hwnas.predict("nasbench201", [CELL], dataset="imagenet16-120")
    pd.testing.assert_frame_equal(by_space, by_name)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"space": "nasbench20l"}, r"Unknown search space 'nasbench20l'\. Did you mean 'nasbench2"),
        ({"dataset": "cifar11"}, r"Unknown dataset 'cifar11'\. Did you mean 'cifar10'\?"),
        ({"device": "edgegpuu"}, r"Unknown device 'edgegpuu'\. Did you mean 'edgegpu'\?"),
        ({"quantities": ["speed"]}, r"Unknown quantity 'speed'\."),
        ({"source": "tabel"}, r"Unknown source of values 'tabel'\. Did you mean 'table'\?"),
    ],
)
def test_unknown_names_are_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(UnknownNameError, match=sentence):
        hwnas.predict(**{"space": "nasbench201", "archs": [CELL], **changes})  # type: ignore[arg-type]


def test_text_that_is_no_architecture_is_refused() -> None:
    with pytest.raises(ArchitectureError, match=r"must have the form .*; got 'resnet50'\."):
        hwnas.predict("nasbench201", [CELL, "resnet50"])


def test_what_is_asked_for_by_name_must_be_known() -> None:
    with pytest.raises(ConfigError, match=r"Device 'pixel3' has no energy data"):
        hwnas.predict("nasbench201", [CELL], device="pixel3", quantities=["energy"])


@pytest.mark.usefixtures("published_cache")
def test_a_table_gives_values_without_intervals() -> None:
    frame = hwnas.predict("nasbench201", [CELL], device="edgegpu", source="table")
    assert frame["latency_ms_source"].tolist() == ["tabulated"]
    assert frame[["latency_ms_lower", "latency_ms_upper"]].isna().all(axis=None)


@pytest.mark.usefixtures("published_cache")
def test_what_no_table_holds_is_left_out_like_what_no_predictor_knows() -> None:
    frame = hwnas.predict("nasbench201", [CELL], dataset="cifar100", source="table")
    expected = _columns("accuracy_pct@test", "params", "macs")
    assert [name for name in frame.columns if not name.endswith("_inputs")] == expected
