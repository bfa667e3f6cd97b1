"""The Python API: the jobs of the command line as functions, loaded when they are first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwnas._names import between_commas, quoted
    from hwnas.api._backends import BackendStatus, backend_statuses, in_words, load_backend
    from hwnas.api._checklist import checklist, checklist_markdown, checklist_record
    from hwnas.api._device_choice import DEFAULT_SAMPLE, choose_device, device_choice_record
    from hwnas.api._devices import (
        device_names,
        device_predictors,
        device_record,
        load_device,
        searchable,
        tables_of,
    )
    from hwnas.api._energy import attach_energy, meter_statuses
    from hwnas.api._explain import explain, explanations, first, label_of, legend_of
    from hwnas.api._export import check_destination, export, export_record
    from hwnas.api._fit import (
        fit,
        fit_quality_transfer,
        next_search,
        predictor_records,
        predictors_dir,
    )
    from hwnas.api._lists import listed, names, summaries
    from hwnas.api._measure import Plan, parse_mode, profile
    from hwnas.api._new_device import (
        MIN_BUDGET,
        add_device,
        learned_record,
        recheck_device,
        recheck_record,
    )
    from hwnas.api._objectives import (
        COUNTED,
        INEXACT,
        lacking_skill,
        make_objective,
        objective,
        objective_name,
        scored_names,
        skill_note,
    )
    from hwnas.api._profiled import Profiled, profiled_record
    from hwnas.api._proxies import (
        choose_architectures,
        n_cores,
        plan_scoring,
        score_rows,
        sweep,
        unscored_notes,
    )
    from hwnas.api._report import (
        check_picture,
        compare_curves,
        compare_runs,
        open_page,
        verdict,
        write_comparison,
        write_curves,
        write_picture,
        write_report,
    )
    from hwnas.api._runs import (
        DEFAULT_LIMIT_AT,
        Share,
        check_feasible,
        front_record,
        limit_notes,
        load_run,
        parse_assignments,
        parse_goals,
        parse_limit,
        select,
        selection_record,
        shown_columns,
        sweep_limits,
        sweep_record,
    )
    from hwnas.api._sample import Sample, sample, sample_record
    from hwnas.api._search import (
        DEFAULT_BUDGET,
        DEFAULT_GENERATIONS,
        Change,
        SearchInterrupted,
        search,
    )
    from hwnas.api._spaces import is_space, space_of, spaces, spaces_with
    from hwnas.api._sustain import parse_duration, sustain
    from hwnas.api._tables import (
        import_tables,
        load_audit,
        load_table_card,
        pull_tables,
        table_record,
        tables,
        unused_rows,
    )
    from hwnas.api._values import (
        INPUTS,
        numbers_by_column,
        predict,
    )
    from hwnas.core.numbers import hint, parse_number, parse_whole

_HOMES = {
    "_checklist": ("checklist", "checklist_markdown", "checklist_record"),
    "_device_choice": ("DEFAULT_SAMPLE", "choose_device", "device_choice_record"),
    "_devices": (
        "device_names",
        "device_predictors",
        "device_record",
        "load_device",
        "searchable",
        "tables_of",
    ),
    "_energy": ("attach_energy", "meter_statuses"),
    "_explain": (
        "explain",
        "explanations",
        "first",
        "label_of",
        "legend_of",
    ),
    "_export": ("check_destination", "export", "export_record"),
    "_fit": (
        "fit",
        "fit_quality_transfer",
        "next_search",
        "predictor_records",
        "predictors_dir",
    ),
    "_lists": ("listed", "names", "summaries"),
    "_backends": ("BackendStatus", "backend_statuses", "in_words", "load_backend"),
    "_measure": ("Plan", "parse_mode", "profile"),
    "_profiled": ("Profiled", "profiled_record"),
    "_sustain": ("parse_duration", "sustain"),
    "_new_device": (
        "MIN_BUDGET",
        "add_device",
        "recheck_device",
        "recheck_record",
        "learned_record",
    ),
    "_proxies": (
        "choose_architectures",
        "n_cores",
        "plan_scoring",
        "score_rows",
        "scored_names",
        "sweep",
        "unscored_notes",
    ),
    "_report": (
        "check_picture",
        "compare_curves",
        "compare_runs",
        "open_page",
        "verdict",
        "write_comparison",
        "write_curves",
        "write_picture",
        "write_report",
    ),
    "_runs": (
        "DEFAULT_LIMIT_AT",
        "Share",
        "check_feasible",
        "front_record",
        "limit_notes",
        "load_run",
        "parse_assignments",
        "parse_goals",
        "parse_limit",
        "select",
        "selection_record",
        "shown_columns",
        "sweep_limits",
        "sweep_record",
    ),
    "_search": (
        "DEFAULT_BUDGET",
        "DEFAULT_GENERATIONS",
        "Change",
        "SearchInterrupted",
        "search",
    ),
    "_sample": ("Sample", "sample", "sample_record"),
    "_spaces": (
        "is_space",
        "space_of",
        "spaces",
        "spaces_with",
    ),
    "_tables": (
        "import_tables",
        "load_audit",
        "load_table_card",
        "pull_tables",
        "table_record",
        "tables",
        "unused_rows",
    ),
    "_transfers": ("fit_transfer",),
    "_objectives": (
        "COUNTED",
        "INEXACT",
        "lacking_skill",
        "make_objective",
        "objective",
        "objective_name",
        "scored_names",
        "skill_note",
    ),
    "_values": (
        "INPUTS",
        "numbers_by_column",
        "predict",
    ),
}
_HOME_OF = {
    **{name: f"hwnas.api.{home}" for home, names in _HOMES.items() for name in names},
    # Numbers are read before anything else is, often without it.
    **dict.fromkeys(("hint", "parse_number", "parse_whole"), "hwnas.core.numbers"),
    **dict.fromkeys(("between_commas", "quoted"), "hwnas._names"),
}

__all__ = [
    "COUNTED",
    "DEFAULT_BUDGET",
    "DEFAULT_GENERATIONS",
    "DEFAULT_LIMIT_AT",
    "DEFAULT_SAMPLE",
    "INEXACT",
    "INPUTS",
    "MIN_BUDGET",
    "BackendStatus",
    "Change",
    "Plan",
    "Profiled",
    "Sample",
    "SearchInterrupted",
    "Share",
    "add_device",
    "attach_energy",
    "backend_statuses",
    "between_commas",
    "check_destination",
    "check_feasible",
    "check_picture",
    "checklist",
    "checklist_markdown",
    "checklist_record",
    "choose_architectures",
    "choose_device",
    "compare_curves",
    "compare_runs",
    "device_choice_record",
    "device_names",
    "device_predictors",
    "device_record",
    "explain",
    "explanations",
    "export",
    "export_record",
    "first",
    "fit",
    "fit_quality_transfer",
    "fit_transfer",
    "front_record",
    "hint",
    "import_tables",
    "in_words",
    "is_space",
    "label_of",
    "lacking_skill",
    "learned_record",
    "legend_of",
    "limit_notes",
    "listed",
    "load_audit",
    "load_backend",
    "load_device",
    "load_run",
    "load_table_card",
    "make_objective",
    "meter_statuses",
    "n_cores",
    "names",
    "next_search",
    "numbers_by_column",
    "objective",
    "objective_name",
    "open_page",
    "parse_assignments",
    "parse_duration",
    "parse_goals",
    "parse_limit",
    "parse_mode",
    "parse_number",
    "parse_whole",
    "plan_scoring",
    "predict",
    "predictor_records",
    "predictors_dir",
    "profile",
    "profiled_record",
    "pull_tables",
    "quoted",
    "recheck_device",
    "recheck_record",
    "sample",
    "sample_record",
    "score_rows",
    "scored_names",
    "search",
    "searchable",
    "select",
    "selection_record",
    "shown_columns",
    "skill_note",
    "space_of",
    "spaces",
    "spaces_with",
    "summaries",
    "sustain",
    "sweep",
    "sweep_limits",
    "sweep_record",
    "table_record",
    "tables",
    "tables_of",
    "unscored_notes",
    "unused_rows",
    "verdict",
    "write_comparison",
    "write_curves",
    "write_picture",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """A public name; ``hwnas --help`` needs none of them."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'hwnas.api' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
