"""Every public function, given what cannot be, raises one of hwnas's own errors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas import api, features, proxies
from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import HwnasError
from tests.cli.mistakes import LONGEST

CELL = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
SPACE = hwnas.load_space("nasbench201")
WRONG = {
    "None": None,
    "5": 5,
    "bytes": b"",
    "tuple": (),
    "object": object(),
    "surrogate": "\ud800",
    "nan": float("nan"),
    "huge": 10**400,
    "float": 1.5,
    "dict": {1: 2},
    "class": int,
    "0-d array": np.array(0.5),
    "long": "x" * 100_000,
}

# What a function is called with where the argument in question is another.
USUAL: dict[str, Any] = {
    "space": "nasbench201",
    "archs": [CELL],
    "quantities": ["params"],
    "objectives": ["params", "macs"],
    "population": 4,
    "generations": 1,
    "target": "latency",
    "function": len,
    "table": "no-such-table",
    "name": "nasbench201",
    "text": CELL,
    "arch": CELL,
    "value": CELL,
    "notation": "index",
    "index": 7,
    "genotype": [0] * 6,
    "genotypes": [[0] * 6],
    "op_indices": [0] * 6,
    "n": 1,
    "rng": np.random.default_rng(0),
    "sets": ["one_hot"],
    "n_images": 2,
    "in_shape": (3, 8, 8),
    "n_classes": 2,
    "column": "params",
    "what": CELL,
    "out": "model.onnx",
}
# Functions of hwnas.api, each with what it is called with besides.
OF_API: dict[str, dict[str, Any]] = {
    "choose_architectures": {"sample": 2},
    "choose_device": {"at_most": {"latency_ms": 20}},
    "device_predictors": {"device": "edgegpu"},
    "import_tables": {"name": "mine", "source": "mine.csv", "space": "nasbench201"},
    "load_table_card": {},
    "make_objective": {"name": "latency"},
    "objective_name": {},
    "parse_assignments": {"text": "none"},
    "parse_duration": {"text": "10m"},
    "parse_goals": {"text": "none"},
    "parse_mode": {"text": "burst"},
    "parse_number": {"text": "5"},
    "parse_whole": {"text": "5"},
    "plan_scoring": {"source": "noise"},
    "pull_tables": {},
    "space_of": {"name": "nasbench201"},
    "sweep_limits": {"column": "latency_ms"},
    "table_record": {},
    "tables_of": {},
}
# By function and argument, what of the above is fine, or is looked at by another test.
FUNCTIONS = sorted(set(hwnas.__all__) - {"Architecture", "HwnasError", "Run", "__version__"})
FUNCTIONS = [name for name in FUNCTIONS if callable(getattr(hwnas, name))]
_NUMBERS = {"5"}
FINE = {
    ("objective", "function"): {"class"},
    ("objective", "column"): {"long"},
    ("evaluated", "column"): {"long"},
    ("explain", "target"): {"tuple"},
    ("predict", "archs"): {"tuple"},
    ("predict", "quantities"): {"tuple"},
    ("predict", "power_w"): {"5", "float"},
    ("counts", "archs"): {"tuple"},
    ("as_archs", "values"): {"tuple"},
    ("genotypes", "archs"): {"tuple"},
    ("feature_names", "sets"): {"tuple"},
    ("feature_layout", "sets"): {"tuple"},
    ("Architecture", "space"): {"surrogate", "long"},
    ("Architecture", "text"): {"surrogate", "long"},
    ("Architecture", "genotype"): {"tuple"},
    ("read", "value"): {"5"},
    ("search", "constraints"): {"tuple"},
    ("search", "workers"): {"5"},
    ("search", "time"): {"5", "float"},
    ("sample", "n"): {"5"},
    ("sample", "on_model"): {"class"},
    ("fit", "tolerance"): {"5", "float"},
    ("fit", "columns"): {"tuple"},
    **{("*", name): _NUMBERS for name in ("seed", "budget", "generations", "population", "top")},
    **{("*", name): _NUMBERS for name in ("index", "n", "n_images", "n_classes")},
    **{("*", name): {"surrogate", "long"} for name in ("title", "unit")},
    **{
        ("*", name): {"class"}
        for name in ("on_note", "on_progress", "on_scoring", "on_evaluation", "evaluate")
    },
    ("fit", "on_column"): {"class"},
    ("api.parse_duration", "option"): {"surrogate", "long"},
    ("api.choose_architectures", "sample"): _NUMBERS,
    # Each of these would value a whole space.
    ("api.choose_device", "constraints"): {"tuple"},
    ("api.choose_device", "sample"): _NUMBERS,
    ("api.make_objective", "n_workers"): _NUMBERS,
    ("api.make_objective", "power_w"): {"5", "float"},
    ("api.make_objective", "on_scoring"): {"class"},
    ("api.parse_number", "text"): {"surrogate", "long"},
    ("api.parse_whole", "text"): {"surrogate", "long"},
    ("api.plan_scoring", "names"): {"tuple"},
    ("api.plan_scoring", "n_images"): _NUMBERS,
    ("api.space_of", "options"): {"tuple"},
    ("api.import_tables", "options"): {"tuple"},
}


def _callables() -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    """Name, function and usual arguments of everything public that takes some."""
    for name in FUNCTIONS:
        yield name, getattr(hwnas, name), USUAL
    yield "Architecture", hwnas.Architecture, USUAL | {"space": "nasbench201", "genotype": ()}
    yield "Run", hwnas.Run, USUAL
    yield "Run.load", hwnas.Run.load, USUAL
    for name, usual in OF_API.items():
        yield f"api.{name}", _to_the_end(getattr(api, name)), USUAL | {"space": SPACE} | usual
    for name in ("counts", "feature_layout", "feature_matrix", "feature_names"):
        yield name, getattr(features, name), USUAL | {"space": SPACE}
    yield "net_feature_matrix", features.net_feature_matrix, USUAL | {"space": SPACE}
    for name in ("noise", "photos", "make_batch", "load_images", "take"):
        yield (
            name,
            getattr(proxies, name),
            USUAL | {"source": "noise", "path": "x.npz", "batches": [((), ())]},
        )
    for name, method in inspect.getmembers(SPACE, callable):
        if not name.startswith("_"):
            yield name, method, USUAL
    for name in ("place", "column", "row"):
        yield name, getattr(_front(), name), USUAL | {"name": "params"}


def _to_the_end(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gives things one by one, as one that gives all."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        return list(found) if inspect.isgenerator(found) else found

    return run


def _front() -> Front:
    spec = ObjectiveSpec("params", "", "min", "counted", "Parameters", "")
    numbers = np.ones((1, 1))
    return Front((CELL,), (spec,), numbers, numbers, numbers, 1)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    found = inspect.signature(function).parameters.values()
    return [each for each in found if each.kind is each.POSITIONAL_OR_KEYWORD]


def _cases() -> Iterator[Any]:
    for name, function, usual in _callables():
        for parameter in _parameters(function):
            fine = FINE.get((name, parameter.name), set()) | FINE.get(("*", parameter.name), set())
            values = [
                value
                for word, value in WRONG.items()
                if word not in fine and value is not parameter.default
            ]
            case = (function, usual, parameter.name, values)
            yield pytest.param(*case, id=f"{name}-{parameter.name}")


@pytest.mark.parametrize(("function", "usual", "name", "values"), list(_cases()))
def test_a_wrong_argument_is_told_in_one_sentence(
    function: Callable[..., Any],
    usual: dict[str, Any],
    name: str,
    values: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    short = ("objectives", "quantities", "population", "generations")
    given = {
        each.name: usual.get(each.name)
        for each in _parameters(function)
        if each.default is each.empty or each.name in short
    }
    for value in values:
        with pytest.raises(HwnasError) as raised:
            function(**{**given, name: value})
        message = str(raised.value)
        assert "\n" not in message
        assert len(message) <= LONGEST
        message.encode()
    assert not list(tmp_path.iterdir()), "a file was touched"


def test_what_is_fine_is_named_as_it_is_called() -> None:
    names = {
        (name, each.name) for name, function, _ in _callables() for each in _parameters(function)
    }
    known = names | {("*", argument) for _, argument in names}
    assert known >= FINE.keys()
