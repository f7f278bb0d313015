"""Statements about objects that Spark has no notion of: catalogs, volumes, and who owns what."""

from __future__ import annotations

import dataclasses
import shutil
from functools import partial
from pathlib import Path

from sandbox import privileges
from sandbox.metastore import MAIN, Kind, Securable
from sandbox.spark.errors import EngineError
from sandbox.spark.rewrite import names
from sandbox.spark.rewrite.reader import Reader
from sandbox.spark.rewrite.session import NOTHING, Plan, Session, StatementError, answer

SYSTEM = "system"
_MISSING = {"CATALOG": "NO_SUCH_CATALOG_EXCEPTION", "VOLUME": "VOLUME_DOES_NOT_EXIST"}
_EXISTS = {"CATALOG": "CATALOG_ALREADY_EXISTS", "VOLUME": "VOLUME_ALREADY_EXISTS"}


def permitted(session: Session, privilege: str, kind: Kind, name: str) -> None:
    """Refuse a user who lacks a privilege.

    Raises:
        StatementError: the refusal.
    """
    reason = privileges.refusal(session.metastore, session.user, privilege, kind, name)
    if reason:
        raise StatementError("INSUFFICIENT_PERMISSIONS", f"Insufficient privileges:\n{reason}", "42501")


def create_catalog(reader: Reader, session: Session) -> Plan:
    """CREATE CATALOG [IF NOT EXISTS] name [COMMENT text]: it gets a schema `default`."""
    optional = reader.take("IF", "NOT", "EXISTS")
    name = reader.name()[0].lower()
    if not session.administrates:
        reason = "User does not have CREATE CATALOG on Metastore 'sandbox'."
        raise StatementError("INSUFFICIENT_PERMISSIONS", f"Insufficient privileges:\n{reason}", "42501")
    if reader.take("MANAGED", "LOCATION"):
        reader.text()
    comment = reader.text() if reader.take("COMMENT") else None
    reader.end()
    if session.metastore.find("CATALOG", name):
        return _exists("CATALOG", name, optional=optional)
    catalog = Securable(kind="CATALOG", name=name, owner=session.user, created_by=session.user, comment=comment)
    schema = names.schema_to_spark(name, "default")
    put = partial(session.metastore.put, catalog)
    return Plan(f"CREATE SCHEMA IF NOT EXISTS {names.SPARK_CATALOG}.{schema}", after=(put,))


def drop_catalog(reader: Reader, session: Session) -> Plan:
    """DROP CATALOG [IF EXISTS] name [CASCADE]."""
    optional = reader.take("IF", "EXISTS")
    name = reader.name()[0].lower()
    cascade = reader.one_of("CASCADE", "RESTRICT") == "CASCADE"
    reader.end()
    if session.metastore.find("CATALOG", name) is None:
        return _missing("CATALOG", name, optional=optional)
    permitted(session, "MANAGE", "CATALOG", name)
    schemas = [one for one in schemas_of(name, session) if one != "information_schema"]
    if name == MAIN or (not cascade and set(schemas) - {"default"}):
        text = f"Cannot drop a catalog '{name}' because it contains schemas. Use DROP CATALOG ... CASCADE to drop it."
        raise StatementError("CATALOG_NOT_EMPTY", text, "2BP01")
    for schema in schemas:
        session.ask(f"DROP SCHEMA IF EXISTS {names.SPARK_CATALOG}.{names.schema_to_spark(name, schema)} CASCADE")
    return Plan(NOTHING, after=(partial(session.metastore.remove, "CATALOG", name),))


def describe_catalog(reader: Reader, session: Session) -> Plan:
    """DESCRIBE CATALOG [EXTENDED] name."""
    reader.take("EXTENDED")
    name = reader.name()[0].lower()
    found = session.metastore.find("CATALOG", name)
    if found is None:
        return _missing("CATALOG", name, optional=False)
    facts = {"Catalog Name": name, "Comment": found.comment or "", "Owner": found.owner, "Catalog Type": "Regular"}
    return answer(({"info_name": key, "info_value": value} for key, value in facts.items()), "info_name info_value")


def schemas_of(catalog: str, session: Session) -> list[str]:
    """Names of the schemas of a catalog, without information_schema."""
    rows = session.ask(f"SHOW SCHEMAS IN {names.SPARK_CATALOG}")
    both = [names.schema_from_spark(row[0]) for row in rows]
    return [schema for owner, schema in both if owner == catalog]


