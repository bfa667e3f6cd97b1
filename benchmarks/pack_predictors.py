"""Pack a folder of predictors, as ``hwnas fit --out FOLDER`` writes it, into the files that ship.

What ships already and is not in the folder stays as it is. The same predictors give the same
bytes.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from hwnas._resources import artifacts_dir
from hwnas.predictors.store import INDEX, PACKED, Stored, add_predictor, pack, stored_in


def _add(root: Path, stored: Stored) -> None:
    models = [stored.read(name) for name in (stored.model, stored.support) if name]
    add_predictor(root, stored.card, models)


def main() -> None:
    """Pack every space of the folder, a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--to", type=Path, default=artifacts_dir(), help="where the shipped ones lie"
    )
    arguments = parser.parse_args()
    for space in sorted(path.parent.name for path in arguments.folder.glob(f"*/{INDEX}")):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for stored in (*stored_in(arguments.to, space), *stored_in(arguments.folder, space)):
                _add(root, stored)
            n_predictors = len(stored_in(root, space))
            packed = pack(root / space)
            target = arguments.to / space / PACKED
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packed, target)
        print(f"{target}: {n_predictors} predictors, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
