"""The Python API: the jobs of the command line as functions."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.config import DEFAULT_GENERATIONS, DEFAULT_POPULATION, SearchConfig
from hwnas.core.architecture import Architecture
from hwnas.core.device import Device, device_names, load_device
from hwnas.core.limits import Limit, parse_limit
from hwnas.core.objective import Objective
from hwnas.core.quantity import DEFAULT_OBJECTIVES, Direction, parse_quantity
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.objectives import SOURCES, NothingKnownError
from hwnas.objectives.evaluation import evaluate
from hwnas.objectives.simple import CountedObjective, CustomObjective, RatedEnergy
from hwnas.predictors import search_path
from hwnas.search.algorithm import ALGORITHMS, Algorithm, Setting
from hwnas.search.directory import claim, latest_directory, new_directory
from hwnas.search.indicators import REFERENCE
from hwnas.search.loop import Loop, Progress, Task
from hwnas.search.run import DATABASE, REPORT, Record, Run, write_front
from hwnas.search.store import Store, check_names
from hwnas.select import Selection
from hwnas.select import select as select_from_front
from hwnas.spaces import SPACES, load_space

if TYPE_CHECKING:
    import pandas as pd

    from hwnas.predictors.card import Card
    from hwnas.predictors.transfer import Known

COUNTED = ("params", "macs")
_PACKAGES = ("hwnas", "numpy", "pymoo", "moocore", "onnxruntime")
_FIGURES = {
    "kendall_tau": "Kendall tau",
    "spearman": "Spearman",
    "mape_pct": "mean relative error, %",
    "within_10_pct": "within 10 % of the truth, %",
    "interval_coverage_pct": "inside the 90 % interval, %",
}


class SearchInterrupted(KeyboardInterrupt):
    """A search was stopped by SIGINT; what it found is on disk.

    Args:
        run: The run so far.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(f"interrupted; the front so far is in {run.path}")
        self.run = run


def objective(
    function: Callable[[Sequence[Architecture]], np.ndarray],
    column: str | None = None,
    direction: Direction = "min",
    unit: str = "",
    title: str = "",
) -> Objective:
    """Your own function as an objective.

    Args:
        function: Takes ``n_archs`` architectures, returns values of shape ``(n_archs,)``; NaN
            means that an architecture is infeasible.
        column: Name of the values, with their unit; the function's name by default.
        direction: ``"min"`` or ``"max"``.
        unit: The unit, for people.
        title: A heading for people.

    Raises:
        ConfigError: It is no function, it has no name or that of a known quantity, or the
            direction is none.
    """
    if not callable(function):
        raise ConfigError(f"An objective must be a quantity or a function; got {function!r}.")
    name = column or str(getattr(function, "__name__", ""))
    return CustomObjective(function, name, direction, unit, title)


def make_objective(
    space: SearchSpace,
    name: str,
    device: Device | None = None,
    source: str = "predictor",
    power_w: float | None = None,
) -> Objective:
    """The objective of a quantity.

    Args:
        space: Search space with its data set.
        name: Quantity, such as ``"latency"`` or ``"robustness@pgd-eps1"``.
        device: Device, for quantities that need one.
        source: ``"predictor"`` or ``"table"``.
        power_w: Rated power in watts; energy is then estimated from it.

    Raises:
        UnknownNameError: There is no such quantity, variant or source.
        ConfigError: Nothing is known of the quantity for this space, data set and device.
        ArtifactError: A predictor's files are damaged.
        TableError: A table is missing from the cache or damaged.
    """
    quantity, variant = parse_quantity(name)
    if quantity.name in COUNTED:
        return CountedObjective(space, quantity.name)
    if quantity.name == "energy" and power_w is not None:
        return RatedEnergy(make_objective(space, "latency", device, source), power_w)
    return SOURCES[source](space, device, quantity, variant)


