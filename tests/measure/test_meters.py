"""Zeus's counters: a folder as the kernel shows it, and the sentences where there is none."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.meters import METERS, Counter

pytest.importorskip("zeus", reason="zeus is not installed: pip install hwnas[energy]")
import zeus.device
from zeus.device.cpu import rapl
from zeus.device.cpu.common import CpuDramMeasurement, ZeusCPUInitError, ZeusCPUNoPermissionError
from zeus.device.gpu.common import ZeusGPUInitError
from zeus.device.soc.common import ZeusSoCInitError
from zeus.exception import ZeusBaseError

_PACKAGE_UJ = 262_143_328_850
_MEMORY_UJ = 65_712_999_613


def _zone(folder: Path, name: str, energy_uj: int, range_uj: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return folder


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A laptop's folder: a package with cores and memory, and psys, which counts all once more."""
    top = tmp_path / "intel-rapl"
    package = _zone(top / "intel-rapl:0", "package-0", 1_000_000, _PACKAGE_UJ)
    _zone(package / "intel-rapl:0:0", "core", 400_000, _PACKAGE_UJ)
    _zone(package / "intel-rapl:0:1", "dram", 300_000, _MEMORY_UJ)
    _zone(top / "intel-rapl:1", "psys", 9_000_000, _PACKAGE_UJ)
    monkeypatch.setattr(rapl, "RAPL_DIR", str(top))
    monkeypatch.setattr(zeus.device, "get_cpus", rapl.RAPLCPUs)
    return top


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No counter of the machine that runs the tests."""
    _without(monkeypatch, "get_cpus", ZeusCPUInitError("RAPL is unavailable."))
    _without(monkeypatch, "get_gpus", ZeusGPUInitError("NVML and AMDSMI unavailable. Failed."))
    _without(monkeypatch, "get_soc", ZeusSoCInitError("No observable SoC was found."))
    # It remembers what it found for the life of a process.
    monkeypatch.setattr(rapl, "rapl_is_available", rapl.rapl_is_available.__wrapped__)


def _without(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    def refuse() -> None:
        raise error

    monkeypatch.setattr(zeus.device, name, refuse)


def test_package_and_memory_are_read_and_nothing_twice(powercap: Path) -> None:
    meter = METERS["zeus"]()
    assert meter.why_not() is None
    assert meter.counters() == (
        Counter("CPU package 0", 0.001, _PACKAGE_UJ / 1e3),
        Counter("memory of package 0", 0.001, _MEMORY_UJ / 1e3),
    )
    assert meter.read_mj() == (1_000.0, 300.0)
    (powercap / "intel-rapl:0" / "energy_uj").write_text("1500000\n")
    assert meter.read_mj() == (1_500.0, 300.0)


@pytest.mark.usefixtures("powercap")
def test_one_part_may_be_read_alone() -> None:
    assert METERS["zeus"](parts="memory").read_mj() == (300.0,)
    assert METERS["zeus"](parts="cpu+gpu").read_mj() == (1_000.0,)


@pytest.mark.usefixtures("powercap")
def test_reading_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a process that follows the counter was started")

    monkeypatch.setattr(rapl, "RaplWraparoundTracker", refuse)
    assert len(METERS["zeus"]().read_mj()) == 2


def test_a_daemon_that_missed_a_round_reads_the_same(
    powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = CpuDramMeasurement(cpu_mj=5.0, dram_mj=7.0)
    after = CpuDramMeasurement(5.0 + _PACKAGE_UJ / 1e3, 7.0 + 2 * _MEMORY_UJ / 1e3)
    said = iter([before, before, after, after])
    processor = SimpleNamespace(cpu_index=0, get_total_energy_consumption=lambda: next(said))
    found = SimpleNamespace(cpus=[processor], rapl_dir=str(powercap))
    monkeypatch.setattr(zeus.device, "get_cpus", lambda: found)
    meter = METERS["zeus"]()
    assert meter.counters()[1] == Counter("memory of package 0", 0.001, _MEMORY_UJ / 1e3)
    assert meter.read_mj() == pytest.approx((5.0, 7.0))
    assert meter.read_mj() == pytest.approx((5.0, 7.0))


def test_a_folder_that_cannot_be_read_is_said(powercap: Path) -> None:
    (powercap / "intel-rapl:0" / "intel-rapl:0:1" / "max_energy_range_uj").write_text("no number")
    assert "processor: could not convert string to float: 'no number'" in str(
        METERS["zeus"](parts="cpu").why_not()
    )


def test_a_counter_that_goes_away_is_an_error(powercap: Path) -> None:
    meter = METERS["zeus"]()
    assert len(meter.read_mj()) == 2
    (powercap / "intel-rapl:0" / "energy_uj").unlink()
    with pytest.raises(MeasurementError, match=r"CPU package 0 must stay readable; .*No such file"):
        meter.read_mj()


@pytest.mark.usefixtures("powercap")
def test_a_reading_says_what_was_read_and_what_was_not() -> None:
    described = METERS["zeus"]().describe()
    assert described["counters"] == ["CPU package 0", "memory of package 0"]
    assert described["left_out"] == [
        "graphics card: NVML and AMDSMI unavailable",
        "system on a chip: No observable SoC was found",
    ]
    assert described["zeus"].startswith("0.")


def test_a_machine_without_counters_is_told_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rapl, "RAPL_DIR", str(tmp_path / "absent"))
    meter = METERS["zeus"]()
    reason = meter.why_not()
    assert reason is not None
    assert f"processor: {tmp_path / 'absent'} is absent (a virtual machine has none)" in reason
    assert "hwnas energy attach" in reason
    assert "--power-w" in reason
    assert "\n" not in reason
    with pytest.raises(MeasurementError, match=r"No energy counter can be read here"):
        meter.counters()


def test_a_folder_without_a_package_is_no_meter(powercap: Path) -> None:
    (powercap / "intel-rapl:0" / "name").write_text("psys")
    assert f"processor: {powercap} has no package" in str(METERS["zeus"]().why_not())


@pytest.mark.usefixtures("powercap")
def test_a_counter_for_root_alone_says_how_to_allow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "get_cpus", ZeusCPUNoPermissionError("Can't read file"))
    reason = METERS["zeus"]().why_not()
    assert reason is not None
    assert "may be read by root alone (run as root, or allow it: sudo chmod -R a+r" in reason


@dataclasses.dataclass
class Card:
    """A graphics card as Zeus shows it."""

    gpu_index: int
    energy_mj: int | None

    def get_name(self) -> str:
        return "V100"

    def supports_get_total_energy_consumption(self) -> bool:
        return self.energy_mj is not None

    def get_total_energy_consumption(self) -> int:
        if self.energy_mj == -1:
            raise ZeusBaseError("GPU is lost")
        assert self.energy_mj is not None
        return self.energy_mj


def _cards(monkeypatch: pytest.MonkeyPatch, *cards: Card) -> None:
    monkeypatch.setattr(zeus.device, "get_gpus", lambda: SimpleNamespace(gpus=list(cards)))


def test_each_card_that_counts_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _cards(monkeypatch, Card(0, 12_345), Card(1, None), Card(2, 678))
    meter = METERS["zeus"]()
    assert meter.counters() == (Counter("GPU 0 V100", 0.1), Counter("GPU 2 V100", 0.1))
    assert meter.read_mj() == (12_345.0, 678.0)


def test_cards_that_do_not_count_are_no_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    _cards(monkeypatch, Card(0, None))
    assert "graphics card: 1 found, none with a counter" in str(METERS["zeus"]().why_not())


def test_a_card_that_is_lost_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _cards(monkeypatch, Card(0, -1))
    with pytest.raises(MeasurementError, match=r"GPU 0 V100 must stay readable.*GPU is lost"):
        METERS["zeus"]().read_mj()


@pytest.mark.parametrize(
    ("fields", "name", "energy_mj"),
    [
        (
            {"total_energy_mj": 9.0, "cpu_energy_mj": 4.0, "gpu_energy_mj": 3.0},
            "system on a chip (total)",
            9.0,
        ),
        (
            {"total_energy_mj": None, "cpu_energy_mj": 4.0, "gpu_energy_mj": 3.0},
            "system on a chip (cpu, gpu)",
            7.0,
        ),
        (
            {"cpu_total_mj": 10, "gpu_mj": 5, "ane_mj": None, "dram_mj": 2, "gpu_sram_mj": 1},
            "system on a chip (cpu, gpu, dram)",
            17.0,
        ),
    ],
    ids=["board", "board without a total", "apple"],
)
def test_a_system_on_a_chip_counts_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], name: str, energy_mj: float
) -> None:
    chip = SimpleNamespace(get_total_energy_consumption=lambda: SimpleNamespace(**fields))
    monkeypatch.setattr(zeus.device, "get_soc", lambda: chip)
    meter = METERS["zeus"]()
    assert meter.counters() == (Counter(name, 0.1),)
    assert meter.read_mj() == (energy_mj,)


def test_a_part_that_no_meter_has_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"'all' or some of cpu, memory, gpu, soc .*got 'cpu\+tpu'"
    ):
        METERS["zeus"](parts="cpu+tpu")


def test_a_missing_zeus_says_what_to_install() -> None:
    # In a process of its own, which is told that there is no zeus.
    program = (
        "import sys; sys.modules['zeus'] = None\n"
        "from hwnas.measure.meters import METERS\n"
        "print(METERS['zeus']().why_not())"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout == (
        "Meter 'zeus' cannot run here: zeus is not installed. "
        'Install it with: pip install "hwnas[energy]".\n'
    )
