"""A predictor of random numbers is made, and says at every place that it has no skill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import hwnas
from hwnas.cli import main
from hwnas.core.classes import sample_classes
from hwnas.core.space import SearchSpace
from hwnas.tables import import_file

COLUMN = "cifar10_myboard_latency_ms"
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"
NOTE = (
    "latency_ms is predicted without skill: among architectures that it was not fitted on, its "
    "predictor ranks no better than chance. Fit it on more measurements, or leave it out."
)

Type = Callable[..., SimpleNamespace]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a command on a terminal of 80 columns: status, output, errors, and all as one line."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str) -> SimpleNamespace:
        with pytest.raises(SystemExit) as leaving:
            main(list(words))
        out, err = capsys.readouterr()
        text = " ".join(f"{out} {err}".split())
        return SimpleNamespace(status=leaving.value.code, out=out, err=err, text=text)

    return typed


def _import_noise(space: SearchSpace, folder: Path, n_rows: int) -> None:
    """The table ``noise`` in the cache: random numbers for a board, ``n_rows`` of them."""
    values = np.random.default_rng(0).uniform(1, 9, n_rows)
    archs = sample_classes(space, n_rows, seed=1)
    rows = [f"{arch},{value:.4f}" for arch, value in zip(archs, values, strict=True)]
    path = folder / "noise.csv"
    path.write_text("\n".join([f"arch,{COLUMN}", *rows]))
    import_file("noise", path, space.name)


@pytest.fixture(scope="module")
def cache(nasbench201: SearchSpace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a predictor of 20 random numbers."""
    folder = tmp_path_factory.mktemp("noise")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(folder / "cache"))
        _import_noise(nasbench201, folder, 20)
        hwnas.fit("noise")
    return folder / "cache"


@pytest.fixture
def noise(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWNAS_CACHE", str(cache))


def _search(tmp_path: Path, notes: list[str] | None = None) -> hwnas.Run:
    return hwnas.search(
        "nasbench201",
        device="myboard",
        objectives=["accuracy", "latency"],
        population=20,
        generations=1,
        out=tmp_path / "run",
        on_note=None if notes is None else notes.append,
    )


@pytest.mark.parametrize("n_rows", [20, 300])
def test_fitting_random_numbers_succeeds_with_a_warning(
    type_: Type, nasbench201: SearchSpace, tmp_path: Path, n_rows: int
) -> None:
    _import_noise(nasbench201, tmp_path, n_rows)
    typed = type_("fit", "noise", "--json")
    [card] = json.loads(typed.out)
    assert typed.status == 0
    assert card["lacks_skill"] is True
    chance = {20: "0.27", 300: "0.06"}[n_rows]
    line = f"  Warning: no skill. Chance alone gets a Kendall tau of {chance} one time in twenty."
    assert line in typed.err.splitlines()
    assert "Predictors without skill are kept" in typed.text
    # Paths and the command to type next are left to the terminal.
    assert max(len(line) for line in typed.err.splitlines()[:-2]) <= 80


@pytest.mark.usefixtures("noise")
def test_a_device_shows_it(type_: Type) -> None:
    shown = type_("devices", "show", "myboard")
    assert "No skill: latency on nasbench201 (cifar10) is ranked no better than" in shown.text
    [card] = json.loads(type_("devices", "show", "myboard", "--json").out)["predictors"]
    assert card["lacks_skill"] is True


@pytest.mark.usefixtures("noise")
def test_predict_says_it(type_: Type) -> None:
    words = ("predict", CELL, "--device", "myboard", "--quantities", "accuracy,latency")
    assert f"Note: {NOTE}" in type_(*words).text
    [told] = json.loads(type_(*words, "--json").out)
    assert told["latency_ms"]["lacks_skill"] is True
    assert "lacks_skill" not in told["accuracy_pct@validation"]


@pytest.mark.usefixtures("noise")
def test_energy_estimated_from_it_lacks_skill_too() -> None:
    frame = hwnas.predict("nasbench201", CELL, "myboard", quantities=["energy"], power_w=5)
    assert frame["energy_mj_lacks_skill"].tolist() == [True]


@pytest.mark.usefixtures("noise")
def test_a_search_says_it_before_it_begins_and_in_its_record_and_report(tmp_path: Path) -> None:
    before: list[str] = []
    run = _search(tmp_path, before)
    assert before == [NOTE]
    assert run.record.notes.count(NOTE) == 1
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert NOTE in page
    assert page.count("; without skill, ranks no better than chance") == 1


@pytest.mark.usefixtures("noise")
def test_the_command_says_it_once(type_: Type, tmp_path: Path) -> None:
    words = ("search", "nasbench201", "--device", "myboard", "--objectives", "accuracy,latency")
    ends = ("--population", "20", "--generations", "1", "--out", str(tmp_path / "run"))
    typed = type_(*words, *ends)
    assert typed.status == 0
    assert typed.text.count(NOTE) == 1
    assert " ".join(typed.err.split()).startswith(f"Note: {NOTE}")


@pytest.mark.usefixtures("noise")
def test_select_says_it(type_: Type, tmp_path: Path) -> None:
    run = str(_search(tmp_path).path)
    assert f"Note: {NOTE}" in type_("select", run).text
    assert f"Note: {NOTE}" in type_("select", run, "--sweep", "latency_ms").text
    values = json.loads(type_("select", run, "--json").out)["pick"]["values"]
    lacking = [values[name]["lacks_skill"] for name in ("accuracy_pct@validation", "latency_ms")]
    assert [*lacking, values["macs"]["lacks_skill"]] == [False, True, None]


@pytest.mark.usefixtures("noise")
def test_a_device_that_is_chosen_by_it_says_it(type_: Type) -> None:
    typed = type_("devices", "choose", "--at-most", "latency_ms=9", "--limit-at", "point")
    assert f"myboard: {NOTE}" in typed.text
