"""Logs of external meters: what is read from them, and closed forms of the energy of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.energy import Window
from hwnas.measure.power_trace import PowerTrace, energy_of, read_power_trace

_T0 = 1_770_000_000.0  # 2026-02-02 02:40:00 UTC

# As a Jetson Orin's tegrastats writes it every half second: seconds alone, several lines in each.
_ORIN = """\
02-02-2026 02:40:00 RAM 4722/30536MB (lfb 1x4MB) SWAP 0/15268MB (cached 0MB) CPU [0%@729,off] \
EMC_FREQ 0%@665 GR3D_FREQ 0%@[305] tj@48.4C VDD_IN 4032mW/4010mW VDD_CPU_GPU_CV 560mW/540mW
02-02-2026 02:40:00 RAM 4722/30536MB (lfb 1x4MB) SWAP 0/15268MB (cached 0MB) CPU [0%@729,off] \
EMC_FREQ 0%@665 GR3D_FREQ 0%@[305] tj@48.4C VDD_IN 4072mW/4020mW VDD_CPU_GPU_CV 570mW/545mW
02-02-2026 02:40:01 RAM 4730/30536MB (lfb 1x4MB) SWAP 0/15268MB (cached 0MB) CPU [9%@729,off] \
EMC_FREQ 0%@665 GR3D_FREQ 76%@[305] tj@48.5C VDD_IN 8912mW/5640mW VDD_CPU_GPU_CV 3201mW/1440mW
02-02-2026 02:40:01 RAM 4730/30536MB (lfb 1x4MB) SWAP 0/15268MB (cached 0MB) CPU [9%@729,off] \
EMC_FREQ 0%@665 GR3D_FREQ 76%@[305] tj@48.5C VDD_IN 8940mW/6480mW VDD_CPU_GPU_CV 3190mW/1880mW
02-02-2026 02:40:02 RAM 4730/30536MB (lfb 1x4MB) SWAP 0/15268MB (cached 0MB) CPU [9%@729,off] \
EMC_FREQ 0%@665 GR3D_FREQ 76%@[305] tj@48.5C VDD_IN 8920mW/6960mW VDD_CPU_GPU_CV 3188mW/2140mW
"""
_NANO = (
    "RAM 613/3964MB (lfb 634x4MB) SWAP 0/1982MB (cached 0MB) CPU [2%@102,1%@102] EMC_FREQ 0% "
    "PLL@39C CPU@40.5C POM_5V_IN 900/943 POM_5V_GPU 0/0 POM_5V_CPU 123/123"
)
_XAVIER = (
    "RAM 2010/15692MB (lfb 2811x4MB) CPU [0%@1190,off] GPU@31C thermal@31.5C "
    "GPU 155/155 CPU 311/311 SOC 932/932 CV 0/0 VDDRQ 155/155 SYS5V 1477/1477"
)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time, which a date without its zone is in."""
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _read(tmp_path: Path, text: str, column: str | None = None) -> PowerTrace:
    path = tmp_path / "trace.csv"
    path.write_text(text, encoding="utf-8")
    return read_power_trace(path, column)


def _trace(
    seconds: np.ndarray, power_w: np.ndarray, resolution_s: float | None = None
) -> PowerTrace:
    if resolution_s is None:
        resolution_s = float(np.median(np.diff(seconds)))
    return PowerTrace("trace.csv", "column power_w", _T0 + seconds, power_w, resolution_s)


def _window(start_s: float, end_s: float, n_runs: int = 10, name: str = "a net") -> Window:
    return Window(name, _T0 + start_s, _T0 + end_s, n_runs)


