"""Make the smoothed costs of known devices that ship, from the published tables in the cache.

    hwnas tables import all --from DIR
    python benchmarks/pack_device_costs.py

The same tables give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from threadpoolctl import threadpool_limits

from hwnas._files import write_text
from hwnas._resources import artifacts_dir
from hwnas.features.device_costs import FILE, RECORDS
from hwnas.fitting.device_costs import smooth_costs
from hwnas.spaces import load_space
from hwnas.tables import load_table

TABLES = {
    "fbnet": ("help-fbnet",),
    "mnasnet": ("accel-nasbench",),
    "nasbench201": ("hw-nas-bench", "help-nasbench201"),
}
"""Tables of each space, those with a device's own conditions first."""


def main() -> None:
    """Write one file a space, a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=artifacts_dir(), help="where they ship from")
    arguments = parser.parse_args()
    for name, tables in TABLES.items():
        with threadpool_limits(1):
            costs = smooth_costs(load_space(name), [load_table(table) for table in tables])
        path = arguments.to / name / FILE
        write_text(path, RECORDS.text(costs, is_compact=True) + "\n")
        worst = max(costs.costs, key=lambda each: each.error / each.deviation)
        print(
            f"{path}: {len(costs.costs)} costs, {path.stat().st_size:,} bytes; {worst.name} is "
            f"smoothed worst, to {100 * worst.error:.1f} % of {100 * worst.deviation:.1f} %"
        )


if __name__ == "__main__":
    main()
