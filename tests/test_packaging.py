"""What the package promises before anything runs: light imports, types, one version, its data."""

from __future__ import annotations

import inspect
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata, version
from pathlib import Path

import grimp
import pytest

import hwnas
from hwnas import _resources, api

_ROOT = Path(__file__).resolve().parents[1]
_HEAVY = (
    "torch",
    "tvm",
    "ray",
    "sklearn",
    "skl2onnx",
    "onnx",
    "onnxruntime",
    "pymoo",
    "moocore",
    "pandas",
    "pyarrow",
    "plotly",
    "matplotlib",
    "scipy",
    "zeus",
    "optuna",
    "numba",
)

# Imports every module of the package and prints which heavy libraries came along with which.
_IMPORT_ALL = """
import importlib, json, pkgutil, sys
import hwnas
heavy, brought = set(json.loads(sys.argv[1])), {}
names = ["hwnas"] + [module.name for module in pkgutil.walk_packages(hwnas.__path__, "hwnas.")]
for name in names:
    # Running the program, torch's own modules and scikit-learn's own estimators may.
    if name in (
        "hwnas.__main__", "hwnas.proxies._operators", "hwnas.spaces._blocks",
        "hwnas.spaces._graph_model", "hwnas.fitting._composed", "hwnas.fitting.gaussian_process",
    ):
        continue
    importlib.import_module(name)
    new = heavy & set(sys.modules)
    if new:
        brought[name] = sorted(new)
        heavy -= new
print(json.dumps([len(names), brought]))
"""


def _project() -> dict:
    return tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_no_module_imports_a_heavy_library_at_its_top() -> None:
    command = [sys.executable, "-c", _IMPORT_ALL, json.dumps(_HEAVY)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    n_modules, brought = json.loads(result.stdout)
    assert brought == {}
    assert n_modules > 20


# pickletools, which only lists a pickle's steps, is none of these.
_LOADS_PICKLES = re.compile(r"(import|from) (_?pickle|cloudpickle|dill|joblib|shelve)\b")


def test_no_module_reads_a_pickle() -> None:
    reading = {
        str(path.relative_to(_ROOT))
        for path in (_ROOT / "hwnas").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if _LOADS_PICKLES.match(line.strip())
        or "weights_only=False" in line
        or "allow_pickle=True" in line
    }
    assert reading == set()


# Imports every module in the order given; prints those that their parents' attributes hide, and
# what the public names are.
_IMPORT_IN_ORDER = """
import importlib, json, sys
names = json.loads(sys.argv[1])
for name in names:
    importlib.import_module(name)
hidden = []
for name in names:
    parent, _, child = name.rpartition(".")
    if parent and getattr(sys.modules[parent], child) is not sys.modules[name]:
        hidden.append(name)
import hwnas
public = {name: type(getattr(hwnas, name)).__name__ for name in hwnas.__all__}
print(json.dumps([hidden, public]))
"""
# Running the program is no import; torch may not be installed, and scikit-learn takes long.
_LEFT_OUT = (
    "hwnas.__main__", "hwnas.proxies._operators", "hwnas.spaces._blocks",
    "hwnas.spaces._graph_model", "hwnas.fitting._composed", "hwnas.fitting.gaussian_process",
)  # fmt: skip


def _modules() -> list[str]:
    found = [module.name for module in pkgutil.walk_packages(hwnas.__path__, "hwnas.")]
    return ["hwnas", *(name for name in found if name not in _LEFT_OUT)]


@pytest.mark.parametrize("step", [1, -1], ids=["downwards", "upwards"])
def test_every_module_is_what_its_name_says_whatever_was_imported_first(step: int) -> None:
    command = [sys.executable, "-c", _IMPORT_IN_ORDER, json.dumps(_modules()[::step])]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    hidden, public = json.loads(result.stdout)
    assert hidden == []
    assert {name for name, kind in public.items() if kind == "module"} == {"features", "proxies"}
    assert public["search"] == public["fit"] == public["explain"] == "function"


def test_no_package_bears_the_name_of_a_public_function() -> None:
    functions = {name for name in (*hwnas.__all__, *api.__all__) if inspect.isfunction(
        getattr(hwnas, name, None) or getattr(api, name)
    )}  # fmt: skip
    assert {"search", "explain", "write_report"} <= functions
    packages = {
        module.name
        for module in pkgutil.walk_packages(hwnas.__path__, "hwnas.")
        # Modules deeper down, such as those of the commands, hide nothing.
        if module.ispkg or module.name.count(".") == 1
    }
    assert {name for name in packages if name.rpartition(".")[2] in functions} == set()


def test_no_module_imports_itself_through_others() -> None:
    graph = grimp.build_graph("hwnas", cache_dir=None)
    circular = {
        module
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
        if graph.chain_exists(importer=imported, imported=module)
    }
    assert circular == set()


def test_torchs_exporter_has_one_door() -> None:
    doors = {
        str(path.relative_to(_ROOT))
        for path in (_ROOT / "hwnas").rglob("*.py")
        if re.search(r"\btorch\.(onnx\.\w|export\b)", path.read_text(encoding="utf-8"))
    }
    assert doors == {"hwnas/models/torch_onnx.py"}


def test_installed_version_is_the_projects() -> None:
    assert version("hwnas") == _project()["version"]


def test_package_says_that_it_is_typed() -> None:
    assert (_ROOT / "hwnas" / "py.typed").is_file()


def test_optional_libraries_are_not_required() -> None:
    required = [
        line for line in metadata("hwnas").get_all("Requires-Dist", []) if "extra ==" not in line
    ]
    assert required
    assert not [
        line
        for line in required
        if line.startswith(("torch", "tvm", "ray", "selenium", "zeus", "optuna", "numba"))
    ]


def test_all_is_every_extra_but_the_tests_the_pages_and_itself() -> None:
    extras = _project()["optional-dependencies"]
    (everything,) = extras["all"]
    chosen = everything.removeprefix("hwnas[").removesuffix("]").split(",")
    assert sorted(chosen) == sorted(set(extras) - {"all", "docs", "test"})


def test_constraints_pin_every_requirement() -> None:
    pins = {
        line.partition("==")[0].lower().replace("_", "-"): line.partition("==")[2]
        for line in (_ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    project = _project()
    wanted = list(project["dependencies"])
    for extra in ("torch", "energy", "baselines", "test", "docs"):
        wanted += project["optional-dependencies"][extra]
    names = {requirement.split(">=")[0].lower() for requirement in wanted}
    assert names - set(pins) == set()
    assert all(pins.values())
    assert pins["torch"] == "2.13.0"


def test_ci_tries_the_oldest_allowed_release_of_every_dependency() -> None:
    command = [sys.executable, str(_ROOT / ".ci" / "oldest.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    oldest = result.stdout.splitlines()
    assert [line.replace("==", ">=") for line in oldest] == _project()["dependencies"]


@pytest.mark.parametrize("name", ["devices", "latency_tables"])
def test_data_of_a_checkout_lies_beside_the_package(name: str) -> None:
    assert _resources.data_dir(name) == _ROOT / name


def test_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path))
    assert _resources.cache_dir() == tmp_path


def test_cache_folder_without_a_wish_is_the_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HWNAS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert _resources.cache_dir().name == "hwnas"
