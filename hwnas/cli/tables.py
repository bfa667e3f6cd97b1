"""``hwnas tables``: the published tables and the user's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnas.cli._console import console, print_json
from hwnas.cli._help import Listing, Pages, examples
from hwnas.cli._space import OptionTexts, completed

if TYPE_CHECKING:
    from rich.table import Table as Grid

    from hwnas.tables import Audit, Table
    from hwnas.tables.catalogue import Entry
    from hwnas.tables.pairs import ColumnPair
    from hwnas.tables.store import TableCard

app = Pages(cls=Listing, help="Published tables and your own: list, pull, import, audit, show.")

Name = Annotated[
    str,
    typer.Argument(
        help="Name of a table; see: hwnas tables list.", autocompletion=completed("table")
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

MAX_PAIRS = 8
MOSTLY = 0.5
"""Share of one value from which a column is told to be nearly constant."""


@app.command("list")
@examples("hwnas tables", "hwnas tables list --json")
def list_tables(as_json: AsJson = False) -> None:
    """List the tables: the published ones and your own."""
    from hwnas import api

    if as_json:
        print_json([_record(entry) for entry in api.tables()])
        return
    grid = _grid("name", "space", ">rows", "in cache", "title")
    for entry in api.tables():
        n_rows = ", ".join(f"{each:,}" for each in entry.n_rows)
        is_here = "shipped" if entry.origin == "shipped" else "yes" if entry.is_here else "no"
        grid.add_row(entry.name, entry.space, n_rows, is_here, entry.title)
    console().print(grid)


def _record(entry: Entry) -> dict[str, Any]:
    """What the list tells of a table."""
    return {
        "name": entry.name,
        "title": entry.title,
        "space": entry.space,
        "options": None if entry.options is None else dict(entry.options),
        "n_rows": list(entry.n_rows),
        "n_columns": len(entry.columns),
        "origin": entry.origin,
        "is_here": entry.is_here,
    }


@app.command()
@examples(
    "hwnas tables pull hw-nas-bench",
    "hwnas tables pull all",
)
def pull(name: Name) -> None:
    """Fetch the files of a published table, check them and import it; NAME may be "all"."""
    from hwnas import api

    for table in api.pull_tables(name):
        _tell_imported(table)


@app.command("import")
@examples(
    "hwnas tables import my-table --from measured.csv --space nasbench201",
    "hwnas tables import hw-nas-bench",
)
def import_(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Folder of published files (default: $HWNAS_UPSTREAM, then what was pulled), your "
            "own .csv or .parquet file, or HW-NAS-Bench-v1_0.pickle.",
        ),
    ] = None,
    space: Annotated[
        str | None, typer.Option("--space", help="Search space of your own file's rows.")
    ] = None,
    option: OptionTexts = None,
) -> None:
    """Import a published table, or your own under a new NAME; NAME may be "all".

    NAME hw-nas-bench-official reads HW-NAS-Bench's own file; nothing in it is run.
    """
    from hwnas import api

    for table in api.import_tables(name, source, space, option):
        _tell_imported(table)


def _tell_imported(table: Table) -> None:
    from hwnas import api

    lines = [f"Imported {table.name}: {len(table):,} rows, {len(table.columns)} columns."]
    n_nulled = sum(nulled.count for nulled in table.nulled)
    if n_nulled:
        lines.append(f'{n_nulled:,} cells stood for "not measured" and are null.')
    if table.ignored:
        lines.append(f"Left out, not named by the rule: {', '.join(table.ignored)}.")
    lines += [f"Note: {note}." for note in table.notes]
    lines += api.unused_rows(api.load_audit(table.name))
    lines.append(f"What bites in it: hwnas tables audit {table.name}")
    # Predictors of published tables ship.
    if table.n_values and not any("repository" in source for source in table.sources):
        lines.append(f"Next    hwnas fit {table.name}")
    _say(*lines)


@app.command()
@examples(
    "hwnas tables audit hw-nas-bench",
)
def audit(name: Name, as_json: AsJson = False) -> None:
    """Tell what bites in a table: stand-ins, gaps, columns that are one, spread, and more."""
    import dataclasses

    from hwnas import api

    found = api.load_audit(name)
    if as_json:
        print_json(dataclasses.asdict(found))
        return
    _say(f"{name}: {found.n_rows:,} rows, {found.n_classes:,} functional classes")
    _say(*_row_findings(found), *_column_findings(found), *_pair_findings(found))
    told = [
        column
        for column in found.columns
        if column.n_null or column.class_spread_median is not None
    ]
    if not told:
        return
    _say("", "Spread within functional classes is noise: median difference, p95 of the ratio.")
    grid = _grid("column", ">null", ">median", ">ratio")
    for column in told:
        grid.add_row(
            column.name,
            f"{column.n_null:,}" if column.n_null else "",
            _number(column.class_spread_median),
            "" if column.class_factor_p95 is None else f"x {column.class_factor_p95:.2f}",
        )
    console().print(grid)


def _row_findings(found: Audit) -> list[str]:
    from hwnas import api

    lines = [f"- {line}" for line in api.unused_rows(found)]
    if found.n_unknown:
        lines.append(f"- {found.n_unknown:,} rows are no architectures of the space")
    if found.n_absent:
        lines.append(f"- {found.n_absent:,} architectures of the space have no row")
    repeats = [each for each in found.repeats if each.spread_max > 0]
    if repeats:
        lines.append("- architectures that stood more than once are the mean of their values:")
    lines += [
        f"    {each.column}: {each.n_archs:,}, which differ by {each.spread_median:.3g} (median), "
        f"{each.spread_max:.3g} at most"
        for each in repeats
    ]
    return lines


def _column_findings(found: Audit) -> list[str]:
    lines = []
    for column in found.columns:
        notes = [
            f"{each.value:g} stood for not measured, now null ({each.count:,} cells)"
            for each in column.nulled
        ]
        notes += [
            f"{each.value:g} looks like a stand-in ({each.count:,} cells)"
            for each in column.suspects
        ]
        if column.is_sum:
            notes.append("exactly a sum over genes: looked up by operator, not measured")
        if column.is_whole:
            notes.append("whole numbers only: a coarse clock, many ties")
        if column.mode_share is not None and column.mode_share >= MOSTLY:
            percent = 100 * column.mode_share
            notes.append(f"{column.mode:g} in {percent:.0f} % of connected rows")
        lines += [f"- {column.name}: {note}" for note in notes]
    return lines


def _pair_findings(found: Audit) -> list[str]:
    """Pairs within one device first; those across devices and data sets are cut short."""
    inside = [pair for pair in found.pairs if pair.same_device]
    across = [pair for pair in found.pairs if not pair.same_device]
    lines = ["- one objective, not two (rank correlation or exact factor):"] if inside else []
    lines += [f"    {_pair(pair)}" for pair in inside]
    if across:
        lines.append("- alike across devices, data sets or conditions:")
        lines += [f"    {_pair(pair)}" for pair in across[:MAX_PAIRS]]
    if len(across) > MAX_PAIRS:
        lines.append(f"    and {len(across) - MAX_PAIRS} more pairs; --json lists them")
    return lines


def _pair(pair: ColumnPair) -> str:
    if pair.factor is not None:
        return f"{pair.first} = {pair.factor:.3f} x {pair.second}"
    return f"{pair.rho:.3f}  {pair.first} ~ {pair.second}"


@app.command()
@examples(
    "hwnas tables show hw-nas-bench --columns",
)
def show(
    name: Name,
    as_json: AsJson = False,
    columns: Annotated[bool, typer.Option("--columns", help="List the columns.")] = False,
) -> None:
    """Show a table's card: rows, columns, sources, licence, hash."""
    from hwnas import api

    if as_json:
        print_json(api.table_record(name))
        return
    card = api.load_table_card(name)
    options = ", ".join(f"{key}={value}" for key, value in (card.options or {}).items())
    _say(
        f"{name}: {card.title}",
        f"{card.n_rows:,} rows of {card.space}, {len(card.columns)} columns",
        *([f"options of the space: {options}"] if options else []),
        f"sha256 {card.sha256}",
        *(_source(source) for source in card.sources),
    )
    if columns:
        console().print(_columns_grid(card))
        return
    if card.is_additive:
        _say("values are sums over genes: these rows give that of every other architecture")
    kinds = Counter(column.quantity or "other" for column in card.columns)
    counted = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    _say(f"columns: {counted}; --columns lists them")