def predict(
    space: str | SearchSpace,
    archs: Architecture | str | Sequence[Architecture | str],
    device: str | Device | None = None,
    dataset: str | None = None,
    quantities: Sequence[str] | None = None,
    source: str = "predictor",
    power_w: float | None = None,
) -> pd.DataFrame:
    """What is expected of architectures on a device.

    Args:
        space: Search space or its name.
        archs: Architectures or their published strings; one of them will do.
        device: Device or its name; needed for latency and energy.
        dataset: Data set; the space's first one by default.
        quantities: Quantities to predict; by default accuracy, robustness and, with a device,
            latency and energy, as far as they are known, and the counts.
        source: ``"predictor"`` or ``"table"``.
        power_w: Rated power in watts; energy is then estimated from it.

    Returns:
        One row an architecture in the order given, indexed by its string. For each quantity,
        named with its unit: the value, ``_lower`` and ``_upper`` ends of its 90 % interval (NaN
        where there is none), and ``_source``: ``predicted``, ``tabulated``, ``estimated`` or
        ``counted``. NaN is unknown: the input does not reach the output, or the device cannot run
        it.

    Raises:
        UnknownNameError: There is no such space, data set, device or quantity.
        ArchitectureError: A string is no architecture of the space.
        ConfigError: Nothing is known of a quantity that was asked for.
    """
    import pandas as pd

    space = _space(space, dataset)
    device = load_device(device) if isinstance(device, str) else device
    if isinstance(archs, (str, Architecture)):
        archs = [archs]
    parsed = [space.parse(arch) if isinstance(arch, str) else arch for arch in archs]
    columns: dict[str, Any] = {}
    measures = _measures(space, quantities, device, source, power_w)
    for measure, estimate in zip(measures, evaluate(space, measures, parsed), strict=True):
        name = measure.spec.column
        columns[name] = estimate.value
        columns[f"{name}_lower"] = estimate.lower
        columns[f"{name}_upper"] = estimate.upper
        columns[f"{name}_source"] = measure.spec.source
    return pd.DataFrame(columns, index=pd.Index([str(arch) for arch in parsed], name="arch"))


def _measures(
    space: SearchSpace,
    quantities: Sequence[str] | None,
    device: Device | None,
    source: str,
    power_w: float | None,
) -> list[Objective]:
    if quantities is not None:
        return [make_objective(space, name, device, source, power_w) for name in quantities]
    found = []
    for name in DEFAULT_OBJECTIVES:
        if parse_quantity(name)[0].per_device and device is None:
            continue
        try:
            found.append(make_objective(space, name, device, source, power_w))
        except NothingKnownError:
            # Nothing was asked for by name: what is unknown here is left out.
            continue
    return found + [CountedObjective(space, name) for name in COUNTED]


def _space(space: str | SearchSpace, dataset: str | None) -> SearchSpace:
    if isinstance(space, str):
        return load_space(space, dataset=dataset)
    if dataset is not None and dataset != space.dataset:
        raise ConfigError(
            f"The space was loaded for {space.dataset}; got dataset={dataset!r} as well. "
            "Give the space's name, or leave dataset away."
        )
    return space


