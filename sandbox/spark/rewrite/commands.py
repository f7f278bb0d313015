"""Which statements are not Spark's own: each is read by its first words and answered here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sqlglot import Token

from sandbox.metastore import Kind
from sandbox.spark.rewrite import grants, keys, names, objects, tags, telling
from sandbox.spark.rewrite.reader import Reader
from sandbox.spark.rewrite.session import NOTHING, Plan, Session
from sandbox.spark.sqltext import word, words

_Read = Callable[[Reader, Session], Plan | None]
_ALTERED: dict[str, Kind] = {
    "TABLE": "TABLE",
    "VIEW": "TABLE",
    "SCHEMA": "SCHEMA",
    "DATABASE": "SCHEMA",
    "CATALOG": "CATALOG",
    "VOLUME": "VOLUME",
    "FUNCTION": "FUNCTION",
}


def plan(sql: str, tokens: Sequence[Token], session: Session) -> Plan | None:
    """Return what a statement that is not Spark's comes to; None if Spark knows it.

    Raises:
        StatementError: it is refused.
    """
    for count in (3, 2, 1):
        read = _READERS.get(words(tokens, 0, count))
        if read is not None:
            return read(Reader(sql, tokens, count), session)
    return None


def _use(reader: Reader, session: Session, *, catalog: bool = False) -> Plan:
    """USE CATALOG c, USE [SCHEMA] s, USE c.s: the session follows."""
    parts = [reader.text()] if reader.is_text() else reader.name()
    reader.end()
    if catalog:
        to_catalog, to_schema = parts[0].lower(), "default"
    else:
        to_catalog, to_schema = session.full("SCHEMA", parts).split(".")
    objects.require_catalog(to_catalog, session)
    objects.permitted(session, "USE_CATALOG", "CATALOG", to_catalog)
    spark = names.schema_to_spark(to_catalog, to_schema)

    def follow() -> None:
        session.catalog, session.schema = to_catalog, to_schema

    return Plan(f"USE {names.SPARK_CATALOG}.`{spark}`", after=(follow,))


def _alter(reader: Reader, session: Session) -> Plan | None:
    kind = _ALTERED.get(word(reader.tokens, reader.at))
    if kind is None:
        return None
    reader.at += 1
    reader.take("IF", "EXISTS")
    name = session.full(kind, reader.name())
    found = tags.alter(reader, kind, name, session)
    if found is None and kind == "TABLE":
        start = reader.at
        found = keys.alter(reader, name, session)
        reader.at = start if found is None else reader.at
    if found is not None:
        return found
    if reader.take("SET", "OWNER", "TO") or reader.take("OWNER", "TO"):
        return objects.set_owner(reader, kind, name, session)
    if kind == "VOLUME" and reader.take("RENAME", "TO"):
        return objects.rename_volume(reader, name, session)
    if reader.take("CLUSTER", "BY", "AUTO") or _is_optimization(reader):
        return Plan(NOTHING)  # nothing here chooses columns or runs maintenance
    return None


def _is_optimization(reader: Reader) -> bool:
    return bool(reader.one_of("ENABLE", "DISABLE", "INHERIT")) and reader.take("PREDICTIVE", "OPTIMIZATION")


def _comment(reader: Reader, session: Session) -> Plan | None:
    """COMMENT ON CATALOG, VOLUME or COLUMN; Spark has the others."""
    kind = reader.one_of("CATALOG", "VOLUME", "COLUMN")
    if kind in ("CATALOG", "VOLUME"):
        own: Kind = "CATALOG" if kind == "CATALOG" else "VOLUME"
        name = session.full(own, reader.name())
        reader.need("IS")
        return objects.set_comment(reader, own, name, session)
    if kind == "COLUMN":
        *table, column = reader.name()
        reader.need("IS")
        text = reader.sql[reader.tokens[reader.at].start :]
        spark = names.to_spark(table, session)
        return Plan(f"ALTER TABLE {spark} ALTER COLUMN `{column}` COMMENT {text}")
    return None


def _show(reader: Reader, session: Session) -> Plan | None:
    return telling.show(reader, session)


_READERS: dict[tuple[str, ...], _Read] = {
    ("USE",): _use,
    ("USE", "SCHEMA"): _use,
    ("USE", "DATABASE"): _use,
    ("USE", "CATALOG"): partial(_use, catalog=True),
    ("SET", "CATALOG"): partial(_use, catalog=True),
    ("GRANT",): grants.grant,
    ("REVOKE",): grants.revoke,
    ("SHOW", "GRANTS"): grants.show,
    ("SHOW", "GRANT"): grants.show,
    ("SHOW",): _show,
    ("SET", "TAG"): partial(tags.statement, setting=True),
    ("UNSET", "TAG"): partial(tags.statement, setting=False),
    ("CREATE", "CATALOG"): objects.create_catalog,
    ("DROP", "CATALOG"): objects.drop_catalog,
    ("DESCRIBE", "CATALOG"): objects.describe_catalog,
    ("DESC", "CATALOG"): objects.describe_catalog,
    ("CREATE", "VOLUME"): objects.create_volume,
    ("DROP", "VOLUME"): objects.drop_volume,
    ("DESCRIBE", "VOLUME"): objects.describe_volume,
    ("DESC", "VOLUME"): objects.describe_volume,
    ("ALTER",): _alter,
    ("COMMENT", "ON"): _comment,
}