def _source(source: dict[str, Any]) -> str:
    if "repository" not in source:
        return f"from {source['path']}, {source['bytes']:,} bytes"
    return (
        f"from {source['repository']}, {source['upstream_path']} at {source['commit'][:10]}; "
        f"licence: {source['licence']}"
    )


def _columns_grid(card: TableCard) -> Grid:
    n_null = {column.name: column.n_null for column in card.audit.columns}
    # The data set stands in the name.
    grid = _grid("column", "quantity", "device", "unit", ">null")
    for column in card.columns:
        mark = " (default)" if column.is_default else ""
        grid.add_row(
            f"{column.name}\n  {column.detail}{mark}",
            *(each or "" for each in (column.quantity, column.device, column.unit)),
            f"{n_null.get(column.name, 0):,}",
        )
    return grid


def _grid(*headings: str) -> Grid:
    """An empty grid; a heading that begins with ``>`` is a column of numbers."""
    from rich.table import Table as Grid

    grid = Grid(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for heading in headings:
        grid.add_column(
            heading.removeprefix(">"),
            justify="right" if heading.startswith(">") else "left",
            overflow="fold",
            no_wrap=heading.startswith(">"),
        )
    return grid


def _number(value: float | None) -> str:
    """A number for people; what floating point leaves of an exact zero is 0."""
    if value is None:
        return ""
    return "0" if abs(value) < 1e-9 else f"{value:.3g}"


def _say(*lines: str) -> None:
    for line in lines:
        console().print(line, markup=False)
