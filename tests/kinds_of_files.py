"""A file of every kind that hwnas reads, how it is read, and ways to damage one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from made_up import score_card

import hwnas
from hwnas._resources import artifacts_dir, data_dir
from hwnas.core.device import read_device
from hwnas.engine.run import Run
from hwnas.engine.work import read_work
from hwnas.errors import HwnasError
from hwnas.features.device_costs import RECORDS
from hwnas.measure.power_trace import read_power_trace
from hwnas.measure.record import read_profile, write_profile
from hwnas.models.export import export_onnx
from hwnas.models.onnx_graph import read_onnx
from hwnas.predictors.card import CARDS
from hwnas.predictors.loading import load_predictor
from hwnas.predictors.store import Stored, add_predictor, pack, stored_in
from hwnas.proxies.batches import load_images
from hwnas.proxies.scoring import Scores
from hwnas.proxies.store import Row, read_card, read_scores, write_scores
from hwnas.spaces import load_space
from hwnas.tables import import_file, load_table
from hwnas.tables.store import read_card as read_table_card
from hwnas.tables.store import save_table

SPACE = "nasbench_macro"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Args:
        name: What it is.
        make: Makes one of it, and what belongs to it, in a folder; the file.
        read: What hwnas makes of it, as text that tells all that matters.
        is_sealed: Whether hwnas wrote it and knows a change; a person's own file may be changed.
    """

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], str]
    is_sealed: bool = True


def _predictors(folder: Path) -> tuple[Stored, Path]:
    """A shipped predictor, in a folder of its own."""
    stored = stored_in(artifacts_dir(), SPACE)[0]
    add_predictor(folder, stored.card, [stored.read(stored.model)])
    return stored, folder / SPACE


def _index(folder: Path) -> Path:
    return _predictors(folder)[1] / "index.json"


def _packed(folder: Path) -> Path:
    place = _predictors(folder)[1]
    path = pack(place)
    (place / "index.json").unlink()
    return path


def _model(folder: Path) -> Path:
    return next((_predictors(folder)[1] / "models").glob("*.onnx"))


def _loose_card(folder: Path) -> Path:
    stored = stored_in(artifacts_dir(), SPACE)[0]
    place = folder / SPACE / str(stored.card.target.dataset)
    place.mkdir(parents=True)
    (place / f"{stored.card.name}.onnx").write_bytes(stored.read(stored.model))
    CARDS.write(place / f"{stored.card.name}.json", stored.card)
    return place / f"{stored.card.name}.json"


def _predictions(path: Path) -> str:
    root = next(each for each in path.parents if each.name == SPACE).parent
    space = load_space(SPACE)
    found = stored_in(root, SPACE)
    genotypes = space.sample_genotypes(5, np.random.default_rng(0))
    estimates = [load_predictor(each, space).predict(genotypes) for each in found]
    # A file that is gone from where it was is as good as one that says so.
    assert found
    return repr([(each.card, *_bits(e)) for each, e in zip(found, estimates, strict=True)])


def _bits(estimate: Any) -> tuple[bytes, ...]:
    return tuple(each.tobytes() for each in (estimate.value, estimate.lower, estimate.upper))


def _run(folder: Path) -> Path:
    hwnas.search(
        "nasbench201",
        objectives=["params", "macs"],
        constraints=["params<=1000000"],
        population=8,
        generations=3,
        out=folder / "run",
    )
    return folder / "run"


def _run_read(path: Path) -> str:
    run = Run.load(path.parent)
    front = run.front
    told = repr((run.record, front.archs, front.values.tolist(), front.upper.tolist()))
    return told + run.evaluations.to_csv()


def _table(folder: Path) -> Path:
    import pandas as pd

    space = load_space("nasbench201")
    genotypes = space.sample_genotypes(30, np.random.default_rng(1))
    archs = [space.format(each) for each in np.unique(genotypes, axis=0)]
    own = pd.DataFrame({"arch": archs, "cifar10_board_latency_ms": np.linspace(1, 7, len(archs))})
    own.to_csv(folder / "own.csv", index=False)
    table = import_file("board", folder / "own.csv", "nasbench201")
    save_table(table, folder)
    return folder / "board.json"


def _table_read(path: Path) -> str:
    import hwnas.tables.store as store

    before, store.user_folder = store.user_folder, lambda: path.parent
    try:
        table = load_table("board")
        return repr(read_table_card("board")) + table.frame.to_csv() + repr(table.columns)
    finally:
        store.user_folder = before


def _scores(folder: Path) -> Path:
    space = load_space("nasbench_macro")
    genotypes = np.unique(space.sample_genotypes(60, np.random.default_rng(2)), axis=0)
    rows = {
        space.format(each): Row(
            tuple(each.tolist()),
            Scores(
                {"zen": float(number) if number % 9 else None}, {} if number % 9 else {"zen": "no"}
            ),
        )
        for number, each in enumerate(genotypes)
    }
    write_scores(folder / "scores.parquet", rows, score_card(space, ("zen",)))
    return folder / "scores.parquet"