def create_volume(reader: Reader, session: Session) -> Plan:
    """CREATE [EXTERNAL] VOLUME [IF NOT EXISTS] name [COMMENT text]; an external one has no place here."""
    optional = reader.take("IF", "NOT", "EXISTS")
    name = session.full("VOLUME", reader.name())
    comment = reader.text() if reader.take("COMMENT") else None
    reader.end()
    schema = name.rpartition(".")[0]
    _require_schema(schema, session)
    permitted(session, "CREATE_VOLUME", "SCHEMA", schema)
    if session.metastore.find("VOLUME", name):
        return _exists("VOLUME", name, optional=optional)
    folder = volume_folder(session, name)
    volume = Securable(
        kind="VOLUME", name=name, owner=session.user, created_by=session.user, comment=comment,
        facts={"volume_type": "MANAGED", "storage_location": folder.as_uri()},
    )  # fmt: skip
    return Plan(
        NOTHING, after=(partial(folder.mkdir, parents=True, exist_ok=True), partial(session.metastore.put, volume))
    )


def drop_volume(reader: Reader, session: Session) -> Plan:
    """DROP VOLUME [IF EXISTS] name: with all its files."""
    optional = reader.take("IF", "EXISTS")
    name = session.full("VOLUME", reader.name())
    reader.end()
    if session.metastore.find("VOLUME", name) is None:
        return _missing("VOLUME", name, optional=optional)
    permitted(session, "MANAGE", "VOLUME", name)
    remove = partial(shutil.rmtree, volume_folder(session, name), ignore_errors=True)
    return Plan(NOTHING, after=(remove, partial(session.metastore.remove, "VOLUME", name)))


def describe_volume(reader: Reader, session: Session) -> Plan:
    """DESCRIBE VOLUME name."""
    name = session.full("VOLUME", reader.name())
    found = session.metastore.find("VOLUME", name)
    if found is None:
        return _missing("VOLUME", name, optional=False)
    permitted(session, "READ_VOLUME", "VOLUME", name)
    catalog, schema, short = name.split(".")
    row = {
        "name": short, "catalog": catalog, "database": schema, "owner": found.owner,
        "storageLocation": f"/Volumes/{catalog}/{schema}/{short}", "volumeType": "MANAGED", "comment": found.comment,
    }  # fmt: skip
    return answer([row], " ".join(row))


def volume_folder(session: Session, name: str) -> Path:
    """Local folder of a volume."""
    if session.state_dir is None:
        raise EngineError("this session has no folder for volumes")
    return session.state_dir.joinpath("volumes", *name.split("."))


def set_owner(reader: Reader, kind: Kind, name: str, session: Session) -> Plan:
    """[SET] OWNER TO principal."""
    owner = reader.principal()
    reader.end()
    permitted(session, "MANAGE", kind, name)
    known = session.metastore.find(kind, name) or Securable(kind=kind, name=name)
    return Plan(NOTHING, after=(partial(session.metastore.put, dataclasses.replace(known, owner=owner)),))


def set_comment(reader: Reader, kind: Kind, name: str, session: Session) -> Plan:
    """COMMENT ON CATALOG or VOLUME name IS text."""
    comment = None if reader.take("NULL") else reader.text()
    reader.end()
    known = session.metastore.find(kind, name)
    if known is None:
        return _missing(kind, name, optional=False)
    permitted(session, "MANAGE", kind, name)
    return Plan(NOTHING, after=(partial(session.metastore.put, dataclasses.replace(known, comment=comment)),))


def rename_volume(reader: Reader, name: str, session: Session) -> Plan:
    """RENAME TO name."""
    new = session.full("VOLUME", reader.name())
    reader.end()
    permitted(session, "MANAGE", "VOLUME", name)
    old_folder, new_folder = volume_folder(session, name), volume_folder(session, new)
    return Plan(
        NOTHING, after=(partial(old_folder.rename, new_folder), partial(session.metastore.rename, "VOLUME", name, new))
    )


def require_catalog(name: str, session: Session) -> None:
    """Refuse the name of a catalog that does not exist.

    Raises:
        StatementError: NO_SUCH_CATALOG_EXCEPTION.
    """
    if session.metastore.find("CATALOG", name) is None:
        _missing("CATALOG", name, optional=False)


def _require_schema(name: str, session: Session) -> None:
    catalog, _, schema = name.partition(".")
    require_catalog(catalog, session)
    if schema not in schemas_of(catalog, session):
        text = f"The schema `{catalog}`.`{schema}` cannot be found. Verify the spelling of the schema and catalog."
        raise StatementError("SCHEMA_NOT_FOUND", text, "42704")


def _exists(kind: Kind, name: str, *, optional: bool) -> Plan:
    if optional:
        return Plan(NOTHING)
    raise StatementError(_EXISTS[kind], f"{kind.capitalize()} '{name}' already exists.", "42710")


def _missing(kind: Kind, name: str, *, optional: bool) -> Plan:
    if optional:
        return Plan(NOTHING)
    if kind == "CATALOG":
        text = (
            f"Catalog '{name}' was not found. Please verify the catalog name and then retry the query or command again."
        )
        raise StatementError(_MISSING[kind], text, "42704")
    raise StatementError(_MISSING[kind], f"Volume '{name}' does not exist.", "42704")
