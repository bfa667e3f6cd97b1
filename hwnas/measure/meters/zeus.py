"""The counters that Zeus finds: processors, their memory, graphics cards, systems on a chip.

References:
    Zeus, https://ml.energy/zeus/.
    Khan et al. 2018, RAPL in Action: Experiences in Using RAPL for Power Measurements,
    https://doi.org/10.1145/3177754.
    Yang, Adamek, Armour 2023, Part-time Power Measurements: nvidia-smi's Lack of Attention,
    https://arxiv.org/abs/2312.02741.
"""

from __future__ import annotations

import queue
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from hwnas.errors import ConfigError, MeasurementError, MissingExtraError
from hwnas.measure.meters import METERS, Counter

_PARTS = ("cpu", "memory", "gpu", "soc")
# RAPL's counters update about every millisecond (Khan et al.); those of graphics cards every 20 to
# 100 ms (Yang et al.); Zeus itself asks a Jetson's sensor every 100 ms. Apple does not say.
_RAPL_UPDATE_S = 0.001
_SLOW_UPDATE_S = 0.1
# A system on a chip has one counter of everything, or some that add up; never one inside another.
_SOC_FIELDS = (
    ("total_energy_mj",),
    ("cpu_energy_mj", "gpu_energy_mj"),
    ("cpu_total_mj", "gpu_mj", "ane_mj", "dram_mj"),
)


@dataclass(frozen=True, slots=True)
class _Source:
    part: str
    counter: Counter
    read_mj: Callable[[], float]


@METERS.register("zeus")
class ZeusMeter:
    """Energy counters of this machine: Intel and AMD processors, NVIDIA, AMD, Jetson, Apple.

    Args:
        parts: What to add up: ``"all"`` that can be read, or some of ``cpu``, ``memory``, ``gpu``
            and ``soc`` joined by ``+``. A processor's counter is that of the whole package: what
            else runs on it is counted too.

    Raises:
        ConfigError: There is no such part.
    """

    name: ClassVar[str] = "zeus"

    def __init__(self, parts: str = "all") -> None:
        wanted = _PARTS if parts == "all" else tuple(parts.split("+"))
        for part in wanted:
            if part not in _PARTS:
                raise ConfigError(
                    f"The parts that a meter adds up must be 'all' or some of "
                    f"{', '.join(_PARTS)} joined by '+'; got '{parts}'."
                )
        self._parts = wanted
        self._found: tuple[list[_Source], list[str]] | None = None

    def why_not(self) -> str | None:
        """None if some counter can be read; otherwise what is missing, and the other ways."""
        try:
            sources, reasons = self._look()
        except MissingExtraError as error:
            return str(error)
        if sources:
            return None
        return (
            f"No energy counter can be read here: {'; '.join(reasons)}. Or attach the log of an "
            "external meter (hwnas energy attach), or state the power (--power-w) for an estimate."
        )

    def describe(self) -> dict[str, Any]:
        """Version of Zeus, the counters, and why others are left out."""
        sources, reasons = self._look()
        return {
            "zeus": version("zeus"),
            "counters": [each.counter.name for each in sources],
            "left_out": reasons,
        }

    def counters(self) -> tuple[Counter, ...]:
        """Packages, their memory, graphics cards or systems on a chip, as they are present."""
        sources, _ = self._look()
        if not sources:
            raise MeasurementError(self.why_not())
        return tuple(each.counter for each in sources)

    def read_mj(self) -> tuple[float, ...]:
        """What they say now."""
        sources, _ = self._look()
        return tuple(map(_read_mj, sources))

    def _look(self) -> tuple[list[_Source], list[str]]:
        """What can be read and why the rest cannot; looked for once."""
        if self._found is None:
            try:
                import zeus.device
            except ModuleNotFoundError as error:
                raise MissingExtraError("Meter 'zeus'", "zeus", "energy") from error
            sources: list[_Source] = []
            reasons: list[str] = []
            for parts, look in (
                ({"cpu", "memory"}, _processors), ({"gpu"}, _graphics_cards), ({"soc"}, _soc),
            ):  # fmt: skip
                if parts & set(self._parts):
                    found, reason = look(zeus.device)
                    sources += [each for each in found if each.part in self._parts]
                    reasons += [reason] if reason else []
            self._found = sources, reasons
        return self._found


