"""ONNX models compiled by TVM's Relax for a CPU, tuned or not; the one door to tvm.

Lai et al. 2023, Relax, https://arxiv.org/abs/2311.02103
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwnas.errors import ConfigError, MeasurementError, MissingExtraError
from hwnas.measure.backends import Model

MAIN = "main"
"""Name of the function that a model becomes."""

# Machines by the beginning of a target's triple; LLVM's own names of them differ.
_MACHINES = {
    "x86_64": "x86-64",
    "i686": "x86",
    "aarch64": "aarch64",
    "arm": "arm",
    "riscv": "riscv",
}

_CRASHES_WHEN_TUNING = ("0.1.15.post2",)


def why_no_tvm() -> str | None:
    """Why TVM cannot run here, in one line; None if it can."""
    if importlib.util.find_spec("tvm") is None:
        return 'apache-tvm is not installed. Install it with: pip install "hwnas[tvm]".'
    return None


def why_no_tuning() -> str | None:
    """Why TVM cannot tune here, in one line; None if it can."""
    version = _version("apache-tvm-ffi")
    if version in _CRASHES_WHEN_TUNING:
        return (
            f"apache-tvm-ffi {version} crashes when tuning starts. "
            'Install one that does not, with: pip install "apache-tvm-ffi==0.1.14.post0".'
        )
    return None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def tvm_versions() -> dict[str, Any]:
    """Versions of what compiles and runs; None where it is not installed."""
    return {name: _version(name) for name in ("apache-tvm", "apache-tvm-ffi")}


def tvm_library(backend: str) -> Any:
    """The module ``tvm``, imported so that it leaves threads on the cores they were given.

    Args:
        backend: Name of the backend that needs it, for the message.

    Raises:
        MissingExtraError: It is not installed.
    """
    # TVM would move the calling thread to a core of its own choice.
    os.environ.setdefault("TVM_BIND_THREADS", "0")
    try:
        import tvm
    except ImportError as error:
        raise MissingExtraError(f"Backend '{backend}'", "apache-tvm", "tvm") from error
    return tvm


def one_line(error: Exception) -> str:
    """What an error of TVM says, without its trace; at most 300 characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:300]} ..."


def parse_target(text: str) -> dict[str, Any]:
    """A target as TVM takes it, from JSON or from the words of its older form.

    Args:
        text: ``{"kind": "llvm", "mcpu": "cortex-a72"}`` or ``llvm -mcpu=cortex-a72 -num-cores=4``.

    Raises:
        ConfigError: It is neither, or for something else than a CPU.
    """
    target: Any
    if text.lstrip().startswith("{"):
        try:
            target = json.loads(text)
        except (ValueError, RecursionError):
            target = None
    else:
        target = _from_words(text.split())
    if not isinstance(target, dict) or target.get("kind") != "llvm":
        raise ConfigError(
            "--target must be a CPU's target of TVM, such as "
            f"'llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72'; got '{text}'."
        )
    return target


