"""The README's picture: the front of a default search, drawn with matplotlib (pymoo brings it)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hwnas

HERE = Path(__file__).parent


def main() -> None:
    """Write ``front.svg`` beside this file."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Without a date and with fixed identifiers, the same front gives the same file.
    mpl.rcParams.update({"svg.hashsalt": "hwnas", "svg.fonttype": "none", "font.size": 9})
    with tempfile.TemporaryDirectory() as name:
        run = hwnas.search("nasbench201", device="edgegpu", out=Path(name) / "run")
        seen = run.evaluations[run.evaluations["feasible"]]
        front = run.front
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    latency, accuracy = (seen[front.names[front.place(name)]] for name in ("latency", "accuracy"))
    axes.scatter(latency, accuracy, s=5, color="#c8c8c8", linewidths=0)
    points = axes.scatter(
        front.column("latency_ms"),
        front.column("accuracy_pct"),
        c=front.column("robustness_pct"),
        s=8 + 2 * front.column("energy_mj"),
        cmap="viridis",
        edgecolors="white",
        linewidths=0.5,
    )
    axes.set_xlabel("latency on Jetson TX2, ms (predicted)")
    axes.set_ylabel("CIFAR-10 validation accuracy, % (predicted)")
    axes.set_ylim(bottom=75)
    axes.set_title(
        f"{len(front)} architectures on the front, {len(seen):,} evaluated; size: energy",
        fontsize=9,
        loc="left",
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.colorbar(points, label="robust accuracy, % (APGD-CE, 1/255)")
    figure.savefig(HERE / "front.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
