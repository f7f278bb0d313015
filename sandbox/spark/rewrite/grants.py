"""GRANT, REVOKE and SHOW GRANTS."""

from __future__ import annotations

from functools import partial

from sandbox import privileges
from sandbox.metastore import Grant, Kind
from sandbox.spark.rewrite.objects import permitted
from sandbox.spark.rewrite.reader import Reader
from sandbox.spark.rewrite.session import NOTHING, Plan, Session, StatementError, answer

_KINDS: dict[str, Kind] = {
    "CATALOG": "CATALOG",
    "SCHEMA": "SCHEMA",
    "DATABASE": "SCHEMA",
    "TABLE": "TABLE",
    "VIEW": "TABLE",
    "VOLUME": "VOLUME",
    "FUNCTION": "FUNCTION",
}


def grant(reader: Reader, session: Session) -> Plan:
    """GRANT privilege, … ON object TO principal."""
    return _change(reader, session, "TO")


def revoke(reader: Reader, session: Session) -> Plan:
    """REVOKE privilege, … ON object FROM principal."""
    return _change(reader, session, "FROM")


def show(reader: Reader, session: Session) -> Plan:
    """SHOW GRANTS [principal] ON object."""
    principal = "" if reader.take("ON") else reader.principal()
    if principal:
        reader.need("ON")
    kind, name = securable(reader, session)
    reader.end()
    if not privileges.sees(session.metastore, session.user, kind, name):
        permitted(session, "MANAGE", kind, name)
    found = privileges.effective(session.metastore, kind, name)
    rows = [_shown(one) for one in found if principal in ("", one.principal)]
    return answer(rows, "Principal ActionType ObjectType ObjectKey")


def securable(reader: Reader, session: Session) -> tuple[Kind, str]:
    """Read what a statement names: `SCHEMA main.gold`, or a table without a word before it.

    Raises:
        StatementError: there is no such object.
    """
    current = reader.one_of(*_KINDS, "EXTERNAL", "METASTORE")
    if current in ("EXTERNAL", "METASTORE"):
        raise reader.error()
    kind = _KINDS.get(current or "TABLE", "TABLE")
    name = session.full(kind, reader.name())
    return kind, name


def _change(reader: Reader, session: Session, to: str) -> Plan:
    wanted = [_privilege(reader)]
    while reader.take(","):
        wanted.append(_privilege(reader))
    reader.need("ON")
    kind, name = securable(reader, session)
    reader.need(to)
    principal = reader.principal()
    reader.end()
    wrong = [one for one in wanted if one not in privileges.ALLOWED[kind]]
    if wrong:
        text = f"Privilege {wrong[0].replace('_', ' ')} is not applicable to this entity [{name}:{kind}]."
        raise StatementError("INVALID_PARAMETER_VALUE", text, "22023")
    permitted(session, "MANAGE", kind, name)
    change = session.metastore.grant if to == "TO" else session.metastore.revoke
    return Plan(NOTHING, after=(partial(change, kind, name, principal, wanted),))


def _privilege(reader: Reader) -> str:
    found = [reader.word()]
    while not reader.done() and (one := reader.tokens[reader.at].text.upper()) not in (",", "ON"):
        found.append(one)
        reader.at += 1
    return "_".join(found)


def _shown(one: Grant) -> dict[str, str]:
    return {
        "Principal": one.principal,
        "ActionType": one.privilege.replace("_", " "),
        "ObjectType": one.kind,
        "ObjectKey": one.name,
    }
