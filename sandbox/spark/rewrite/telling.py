"""SHOW, DESCRIBE and EXPLAIN: Spark answers, and its names and columns become Databricks'."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlglot import Token

from sandbox import privileges
from sandbox.metastore import Kind
from sandbox.spark.rewrite import keys, names
from sandbox.spark.rewrite.objects import require_catalog, schemas_of
from sandbox.spark.rewrite.reader import Reader
from sandbox.spark.rewrite.session import Plan, Session, answer
from sandbox.spark.sqltext import word, words

_RENAMED = {"namespace": "database"}
"""Columns that Databricks calls by another name than Spark."""


def show(reader: Reader, session: Session) -> Plan | None:
    """Answer those SHOW statements that Spark cannot; None for the rest."""
    what = word(reader.tokens, 1)
    readers: dict[str, Callable[[Reader, Session], Plan]] = {
        "CATALOGS": _catalogs,
        "SCHEMAS": _schemas,
        "DATABASES": _schemas,
        "VOLUMES": _volumes,
    }
    if what not in readers:
        return None
    reader.at = 2
    return readers[what](reader, session)


def is_telling(tokens: Sequence[Token]) -> bool:
    """Whether a statement's answer is names and definitions, not data."""
    first, second = words(tokens, 0, 2)
    return first in ("SHOW", "EXPLAIN") or (first in ("DESCRIBE", "DESC") and second != "HISTORY")


def told(tokens: Sequence[Token], plan: Plan, session: Session) -> Plan:
    """Return the plan with what makes Spark's answer the user's."""
    table = _described_table(tokens, session)
    return Plan(plan.text, plan.args, partial(_rows, table, session), "", plan.after)


def columns_of(fields: Sequence[Any]) -> list[tuple[str, str]]:
    """Names, as Databricks gives them, and types of the columns of Spark's answer."""
    return [(_RENAMED.get(one.name, one.name), one.dataType.simpleString()) for one in fields]


def _rows(table: str, session: Session, rows: list[Any]) -> list[dict[str, Any]]:
    found = [
        {_RENAMED.get(key, key): _named(value) for key, value in row.asDict(recursive=True).items()} for row in rows
    ]
    return _table_rows(found, table, session) if table else found


def _named(value: Any) -> Any:
    return names.from_spark(value, cell=True) if isinstance(value, str) else value


def _table_rows(rows: list[dict[str, Any]], table: str, session: Session) -> list[dict[str, Any]]:
    """Rows of DESCRIBE TABLE EXTENDED with the catalog's name, the owner, the keys, and the YAML of a metric view."""
    known = session.metastore.find("TABLE", table)
    yaml = known.facts.get("yaml") if known else None
    remarks = known.facts.get("comments", {}) if known else {}
    facts = {"Catalog": table.split(".", maxsplit=1)[0], "Owner": session.metastore.owner("TABLE", table)}
    facts |= {"View Text": yaml, "View Original Text": yaml} if yaml else {}
    among_columns = True
    kept = []
    for row in rows:
        name = row["col_name"]
        among_columns = among_columns and bool(name) and not name.startswith("#")
        if among_columns:
            row = row | {"comment": row["comment"] or remarks.get(name)}  # noqa: PLW2901 - the row that is kept
        elif name in facts:
            row = row | {"data_type": facts[name]}  # noqa: PLW2901 - as above
        if yaml and name == "Table Properties":
            row = row | {"data_type": _without_source(row["data_type"])}  # noqa: PLW2901 - as above
        kept.append(row)
    own = session.metastore.table_keys(table)
    if own and any(row["col_name"].startswith("# Detailed") for row in rows):
        kept += [
            {"col_name": "", "data_type": "", "comment": ""},
            {"col_name": "# Constraints", "data_type": "", "comment": ""},
        ]
        kept += [{"col_name": key.name, "data_type": keys.definition(key), "comment": ""} for _, key in own]
    return kept


def _without_source(properties: str) -> str:
    """Properties that Spark sets tell of the lowered definition."""
    return re.sub(r"metric_view\.from\.\w+=.*?(?=, \w[\w.]*=|\]$)(, )?", "", properties, flags=re.DOTALL)


def _described_table(tokens: Sequence[Token], session: Session) -> str:
    """Full name of the table that DESCRIBE names; empty if it names anything else."""
    if word(tokens, 0) not in ("DESCRIBE", "DESC"):
        return ""
    at = 1
    if word(tokens, at) in ("SCHEMA", "DATABASE", "FUNCTION", "DETAIL", "QUERY", "SELECT", "WITH", "VALUES", "FROM"):
        return ""
    for optional in ("TABLE", "EXTENDED", "FORMATTED"):
        at += word(tokens, at) == optional
    reader = Reader("", tokens, at)
    return session.full("TABLE", reader.name()) if at < len(tokens) else ""


def _catalogs(reader: Reader, session: Session) -> Plan:
    pattern = _pattern(reader)
    shown = [
        one for one in sorted({*session.catalogs(), "system"}) if _fits(one, pattern) and _sees(session, "CATALOG", one)
    ]
    return answer(({"catalog": one} for one in shown), "catalog")


def _schemas(reader: Reader, session: Session) -> Plan:
    catalog = reader.name()[0].lower() if reader.one_of("IN", "FROM") else session.catalog
    pattern = _pattern(reader)
    require_catalog(catalog, session)
    found = [one for one in schemas_of(catalog, session) if _sees(session, "SCHEMA", f"{catalog}.{one}")]
    shown = sorted([*found, "information_schema"])
    return answer(({"databaseName": one} for one in shown if _fits(one, pattern)), "databaseName")


def _volumes(reader: Reader, session: Session) -> Plan:
    parts = reader.name() if reader.one_of("IN", "FROM") else [session.schema]
    schema = session.full("SCHEMA", parts)
    pattern = _pattern(reader)
    found = [
        one.name.rpartition(".")[2]
        for one in session.metastore.securables("VOLUME", schema)
        if _sees(session, "VOLUME", one.name)
    ]
    rows = [{"database": schema.split(".")[1], "volume_name": one} for one in found if _fits(one, pattern)]
    return answer(rows, "database volume_name")


def _pattern(reader: Reader) -> str:
    reader.take("LIKE")
    pattern = reader.text() if reader.is_text() else "*"
    reader.end()
    return pattern


def _fits(name: str, pattern: str) -> bool:
    """`*` stands for anything and `|` for "or", without regard to case."""
    choices = (".*".join(re.escape(part) for part in one.split("*")) for one in pattern.split("|"))
    return any(re.fullmatch(one, name, re.IGNORECASE) for one in choices)


def _sees(session: Session, kind: Kind, name: str) -> bool:
    return name == "system" or privileges.sees(session.metastore, session.user, kind, name)
