"""Measure what predictors rest on and write it into their cards; their models stay as they are.

A card whose importances are there is left alone, so that the script goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from functools import cache
from pathlib import Path

from hwnas.fitting.importance import add_importances
from hwnas.predictors.store import INDEX, stored_in
from hwnas.spaces import load_space
from hwnas.tables import Table, import_table


def main() -> None:
    """Fill in the cards, a line for each as soon as it is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    parser.add_argument("--again", action="store_true", help="also cards that have importances")
    parser.add_argument("folder", type=Path, help="as hwnas fit --out writes it")
    arguments = parser.parse_args()

    @cache
    def table(name: str) -> Table:
        return import_table(name, arguments.source)

    with tempfile.TemporaryDirectory() as folder:
        os.environ["HWNAS_CACHE"] = folder
        spaces = [path.parent.name for path in sorted(arguments.folder.glob(f"*/{INDEX}"))]
        for stored in [each for name in spaces for each in stored_in(arguments.folder, name)]:
            card = stored.card
            if card.transfer is not None or (card.importances and not arguments.again):
                continue
            started = time.perf_counter()
            space = load_space(card.space, dataset=card.target.dataset)
            card = add_importances(arguments.folder, stored, space, table(card.table.name))
            seconds = time.perf_counter() - started
            assert card.importances is not None
            largest = card.importances.listed()[0]
            print(
                f"{stored}: {largest.feature_set} {largest.drop:.3f}, {seconds:.0f} s", flush=True
            )


if __name__ == "__main__":
    main()