_SAME = [
    "time,power_w\n1770000000,1.5\n1770000000.5,2\n1770000001,2.5\n",
    "Timestamp(ms),Power (mW)\n1770000000000,1500\n1770000000500,2000\n1770000001000,2500\n",
    "timestamp,watts\n1770000000000,1.5\n1770000000500,2\n1770000001000,2.5\n",
    "epoch,W\n1770000000000000,1.5\n1770000000500000,2\n1770000001000000,2.5\n",
    "time_ns,power_w\n1770000000000000000,1.5\n1770000000500000000,2\n1770000001000000000,2.5\n",
    "time,power\n2026-02-02T02:40:00Z,1.5\n2026-02-02T02:40:00.5Z,2\n2026-02-02T02:40:01Z,2.5\n",
    "time,power\n2026-02-02T03:40:00+01:00,1.5\n2026-02-02T02:40:00.5Z,2\n"
    "2026-02-02T02:40:01Z,2.5\n",
    "Zeit/time;Power [W]\n1770000000;1,5\n1770000000,5;2\n1770000001;2,5\n",
    "Date;Time;Power (W)\n02.02.2026;02:40:00;1,5\n02.02.2026;02:40:00.5;2\n"
    "02.02.2026;02:40:01;2,5\n",
    "time,power\n1770000000,1.5\n1770000000.5,2000 mW\n1770000001,2.5 W\n",
    "time\tpower\n1770000000\t1.5\n1770000000.5\t2\n1770000001\t2.5\n",
    "\ufeffMy meter\nrange,auto\n\nTime (s),Voltage (V),Main Avg Power (mW),Power factor\n"
    "1770000000,5,1500,1\n1770000000.5,5,2000,1\n# changed range\n1770000001,5,2500,1\n\n",
    "timestamp, power.draw [W], power.limit [W]\n2026/02/02 02:40:00.000, 1.50 W, 250.00 W\n"
    "2026/02/02 02:40:00.500, 2.00 W, 250.00 W\n2026/02/02 02:40:01.000, 2.50 W, 250.00 W\n",
]


@pytest.mark.parametrize("text", _SAME)
def test_the_same_samples_are_read_from_every_form(tmp_path: Path, text: str) -> None:
    trace = _read(tmp_path, text)
    np.testing.assert_allclose(trace.unix_s - _T0, [0.0, 0.5, 1.0], atol=1e-6)
    np.testing.assert_allclose(trace.power_w, [1.5, 2.0, 2.5])
    assert trace.resolution_s == pytest.approx(0.5)


def test_a_log_may_be_in_utf_16_as_shells_of_windows_write_it(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("time,power_w\n0,3\n1,2\n2,1\n", encoding="utf-16")
    assert read_power_trace(path).power_w.tolist() == [3.0, 2.0, 1.0]


def test_times_without_a_zone_are_local_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    text = "time,power\n2026-02-02T03:40:00,1\n2026-02-02T03:40:01,1\n2026-02-02T03:40:02,1\n"
    trace = _read(tmp_path, text)
    assert trace.unix_s[0] == _T0
    assert trace.note == "times without a zone were read as this computer's local time"
    (reading,) = energy_of(trace, [_window(0, 2)], idle_power_w=0.0)
    assert reading.note == trace.note
    assert _read(tmp_path, _SAME[5]).note == ""


def test_tegrastats_counts_by_the_rail_of_the_whole_module(tmp_path: Path) -> None:
    trace = _read(tmp_path, _ORIN)
    np.testing.assert_allclose(trace.power_w, [4.032, 4.072, 8.912, 8.94, 8.92])
    assert trace.what == "rail VDD_IN"


def test_samples_of_one_second_are_spread_over_it(tmp_path: Path) -> None:
    trace = _read(tmp_path, _ORIN)
    np.testing.assert_allclose(trace.unix_s - _T0, [0.0, 0.5, 1.0, 1.5, 2.0])
    assert trace.resolution_s == pytest.approx(1.0)


def test_samples_before_a_pause_are_not_spread_over_it(tmp_path: Path) -> None:
    rows = [f"{1770000000 + second},1" for second in (0, 1, 2, 2, 60, 61)]
    trace = _read(tmp_path, "time,power\n" + "\n".join(rows))
    np.testing.assert_allclose(trace.unix_s - _T0, [0.0, 1.0, 2.0, 2.5, 60.0, 61.0])


def test_a_rail_may_be_chosen(tmp_path: Path) -> None:
    trace = _read(tmp_path, _ORIN, "VDD_CPU_GPU_CV")
    np.testing.assert_allclose(trace.power_w, [0.56, 0.57, 3.201, 3.19, 3.188])
    with pytest.raises(MeasurementError, match=r"one of VDD_IN, VDD_CPU_GPU_CV; got 'VDD_SOC'"):
        _read(tmp_path, _ORIN, "VDD_SOC")


@pytest.mark.parametrize(
    ("line", "what", "power_w"),
    [
        (_NANO, "rail POM_5V_IN", 0.9),
        (_XAVIER, "rails GPU + CPU + SOC + CV + VDDRQ + SYS5V", 3.03),
    ],
    ids=["nano", "xavier"],
)
def test_older_boards_are_read_with_a_time_before_the_line(
    tmp_path: Path, line: str, what: str, power_w: float
) -> None:
    times = ("02:40:00.000", "02:40:00.500", "02:40:01.000")
    trace = _read(tmp_path, "".join(f"2026-02-02T{time}+0000 {line}\n" for time in times))
    np.testing.assert_allclose(trace.power_w, power_w)
    np.testing.assert_allclose(trace.unix_s - _T0, [0.0, 0.5, 1.0])
    assert trace.what == what


def test_lines_of_tegrastats_without_a_time_say_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        MeasurementError, match=r"line 1: it has no time; log with: tegrastats \| t"
    ):
        _read(tmp_path, f"{_NANO}\n" * 5)


