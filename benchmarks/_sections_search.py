"""Sections of the page of figures: what a search finds, and what a choice among it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from _environment import table

Record = Mapping[str, Any]

_RULES = {
    "default": "end of the interval (default)",
    "limit at 90%": "`--limit-at 90%`",
    "limit at point": "`--limit-at point`",
}
_BINS = (
    "below 5 %",
    "5 to 20 %",
    "20 to 40 %",
    "40 to 60 %",
    "60 to 80 %",
    "80 to 95 %",
    "above 95 %",
)


def default_search(record: Record) -> str:
    """Hypervolumes of searches against the exhaustive front's."""
    rows = [
        [
            device,
            variant,
            f"{np.mean(each['hypervolume_pct']):.2f} %",
            f"{min(each['hypervolume_pct']):.2f} %",
            f"{np.mean(each['evaluated']):,.0f}",
            f"{np.mean(each['front']):.0f} / {each['true_front']}",
        ]
        for device, variants in record["devices"].items()
        for variant, each in variants.items()
    ]
    header = ["device", "search", "hypervolume", "worst seed", "evaluated", "front / true front"]
    return f"""\
The search sees predictions; the hypervolume is that of the true class means, in as many objectives
as are known of the device (raspi4 and pixel3: no energy), normalised over all 4,929 classes,
reference point 1, as a share of the exhaustive front's. The shipped predictors were fitted on all
classes; *unseen*: the same search where each class is predicted by models of cross-validation that
were fitted without it, as of a space that is known in part. Defaults: population 100,
50 generations. These seeds were not looked at before.

{table(header, rows)}"""


def pick(record: Record) -> str:
    """Whether picks keep their limits, rows of fronts, probabilities."""
    devices = record["devices"]
    rules = [
        [
            device,
            title,
            f"{each['broken_pct']:.1f} %",
            f"{each['stated_to_break_pct']:.1f} %",
            _short(each),
            f"{unseen['broken_pct']:.1f} %",
            _short(unseen),
        ]
        for device, by in devices.items()
        for rule, title in _RULES.items()
        for each, unseen in [[by[name]["rules"][rule] for name in ("shipped", "unseen")]]
    ]
    header = ["device", "rule", "limit broken", "stated", "accuracy short, points"]
    fronts = [
        [
            device,
            *(
                " / ".join(f"{by[name]['front'][figure]:.0f}" for name in ("shipped", "unseen"))
                + " %"
                for figure in (
                    "each_interval_pct",
                    "all_of_a_row_pct",
                    "dominated_by_any_class_pct",
                )
            ),
            *(
                f"{by['unseen']['calibration'][model]['log_loss']:.3f}"
                for model in ("normal", "laplace")
            ),
        ]
        for device, by in devices.items()
    ]
    bins = [by["unseen"]["calibration"]["normal"]["stated_happened"] for by in devices.values()]
    held = [
        [title, *(f"{100 * each[place][1]:.0f} %" for each in bins)]
        for place, title in enumerate(_BINS)
    ]
    of_front = ["device", "each interval", "all of a row", "dominated in truth"]
    return f"""\
{record["n_limits"]} latency limits (evenly spaced quantiles of the true latencies) on the fronts of
default searches, in truth; *short* is the true accuracy behind the best class that keeps the limit,
*stated* what the printed probabilities expect. *Unseen*: the same searches and choices where each
class is predicted by models of cross-validation that were fitted without it. The rules have nothing
to tune. These seeds were looked at before, for older predictors.

{table([*header, "unseen: broken", "short"], rules)}

What a row of those fronts is worth, as shipped / unseen, and two models of the residuals on 1,000
unseen classes (log loss of the probability that a latency limit near the value holds):

{table([*of_front, "log loss, normal", "Laplace"], fronts)}

How often a latency limit near the value held for unseen classes, by the probability that is stated
for it:

{table(["stated", *devices], held)}"""


def _short(figures: Record) -> str:
    return f"{figures['accuracy_short_mean']:.2f} (worst {figures['accuracy_short_max']:.2f})"


def search_speed(record: Record) -> str:
    """What a search costs."""
    median = record["median"]
    rows = [
        ["`hwnas --help`, cold", f"{median['help_s']:.2f} s"],
        ["`python -c 'import numpy'`, beside it", f"{median['numpy_s']:.2f} s"],
        ["`hwnas search nasbench201 --device edgegpu`, cold", f"{median['search_s']:.1f} s"],
        ["its peak memory", f"{median['search_peak_mb']:.0f} MB"],
        ["search with free objectives, files and report included", f"{median['engine_s']:.2f} s"],
        [
            "the same with functions, each evaluation stored by itself",
            f"{median['engine_functions_s']:.2f} s",
        ],
        ["pymoo's NSGA-II alone, beside it", f"{median['pymoo_s']:.2f} s"],
        [
            "engine around pymoo, as a share of pymoo's own time",
            f"{median['around_pymoo_pct']:.0f} %",
        ],
        ["the same with the report, once a run", f"{median['around_pymoo_and_report_pct']:.0f} %"],
    ]
    return f"""\
Medians of {record["repeats"]} repeats; population {record["population"]},
{record["generations"]} generations.

{table(["what", "measured"], rows)}"""


def mnas_search(record: Record) -> str:
    """NSGA-II beside random search on MnasNet."""
    rows = [
        [each["seed"], f"{each['nsga2']:.4f}", f"{each['random']:.4f}", each["front"]]
        for each in record["runs"]
    ]
    return f"""\
`mnasnet` on zcu102, accuracy and latency, {record["budget"]:,} evaluations each: hypervolume of all
that was evaluated, in predicted values, normalised over both searches.

{table(["seed", "NSGA-II", "random", "front"], rows)}"""


def prediction_speed(record: Record) -> str:
    """Architectures predicted a second."""
    rows = [[name, f"{rate:,.0f}"] for name, rate in record["archs_per_s"].items()]
    quantities = ", ".join(record["quantities"])
    return f"""\
{quantities} of `mnasnet` on zcu102, a batch of {record["n_archs"]:,} on {record["n_cores"]} cores;
wall time but for the second row.

{table(["what", "architectures a second"], rows)}"""


def naswot(record: Record) -> str:
    """NASWOT as a search, and what a warm start does."""
    alone = [
        [
            f"{each['n_cells']:,}",
            each["scores"],
            f"{each['picked_pct']:.2f} ± {each['deviation']:.2f}",
            f"{each['published_pct']:.2f}",
            f"{each['one_at_random_pct']:.2f}",
            f"{each['best_pct']:.2f}",
        ]
        for each in record["alone"]
    ]
    header = ["N", "scores", "picked, %", "published, %", "one at random, %", "best of the N, %"]
    rows: dict[int, list[object]] = {}
    starts = dict.fromkeys(each["start"] or "cold" for each in record["warm"])
    for each in record["warm"]:
        row = rows.setdefault(each["generation"], [each["generation"]])
        volume = f"{each['hypervolume_pct']:.2f} (worst {each['worst_pct']:.2f})"
        row += [volume, f"{each['accuracy_pct']:.2f}"]
    titles = [f"{start}: {what}" for start in starts for what in ("hypervolume, %", "accuracy, %")]
    return f"""\
The best of N random cells by our shipped nwot, {record["n_runs"]} runs each; CIFAR-10 test
accuracy, mean of the picked cell's class, ± deviation between runs.

{table(header, alone)}

What a warm start does to NSGA-II on edgegpu (in true values, mean over the seeds): share of the
exhaustive hypervolume, and best true validation accuracy, of all evaluated up to a generation.

{table(["generation", *titles], list(rows.values()))}"""
