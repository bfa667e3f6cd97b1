"""Rewards as text: what they come to by hand and by their papers, and their one form."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.columns import resolve_column
from hwnas.core.formula_text import parse_formula
from hwnas.core.limits import parse_assignments, parse_limit
from hwnas.core.quantity import Direction
from hwnas.errors import ConfigError, UnknownNameError

DIRECTIONS: dict[str, Direction] = {
    "accuracy": "max",
    "robustness": "max",
    "latency": "min",
    "macs": "min",
}


def _of(text: str, **values: float) -> float:
    """What a formula comes to for one architecture."""
    found = parse_formula(text).of(
        {name: np.array([value]) for name, value in values.items()}, DIRECTIONS
    )
    return float(found[0])


def test_a_limit_as_a_factor_leaves_all_or_nothing() -> None:
    text = "reward(accuracy,latency<=5)"
    assert _of(text, accuracy=90, latency=4) == 90
    assert _of(text, accuracy=90, latency=5) == 90
    assert _of(text, accuracy=90, latency=5.001) == 0


def test_mnasnets_soft_power_gives_up_a_doubled_latency_for_five_percent_of_accuracy() -> None:
    # Tan et al. 2019, section 3: that is how -0.07 was chosen.
    text = "reward(accuracy,(latency/80)^-0.07)"
    slow = _of(text, accuracy=75 * 1.05, latency=160)
    assert slow == pytest.approx(_of(text, accuracy=75, latency=80), rel=5e-4)
    assert _of(text, accuracy=75, latency=80) == 75


def test_mnasnets_hard_powers_leave_accuracy_within_the_target_and_divide_beyond() -> None:
    text = "reward(accuracy,(latency/80)^(0,-1))"
    assert _of(text, accuracy=75, latency=10) == 75
    assert _of(text, accuracy=75, latency=80) == 75
    assert _of(text, accuracy=75, latency=240) == pytest.approx(25)


def test_a_target_of_what_should_be_large_is_met_above_it() -> None:
    text = "reward(accuracy,(robustness/50)^(0,1))"
    assert _of(text, accuracy=90, robustness=60) == 90
    assert _of(text, accuracy=90, robustness=25) == pytest.approx(45)


def test_factors_multiply() -> None:
    text = "reward(accuracy,latency<=5,robustness>=40,(macs/100M)^-1)"
    assert _of(text, accuracy=90, latency=4, robustness=40, macs=2e8) == pytest.approx(45)
    assert _of(text, accuracy=90, latency=4, robustness=39, macs=2e8) == 0


def test_a_weighted_sum_is_what_is_written() -> None:
    text = "weighted(accuracy/100,-0.5*latency/10,-2*macs/1G)"
    assert _of(text, accuracy=90, latency=4, macs=1e8) == pytest.approx(0.9 - 0.2 - 0.2)


def test_what_is_unknown_makes_the_whole_unknown() -> None:
    assert np.isnan(_of("reward(accuracy,latency<=5)", accuracy=90, latency=np.nan))
    assert np.isnan(_of("reward(accuracy,latency<=5)", accuracy=np.nan, latency=9))
    assert np.isnan(_of("weighted(accuracy/1,-latency/1)", accuracy=90, latency=np.nan))


def test_what_has_no_finite_value_is_unknown() -> None:
    assert np.isnan(_of("reward(accuracy,(latency/5)^-1)", accuracy=90, latency=0))
    assert np.isnan(_of("reward(accuracy,latency<=5)", accuracy=-1, latency=4))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("reward( accuracy , latency <= 5 )", "reward(accuracy,latency<=5)"),
        ("reward(accuracy, latency_us<=500)", "reward(accuracy,latency_ms<=0.5)"),
        ("reward(accuracy, macs<=50M)", "reward(accuracy,macs<=50000000)"),
        (
            "reward(accuracy, ( latency / 5 ) ^ -0.07)",
            "reward(accuracy,(latency/5)^-0.07)",
        ),
        ("reward(accuracy,(latency/5)^(0, -1))", "reward(accuracy,(latency/5)^(0,-1))"),
        ("reward(accuracy,(latency/5)^(-1, -1))", "reward(accuracy,(latency/5)^-1)"),
        (
            "weighted(1*accuracy/100, - 0.50 * latency/10)",
            "weighted(accuracy/100,-0.5*latency/10)",
        ),
        (
            "reward(accuracy@validation:table, latency@batch=32<=5)",
            "reward(accuracy@validation:table,latency@batch=32<=5)",
        ),
        ("Reward(accuracy,latency<=5)", "reward(accuracy,latency<=5)"),
    ],
)
def test_a_formula_has_one_form_which_is_read_back(text: str, form: str) -> None:
    assert str(parse_formula(text)) == form
    assert str(parse_formula(form)) == form


def test_a_formula_names_each_part_once() -> None:
    formula = parse_formula("reward(accuracy,latency<=5,(latency/3)^-1)")
    assert formula.names == ["accuracy", "latency"]


def test_words_for_people_have_units() -> None:
    formula = parse_formula("reward(accuracy,latency<=5,(macs/50M)^(0,-1))")
    titles = {"accuracy": "Accuracy", "latency": "Latency", "macs": "MACs"}
    units = {"accuracy": "%", "latency": "ms", "macs": ""}
    assert formula.words(titles, units) == (
        "Accuracy \N{MULTIPLICATION SIGN} [Latency \N{LESS-THAN OR EQUAL TO} 5 ms] "
        "\N{MULTIPLICATION SIGN} (MACs / 50,000,000)^(0 where met, else -1)"
    )
    weighted = parse_formula("weighted(accuracy/100,-0.5*latency/10)")
    assert weighted.words(titles, units) == (
        "Accuracy / 100 % \N{MINUS SIGN} 0.5 \N{MULTIPLICATION SIGN} Latency / 10 ms"
    )


@pytest.mark.parametrize(
    "text",
    [
        "reward(accuracy,)",
        "reward(,latency<=5)",
        "reward(accuracy,latency<5)",
        "reward(accuracy,latency<=5<=6)",
        "reward(accuracy,latency<=5))",
        ")reward(accuracy,latency<=5(",
        "reward(accuracy,(latency/5)^)",
        "reward(accuracy,(latency/5)^x)",
        "weighted(accuracy/100)",
        "weighted(accuracy/100,--0.5*latency/10)",
        "weighted(accuracy/100,latency*0.5/10)",
        "weighted(accuracy/100,-latency/1/2)",
        "(accuracy,latency<=5)",
    ],
)
def test_another_form_is_refused_in_one_line(text: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=r"reward|weighted|number") as told:
        parse_formula(text)
    assert "\n" not in str(told.value)


def test_a_sole_reward_is_called_by_its_form() -> None:
    columns = ["reward(accuracy_pct,latency_ms<=5)", "accuracy_pct", "latency_ms"]
    assert resolve_column("reward", columns) == columns[0]
    with pytest.raises(ConfigError, match=r"Column 'reward' must mean one column"):
        resolve_column("reward", [*columns, "reward(accuracy_pct,latency_ms<=3)"])


def test_limits_and_assignments_take_a_whole_reward() -> None:
    column = "reward(accuracy_pct@validation,(latency_ms/5)^(0,-1))"
    limit = parse_limit(f"{column} >= 60", own=[column])
    assert (limit.column, limit.relation, limit.bound) == (column, ">=", 60)
    assert str(parse_limit(str(limit), own=[column])) == str(limit)
    assert parse_assignments(f"{column}=60,latency=5") == {column: 60, "latency_ms": 5}