def search(
    space: str | SearchSpace,
    device: str | Device | None = None,
    dataset: str | None = None,
    objectives: Sequence[Any] = DEFAULT_OBJECTIVES,
    constraints: Sequence[str | Limit] = (),
    source: str = "predictor",
    power_w: float | None = None,
    algorithm: str = "nsga2",
    population: int = DEFAULT_POPULATION,
    generations: int | None = None,
    budget: int | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Search for the Pareto front of a device.

    Args:
        space: Search space or its name.
        device: Device or its name; needed for latency and energy.
        dataset: Data set; the space's first one by default.
        objectives: Quantities (``"robustness@pgd-eps1"`` for a variant), objectives made by
            ``hwnas.objective``, or plain functions over a batch of architectures (minimised).
        constraints: Limits such as ``"latency_ms<=5"``, also on what is no objective.
        source: ``"predictor"``, or ``"table"`` to look true values up (class means).
        power_w: Rated power in watts; energy is then estimated from it.
        algorithm: ``"nsga2"`` or ``"random"``.
        population: Architectures a generation.
        generations: Number of generations; 50 if there is no budget either.
        budget: Distinct architectures to evaluate at most.
        seed: The same seed gives the same run, bit for bit.
        out: Directory of the run, new or empty; the next free one in ``runs/`` by default.
        resume: Continue the run in ``out`` (or the latest of this configuration); begin it if it
            was killed before it began.
        on_progress: Called after every generation.

    Returns:
        The run, with ``.front`` and ``.evaluations``.

    Raises:
        SearchInterrupted: SIGINT came; the run so far is written, and is its ``run``.
        UnknownNameError: A name is not known.
        ConfigError: A setting cannot be.
        RunError: ``out`` holds something else, or the run to resume differs or is damaged.
        StorageError: ``out`` cannot be written.
    """
    space = _space(space, dataset)
    device = load_device(device) if isinstance(device, str) else device
    if generations is None and budget is None:
        generations = DEFAULT_GENERATIONS
    given = [_named(item) for item in _listed("objectives", objectives)]
    own = [name for name, made in given if made is not None]
    limits = [
        limit if isinstance(limit, Limit) else parse_limit(limit, "--constraint", own)
        for limit in _listed("constraints", constraints)
    ]
    config = SearchConfig(
        space=space.name,
        dataset=space.dataset,
        device=device.name if device else None,
        objectives=tuple(name for name, _ in given),
        constraints=tuple(str(limit) for limit in limits),
        source=source,
        power_w=power_w,
        algorithm=algorithm,
        population=population,
        generations=generations,
        budget=budget,
        seed=seed,
    )
    task = _task(space, device, config, given, limits)
    setting = Setting(space, task.n_objectives, config.population, config.seed)
    proposer = ALGORITHMS[algorithm](setting)
    record = Record(
        config=config.as_dict(),
        columns=task.columns,
        n_objectives=task.n_objectives,
        versions={name: importlib.metadata.version(name) for name in _PACKAGES},
    )
    stem = "-".join(filter(None, (space.name, config.device)))
    if out is not None:
        path = Path(out)
    else:
        path = latest_directory(stem, record) if resume else new_directory(stem)
    claim(path, record, resume)
    return _run(path, record, task, proposer, on_progress or (lambda _: None))


def _listed(name: str, items: Sequence[Any]) -> Sequence[Any]:
    """The items; a lone text would be taken for a list of letters."""
    if isinstance(items, str):
        raise ConfigError(f"{name} must be a list; got the text {items!r}. Put it in brackets.")
    return items


def _named(item: Any) -> tuple[str, Objective | None]:
    """An objective's name in the configuration, and the objective if it is the user's own."""
    if isinstance(item, str):
        quantity, variant = parse_quantity(item)
        return f"{quantity.name}@{variant}" if variant else quantity.name, None
    own = item if hasattr(item, "spec") else objective(item)
    return own.spec.column, own


def _task(
    space: SearchSpace,
    device: Device | None,
    config: SearchConfig,
    given: Sequence[tuple[str, Objective | None]],
    limits: Sequence[Limit],
) -> Task:
    """Everything to evaluate: objectives, then what limits need, then the counts."""
    wanted = {*config.objectives, *(limit.column for limit in limits)}
    if config.power_w is not None and wanted.isdisjoint(("energy", "energy_mj")):
        raise ConfigError("--power-w needs energy among the objectives; it is not there.")
    # Objectives of the user's own never ask the source, which may still be misspelt.
    SOURCES[config.source]

    def make(name: str) -> Objective:
        return make_objective(space, name, device, config.source, config.power_w)

    measures = [own or make(name) for name, own in given]
    for name in [*(limit.column for limit in limits), *COUNTED]:
        if name not in {measure.spec.column for measure in measures}:
            measures.append(make(name))
    check_names([measure.spec.column for measure in measures])
    return Task(
        space=space,
        measures=tuple(measures),
        n_objectives=len(given),
        limits=tuple(limits),
        generations=config.generations,
        budget=config.budget,
    )


def _run(
    path: Path,
    record: Record,
    task: Task,
    proposer: Algorithm,
    on_progress: Callable[[Progress], None],
) -> Run:
    """Search and write everything; an interrupt, whenever it comes, leaves a usable front."""
    status, columns = "finished", [spec.column for spec in record.columns]
    with contextlib.closing(Store(path / DATABASE, columns)) as store:
        loop = Loop(task, proposer, store)
        try:
            loop.run(on_progress)
        except KeyboardInterrupt:
            status = "interrupted"
    try:
        run = _write(path, record, loop, status)
    except KeyboardInterrupt:
        status = "interrupted"
        run = _write(path, record, loop, status)
    if status == "interrupted":
        raise SearchInterrupted(run)
    return run


def _write(path: Path, record: Record, loop: Loop, status: str) -> Run:
    """Write what a search found, and say in ``run.json`` how it ended."""
    normalisation = None
    if loop.normalisation is not None:
        reference = [REFERENCE] * record.n_objectives
        normalisation = {**asdict(loop.normalisation), "reference": reference}
    replace(record, status=status, normalisation=normalisation, notes=loop.notes).write(path)
    run = Run(path)
    write_front(path, run.front)
    write_report(run)
    return run


def write_report(run: Run) -> Path:
    """Write ``report.html`` into the run's directory; returns its path."""
    from hwnas.report import Provenance, ReportData
    from hwnas.report import write_report as write

    config = run.config
    facts = {
        "Search space": f"{config['space']}, {config['dataset']}",
        "Device": load_device(config["device"]).title if config["device"] else "none",
        "Algorithm": f"{config['algorithm']}, population {config['population']}",
        "Generations": f"{len(run.history)} ({run.record.status})",
        "Architectures evaluated": f"{run.n_evaluated:,}",
        "Constraints": ", ".join(config["constraints"]) or "none",
        "Seed": str(config["seed"]),
        "Versions": ", ".join(f"{name} {v}" for name, v in run.record.versions.items()),
    }
    data = ReportData(
        title=f"Pareto front of {config['space']} on {config['device'] or 'no device'}",
        front=run.front,
        space=run.space,
        history=tuple(
            (generation.n_evaluated, generation.hypervolume)
            for generation in run.history
            if generation.hypervolume is not None
        ),
        facts=facts,
        provenance=tuple(
            Provenance(spec.column, spec.source, spec.detail, _human(spec.figures))
            for spec in run.record.columns
        ),
        notes=run.record.notes,
    )
    write(data, run.path / REPORT)
    return run.path / REPORT


def _human(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {title: figures[name] for name, title in _FIGURES.items() if name in figures}


def load_run(path: str | os.PathLike[str]) -> Run:
    """The run in a directory.

    Raises:
        RunError: The directory holds no run, or a damaged one.
    """
    return Run(Path(path))


def select(
    run: Run,
    at_most: Mapping[str, float] | None = None,
    at_least: Mapping[str, float] | None = None,
    prefer: Mapping[str, float] | None = None,
    method: str | None = None,
) -> Selection:
    """Choose the architecture to ship from a run's front.

    Args:
        run: The run.
        at_most: Largest value allowed, by column.
        at_least: Smallest value allowed, by column.
        prefer: Importance, by column.
        method: ``"knee"``, ``"asf"`` or ``"pseudo-weights"``.

    Raises:
        NoCandidateError: Nothing satisfies the limits.
        UnknownNameError: There is no such column or method.
        ConfigError: A limit or weight cannot be.
    """
    return select_from_front(run.front, at_most or {}, at_least or {}, prefer, method)


def fit_transfer(
    device: str,
    from_space: str,
    to_space: str,
    to_dataset: str | None = None,
    out: str | os.PathLike[str] | None = None,
) -> list[Card]:
    """Extrapolate a device's latency and energy from one space to another.

    Args:
        device: Name of the device.
        from_space: Search space whose published values the cost model is fitted on.
        to_space: Search space to value.
        to_dataset: Its data set; the first one by default.
        out: Folder of predictors; the user's cache by default.

    Returns:
        A card for each quantity; its ``transfer`` says how far such models carried between spaces
        that know the same device. Values are labelled *extrapolated* wherever they are shown.

    Raises:
        UnknownNameError: There is no such device, space or data set.
        ConfigError: The two spaces are one, or the first knows nothing of the device that the
            second does not.
        TableError: A table is not in the cache.
        StorageError: The folder cannot be written.
    """
    from hwnas.predictors.fitting import write_predictor
    from hwnas.predictors.transfer import extrapolate, measure_transfer

    goal = load_space(to_space, dataset=to_dataset)
    start = load_space(from_space)
    if goal.name == start.name:
        raise ConfigError(f"A cost model must go to another space; got {goal.name} twice.")
    target = load_device(device)
    found = [
        known
        for name in ("latency", "energy")
        if not target.tables(name, goal.name, goal.dataset)
        and (known := _known(target, start, name, is_needed=True)) is not None
    ]
    if not found:
        raise ConfigError(
            f"Device '{device}' must have latency or energy on {start.name} that it does not have "
            f"on {goal.name}; it has none. See: hwnas devices show {device}"
        )
    trust = [
        measure_transfer(one, other)
        for name in device_names()
        for here, there in _pairs(start)
        if (one := _known(load_device(name), here, "latency")) is not None
        and (other := _known(load_device(name), there, "latency")) is not None
    ]
    cards = []
    for known in found:
        fitted = extrapolate(known, goal, trust)
        write_predictor(Path(out) if out else search_path()[0], fitted)
        cards.append(fitted.card)
    return cards


def _pairs(start: SearchSpace) -> list[tuple[SearchSpace, SearchSpace]]:
    """Each other space with its first data set, from and to ``start``."""
    others = [load_space(name) for name in SPACES if name != start.name]
    return [pair for other in others for pair in ((start, other), (other, start))]


def _known(
    device: Device, space: SearchSpace, quantity: str, is_needed: bool = False
) -> Known | None:
    """What a table in the cache knows of a device on a space; None if none does.

    Raises:
        TableError: It is needed, and there is such a table, but not in the cache.
    """
    from hwnas.predictors.transfer import Known
    from hwnas.tables import is_cached, load_table

    names = device.tables(quantity, space.name, space.dataset)
    cached = [name for name in names if is_cached(name)]
    for name in cached or (names[:1] if is_needed else ()):
        table = load_table(name)
        column = table.find(quantity, space.dataset, device.name)
        if column is not None:
            return Known(space, table, column)
    return None


def fit(
    table: str,
    columns: Sequence[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    on_column: Callable[[str, Card | None], None] | None = None,
    tolerance: float | None = None,
) -> list[Card]:
    """Fit predictors on the columns of a table.

    Args:
        table: Name of a table in the cache.
        columns: Columns to fit; by default all that hold a quantity and vary.
        out: Folder of predictors; the user's cache by default, where they go before shipped ones.
        seed: Seed of splits and estimators.
        on_column: Called with each column's name and its card when it is fitted; None where the
            column is the same for every architecture.
        tolerance: How far below the best Kendall tau of cross-validation a smaller model may be
            to be preferred; 0.001 by default.

    Returns:
        The cards: what each predicts and how wrong it is on held-out functional classes.

    Raises:
        UnknownNameError: There is no such table or column.
        ConfigError: ``tolerance`` is negative.
        TableError: The table is not in the cache or damaged, or a column has nothing to predict.
        StorageError: The folder cannot be written.
    """
    from hwnas.predictors.fitting import NO_BETTER, fit_column, is_constant, write_predictor
    from hwnas.tables import load_table

    tolerance = NO_BETTER if tolerance is None else tolerance
    if not tolerance >= 0:
        raise ConfigError(f"tolerance must be a Kendall tau of at least 0; got {tolerance:g}.")
    source = load_table(table)
    by_name = {column.name: column for column in source.columns}
    for name in columns or ():
        if name not in by_name:
            raise UnknownNameError("column", name, by_name, f"hwnas tables show {table} --columns")
    chosen = columns or [column.name for column in source.columns if column.quantity]
    if not chosen:
        raise ConfigError(f"Table '{table}' holds no quantity that can be predicted.")
    cards = []
    for name in chosen:
        column = by_name[name]
        space = load_space(source.space, dataset=column.dataset)
        card = None
        if columns or not is_constant(space, source, column):
            fitted = fit_column(space, source, column, seed, tolerance=tolerance)
            write_predictor(Path(out) if out else search_path()[0], fitted)
            card = fitted.card
            cards.append(card)
        if on_column is not None:
            on_column(name, card)
    return cards