def _scores_read(path: Path) -> str:
    card = read_card(path)
    return repr((card, read_scores(path, card)))


def _samples(folder: Path) -> Path:
    shipped = data_dir("latency_tables") / "x86-tvm-nasbench201.samples.parquet"
    write_profile(folder / "x.samples.parquet", read_profile(shipped))
    return folder / "x.samples.parquet"


def _samples_read(path: Path) -> str:
    profile = read_profile(path)
    numbers = [
        (name, *(getattr(each, part).tobytes() for part in each.__slots__))
        for samples in profile.samples
        for name, each in samples.items()
    ]
    return repr((profile.record, numbers))


def _costs(folder: Path) -> Path:
    RECORDS.write(
        folder / "costs.json", RECORDS.read(artifacts_dir() / "mnasnet/device_costs.json")
    )
    return folder / "costs.json"


def _device(folder: Path) -> Path:
    path = folder / "raspi4.toml"
    path.write_bytes((data_dir("devices") / "raspi4.toml").read_bytes())
    return path


def _own_csv(folder: Path) -> Path:
    _table(folder)
    return folder / "own.csv"


def _own_parquet(folder: Path) -> Path:
    import pandas as pd

    pd.read_csv(_own_csv(folder)).to_parquet(folder / "own.parquet")
    return folder / "own.parquet"


def _imported(path: Path) -> str:
    return import_file("t", path, "nasbench201").frame.to_csv()


def _images(folder: Path) -> Path:
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (8, 6, 6, 3), dtype=np.uint8)
    np.savez(folder / "images.npz", images=images, labels=np.arange(8))
    return folder / "images.npz"


def _onnx(folder: Path) -> Path:
    space = load_space("nasbench201", channels=4, cells=1)
    arch = space.architecture(space.sample_genotypes(1, np.random.default_rng(0))[0])
    return export_onnx(space, arch, folder / "model.onnx").path


def _power_log(folder: Path) -> Path:
    lines = [f"{1.7e9 + number / 10:.1f},{4 + number % 3}" for number in range(40)]
    (folder / "log.csv").write_text("\n".join(["time_s,power_w", *lines]) + "\n")
    return folder / "log.csv"


KINDS = (
    Kind("index of predictors", _index, _predictions),
    Kind("packed predictors", _packed, _predictions),
    Kind("model of a predictor", _model, _predictions),
    Kind("card of a predictor", _loose_card, _predictions),
    Kind("run.json", lambda folder: _run(folder) / "run.json", _run_read),
    Kind("run.sqlite", lambda folder: _run(folder) / "run.sqlite", _run_read),
    Kind(
        "work.json", lambda folder: _run(folder) / "work.json", lambda p: repr(read_work(p.parent))
    ),
    Kind("card of a table", _table, _table_read),
    Kind("values of a table", lambda f: _table(f).with_suffix(".parquet"), _table_read),
    Kind("scores", _scores, _scores_read),
    Kind("raw samples", _samples, _samples_read),
    Kind("costs of devices", _costs, lambda path: repr(RECORDS.read(path))),
    Kind("device", _device, lambda path: repr(asdict(read_device(path))), False),
    Kind("own CSV", _own_csv, _imported, False),
    Kind("own Parquet", _own_parquet, _imported, False),
    Kind("images", _images, lambda p: str(load_images(p, 4, (3, 6, 6), 8, 0)), False),
    Kind("ONNX model", _onnx, lambda p: str(read_onnx(p)), False),
    Kind("log of a meter", _power_log, lambda p: str(read_power_trace(p)), False),
)


def damages(data: bytes, n: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Damaged copies of what a file holds: three with one bit flipped to one that is cut short."""
    rng = np.random.default_rng(seed)
    for number in range(n):
        place = int(rng.integers(len(data)))
        if number % 4 == 3:
            yield f"cut to {place} bytes", data[:place]
        else:
            bit = int(rng.integers(8))
            changed = bytes([data[place] ^ 1 << bit])
            yield f"bit {bit} of byte {place}", data[:place] + changed + data[place + 1 :]


def outcome(kind: Kind, path: Path, whole: str) -> str:
    """What comes of reading a file: ``right``, ``refused``, ``wrong``, or what it crashed with."""
    try:
        found = kind.read(path)
    except HwnasError as error:
        return "refused" if "\n" not in str(error) else f"several lines: {error}"
    except (Exception, RecursionError) as error:
        return f"crashed: {type(error).__name__}: {str(error)[:200]}"
    return "right" if found == whole else "wrong"
