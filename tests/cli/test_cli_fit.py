"""``hwnas fit``, as a user types it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from hwnas._resources import cache_dir
from hwnas.cli import main
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.predictors import find_predictor
from hwnas.predictors.store import INDEX
from hwnas.spaces import load_space
from hwnas.tables import import_file

LATENCY = "cifar10_pi5_latency_ms"
ENERGY = "cifar10_pi5_energy_mj"
FROM_CELLS = ("--from-space", "nasbench201", "--to-space", "fbnet")
NEEDS = "hwnas fit needs a TABLE, or --from-space, --to-space and one of --device and --quantity"
# Milliseconds of none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3 on any edge.
EDGE_MS = np.array([0.0, 0.1, 0.5, 1.5, 0.3])

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types ``hwnas fit`` on a terminal of 80 columns: status, output, errors."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(["fit", *words])
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, *capsys.readouterr()

    return typed


def _write_tables(space: SearchSpace, folder: Path) -> None:
    """The table ``mine`` in the cache: an additive latency, a constant energy; ``few`` rows."""
    drawn = space.sample_genotypes(60, np.random.default_rng(3))
    genotypes = np.unique(space.canonical_genotypes(drawn), axis=0)
    latency = 1.0 + EDGE_MS[genotypes].sum(axis=1)
    lines = [f"arch,{LATENCY},{ENERGY}"]
    lines += [
        f"{space.format(genotype)},{value:.6f},3"
        for genotype, value in zip(genotypes, latency, strict=True)
    ]
    for name, n_lines in (("mine", len(lines)), ("few", 10)):
        path = folder / f"{name}.csv"
        path.write_text("\n".join(lines[:n_lines]))
        import_file(name, path, "nasbench201")


@pytest.fixture
def mine(tmp_path: Path, nasbench201: SearchSpace) -> None:
    _write_tables(nasbench201, tmp_path)


class Fitted(NamedTuple):
    """What ``hwnas fit mine --seed 5 --json`` left."""

    cache: Path
    status: object
    out: str
    err: str


@pytest.fixture(scope="module")
def fitted_once(nasbench201: SearchSpace, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("fit")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(folder / "cache"))
        patch.setenv("COLUMNS", "80")
        _write_tables(nasbench201, folder)
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as leaving:
            main(["fit", "mine", "--seed", "5", "--json"])
    return Fitted(folder / "cache", leaving.value.code, out.getvalue(), err.getvalue())


def strict(text: str) -> Any:
    """JSON without NaN or infinities."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_what_varies_is_fitted_and_found(
    fitted_once: Fitted, nasbench201: SearchSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = fitted_once.err.splitlines()
    assert fitted_once.status == 0
    assert re.fullmatch(rf"{LATENCY}: [a-z_+]+", lines[0])
    assert re.fullmatch(r"  cross-validated on \d\d classes", lines[1])
    assert re.fullmatch(
        r"  Kendall tau 0\.\d{3}, \d+\.\d % within 10 %, \d+ % inside their 90 % intervals",
        lines[2],
    )
    reason = "is 3 for every architecture; there is nothing to predict. Choose another column."
    assert lines[3] == f"Not fitted: {ENERGY} {reason}"
    assert lines[-2:] == [
        f"Predictors are in {fitted_once.cache / 'artifacts'}",
        "Next    hwnas search nasbench201 --device pi5",
    ]
    monkeypatch.setenv("HWNAS_CACHE", str(fitted_once.cache))
    predictor = find_predictor(nasbench201, Target("latency", device="pi5"))
    assert predictor is not None
    assert predictor.card.table.name == "mine"


def test_it_is_said_what_the_figures_mean(fitted_once: Fitted) -> None:
    lines = fitted_once.err.splitlines()
    start = lines.index("All figures are of architectures that the predictor was not fitted on:")
    assert [line.split("  ")[1] for line in lines[start + 1 : start + 4]] == [
        "Kendall tau", "within 10 %", "90 % intervals",
    ]  # fmt: skip


def test_a_table_that_can_be_predicted_gets_no_warning(fitted_once: Fitted) -> None:
    [card] = strict(fitted_once.out)
    assert card["lacks_skill"] is False
    assert "skill" not in fitted_once.err


def test_json_is_the_cards(fitted_once: Fitted) -> None:
    [card] = strict(fitted_once.out)
    del card["lacks_skill"]
    assert (card["table"]["column"], card["seed"]) == (LATENCY, 5)
    assert card["target"]["device"] == "pi5"
    index = strict((fitted_once.cache / "artifacts" / "nasbench201" / INDEX).read_text())
    assert [{"schema": index["schema"], **each} for each in index["predictors"]] == [card]


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), f"{NEEDS}; got neither, a part, or both."),
        (("--device", "eyeriss"), NEEDS),
        (("--quantity", "accuracy"), NEEDS),
        (("mine", "--device", "eyeriss"), NEEDS),
        (("mine", *FROM_CELLS, "--quantity", "accuracy"), NEEDS),
        ((*FROM_CELLS, "--device", "eyeriss", "--quantity", "accuracy"), NEEDS),
        (
            (*FROM_CELLS, "--quantity", "latency"),
            "Without a device, accuracy or robustness can be extrapolated; got latency. Name a de",
        ),
        (
            (*FROM_CELLS, "--quantity", "acuracy"),
            "Unknown quantity 'acuracy'. Did you mean 'accuracy'?",
        ),
        (
            (*FROM_CELLS, "--quantity", "accuracy"),
            "No table in the cache holds accuracy for nasbench201 on cifar10. Run: hwnas tables",
        ),
        (
            ("--from-space", "fbnet", "--to-space", "mnasnet", "--quantity", "accuracy"),
            "mnasnet has published accuracy on imagenet; fit that: hwnas fit TABLE",
        ),
        (
            ("--from-space", "fbnet", "--to-space", "fbnet", "--quantity", "accuracy"),
            "Extrapolation must go to another space; got fbnet twice.",
        ),
        (("minee",), "Unknown table 'minee'. Did you mean 'mine'? See: hwnas tables list"),
        (("hw-nas-bench",), "Table 'hw-nas-bench' is not in the cache. Run: hwnas tables import"),
        (("mine", "--column", "cifar10_pi5_latency"), "Unknown column 'cifar10_pi5_latency'. Did"),
        (("mine", "--column", ENERGY), f"{ENERGY} is 3 for every architecture; there is nothing"),
        (("few",), f"No column of table 'few' can be fitted. {LATENCY} must have values for at"),
        (("mine", "--seed", "-1"), "Invalid value for '--seed'"),
        (("mine", "--tolerance", "-0.1"), "Invalid value for '--tolerance'"),
    ],
)
def test_mistake_is_told_in_one_line(type_: Type, words: tuple[str, ...], sentence: str) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert err.startswith(f"Error: {sentence}")
    assert err.count("\n") == 1
    assert not (cache_dir() / "artifacts").exists()


