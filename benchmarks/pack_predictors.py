"""Pack a folder of predictors, as ``hwnas fit --out FOLDER`` writes it, into the files that ship.

What ships already and is not in the folder stays as it is. A predictor from features alone does
not ship beside its like that reads proxy scores where every functional class of the space has some:
nobody would ask it. The same predictors give the same bytes. Without a folder, what ships is packed
anew, which brings its cards to the newest schema, and so are the cards of the tables that ship. The
hashes of what ships without a digest of its own are written beside.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hwnas._files import sha256_file, write_text
from hwnas._resources import artifacts_dir, data_dir
from hwnas._sums import SUMS
from hwnas.core.classes import valid_classes
from hwnas.core.space import SearchSpace
from hwnas.features.device_costs import FILE as COSTS
from hwnas.predictors.store import INDEX, PACKED, Stored, add_predictor, pack, stored_in
from hwnas.proxies.feature_set import has_scores
from hwnas.proxies.shipped import FILE as SCORES
from hwnas.spaces import load_space
from hwnas.tables.store import CARDS


def _add(root: Path, stored: Stored) -> None:
    models = [stored.read(name) for name in (stored.model, stored.support) if name]
    add_predictor(root, stored.card, models)


def _copied(stored: Sequence[Stored], root: Path) -> Path:
    """A folder that holds these predictors alone."""
    for each in stored:
        _add(root, each)
    return root


def _asked(stored: Sequence[Stored], space: SearchSpace) -> list[Stored]:
    """The predictors that somebody may ask."""
    every = space.all_genotypes()
    if every is None or not has_scores(space, valid_classes(space, every)).all():
        return list(stored)
    scored = {each.card.target for each in stored if each.card.reads_scores}
    return [each for each in stored if each.card.reads_scores or each.card.target not in scored]


def main() -> None:
    """Pack every space of the folder, a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument(
        "--to", type=Path, default=artifacts_dir(), help="where the shipped ones lie"
    )
    arguments = parser.parse_args()
    pattern = f"*/{PACKED}" if arguments.folder is None else f"*/{INDEX}"
    start = arguments.to if arguments.folder is None else arguments.folder
    for space in sorted(path.parent.name for path in start.glob(pattern)):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "all"
            for each in dict.fromkeys((arguments.to, start)):
                for stored in stored_in(each, space):
                    _add(root, stored)
            kept = _asked(stored_in(root, space), load_space(space))
            packed = pack(_copied(kept, Path(folder) / "asked") / space)
            target = arguments.to / space / PACKED
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packed, target)
            n_predictors = len(kept)
        print(f"{target}: {n_predictors} predictors, {target.stat().st_size:,} bytes")
    print(_write_sums(arguments.to))
    for path in sorted(data_dir("latency_tables").glob("*.json")):
        CARDS.write(path, CARDS.read(path))


def _write_sums(folder: Path) -> Path:
    """Write the hashes of the files of scores and costs, as ``sha256sum`` does."""
    files = sorted(path for name in (SCORES, COSTS) for path in folder.glob(f"*/{name}"))
    lines = [f"{sha256_file(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    write_text(folder / SUMS, "".join(lines))
    return folder / SUMS


if __name__ == "__main__":
    main()
