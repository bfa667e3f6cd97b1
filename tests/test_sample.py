"""Which architectures to measure by hand, and what comes of it when they are."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas import api
from hwnas.core.classes import listed_classes
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.features.counting import count_genotypes
from hwnas.fitting.design import measurable_nets
from tests.additive_table import additive_ms

COLUMN = "cifar10_my-board_latency_ms"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path / "cache"))


def test_they_are_spread_wider_than_random_ones(nasbench201: SearchSpace) -> None:
    # Of what makes them cheap or dear; that they say more is tested where they are chosen.
    chosen = [nasbench201.parse(arch) for arch in hwnas.sample("nasbench201", 20).archs]
    nets = measurable_nets(nasbench201, 20, np.random.default_rng(0))
    logs, rng = np.log(count_genotypes(nasbench201, nets)), np.random.default_rng(1)
    random = [logs[rng.permutation(len(nets))[:20]].std(axis=0) for _ in range(50)]
    spread = np.log(count_genotypes(nasbench201, nasbench201.genotypes(chosen))).std(axis=0)
    assert (spread > np.median(random, axis=0)).all()


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, seed in zip(paths, (0, 0, 1), strict=True):
        hwnas.sample("nasbench201", 12, "my-board", out=path, seed=seed)
    one, same, other = (path.read_bytes() for path in paths)
    assert one == same != other
    rows = list(csv.reader(one.decode().splitlines()))
    assert rows[0] == ["arch", COLUMN]
    assert len(rows) == 13
    assert {row[1] for row in rows[1:]} == {""}
    assert len({row[0] for row in rows[1:]}) == 12


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "filled.csv"
    path.write_text("measured for a week")
    with pytest.raises(ConfigError, match=r"filled.csv is there already, and may hold what was"):
        hwnas.sample("nasbench201", 12, out=path)
    assert path.read_text() == "measured for a week"


def test_models_are_written_beside_and_named_in_the_table(tmp_path: Path) -> None:
    heard = list[tuple[int, int]]()
    found = hwnas.sample(
        "nasbench_macro", 2, out=tmp_path / "a.csv", models=tmp_path / "models",
        on_model=lambda *counts: heard.append(counts),
    )  # fmt: skip
    assert heard == [(1, 2), (2, 2)]
    assert all(path.stat().st_size for path in found.models)
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [row["file"] for row in rows] == [path.name for path in found.models]


def test_a_filled_in_table_makes_a_device_that_searches_take(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    found = hwnas.sample("nasbench201", 40, "my-board", out=path)
    costs = additive_ms(nasbench201.genotypes([nasbench201.parse(arch) for arch in found.archs]))
    cells = [f"{cost:.4f}" for cost in costs]
    # One that did not run.
    cells[-1] = ""
    lines = [f"{arch},{cell}" for arch, cell in zip(found.archs, cells, strict=True)]
    path.write_text("\n".join([f"arch,{COLUMN}", *lines]))
    list(api.import_tables("my-table", path, "nasbench201", None))
    (card,) = hwnas.fit("my-table")
    assert card.evaluation.figures["kendall_tau"] > 0.95
    run = hwnas.search(
        "nasbench201", "my-board", objectives=["latency", "params"], population=8, generations=2,
        out=tmp_path / "run",
    )  # fmt: skip
    predicted = run.front.values[:, 0]
    true = additive_ms(nasbench201.genotypes([nasbench201.parse(arch) for arch in run.front.archs]))
    assert np.allclose(predicted, true, rtol=0.1)


def test_more_than_differ_in_function_are_all_of_these() -> None:
    space = hwnas.load_space("nasbench_macro")
    found = hwnas.sample(space, 10_000)
    assert len(set(found.archs)) == len(found.archs) == len(listed_classes(space))
    assert found.notes[0].endswith("that differ in function are chosen, not 10,000.")
