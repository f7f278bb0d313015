"""PRIMARY KEY and FOREIGN KEY: taken out of the statements that Spark gets and kept in the metastore.

Databricks does not enforce them either, but checks what they name: key columns must not be nullable, and a foreign key
refers to the primary key of its parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlglot import Token

from sandbox.metastore import Key
from sandbox.spark.rewrite import names
from sandbox.spark.rewrite.reader import Reader
from sandbox.spark.rewrite.session import NOTHING, Plan, Session, StatementError
from sandbox.spark.sqltext import Span, word, words

_TAIL = (
    "NOT",
    "ENFORCED",
    "RELY",
    "NORELY",
    "DEFERRABLE",
    "INITIALLY",
    "DEFERRED",
    "MATCH",
    "FULL",
    "ON",
    "NO",
    "ACTION",
)
_KEYS = (("PRIMARY", "KEY"), ("FOREIGN", "KEY"))


def in_create(sql: str, tokens: Sequence[Token], table: str, session: Session) -> tuple[list[Span], list[Key]]:
    """Return the spans of a table's keys in CREATE TABLE, and the keys."""
    spans: list[Span] = []
    keys: list[Key] = []
    nullable, behind = _nullable_columns(tokens), 0
    for index in range(len(tokens)):
        if tokens[index].start >= behind and (words(tokens, index, 2) in _KEYS or word(tokens, index) == "REFERENCES"):
            span, key = _inline_key(sql, tokens, index, session)
            behind = span.end
            spans.append(span)
            keys.append(_named(key, table, keys))
            _check(keys[-1], table, nullable if keys[-1].primary else set(), session)
    return spans, keys


def alter(reader: Reader, table: str, session: Session) -> Plan | None:
    """Read what follows ALTER TABLE name; None if it changes no key.

    Raises:
        StatementError: a key column may be NULL, or the parent of a foreign key has no such key.
    """
    metastore = session.metastore
    if reader.take("DROP", "PRIMARY", "KEY"):
        optional = reader.take("IF", "EXISTS")
        return _drop(
            table, [key.name for _, key in metastore.table_keys(table) if key.primary], session, optional=optional
        )
    if reader.take("DROP", "CONSTRAINT"):
        optional = reader.take("IF", "EXISTS")
        name = ".".join(reader.name())
        known = [key.name for _, key in metastore.table_keys(table) if key.name.lower() == name.lower()]
        return _drop(table, known, session, optional=optional) if known else None
    if not reader.take("ADD"):
        return None
    name = reader.name()[0] if reader.take("CONSTRAINT") else ""
    if words(reader.tokens, reader.at, 2) not in _KEYS:
        return None
    key = _named(_read_key(reader, session, name), table, [one for _, one in metastore.table_keys(table)])
    reader.end()
    _check(key, table, _nullable_in_engine(table, key, session), session)
    return Plan(NOTHING, after=(partial(metastore.add_key, table, key),))


def definition(key: Key) -> str:
    """Return a key as it stands in a definition."""
    columns = ", ".join(f"`{one}`" for one in key.columns)
    if key.primary:
        return f"PRIMARY KEY ({columns}){' RELY' if key.rely else ''}"
    parent = ".".join(f"`{part}`" for part in key.parent.split("."))
    return f"FOREIGN KEY ({columns}) REFERENCES {parent} ({', '.join(f'`{one}`' for one in key.parent_columns)})"


def _drop(table: str, found: list[str], session: Session, *, optional: bool) -> Plan:
    if not found and not optional:
        raise StatementError(
            "CONSTRAINT_DOES_NOT_EXIST", f"Cannot drop the primary key of `{table}`: it has none.", "42704"
        )
    return Plan(NOTHING, after=tuple(partial(session.metastore.drop_key, table, name) for name in found))


def _inline_key(sql: str, tokens: Sequence[Token], index: int, session: Session) -> tuple[Span, Key]:
    named = word(tokens, index - 2) == "CONSTRAINT"
    first = index - 2 if named else index
    reader = Reader(sql, tokens, index)
    column = _column_before(tokens, first)
    key = _read_key(reader, session, tokens[index - 1].text if named else "", column)
    last = reader.at - 1
    if word(tokens, first - 1) == ",":
        return Span(tokens[first - 1].start, tokens[last].end + 1, ""), key
    if word(tokens, first - 1) == "(" and word(tokens, last + 1) == ",":
        last += 1
    return Span(tokens[first].start, tokens[last].end + 1, ""), key


