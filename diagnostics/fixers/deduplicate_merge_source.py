"""Keep the newest source row per merge key before a MERGE.

The set of merge keys stays the same (diagnostics/merge_sql.py says why). What changes is which of several source rows
with one key is merged: before none was, since the MERGE failed. The newest is chosen by an ingest or processing time.
Where no such column is known, or where a WHEN clause deletes, asks for values of the source or adds to what the target
has, so that older rows may count as well, the choice is a person's: `needs_approval`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from diagnostics.lineage import same_table
from diagnostics.merge_sql import MergeStatement, deduplicated_source, merge_statements, same_but_source
from diagnostics.models import BundleSnapshot, Diagnosis, FileEdit, FixPlan
from diagnostics.sources import programs
from diagnostics.sql_regions import SqlRegion, sql_regions
from knowledge.pattern import Applicability
from workspace.models import Evidence, TableShape

NAME = "deduplicate_merge_source"

ORDER_COLUMNS = (
    "extract_timestamp",
    "extract_ts",
    "extracted_at",
    "processed_timestamp",
    "processed_at",
    "processing_timestamp",
    "processing_ts",
    "processed_ts",
    "ingest_timestamp",
    "ingest_ts",
    "ingested_at",
    "ingestion_timestamp",
    "ingestion_ts",
    "load_timestamp",
    "load_ts",
    "loaded_at",
    "updated_at",
    "update_timestamp",
    "update_ts",
    "last_updated",
    "modified_at",
)
"""Columns that tell when a row was taken from its source, arrived or changed, the most telling first.

