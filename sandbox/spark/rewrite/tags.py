"""SET TAGS and UNSET TAGS, in both of their forms."""

from __future__ import annotations

from functools import partial

from sandbox.metastore import Kind
from sandbox.spark.rewrite.grants import securable
from sandbox.spark.rewrite.objects import permitted
from sandbox.spark.rewrite.reader import Reader
from sandbox.spark.rewrite.session import NOTHING, Plan, Session


def alter(reader: Reader, kind: Kind, name: str, session: Session) -> Plan | None:
    """Read [ALTER COLUMN c] SET TAGS (…) or UNSET TAGS (…) of an ALTER statement; None for anything else."""
    start = reader.at
    column = ""
    if reader.take("ALTER", "COLUMN") or reader.take("ALTER"):
        column = reader.name()[0]
    if not (reader.take("SET", "TAGS") or reader.take("UNSET", "TAGS")):
        reader.at = start
        return None
    setting = reader.tokens[reader.at - 2].text.upper() == "SET"
    tags = _list(reader, values=setting)
    reader.end()
    return _plan(kind, name, column, tags, session, setting=setting)


def statement(reader: Reader, session: Session, *, setting: bool) -> Plan:
    """Read what follows SET TAG or UNSET TAG: ON object tag [= value]."""
    reader.need("ON")
    if reader.take("COLUMN"):
        *table, column = reader.name()
        kind: Kind = "TABLE"
        name = session.full(kind, table)
    else:
        (kind, name), column = securable(reader, session), ""
    tag = reader.text() if reader.is_text() else reader.name()[0]
    value = ""
    if setting and reader.take("="):
        value = reader.text() if reader.is_text() else reader.name()[0]
    reader.end()
    return _plan(kind, name, column, {tag: value}, session, setting=setting)


def _list(reader: Reader, *, values: bool) -> dict[str, str]:
    reader.need("(")
    found: dict[str, str] = {}
    while True:
        tag = reader.text()
        found[tag] = reader.text() if values and reader.take("=") else ""
        if not reader.take(","):
            break
    reader.need(")")
    return found


def _plan(kind: Kind, name: str, column: str, tags: dict[str, str], session: Session, *, setting: bool) -> Plan:
    permitted(session, "APPLY_TAG", kind, name)
    if setting:
        return Plan(NOTHING, after=(partial(session.metastore.set_tags, kind, name, tags, column),))
    return Plan(NOTHING, after=(partial(session.metastore.unset_tags, kind, name, tags, column),))
