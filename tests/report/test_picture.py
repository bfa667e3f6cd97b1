"""Pictures of curves: whole, the same each time, and drawn without what others have set."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pytest

from hwnas.report import curves_of, curves_png, is_png, run_png, write_png
from tests.report.test_curves_of_runs import BEST, ENDS, QUICK, searched

RUNS = [
    searched([BEST, QUICK], "a"),
    searched([QUICK, BEST], "b", seed=1),
    searched([QUICK, QUICK], "c", algorithm="my $alg_0$"),
]


@pytest.fixture(scope="module")
def picture() -> bytes:
    return curves_png(curves_of(RUNS, ENDS))


def test_a_picture_has_the_size_that_is_promised(picture: bytes) -> None:
    assert struct.unpack(">II", picture[16:24]) == (1650, 720)


def test_the_same_curves_are_the_same_picture_whatever_is_set_elsewhere(picture: bytes) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "text.usetex": True}):
        assert curves_png(curves_of(RUNS, ENDS)) == picture
        assert mpl.rcParams["font.size"] == 30


def test_what_stands_below_the_plots_is_not_cut_at_the_sides(picture: bytes) -> None:
    from matplotlib.image import imread

    grey = imread(BytesIO(picture), format="png")[-90:, :, :3].min(axis=2)
    assert grey.min() < 0.9
    assert (grey[:, :15] == 1).all()
    assert (grey[:, -15:] == 1).all()


def test_other_curves_are_another_picture(picture: bytes) -> None:
    assert curves_png(curves_of(RUNS[:2], ENDS)) != picture


def test_a_picture_is_known_from_other_files(tmp_path: Path) -> None:
    run = RUNS[0]
    write_png(run_png(curves_of([run], ENDS), run.side.front), tmp_path / "one.png")
    (tmp_path / "mine.png").write_text("no picture")
    assert is_png(tmp_path / "one.png")
    assert not is_png(tmp_path / "mine.png")
    assert not is_png(tmp_path)