def _read_mj(source: _Source) -> float:
    from zeus.exception import ZeusBaseError

    try:
        return source.read_mj()
    except (ZeusBaseError, OSError, ValueError, queue.Empty) as error:
        raise MeasurementError(
            f"The counter of {source.counter.name} must stay readable; it is not "
            f"({_one_line(error)})."
        ) from error


def _processors(devices: Any) -> tuple[list[_Source], str]:
    from zeus.device.cpu import rapl
    from zeus.device.cpu.common import ZeusCPUNoPermissionError
    from zeus.exception import ZeusBaseError

    if not rapl.rapl_is_available():
        return [], f"processor: {rapl.RAPL_DIR} is absent (a virtual machine has none)"
    try:
        found = devices.get_cpus()
        folder = Path(found.rapl_dir)
        packages = [_package(each, folder / f"intel-rapl:{each.cpu_index}") for each in found.cpus]
    except ZeusCPUNoPermissionError:
        return [], (
            f"processor: {rapl.RAPL_DIR} may be read by root alone (run as root, or allow it: "
            f"sudo chmod -R a+r {rapl.RAPL_DIR}/)"
        )
    except (ZeusBaseError, OSError, ValueError) as error:
        return [], f"processor: {_one_line(error)}"
    sources = list(chain.from_iterable(packages))
    return sources, "" if sources else f"processor: {rapl.RAPL_DIR} has no package"


def _package(processor: Any, zone: Path) -> list[_Source]:
    """The counters of one package and of its memory."""
    name = _text(zone / "name").replace("-", " ")
    # Laptops have one more at this level, psys, which counts the packages a second time.
    if not name.startswith("package"):
        return []
    sources = [_zone_source("cpu", f"CPU {name}", zone, processor, "cpu_mj")]
    memories = [each for each in zone.glob("intel-rapl:*") if _text(each / "name") == "dram"]
    sources += [
        _zone_source("memory", f"memory of {name}", each, processor, "dram_mj") for each in memories
    ]
    return sources


def _zone_source(part: str, name: str, zone: Path, processor: Any, field: str) -> _Source:
    range_mj = int(_text(zone / "max_energy_range_uj")) / 1e3

    # Zeus's own reading adds a range for each time that the counter went round, as a process of
    # its own sees, asking ten times a second or less: until it does, the reading is a range too
    # low. What is left over a range is right at any moment, and the file says it without a process
    # that runs beside the model.
    def read_mj() -> float:
        if hasattr(processor, "rapl_file"):
            return int(_text(zone / "energy_uj")) / 1e3
        # Zeus's daemon, which reads what root alone may.
        return float(getattr(processor.get_total_energy_consumption(), field)) % range_mj

    return _Source(part, Counter(name, _RAPL_UPDATE_S, range_mj), read_mj)


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _graphics_cards(devices: Any) -> tuple[list[_Source], str]:
    from zeus.exception import ZeusBaseError

    try:
        cards = devices.get_gpus().gpus
        sources = [_card(each) for each in cards if each.supports_get_total_energy_consumption()]
    except (ZeusBaseError, ImportError) as error:
        return [], f"graphics card: {_one_line(error)}"
    if sources:
        return sources, ""
    return [], f"graphics card: {len(cards)} found, none with a counter of energy"


def _card(card: Any) -> _Source:
    counter = Counter(f"GPU {card.gpu_index} {card.get_name()}", _SLOW_UPDATE_S)
    return _Source("gpu", counter, lambda: float(card.get_total_energy_consumption()))


def _soc(devices: Any) -> tuple[list[_Source], str]:
    from zeus.exception import ZeusBaseError

    try:
        chip = devices.get_soc()
        first = chip.get_total_energy_consumption()
    except (ZeusBaseError, OSError, RuntimeError, queue.Empty) as error:
        return [], f"system on a chip: {_one_line(error)}"
    for group in _SOC_FIELDS:
        names = [each for each in group if getattr(first, each, None) is not None]
        if names:
            break
    else:
        return [], "system on a chip: found, without a counter of energy"
    words = ", ".join(re.sub(r"_(total_|energy_)*mj$", "", each) for each in names)

    def read_mj() -> float:
        now = chip.get_total_energy_consumption()
        return float(sum(getattr(now, each) for each in names))

    return [_Source("soc", Counter(f"system on a chip ({words})", _SLOW_UPDATE_S), read_mj)], ""


def _one_line(error: Exception) -> str:
    """The first sentence of an error."""
    return " ".join(str(error).split()).partition(". ")[0].removesuffix(".") or type(error).__name__
