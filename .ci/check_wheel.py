"""Check what a built wheel holds: all data that must travel with it, and nothing that must not."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import sys
import zipfile
from pathlib import Path

from hwnas.tables import table_names
from hwnas.tables.sources import source_files

_ROOT = Path(__file__).resolve().parents[1]

# Where each folder of the checkout goes in the wheel.
_PLACES = {
    "hwnas": "hwnas",
    "devices": "hwnas/_data/devices",
    "latency_tables": "hwnas/_data/latency_tables",
}
_REQUIRED = (
    "hwnas/py.typed",
    "hwnas/_data/devices/*.toml",
    "hwnas/_data/latency_tables/*",
    "hwnas/artifacts/*/predictors.zip",
    "hwnas/artifacts/*/device_costs.json",
    "hwnas/artifacts/*/proxies.parquet",
    "hwnas/report/*.css",
    "hwnas/report/*.js",
    "hwnas/tables/sources.toml",
    "hwnas-*.dist-info/licenses/LICENSE",
)
_MIB = 2**20
_LARGEST_FILE_BYTES = 12 * _MIB
_LARGEST_ARTIFACTS_BYTES = 14 * _MIB


def _missing(names: set[str]) -> list[str]:
    """Required patterns without a match, and files of the checkout that were left behind."""
    problems = [
        f"the wheel must hold {pattern}; it does not"
        for pattern in _REQUIRED
        if not fnmatch.filter(names, pattern)
    ]
    for folder, place in _PLACES.items():
        for path in sorted((_ROOT / folder).rglob("*")):
            inside = path.relative_to(_ROOT / folder)
            if path.is_file() and not _stays_behind(inside):
                name = f"{place}/{inside.as_posix()}"
                if name not in names:
                    problems.append(f"{name} is in the checkout; the wheel must hold it")
    return problems


def _stays_behind(path: Path) -> bool:
    """Whether a file of the checkout is not for the wheel: compiled ones, raw samples, locks."""
    return "__pycache__" in path.parts or path.name.endswith((".samples.parquet", ".lock"))


def _too_large(wheel: zipfile.ZipFile) -> list[str]:
    problems = [
        f"{info.filename} must be at most {_LARGEST_FILE_BYTES // _MIB} MiB; "
        f"it has {info.file_size / _MIB:.1f} MiB"
        for info in wheel.infolist()
        if info.file_size > _LARGEST_FILE_BYTES
    ]
    total = sum(i.file_size for i in wheel.infolist() if i.filename.startswith("hwnas/artifacts/"))
    if total > _LARGEST_ARTIFACTS_BYTES:
        problems.append(
            f"artifacts must be at most {_LARGEST_ARTIFACTS_BYTES // _MIB} MiB in all; "
            f"they have {total / _MIB:.1f} MiB"
        )
    return problems


def _foreign(wheel: zipfile.ZipFile) -> list[str]:
    """Files of the published tables, by name or by content."""
    sources = [source for table in table_names() for source in source_files(table)]
    hashes = {source.sha256 for source in sources}
    names = {Path(source.path).name for source in sources}
    return [
        f"{name} is a published table; the wheel must not hold it"
        for name in wheel.namelist()
        if Path(name).name in names or hashlib.sha256(wheel.read(name)).hexdigest() in hashes
    ]


def _broken_links(wheel: zipfile.ZipFile) -> list[str]:
    """Links of the long description that lead nowhere from a package registry."""
    (name,) = fnmatch.filter(wheel.namelist(), "hwnas-*.dist-info/METADATA")
    text = wheel.read(name).decode("utf-8")
    targets = re.findall(r"\]\(((?!https?://|#|mailto:)[^)]*)\)", text)
    return [f"{name} must hold no link to a file of the checkout; {each} is" for each in targets]


def main(path: str) -> None:
    """Print what is wrong with the wheel and exit 1, or print its size."""
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        problems = _missing(names) + _too_large(wheel) + _foreign(wheel) + _broken_links(wheel)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{Path(path).name}: {len(names)} files, {Path(path).stat().st_size / _MIB:.1f} MiB")


if __name__ == "__main__":
    main(sys.argv[1])