def _accuracies(space: SearchSpace, name: str, n_archs: int) -> None:
    """A table of accuracies that rise with what a network's genes add up to."""
    drawn = space.sample_genotypes(2 * n_archs, np.random.default_rng(3))
    genotypes = np.unique(space.canonical_genotypes(drawn), axis=0)[:n_archs]
    lines = [f"arch,{space.dataset}_accuracy_pct"]
    lines += [f"{space.format(each)},{50 + each.sum()}" for each in genotypes]
    path = cache_dir().parent / f"{name}.csv"
    path.write_text("\n".join(lines))
    import_file(name, path, space.name)


def test_an_extrapolated_quantity_says_that_it_is_untested_and_how_well_such_models_rank(
    type_: Type, nasbench201: SearchSpace
) -> None:
    _accuracies(nasbench201, "mine", 120)
    _accuracies(load_space("nasbench_macro"), "other", 120)
    status, out, err = type_(*FROM_CELLS, "--quantity", "accuracy")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert re.fullmatch(
        r"accuracy on fbnet from features alone: extrapolated from nasbench201, untested; "
        r"90 % interval \d+ points either way",
        " ".join(lines[:2]),
    )
    lines = lines[1:]
    assert lines[1] == "How well such models rank accuracy where it is known:"
    headings = ["from", "to", "networks", "Kendall tau", "params alone", "MACs alone"]
    assert re.split(r"  +", lines[2].strip()) == headings
    assert lines[3].split()[:3] == ["nasbench201", "nasbench_macro", "120"]
    assert all(-1 <= float(tau) <= 1 for tau in lines[3].split()[3:])
    assert lines[4:] == [
        f"Predictors are in {cache_dir() / 'artifacts'}",
        "Next    hwnas search fbnet --objectives accuracy,robustness,params",
    ]
    predictor = find_predictor(load_space("fbnet"), Target("accuracy"))
    assert predictor is not None
    assert predictor.card.transfer is not None


def test_folder_that_cannot_be_written_is_told(
    type_: Type, nasbench201: SearchSpace, tmp_path: Path
) -> None:
    _accuracies(nasbench201, "mine", 120)
    blocked = tmp_path / "fits"
    blocked.mkdir()
    (blocked / "fbnet").write_text("a file where a folder must be")
    status, _, err = type_(*FROM_CELLS, "--quantity", "accuracy", "--out", str(blocked))
    assert status == 1
    assert f"{blocked / 'fbnet'} must be writable; it is not (File exists)" in err
    assert err.count("\n") == 1


def test_without_another_space_nothing_is_said_of_how_well_such_models_rank(
    type_: Type, nasbench201: SearchSpace, tmp_path: Path
) -> None:
    _accuracies(nasbench201, "mine", 120)
    words = ("--quantity", "accuracy", "--out", str(tmp_path / "fits"), "--json")
    status, out, err = type_(*FROM_CELLS, *words)
    [card] = strict(out)
    assert status == 0
    assert not (cache_dir() / "artifacts").exists()
    assert card["lacks_skill"] is None
    assert card["transfer"] == {
        "from_space": "nasbench201", "from_dataset": "cifar10", "costs": [], "qualities": [],
        "method": None, "via_space": None, "weights": {}, "order": None,
    }  # fmt: skip
    first, second, last = err.splitlines()
    assert first.startswith("accuracy on fbnet from features alone: ")
    assert second.startswith("90 % interval ")
    assert last == f"Predictors are in {tmp_path / 'fits'}"


def test_too_few_values_to_extrapolate_are_told_in_one_line(
    type_: Type, nasbench201: SearchSpace
) -> None:
    _accuracies(nasbench201, "mine", 60)
    status, out, err = type_(*FROM_CELLS, "--quantity", "accuracy")
    assert (status, out) == (2, "")
    assert err == (
        "Error: cifar10_accuracy_pct must have values for at least 100 functional classes to be "
        "extrapolated; it has 60. Choose another space to start from.\n"
    )


def test_rows_that_are_not_used_are_told(type_: Type, tmp_path: Path) -> None:
    archs = (
        "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
        # The same network with a dead operation, and none at all.
        "|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    )
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([f"arch,{ENERGY}", *(f"{arch},3" for arch in archs)]))
    import_file("mine", path, "nasbench201")
    status, _, err = type_("mine")
    assert status == 2
    assert "1 rows do not connect input to output" in err
    assert "1 rows are not used where classes are valued" in err