All that the source has are used in this order, since rows of one batch often share their processing time. A leading
underscore of a column is looked past.
"""

GUESSED_SUFFIXES = ("_ts", "_timestamp")
"""A single other column with such a name may as well be a time of the business, so it is proposed, not applied."""


@dataclass(frozen=True)
class _Found:
    path: str
    region: SqlRegion
    merge: MergeStatement

    @property
    def start(self) -> int:
        return self.region.start + self.merge.start


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
    """Propose a deduplicated source for the failing MERGE; None when it cannot be told which one fails."""
    found = _failing(list(_merges(diagnosis, evidence, snapshot)), diagnosis, evidence, snapshot)
    if found is None or found.merge.is_deduplicated or _has_computed_names(found, snapshot):
        return None
    text = snapshot.files[found.path]
    columns, certain = _order_columns(_source_columns(found, text, evidence.tables))
    edit = _edit(found, text, columns)
    if edit is None:
        return None
    keys = ", ".join(found.merge.keys)
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Keep one source row per {keys} before the MERGE in {found.path}",
        reason=f"{diagnosis.title} {_what_is_merged(found.merge, keys, columns)}",
        applicability=Applicability.SAFE
        if certain and not found.merge.depends_on_row
        else Applicability.NEEDS_APPROVAL,
        edits=(edit,),
    )


def _what_is_merged(merge: MergeStatement, keys: str, columns: tuple[str, ...]) -> str:
    how = f"the newest by {columns[0]}" if columns else "one chosen by content, as no column tells which is newer"
    if merge.depends_on_row:
        return (
            f"Of the rows with the same {keys}, {how}, is kept. A WHEN clause deletes, asks for values of the source, "
            "or adds to the target: an older row may have been meant to change what the kept one does not."
        )
    return f"Of the rows with the same {keys}, {how}, is merged; every key of the source stays."


def _has_computed_names(found: _Found, snapshot: BundleSnapshot) -> bool:
    """Tell whether the ON clause holds a placeholder: what it stands for, and so the keys, is not known here."""
    start, end = found.merge.on_start, found.merge.on_end
    written = snapshot.files[found.path][found.region.start + start : found.region.start + end]
    read = found.region.text[start:end]
    # Escapes that lay out the text and the prefix of a cell's line are read as blanks.
    return "{" in written or any(ours not in (theirs, " ") for ours, theirs in zip(read, written, strict=True))


def _merges(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> Iterator[_Found]:
    resource = next((r for r in snapshot.resolved.resources if r.key == evidence.resource), None)
    found = programs(resource, snapshot) if resource else ()
    own = [program for program in found if program.task_key == diagnosis.task_key] or found
    for path in dict.fromkeys(program.path for program in own):
        for region in sql_regions(path, snapshot.files[path]):
            for merge in merge_statements(region.text):
                yield _Found(path=path, region=region, merge=merge)


def _failing(found: list[_Found], diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> _Found | None:
    """Choose by the line of the failure, then by the table that the evidence names; never guess between two."""
    chosen = found
    location = diagnosis.location
    if len(chosen) > 1 and location and location.line:
        chosen = [
            item for item in found if item.path == location.path and _holds(item, location.line, snapshot)
        ] or found
    if len(chosen) > 1:
        said = " ".join(f"{f.text} {f.last_step or ''} {f.source_excerpt} {f.logs}" for f in evidence.failures).lower()
        chosen = [item for item in chosen if item.merge.target.rpartition(".")[2] in said]
    return chosen[0] if len(chosen) == 1 else None


def _holds(item: _Found, line: int, snapshot: BundleSnapshot) -> bool:
    text = snapshot.files[item.path]
    # A trace names the line of the call, which may stand one line above its string.
    first = text.count("\n", 0, item.start)
    last = text.count("\n", 0, item.region.start + item.merge.end) + 1
    return first <= line <= last


def _source_columns(found: _Found, text: str, tables: tuple[TableShape, ...]) -> tuple[str, ...]:
    """Return the columns that the source is known to have."""
    merge = found.merge
    known = list(merge.columns)
    if isinstance(merge.source, exp.Subquery):
        select = merge.source.this
        known += [name for name in getattr(select, "named_selects", []) if name != "*"]
        read = list(select.find_all(exp.Table)) if getattr(select, "is_star", False) else []
    else:
        read = [merge.source] if isinstance(merge.source, exp.Table) else []
    # A name that does not stand in the file was made in part by a placeholder.
    known = [name for name in known if name.lower() in text.lower()]
    names = [".".join(part.name for part in table.parts) for table in read]
    if merge.takes_all_columns:
        names.append(merge.target)
    for name in names:
        wildcards = ".".join("*" if _is_placeholder(part) else part for part in name.split("."))
        known += [column for shape in tables if same_table(shape.name, wildcards) for column in shape.columns]
    return tuple(dict.fromkeys(column.lower() for column in known))


def _is_placeholder(name: str) -> bool:
    """Tell a name that stands for a placeholder of the file (diagnostics/sql_regions.py) from a real one."""
    return len(name) > 2 and set(name) == {"p"}


def _order_columns(columns: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the columns to order by, and whether they certainly tell which row is newer."""
    plain = {column.lstrip("_"): column for column in columns}
    known = tuple(plain[name] for name in ORDER_COLUMNS if name in plain)
    if known:
        return known, True
    guessed = tuple(column for column in columns if column.endswith(GUESSED_SUFFIXES))
    return (guessed, False) if len(guessed) == 1 else ((), False)


def _edit(found: _Found, text: str, columns: tuple[str, ...]) -> FileEdit | None:
    """Return the edit, None when the new file does not read as the same MERGE with another source."""
    merge, region = found.merge, found.region
    start, end = region.start + merge.source_start, region.start + merge.source_end
    line_start = text.rfind("\n", 0, start) + 1
    indent = text[line_start : len(text[line_start:]) - len(text[line_start:].lstrip(" ")) + line_start]
    newline = "\r\n" if "\r\n" in text else "\n"
    breaks = region.may_break_lines and "\n" in region.text[merge.start : merge.end]
    new = deduplicated_source(text[start:end], merge, columns, f"{newline}{indent}" if breaks else None)
    after = text[:start] + new + text[end:]
    return FileEdit(path=found.path, before=text, after=after) if _reads_the_same(found, after) else None


def _reads_the_same(found: _Found, after: str) -> bool:
    if found.path.endswith(".py"):
        try:
            ast.parse(after)
        except (SyntaxError, ValueError):
            return False
    return any(
        merge.start == found.merge.start and same_but_source(found.merge, merge)
        for region in sql_regions(found.path, after)
        if region.start == found.region.start
        for merge in merge_statements(region.text)
    )
