"""Plans and rhythms: what a text names, and when runs begin."""

from __future__ import annotations

import pytest

from hwnas.errors import ConfigError
from hwnas.measure.backends import Model
from hwnas.measure.modes import ColdRunner, Opener, Pace, PacedRunner
from hwnas.measure.plan import BURST, Mode, Plan, parse_mode
from hwnas.measure.sustain import parse_duration, run_on
from hwnas.models.building import model_onnx
from hwnas.models.graph_weights import random_inputs
from hwnas.spaces import load_space
from tests.measure.devices import Timed, TimedBackend, TurnedClock

MS = 1e6
CELL = "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"


def _model() -> Model:
    space = load_space("nasbench201")
    arch = space.parse(CELL)
    return Model(
        "cell", model_onnx(space, arch, 0, 1), {"input": random_inputs(space.graph(arch), 1, 0)}
    )


@pytest.mark.parametrize(
    ("text", "mode"),
    [("burst", BURST), ("cold", Mode("cold")), ("paced:30fps", Mode("paced", 30.0))],
)
def test_a_mode_is_read_and_written_alike(text: str, mode: Mode) -> None:
    assert parse_mode(text) == mode
    assert str(mode) == text


@pytest.mark.parametrize("text", ["", "fast", "paced", "paced:30", "paced:0fps", "paced:-1fps"])
def test_what_is_no_mode_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"mode= must be burst, cold or paced:30fps"):
        parse_mode(text)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"threads": 0}, "threads= must be at least 1; got 0"),
        ({"batch": 0}, "batch= must be at least 1; got 0"),
        ({"visits": -1}, "visits= must be at least 1; got -1"),
        ({"min_seconds": float("nan")}, "min_seconds= must be a number of seconds"),
        ({"max_cv": 0.0}, "max_cv= must be above 0"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(setting: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Plan(**setting)  # type: ignore[arg-type]


def test_paced_runs_begin_at_the_pace() -> None:
    clock, begun = TurnedClock(), list[int]()

    def run_ns(now: int) -> float:
        begun.append(now)
        return 3 * MS

    runner = PacedRunner(Timed(clock, run_ns), Pace(100))
    for _ in range(4):
        assert runner.run_ns(clock) == 3 * MS
    assert begun == [0, 10 * MS, 20 * MS, 30 * MS]


def test_a_run_that_takes_too_long_delays_the_next_ones_only_by_that() -> None:
    clock, begun = TurnedClock(), list[int]()

    def run_ns(now: int) -> float:
        begun.append(now)
        return 25 * MS if len(begun) == 1 else MS

    runner = PacedRunner(Timed(clock, run_ns), Pace(100))
    for _ in range(3):
        runner.run_ns(clock)
    assert begun == [0, 25 * MS, 35 * MS]


def test_models_of_one_opener_share_the_pace() -> None:
    clock = TurnedClock()
    opener = Opener(TimedBackend(clock), 1, Mode("paced", 100))
    model = _model()
    one, two = opener.open(model), opener.open(model)
    one.run_ns(clock)
    two.run_ns(clock)
    assert clock.ns == 10 * MS + len(model.data)


def test_a_cold_run_loads_the_model_each_time() -> None:
    clock = TurnedClock()
    backend = TimedBackend(clock)
    runner = Opener(backend, 1, Mode("cold")).open(_model())
    assert backend.opened == []
    runner.run_ns(clock)
    runner.run_ns(clock)
    assert len(backend.opened) == 2


def test_a_remote_device_has_no_cold_runs() -> None:
    backend = TimedBackend(TurnedClock())
    backend.is_remote = True  # type: ignore[misc]
    with pytest.raises(ConfigError, match="with 'timed' the upload would be timed"):
        ColdRunner(backend, _model(), 1)


def test_a_compiler_has_no_cold_runs() -> None:
    backend = TimedBackend(TurnedClock())
    backend.is_compiled = True  # type: ignore[misc]
    with pytest.raises(ConfigError, match="with 'timed' the compiler would be timed"):
        ColdRunner(backend, _model(), 1)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("1.5h", 5400)])
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "0s", "-1m", "10 d", "1e3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="sustain= must be a time such as 30s, 10m or 1h"):
        parse_duration(text)


def test_a_device_that_throttles_tells_when_and_how_slow() -> None:
    clock = TurnedClock()
    runner = Timed(clock, lambda now: 10 * MS if now < 60e9 else 15 * MS)
    found = run_on(runner, 180, clock)
    assert found.onset_s == pytest.approx(60, abs=3)
    assert (found.first_ms, found.last_ms, found.sustained_p90_ms) == (10, 15, 15)
    assert found.n_runs == pytest.approx(60e9 / 10e6 + 120e9 / 15e6, abs=2)


def test_a_device_that_keeps_its_pace_does_not_throttle() -> None:
    clock = TurnedClock()
    # Slow for a while in the middle: a neighbour, not heat.
    runner = Timed(clock, lambda now: 20 * MS if 40e9 < now < 50e9 else 10 * MS)
    found = run_on(runner, 120, clock)
    assert found.onset_s is None
    assert found.last_ms == 10
