"""What Spark's own DDL changes in the metastore: owners of what is made, and nothing of what is dropped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sqlglot import Token

from sandbox.metastore import Key, Kind, Securable
from sandbox.spark.rewrite.names import SPARK_CATALOG, dotted
from sandbox.spark.rewrite.objects import volume_folder
from sandbox.spark.rewrite.reader import Reader
from sandbox.spark.rewrite.session import Session
from sandbox.spark.sqltext import word

Step = Callable[[], object]
_KINDS: dict[str, Kind] = {
    "TABLE": "TABLE",
    "VIEW": "TABLE",
    "SCHEMA": "SCHEMA",
    "DATABASE": "SCHEMA",
    "FUNCTION": "FUNCTION",
}
_BEFORE_KIND = ("OR", "REPLACE", "EXTERNAL", "MANAGED")


def target(tokens: Sequence[Token], session: Session) -> tuple[str, Kind, str] | None:
    """Return verb, kind and full name of what CREATE, DROP or REPLACE is about; None for anything else."""
    verb = word(tokens, 0)
    if verb not in ("CREATE", "DROP", "REPLACE"):
        return None
    at = 1
    while word(tokens, at) in _BEFORE_KIND:
        at += 1
    kind = _KINDS.get(word(tokens, at))
    if kind is None:
        return None
    reader = Reader("", tokens, at + 1)
    reader.take("IF", "NOT", "EXISTS") or reader.take("IF", "EXISTS")
    return verb, kind, session.full(kind, reader.name())


def steps(tokens: Sequence[Token], created_keys: Sequence[Key] | None, session: Session) -> tuple[Step, ...]:
    """Return what is done once Spark has accepted a statement."""
    renamed = _renamed(tokens, session)
    if renamed:
        return (partial(session.metastore.rename, "TABLE", *renamed),)
    found = target(tokens, session)
    if found is None:
        return ()
    verb, kind, name = found
    if verb == "DROP":
        gone = partial(session.metastore.remove, kind, name)
        return (gone, partial(_drop_volumes, name, session)) if kind == "SCHEMA" else (gone,)
    done: list[Step] = [partial(made, kind, name, session)]
    if created_keys is None or (_if_not_exists(tokens) and session.metastore.find(kind, name)):
        return tuple(done)
    done.append(partial(session.metastore.drop_keys, name))
    return (*done, *(partial(session.metastore.add_key, name, key) for key in created_keys))


def made(kind: Kind, name: str, session: Session) -> None:
    """Whoever makes a thing owns it; a metric view that a plain view or table replaces leaves its definition behind."""
    known = session.metastore.find(kind, name)
    if known is None:
        session.metastore.put(Securable(kind=kind, name=name, owner=session.user, created_by=session.user))
    elif "yaml" in known.facts:
        session.metastore.put(replace(known, facts={key: value for key, value in known.facts.items() if key == "id"}))


def made_by_name(name: str, session: Session) -> None:
    """Note a table that a DataFrame has written."""
    parts = dotted(name)
    if parts[0] != SPARK_CATALOG:
        made("TABLE", session.full("TABLE", parts), session)


def _drop_volumes(schema: str, session: Session) -> None:
    if session.state_dir is not None:
        shutil.rmtree(volume_folder(session, schema), ignore_errors=True)


def _if_not_exists(tokens: Sequence[Token]) -> bool:
    return any(word(tokens, at) == "IF" and word(tokens, at + 1) == "NOT" for at in range(1, 5))


def _renamed(tokens: Sequence[Token], session: Session) -> tuple[str, str] | None:
    if word(tokens, 0) != "ALTER" or word(tokens, 1) not in ("TABLE", "VIEW"):
        return None
    reader = Reader("", tokens, 2)
    reader.take("IF", "EXISTS")
    old = session.full("TABLE", reader.name())
    return (old, session.full("TABLE", reader.name())) if reader.take("RENAME", "TO") else None
