"""Targets: one text form and one parser for what a number is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.target import Target, parse_conditions, parse_table_column, parse_target
from hwnas.errors import ConfigError, UnknownNameError

DATASETS = ("cifar10", "cifar100", "imagenet16-120")
words = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,6}", fullmatch=True)
keys = st.sampled_from(["batch", "attack", "split", "training", "precision", "seed", "variant"])
pairs = st.dictionaries(keys, words).map(
    lambda found: tuple((k, str(len(v)) if k == "batch" else v) for k, v in found.items())
)


@pytest.mark.parametrize("text", ["latency@batch0", "latency@batch=x", "latency@batch-1"])
def test_a_batch_is_a_whole_number_from_1(text: str) -> None:
    with pytest.raises(ConfigError, match="a batch must be a whole number from 1"):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("batch32", ("batch", "32")),
        ("pgd-eps1", ("attack", "pgd-eps1")),
        ("apgd-ce-eps0.1", ("attack", "apgd-ce-eps0.1")),
        ("test", ("split", "test")),
        ("validation", ("split", "validation")),
        ("test-seed0", ("split", "test-seed0")),
        ("proxy", ("training", "proxy")),
        ("precision=int8", ("precision", "int8")),
        ("batch=32", ("batch", "32")),
        ("max-n", ("variant", "max-n")),
    ],
)
def test_a_word_that_names_its_key_stands_for_the_pair(text: str, pair: tuple[str, str]) -> None:
    assert parse_conditions(text) == (pair,)


@pytest.mark.parametrize(
    "column",
    [
        "latency_ms@batch32",
        "robustness_pct@pgd-eps1",
        "accuracy_pct@test-seed0",
        "accuracy_pct@proxy",
        "latency_ms@precision=int8",
        "latency_ms@batch32+precision=int8",
        "latency_ms",
    ],
)
def test_a_column_is_written_as_it_is_read(column: str) -> None:
    assert parse_target(column).column == column


def test_conditions_are_written_in_the_order_of_their_keys() -> None:
    assert str(parse_target("latency@precision=int8+batch=32")) == "latency@batch32+precision=int8"


def test_a_name_and_a_column_name_one_target() -> None:
    assert parse_target("latency@batch32") == parse_target("latency_ms@batch=32")


@given(st.sampled_from(sorted(QUANTITIES)), pairs)
def test_every_target_is_read_from_its_text(quantity: str, conditions: object) -> None:
    target = Target(quantity, conditions=conditions)  # type: ignore[arg-type]
    assert parse_target(str(target)) == target
    assert parse_target(target.column) == target


@given(st.sampled_from(sorted(QUANTITIES)), st.sampled_from(DATASETS), words, pairs)
def test_every_target_is_read_from_its_column_in_a_table(
    quantity: str, dataset: str, device: str, conditions: object
) -> None:
    target = Target(
        quantity,
        dataset,
        device if QUANTITIES[quantity].per_device else None,
        conditions,  # type: ignore[arg-type]
    )
    assert parse_table_column(target.table_column, DATASETS) == target


@pytest.mark.parametrize(
    "name",
    [
        "cifar10_latency_ms",  # no device
        "latency_ms",  # no data set
        "cifar10_pi5_accuracy_pct",  # accuracy depends on no device
        "svhn_pi5_latency_ms",
        "cifar10_pi5_latency_ms@",
        "cifar10_pi5_latency_ms@Batch",
        "cifar10_Pi_latency_ms",
        "cifar10_pi5_latency_s",
    ],
)
def test_a_column_named_otherwise_is_no_target(name: str) -> None:
    assert parse_table_column(name, DATASETS) is None


def test_a_device_may_have_underscores_and_a_data_set_may_begin_another() -> None:
    target = parse_table_column("cifar100_titan_rtx_latency_ms@batch1", DATASETS)
    assert target == Target("latency", "cifar100", "titan_rtx", (("batch", "1"),))


def test_a_quantity_without_a_device_drops_the_device_that_is_given() -> None:
    assert parse_target("accuracy", "cifar10", "pi5") == Target("accuracy", "cifar10")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency@", r"must name a condition after '@'"),
        ("latency@batch32+batch=1", r"batch must be given once; got it twice"),
        ("latency@batch32+", r"a condition must be key=value"),
        ("latency@Batch", r"got 'variant=Batch'"),
        ("latency@a=b=c", r"got 'a=b=c'"),
    ],
)
def test_conditions_of_another_form_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_target(text)


def test_an_unknown_quantity_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'latencyy'. Did you mean 'latency'\?"):
        parse_target("latencyy@batch32")


def test_the_longer_of_two_columns_that_end_alike_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    peak = Quantity("peak_latency", "peak_latency_ms", "ms", "min", "Peak", per_device=True)
    monkeypatch.setitem(QUANTITIES._things, peak.name, peak)
    target = parse_table_column("cifar10_pi5_peak_latency_ms", DATASETS)
    assert target == Target("peak_latency", "cifar10", "pi5")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("accuracy", "Accuracy"),
        ("accuracy@validation", "Accuracy (validation)"),
        ("accuracy@test-seed777", "Accuracy (test, seed 777)"),
        ("accuracy@proxy", "Accuracy (training proxy)"),
        ("robustness@apgd-ce-eps1", "Robust accuracy (APGD-CE, eps 1/255)"),
        ("robustness@square-eps0.5", "Robust accuracy (Square, eps 0.5/255)"),
        ("latency@batch32", "Latency (batch 32)"),
        ("latency@batch32+precision=int8", "Latency (batch 32, precision int8)"),
        ("latency@max-n", "Latency (max-n)"),
        ("accuracy@split=odd", "Accuracy (split odd)"),
    ],
)
def test_a_title_says_the_conditions_in_words(text: str, title: str) -> None:
    assert parse_target(text).title == title
