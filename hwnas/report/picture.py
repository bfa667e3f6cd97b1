"""Curves of runs, or one run's front, as a picture in PNG; the one door to matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._files import check_plain, write_bytes
from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.objectives.curves import Band
from hwnas.report.curves import Contender, Curves
from hwnas.report.curves_page import FLOOR_PCT, axis_floor_pct, bands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito 2008, darkened where they would be pale on white; the page has the same.
COLOURS = ("#0072b2", "#d55e00", "#007a5a", "#9c3f7e", "#8a6400", "#454c55")
DASHES: tuple[Any, ...] = ("-", (0, (6, 3)), (0, (1.5, 2)), (0, (6, 2, 1.5, 2)), (0, (10, 4)))
"""Apart without colour too; one fewer than colours, so that pairs of both come again late."""
_SIZE_INCHES = (11.0, 4.8)
_DPI = 150
_FONT_POINTS = 12
_BETTER = {"max": "higher is better", "min": "lower is better"}
_LONGEST_LABEL = 34
_CAPTION_POINTS = 9.5
_CAPTION_CHARACTERS = 135
"""In a line, which then takes some eight tenths of the width."""
_MAGIC = b"\x89PNG\r\n\x1a\n"


def curves_png(curves: Curves) -> bytes:
    """Curves of settings as a picture: the gap and the hypervolume over the evaluations.

    Lines are means over the runs of a setting, bands their standard error. Gaps below
    ``FLOOR_PCT`` are drawn there, as on the page.

    Args:
        curves: What is drawn.

    Returns:
        A PNG of 1,650 x 720 pixels.
    """
    return _drawn(
        f"{curves.reach} {bands(curves)}",
        lambda axes: _draw_gaps(axes, curves),
        lambda axes: _draw_volumes(axes, curves),
    )


def run_png(curves: Curves, front: Front) -> bytes:
    """One run as a picture: its front in two objectives, and how its hypervolume grew.

    Args:
        curves: The curves of the run.
        front: Its front.

    Returns:
        A PNG of 1,650 x 720 pixels.
    """
    return _drawn(
        f"The front has {front.n_objectives} objectives." if front.n_objectives > 2 else "",
        lambda axes: _draw_front(axes, front),
        lambda axes: _draw_volumes(axes, curves),
    )


def write_png(picture: bytes, path: Path) -> None:
    """Write a picture, whole or not at all.

    Raises:
        StorageError: ``path`` cannot be written.
    """
    write_bytes(path, picture)


def is_png(path: Path) -> bool:
    """Whether a file is a picture in PNG."""
    try:
        check_plain(path)
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _drawn(caption: str, *drawers: Callable[[Axes], None]) -> bytes:
    """A picture of plots side by side, in no global figure and by no global settings."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context():
        # What a user's matplotlibrc says must not change the picture.
        mpl.rcdefaults()
        mpl.rcParams["font.size"] = _FONT_POINTS
        # Names of runs are no formulas, whatever signs they hold.
        mpl.rcParams["text.parse_math"] = False
        figure: Figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        every = figure.subplots(1, len(drawers), squeeze=False)
        for draw, axes in zip(drawers, every[0], strict=True):
            draw(axes)
        lines = "\n".join(textwrap.wrap(caption, _CAPTION_CHARACTERS))
        figure.supxlabel(lines, fontsize=_CAPTION_POINTS, color="#59636e")
        file = BytesIO()
        # Without the version, the same curves are the same file.
        figure.savefig(file, format="png", metadata={"Software": "hwnas"})
    return file.getvalue()


def _draw_gaps(axes: Axes, curves: Curves) -> None:
    axes.set_yscale("log")
    axes.set_ylim(axis_floor_pct(curves), 115)
    ticks = [tick for tick in (0.01, 0.1, 1, 10, 100) if tick >= axis_floor_pct(curves)]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    _draw_bands(axes, curves, lambda each: each.gap, 100.0, FLOOR_PCT)
    axes.set_ylabel("Gap (%), lower is better")


def _draw_volumes(axes: Axes, curves: Curves) -> None:
    _draw_bands(axes, curves, lambda each: each.volume)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Hypervolume, higher is better")


def _draw_bands(
    axes: Axes,
    curves: Curves,
    band_of: Callable[[Contender], Band],
    factor: float = 1.0,
    floor: float = -np.inf,
) -> None:
    # Of unlike lengths, so that colour and dash are paired anew each time round.
    looks = zip(cycle(COLOURS), cycle(DASHES), strict=False)
    for contender, (colour, dash) in zip(curves.contenders, looks, strict=False):
        band = band_of(contender)
        counts = np.arange(1, len(band) + 1)
        mean, error = factor * band.mean, factor * band.error
        label = textwrap.shorten(contender.label, _LONGEST_LABEL, placeholder="...")
        if contender.n_runs > 1:
            label += f" ({contender.n_runs} runs)"
            low, high = np.maximum(mean - error, floor), np.maximum(mean + error, floor)
            axes.fill_between(counts, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
        axes.plot(
            counts,
            np.maximum(mean, floor),
            drawstyle="steps-post",
            color=colour,
            linestyle=dash,
            linewidth=2,
            label=label,
        )
    axes.set_xlim(left=0)
    axes.set_xlabel("Architectures evaluated")
    axes.grid(color="#dfe3e8", linewidth=0.8)
    axes.set_axisbelow(True)
    if len(curves.contenders) > 1:
        axes.legend(frameon=True, framealpha=0.85, fontsize=_FONT_POINTS - 2)


def _draw_front(axes: Axes, front: Front) -> None:
    """The front in its first objective and the one that pulls the other way most."""
    from hwnas.report.data import default_axes

    shown = default_axes(front.objectives, front.n_objectives)
    across, up = int(shown["x"] or 0), int(shown["y"] or 0)
    axes.scatter(
        front.values[:, across], front.values[:, up], s=34, color=COLOURS[0], edgecolor="white",
        linewidth=0.6,
    )  # fmt: skip
    axes.set_xlabel(_title(front.columns[across]))
    axes.set_ylabel(_title(front.columns[up]))
    axes.grid(color="#dfe3e8", linewidth=0.8)
    axes.set_axisbelow(True)


def _title(spec: ObjectiveSpec) -> str:
    unit = f" ({spec.unit})" if spec.unit else ""
    return "\n".join(textwrap.wrap(f"{spec.title}{unit}, {_BETTER[spec.direction]}", 48))