def _read_key(reader: Reader, session: Session, name: str, column: str = "") -> Key:
    primary = reader.take("PRIMARY", "KEY")
    if not primary:
        reader.take("FOREIGN", "KEY")
    columns = _columns(reader) or ((column,) if column else ())
    parent = ""
    parent_columns: tuple[str, ...] = ()
    if not primary:
        reader.need("REFERENCES")
        parent = session.full("TABLE", reader.name())
        parent_columns = _columns(reader)
    rely = False
    while (one := reader.one_of(*_TAIL)) != "":
        rely = rely or one == "RELY"
    return Key(name=name, columns=columns, parent=parent, parent_columns=parent_columns, rely=rely)


def _columns(reader: Reader) -> tuple[str, ...]:
    if not reader.take("("):
        return ()
    found = [reader.name()[0]]
    reader.take("TIMESERIES")
    while reader.take(","):
        found.append(reader.name()[0])
        reader.take("TIMESERIES")
    reader.need(")")
    return tuple(found)


def _named(key: Key, table: str, others: Sequence[Key]) -> Key:
    short = table.rpartition(".")[2]
    if key.primary and any(one.primary for one in others):
        raise StatementError(
            "PRIMARY_KEY_ALREADY_EXISTS",
            f"Cannot create the primary key `{key.name or short + '_pk'}`: the table `{table}` has one already.",
            "42889",
        )
    name = key.name or (f"{short}_pk" if key.primary else f"{short}_{key.parent.rpartition('.')[2]}_fk")
    taken = {one.name.lower() for one in others}
    free = name if name.lower() not in taken else f"{name}_{len(others)}"
    if key.name and name.lower() in taken:
        raise StatementError("CONSTRAINT_ALREADY_EXISTS", f"Constraint '{name}' already exists.", "42710")
    return Key(**{**vars(key), "name": free})


def _check(key: Key, table: str, nullable: set[str], session: Session) -> None:
    wrong = [one for one in key.columns if one.lower() in nullable]
    if key.primary and wrong:
        columns = ", ".join(f"`{one}`" for one in wrong)
        raise StatementError(
            "INVALID_PARAMETER_VALUE",
            f"Cannot create the primary key `{key.name}` because its child column(s) {columns} is nullable. "
            "Please change the column nullability and retry.",
            "22023",
        )
    if key.primary or key.parent == table:
        return
    parent = next((one for _, one in session.metastore.table_keys(key.parent) if one.primary), None)
    if parent is None:
        text = f"Cannot create the foreign key `{key.name}`: the parent table `{key.parent}` has no primary key."
        raise StatementError("INVALID_PARAMETER_VALUE", text, "22023")
    referred = [one.lower() for one in key.parent_columns or parent.columns]
    if sorted(referred) != sorted(one.lower() for one in parent.columns):
        text = (
            f"Cannot create the foreign key `{key.name}`: it refers to {', '.join(referred)} of `{key.parent}`, which "
            f"does not match the primary key ({', '.join(parent.columns)})."
        )
        raise StatementError("INVALID_PARAMETER_VALUE", text, "22023")


def _nullable_in_engine(table: str, key: Key, session: Session) -> set[str]:
    """Key columns that may be NULL, as the engine has the table; a column that it lacks is its own error."""
    fields: list[Any] = session.fields(names.to_spark(table.split("."), session))
    known = {field.name.lower(): field.nullable for field in fields}
    for column in key.columns:
        if column.lower() not in known:
            text = f"The column `{column}` of the key `{key.name}` does not exist in the table `{table}`."
            raise StatementError("UNRESOLVED_COLUMN", text, "42703")
    return {name for name, nullable in known.items() if nullable}


def _nullable_columns(tokens: Sequence[Token]) -> set[str]:
    """Columns of a CREATE TABLE without NOT NULL; one that is a primary key by itself may stand without it."""
    nullable = set()
    for first, last in _elements(tokens):
        text = [word(tokens, at) for at in range(first, last)]
        joined = " ".join(text)
        if text[:1] in (["CONSTRAINT"], ["PRIMARY"], ["FOREIGN"], ["CHECK"]):
            continue
        if "NOT NULL" not in joined and not re.search(r"PRIMARY KEY", joined):
            nullable.add(tokens[first].text.lower())
    return nullable


def _elements(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Elements of the first list in brackets: from, to (exclusive)."""
    opening = next((at for at in range(len(tokens)) if word(tokens, at) == "("), None)
    if opening is None:
        return
    depth, first = 0, opening + 1
    for index in range(opening, len(tokens)):
        current = word(tokens, index)
        depth += {"(": 1, ")": -1, "<": 1, ">": -1, ">>": -2}.get(current, 0)
        if (current == "," and depth == 1) or depth == 0:
            yield first, index
            first = index + 1
        if depth == 0:
            return


def _column_before(tokens: Sequence[Token], index: int) -> str:
    """Name of the column whose definition a key ends; empty for an element of its own."""
    for first, last in _elements(tokens):
        if first < index < last:
            return tokens[first].text
    return ""