def test_a_line_that_lacks_the_rail_is_named(tmp_path: Path) -> None:
    text = _ORIN + f"02-02-2026 02:40:02 {_NANO}\n"
    with pytest.raises(MeasurementError, match=r"line 6: it lacks rail VDD_IN"):
        _read(tmp_path, text)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,abc", r"line 3: power must be a number; got 'abc'\. Mend or delete"),
        ("1,nan", r"line 3: power must be a number; got 'nan'"),
        ("1,inf", r"line 3: power must be a number; got 'inf'"),
        ("1,1_0", r"line 3: power must be a number; got '1_0'"),
        ("1,\u0663", r"line 3: power must be a number; got '\u0663'"),
        ("1,", r"line 3: power must be a number; got ''"),
        ("1,3 V", r"line 3: power must be a number; got '3 V'"),
        ("1,-0.5", r"line 3: power must not be negative; got -0.5 W"),
        ("1", r"line 3: it has 1 columns, fewer than the header"),
        ("noon,3", r"line 3: time must be a number or such as 2026.*; got 'noon'"),
        ("0001-01-01,3", r"line 3: time must be a number or such as .*; got '0001-01-01'"),
        ("nan,3", r"line 3: time must be a number"),
        ("-0.5,3", r"line 3: times must not go back; '-0.5' is 0.5 s before the sample above it"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(MeasurementError, match=message):
        _read(tmp_path, f"time,power_w\n0,3\n{rows}\n2,3\n3,3\n")


_ROWS = st.tuples(
    st.sampled_from(["1", "2", "2", "3", "4.5", "1e12", "1e999", "0001-01-01", "9999-12-31", ""])
    | st.floats(0.0, 1e9).map(str)
    | st.text(max_size=3),
    st.sampled_from(["1", "2 mW", "-1", "nan", "1 V", '"', "9" * 5000]) | st.text(max_size=3),
)
_RAILS = st.tuples(
    st.sampled_from(["2026-02-02T02:40:00Z", "02-02-2026 02:40:01", "9999-12-31", "", "yesterday"]),
    st.sampled_from(["RAM 1/2MB VDD_IN 1mW/2mW", f"RAM 1/2MB VDD_IN {'9' * 5000}mW/2mW", "RAM"]),
)


@given(
    st.lists(_ROWS.map(",".join)).map(lambda rows: ["time,power_w", *rows])
    | st.lists(_RAILS.map(" ".join))
    | st.lists(st.text())
)
def test_whatever_a_file_holds_it_is_a_log_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("log") / "trace.csv"
    path.write_bytes("\n".join(lines).encode(errors="surrogatepass"))
    try:
        trace = read_power_trace(path)
    except MeasurementError:
        return
    assert np.all(np.diff(trace.unix_s) >= 0)
    assert np.all(np.isfinite(trace.power_w) & (trace.power_w >= 0))


@pytest.mark.parametrize(
    "text", ["", "0,3\n1,3\n2,3\n", "time,temperature\n0,3\n1,3\n2,3\n", "Dear reader,\nthis is\n"]
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        MeasurementError, match=r"trace.csv: a meter's log must be a table .* it has"
    ):
        _read(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(MeasurementError, match=r"must be a table .*; it is no text"):
        read_power_trace(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"absent.csv: .* cannot be read \(No such file"):
        read_power_trace(tmp_path / "absent.csv")


def test_a_log_of_two_moments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"must hold at least 3 moments; it holds 2"):
        _read(tmp_path, "time,power_w\n0,3\n1,3\n1,3\n")
    with pytest.raises(MeasurementError, match=r"must hold at least 3 moments; it holds 0"):
        _read(tmp_path, "time,power_w\n")


def test_of_two_columns_of_power_one_must_be_chosen(tmp_path: Path) -> None:
    text = "time,CPU power,GPU power\n0,1,5\n1,2,6\n2,3,7\n"
    with pytest.raises(MeasurementError, match=r"it has CPU power, GPU power. Name one with"):
        _read(tmp_path, text)
    trace = _read(tmp_path, text, "GPU power")
    np.testing.assert_allclose(trace.power_w, [5.0, 6.0, 7.0])
    assert trace.what == "column GPU power"
    with pytest.raises(MeasurementError, match=r"one of time, CPU power, GPU power; got 'NPU'"):
        _read(tmp_path, text, "NPU")


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    text = "\ufeffpower_w,time\n1,0\n2,1\n3,2\n"
    assert _read(tmp_path, text, "power_w").what == "column power_w"


def test_constant_power_less_idle_power_times_time_by_runs() -> None:
    seconds = np.arange(0.0, 20.0, 0.1)
    power_w = np.where(seconds < 9.95, 2.0, 7.0)
    (reading,) = energy_of(
        _trace(seconds, power_w), [_window(11.0, 16.0, 100)], [_window(1.0, 6.0, 0, "idle")]
    )
    assert reading.energy_mj == pytest.approx((7.0 - 2.0) * 5.0 / 100 * 1e3)
    assert (reading.power_w, reading.idle_power_w) == pytest.approx((7.0, 2.0))
    assert reading.margin_mj == pytest.approx(0.0, abs=1e-9)
    assert (reading.window_s, reading.n_runs) == (pytest.approx(5.0), 100)
    assert reading.source == "measured"
    assert reading.meter == "trace.csv: column power_w"


def test_a_ramp_is_integrated_exactly_between_any_two_moments() -> None:
    # From a to b the integral of 3 t + 1 is 1.5 (b^2 - a^2) + b - a.
    seconds = np.arange(0.0, 11.0)
    (reading,) = energy_of(
        _trace(seconds, 3.0 * seconds + 1.0), [_window(2.25, 7.75, 1)], idle_power_w=0.0
    )
    assert reading.energy_mj == pytest.approx((1.5 * (7.75**2 - 2.25**2) + 5.5) * 1e3)
    # Moved by its second, the ramp is higher by 3 W over 5.5 s.
    assert reading.margin_mj == pytest.approx(3.0 * 5.5 * 1e3)


@given(
    st.lists(st.floats(0.0, 50.0), min_size=12, max_size=40),
    st.floats(1.0, 4.0),
    st.floats(6.0, 10.0),
    st.integers(1, 9),
)
def test_energy_is_that_of_a_fine_sum(
    powers: list[float], start_s: float, end_s: float, n_runs: int
) -> None:
    seconds = np.arange(len(powers), dtype=float)
    trace = _trace(seconds, np.array(powers))
    (reading,) = energy_of(trace, [_window(start_s, end_s, n_runs)])
    step_s = (end_s - start_s) / 20_000
    middles = start_s + (np.arange(20_000) + 0.5) * step_s
    joules = np.interp(middles, seconds, powers).sum() * step_s
    assert (reading.energy_mj or 0.0) * n_runs == pytest.approx(joules * 1e3, rel=1e-4, abs=0.5)


def test_idle_power_is_the_mean_over_the_idle_windows_that_the_log_covers() -> None:
    seconds = np.arange(0.0, 30.0, 0.5)
    power_w = np.select([seconds < 4.75, seconds < 14.75], [1.0, 4.0], 10.0)
    (reading,) = energy_of(
        _trace(seconds, power_w),
        [_window(20.0, 25.0, 5)],
        [_window(start_s, end_s, 0) for start_s, end_s in ((-5.0, -1.0), (1.0, 4.0), (6.0, 12.0))],
    )
    assert reading.idle_power_w == pytest.approx((3.0 * 1.0 + 6.0 * 4.0) / 9.0)
    assert reading.energy_mj == pytest.approx((10.0 - 3.0) * 1e3)


def test_without_idle_power_nothing_is_subtracted_and_that_is_said() -> None:
    seconds = np.arange(0.0, 10.0)
    (reading,) = energy_of(_trace(seconds, np.full(10, 3.0)), [_window(2.0, 6.0, 4)])
    assert reading.energy_mj == pytest.approx(3.0 * 1e3)
    assert reading.idle_power_w is None
    assert reading.note == "idle power is not known and not subtracted"


def test_power_that_is_not_above_idle_is_unknown_energy() -> None:
    seconds = np.arange(0.0, 10.0)
    (reading,) = energy_of(
        _trace(seconds, np.full(10, 3.0)), [_window(2.0, 6.0, 4)], idle_power_w=3.5
    )
    assert reading.energy_mj is None
    assert "3 W while it ran is not above the idle 3.5 W" in reading.note


def test_an_offset_moves_the_log() -> None:
    seconds = np.arange(0.0, 20.0, 0.1)
    power_w = np.where((seconds > 4.95) & (seconds < 10.05), 8.0, 1.0)
    trace = PowerTrace("trace.csv", "column power_w", seconds, power_w, 0.1)
    (reading,) = energy_of(trace, [_window(5.5, 9.5, 8)], idle_power_w=1.0, offset_s=_T0)
    assert reading.energy_mj == pytest.approx(7.0 * 4.0 / 8 * 1e3)


@pytest.mark.parametrize("start_s", [-500.0, 500.0])
def test_a_log_that_does_not_overlap_the_profile_says_both_times(start_s: float) -> None:
    trace = _trace(np.arange(0.0, 10.0), np.full(10, 3.0))
    first = datetime.fromtimestamp(_T0 + start_s, UTC).isoformat(" ", "milliseconds")
    with pytest.raises(MeasurementError) as error:
        energy_of(trace, [_window(start_s, start_s + 4), _window(start_s + 5, start_s + 9)])
    assert str(error.value).startswith(
        "trace.csv: the log must overlap the profile; it runs from 2026-02-02 02:40:00.000+00:00 "
        f"to 2026-02-02 02:40:09.000+00:00, the profile from {first} to "
    )
    assert "offset_s=" in str(error.value)


def test_a_window_with_two_samples_is_refused() -> None:
    trace = _trace(np.arange(0.0, 10.0), np.full(10, 3.0))
    with pytest.raises(MeasurementError, match=r"a net has 2 samples in its 1.8 s, fewer than 3"):
        energy_of(trace, [_window(2.6, 4.4)], idle_power_w=1.0)


def test_a_gap_in_the_log_is_not_bridged() -> None:
    seconds = np.concatenate((np.arange(0.0, 10.0, 0.1), np.arange(14.0, 20.0, 0.1)))
    trace = _trace(seconds, np.full(len(seconds), 3.0))
    with pytest.raises(
        MeasurementError, match=r"a net has a gap of 4.1 s in the log, .* 0.1 s apa"
    ):
        energy_of(trace, [_window(13.0, 18.0)], idle_power_w=1.0)


def test_what_the_log_does_not_cover_is_unknown_and_the_rest_is_not() -> None:
    trace = _trace(np.arange(0.0, 10.0), np.full(10, 3.0))
    windows = [_window(-2.0, 3.0, name="early"), _window(3.5, 7.5, 2), _window(7.0, 11.0)]
    early, known, late = energy_of(trace, windows, idle_power_w=1.0)
    assert known.energy_mj == pytest.approx(4_000.0)
    assert early.energy_mj is late.energy_mj is early.power_w is None
    assert early.note == "the window is not wholly within the log"


def test_a_log_without_an_idle_stretch_is_refused() -> None:
    trace = _trace(np.arange(0.0, 10.0), np.full(10, 3.0))
    with pytest.raises(MeasurementError, match=r"stretch in which nothing ran; idle is not wholly"):
        energy_of(trace, [_window(2.0, 6.0)], [_window(-9.0, -1.0, 0, "idle")])


@pytest.mark.parametrize(
    ("windows", "options", "message"),
    [
        ([], {}, r"at least one window of a profile; got none"),
        ([_window(3.0, 3.0)], {}, r"The window of a net must end after it starts"),
        ([_window(2.0, 6.0, 0)], {}, r"a net must have run in its window; got 0 runs"),
        ([_window(2.0, 6.0)], {"idle_power_w": -1.0}, r"number of watts from 0; got -1"),
        ([_window(2.0, 6.0)], {"idle_power_w": float("nan")}, r"number of watts from 0; got nan"),
        ([_window(2.0, 6.0)], {"offset_s": float("inf")}, r"number of seconds; got inf"),
        (
            [_window(2.0, 6.0)],
            {"idle_power_w": 1.0, "idle_windows": [_window(0.0, 2.0, 0)]},
            r"read from the log or given, not both",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(windows: list[Window], options: dict, message: str) -> None:
    trace = _trace(np.arange(0.0, 10.0), np.full(10, 3.0))
    with pytest.raises(ConfigError, match=message):
        energy_of(trace, windows, **options)
