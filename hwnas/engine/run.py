"""A run: a directory with its configuration, every trial in order, its front and report."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.choose.front import Front, as_numbers
from hwnas.core import arguments
from hwnas.core.arguments import checked, kind_of, whole
from hwnas.core.classes import listed_classes
from hwnas.core.display import Listing
from hwnas.core.space import SearchSpace
from hwnas.engine.progress import Generation, Tracker
from hwnas.engine.record import DATABASE, Record, read_record
from hwnas.engine.store import read_history
from hwnas.engine.trials import History, Results, Trials
from hwnas.errors import HwnasError, RunError
from hwnas.objectives.indicators import minimised, non_dominated
from hwnas.spaces import load_space

if TYPE_CHECKING:
    import pandas as pd


class Run:
    """A finished or interrupted run.

    Args:
        path: Its directory.
        record: What its ``run.json`` says.
        history: What its store holds.
        space: Its search space; loaded by name and options by default.
        generations: How far the search had come after each generation; found out by default.
    """

    @checked(
        path=kind_of(Path, what="a pathlib.Path"),
        record=kind_of(Record, what="the record of a run"),
        history=kind_of(History, what="the history of a run"),
        space=kind_of(SearchSpace, what="a search space"),
    )
    def __init__(
        self,
        path: Path,
        record: Record,
        history: History,
        space: SearchSpace | None = None,
        generations: tuple[Generation, ...] | None = None,
    ) -> None:
        self.path = path
        self.record = record
        self._asks = history.asks
        self._trials: Trials = history.trials.finished()
        self._fidelities = tuple(record.config.get("fidelities") or ())
        self._space, self._generations = space, generations

    @classmethod
    def load(cls, path: Path) -> Run:
        """The run in a directory.

        Raises:
            RunError: The directory holds no run, or a damaged one.
        """
        path = Path(arguments.path("path", path))
        record = read_record(path)
        columns = [spec.column for spec in record.columns]
        history = read_history(path / DATABASE, columns, record.limits)
        if record.status == "finished" and not history.asks:
            raise RunError(
                f"{path / DATABASE} must hold the evaluations of a finished run; it is empty. "
                "Make them again with --resume."
            )
        return cls(path, record, history)

    @property
    def config(self) -> dict[str, Any]:
        """What was asked for: space, device, objectives, seed and so on."""
        return self.record.config

    @cached_property
    def space(self) -> SearchSpace:
        """Search space with its data set and options."""
        if self._space is not None:
            return self._space
        config = self.config
        return load_space(config["space"], dataset=config["dataset"], **config["options"])

    @cached_property
    def history(self) -> tuple[Generation, ...]:
        """How far the search had come after each generation."""
        if self._generations is not None:
            return self._generations
        record = self.record
        tracker = Tracker(record.columns, record.n_objectives, self.config.get("budget"))
        for number, ask in enumerate(self._asks, start=1):
            if any(ask.told):
                is_new = self._trials.ask == number
                shares, counts = self.shares[is_new], self._counts[is_new]
                share = shares[0] if len(shares) else 1.0
                tracker.add(self._results.part(is_new), share, float(shares[counts].sum()))
        return tuple(tracker.generations)

    @cached_property
    def shares(self) -> np.ndarray:
        """What each evaluation is of one in full, shape ``(n_evaluated,)``."""
        if not self._fidelities:
            return np.ones(len(self._trials))
        return np.asarray(self._trials.fidelity / self._fidelities[-1])

    @property
    def is_full(self) -> np.ndarray:
        """Which evaluations are in full, booleans of shape ``(n_evaluated,)``."""
        return np.asarray(self.shares == 1)

    @property
    def _counts(self) -> np.ndarray:
        """Which evaluations count towards a budget, shape ``(n_evaluated,)``."""
        is_free = all(spec.stage < 2 for spec in self.record.columns)
        return np.ones(len(self._trials), bool) if is_free else self._results.is_single

    @property
    def _results(self) -> Results:
        return self._trials.results

    @property
    def n_evaluated(self) -> int:
        """Distinct architectures evaluated, those that failed among them.

        One that was evaluated at several fidelities counts at each; see ``spent``.
        """
        return len(self._trials)

    @property
    def spent(self) -> float:
        """What counts towards a budget, each as the share of one in full that its fidelity is.

        Where something is evaluated one by one, what a limit ruled out before does not count.
        """
        if not self._fidelities:
            return float(self._counts.sum())
        # The sum of whole fidelities is exact, that of their shares is not.
        return float(self._trials.fidelity[self._counts].sum() / self._fidelities[-1])

    @property
    def worth(self) -> str:
        """What follows the number of evaluations in words: ``, worth 30 in full``, or nothing."""
        return f", worth {self.spent:,.6g} in full" if self._fidelities else ""

    @cached_property
    def costs(self) -> np.ndarray:
        """What each evaluation takes of a budget, shape ``(n_evaluated,)``; in all, ``spent``."""
        return np.where(self._counts, self.shares, 0.0)

    @cached_property
    def evaluated(self) -> np.ndarray:
        """Values of the objectives in the order asked, shape ``(n_evaluated, n_objectives)``.

        Rows of NaN for what failed, broke a limit, lacks a value or is not in full.
        """
        values = self._results.values[:, : self.record.n_objectives, 0]
        return np.where((self._results.is_feasible & self.is_full)[:, None], values, np.nan)

    @cached_property
    def is_exhaustive(self) -> bool:
        """Whether every functional class of its space was evaluated, where those can be listed."""
        classes = listed_classes(self.space)
        return classes is not None and int(self.is_full.sum()) >= len(classes)

    @property
    def lacks_full(self) -> str:
        """What to say where nothing was evaluated in full and the front is empty; or nothing."""
        if self.is_full.any() or not self.n_evaluated:
            return ""
        return f"Nothing was evaluated in full, at {self._fidelities[-1]:g}: the front is empty."

    @property
    def n_failed(self) -> int:
        """How many of them failed."""
        return len(self.errors)

    @property
    def n_unknown(self) -> int:
        """How many lack the value of an objective."""
        return int((self._results.status == "unknown").sum())

    @cached_property
    def errors(self) -> tuple[str, ...]:
        """What those that failed raised, in the order asked."""
        return tuple(self._results.error[self._results.status == "failed"])

    @cached_property
    def evaluations(self) -> pd.DataFrame:
        """One row for each distinct architecture, at each fidelity if there are any, as asked.

        Columns ``arch``, ``generation``, ``fidelity`` if there are any, then one for each objective
        and for each thing told beside them, in its own unit, NaN where unknown, whole numbers of
        what is counted; ``feasible``; ``status``, which tells ``done``, ``infeasible`` (breaks a
        limit), ``unknown`` (lacks an objective) and ``failed`` apart; and ``error``, what a failed
        one raised.
        """
        import pandas as pd

        seen = self._trials
        data: dict[str, Any] = {"arch": list(seen.archs), "generation": seen.ask}
        if self._fidelities:
            is_whole = all(isinstance(each, int) for each in self._fidelities)
            data["fidelity"] = seen.fidelity.astype(int) if is_whole else seen.fidelity
        for column, spec in enumerate(self.record.columns):
            data[spec.column] = as_numbers(pd.Series(self._results.values[:, column, 0]), spec)
        return pd.DataFrame(
            {
                **data,
                "feasible": self._results.is_feasible,
                "status": self._results.status,
                "error": self._results.error,
            }
        )

    @cached_property
    def front(self) -> Front:
        """The feasible architectures nothing feasible beats, the best in the first objective first.

        Empty where nothing was feasible; only what was evaluated in full counts.
        """
        return self.front_after(len(self._trials))

    def front_after(self, n_evaluated: int) -> Front:
        """The front of the first architectures evaluated, in the same order.

        Args:
            n_evaluated: How many of them count.
        """
        record, n_evaluated = self.record, whole(at_least=0)("n_evaluated", n_evaluated)
        counts = self._results.is_feasible & self.is_full
        feasible = np.flatnonzero(counts[:n_evaluated])
        values = self._results.values[feasible, : record.n_objectives, 0]
        values = minimised(values, record.objectives)
        kept = non_dominated(values)
        order = np.lexsort(values[kept].T[::-1])
        front = self._table(feasible[kept][order])
        return front if len(front) else replace(front, why_empty=self._why_empty(n_evaluated))

    def _why_empty(self, n_evaluated: int) -> str:
        """Why the front of the first architectures evaluated is empty."""
        if not self._results.is_finished[:n_evaluated].any():
            return "nothing was evaluated"
        is_full = self.is_full[:n_evaluated]
        if not is_full.any():
            return f"nothing was evaluated in full, at {self._fidelities[-1]:g}"
        ended = set(self._results.status[:n_evaluated][is_full])
        if "infeasible" in ended:
            return "nothing keeps the limits"
        return "nothing has all values" if "unknown" in ended else "all evaluations failed"

    @property
    def infeasible(self) -> Front:
        """All architectures that broke a limit, in the order asked, in the form of a front.

        Of what was evaluated in full.
        """
        is_out = (self._results.status == "infeasible") & self.is_full
        return self._table(np.flatnonzero(is_out))

    def _table(self, rows: np.ndarray) -> Front:
        chosen = self._trials.part(rows)
        table = chosen.results.values
        return Front(
            archs=chosen.archs,
            columns=self.record.columns,
            values=table[:, :, 0],
            lower=table[:, :, 1],
            upper=table[:, :, 2],
            n_objectives=self.record.n_objectives,
            space=self._space_if_known(),
        )

    def _space_if_known(self) -> SearchSpace | None:
        """Its search space; None where that is nowhere registered: a front can be read without."""
        try:
            return self.space
        except HwnasError:
            return None

    def to_frame(self) -> pd.DataFrame:
        """What was evaluated, as ``evaluations`` holds it; the front has a frame of its own."""
        return self.evaluations.copy()

    def __repr__(self) -> str:
        return f"{self._listing().text()}\n{self.front!r}"

    def _repr_html_(self) -> str:
        return f"{self._listing().html()}{self.front._repr_html_()}"

    def _listing(self) -> Listing:
        """What was searched and how far it came."""
        record, config = self.record, self.config
        where = f"{config['space']} ({config['dataset']}) on {config['device'] or 'no device'}"
        limits = f"; limits {', '.join(record.limits)}" if record.limits else ""
        objectives = ", ".join(spec.column for spec in record.objectives)
        return Listing(
            [
                f"Run in {self.path}, {record.status}: {where}, "
                f"{config.get('algorithm', 'unknown algorithm')}, seed {config['seed']}, "
                f"{self.n_evaluated:,} evaluated{self.worth}",
                f"Objectives {objectives}{limits}",
            ]
        )