def _from_words(words: list[str]) -> dict[str, Any] | None:
    """A target from ``llvm -name=value ...``; None where some word is of another form."""
    target: dict[str, Any] = {"kind": words[0] if words else ""}
    for word in words[1:]:
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not equals or not value:
            return None
        if name == "mattr":
            target[name] = value.split(",")
        else:
            target[name] = int(value) if value.isdigit() else value
    return target


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model that was compiled.

    Args:
        executable: What TVM made of it.
        arguments: Its inputs in the order in which it takes them.
        n_workloads: How many kernels it has.
        n_tuned: How many of them were tuned.
    """

    executable: Any
    arguments: list[np.ndarray]
    n_workloads: int
    n_tuned: int


def make_target(tvm: Any, wanted: Mapping[str, Any] | None, threads: int) -> Any:
    """A target for a number of threads: the wanted one, or this host's.

    Raises:
        ConfigError: TVM does not know it.
    """
    codegen = tvm.target.codegen
    # With a machine that LLVM does not know, TVM ends the whole process.
    if wanted is not None and not _is_known_machine(str(wanted.get("mtriple", "")), codegen):
        raise ConfigError(
            f"--target must have an mtriple of a machine that this TVM compiles for, such as "
            f"aarch64-linux-gnu; got '{wanted['mtriple']}'."
        )
    target = {"num-cores": threads, **(wanted or {"kind": "llvm"})}
    if wanted is None:
        target["mcpu"] = codegen.llvm_get_system_cpu()
    try:
        made = tvm.target.Target(target)
        known = {str(each) for each in codegen.llvm_get_cpu_archlist(made)}
    except Exception as error:  # TVM has no root of its errors
        raise ConfigError(
            f"--target must be one that this TVM knows; got '{json.dumps(target)}' "
            f"({one_line(error)})."
        ) from error
    if "mcpu" in target and known and target["mcpu"] not in known:
        raise ConfigError(
            f"--target must name a CPU that LLVM knows as mcpu, such as "
            f"{', '.join(sorted(known)[:5])}; got '{target['mcpu']}'."
        )
    return made


def _is_known_machine(triple: str, codegen: Any) -> bool:
    compiled_for = " ".join(str(each) for each in codegen.llvm_get_targets())
    return not triple or any(
        triple.startswith(prefix) and name in compiled_for for prefix, name in _MACHINES.items()
    )


def lower(tvm: Any, model: Model, target: Any) -> Any:
    """A model's kernels, fused, and the program that calls them.

    Raises:
        MeasurementError: It is no ONNX model, or has operators that TVM does not support.
    """
    import onnx
    from tvm import relax
    from tvm.relax.frontend.onnx import from_onnx

    try:
        with warnings.catch_warnings():
            # Of what ONNX's checker objects to; TVM either compiles it all the same or raises.
            warnings.simplefilter("ignore", UserWarning)
            module = from_onnx(
                onnx.load_from_string(model.data),
                shape_dict={name: list(values.shape) for name, values in model.inputs.items()},
                dtype_dict={name: str(values.dtype) for name, values in model.inputs.items()},
            )
        steps = [
            relax.transform.DecomposeOpsForInference(),
            relax.transform.CanonicalizeBindings(),
            # What two edges of a cell compute alike is one kernel, and then fuses.
            relax.transform.EliminateCommonSubexpr(),
            relax.get_pipeline("zero"),
        ]
        with target:
            return tvm.transform.Sequential(steps)(module)
    except Exception as error:  # TVM has no root of its errors
        raise cannot_run(model, "compile", error) from error


def build(tvm: Any, model: Model, module: Any, target: Any, database: Any = None) -> Any:
    """An executable of lowered kernels, scheduled as a database says where it knows them.

    Raises:
        MeasurementError: It cannot be built.
    """
    from tvm import relax

    try:
        if database is not None:
            with target, database:
                module = relax.transform.MetaScheduleApplyDatabase()(module)
        return tvm.compile(module, target=target)
    except Exception as error:  # TVM has no root of its errors
        raise cannot_run(model, "build", error) from error


def export_library(executable: Any, folder: Path, target: Any, compiler: str | None) -> Path:
    """Write what a board loads.

    Args:
        executable: What was compiled.
        folder: Where to write.
        target: What it was compiled for.
        compiler: Links a shared library for the target; without one this machine's does if it is
            of the target's architecture, and else the board links the object files itself.

    Raises:
        ConfigError: The compiler is missing or cannot link it.
    """
    import tvm
    from tvm.support import cc, tar

    host = tvm.target.codegen.llvm_get_system_triple()
    is_alike = _architecture(str(target.attrs.get("mtriple", host))) == _architecture(host)
    if compiler is None and not (is_alike and shutil.which(cc.get_cc() or "")):
        path = folder / "model.tar"
        executable.export_library(str(path), fcompile=tar.tar)
        return path
    path = folder / "model.so"
    fcompile = cc.create_shared if compiler is None else cc.cross_compiler(compiler)
    try:
        executable.export_library(str(path), fcompile=fcompile)
    except (RuntimeError, OSError) as error:
        raise ConfigError(
            f"--cc must be a compiler that links for the target; '{compiler or cc.get_cc()}' "
            f"cannot ({one_line(error)})."
        ) from error
    return path


def _architecture(triple: str) -> str:
    return triple.split("-")[0]


def arguments(model: Model) -> list[np.ndarray]:
    """A model's inputs in the order of its graph."""
    import onnx

    graph = onnx.load_from_string(model.data).graph
    constants = {each.name for each in graph.initializer}
    return [
        np.ascontiguousarray(model.inputs[each.name])
        for each in graph.input
        if each.name not in constants
    ]


def flattened(value: Any) -> list[np.ndarray]:
    """Arrays of what a function gives back: a tensor, or a sequence of such."""
    if hasattr(value, "numpy"):
        return [value.numpy()]
    return [array for each in value for array in flattened(each)]


def cannot_run(model: Model, what: str, error: Exception) -> MeasurementError:
    """What to raise for an error of TVM."""
    return MeasurementError(
        f"{model.name}: TVM must {what} the model; it cannot ({one_line(error)})."
    )
