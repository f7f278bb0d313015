"""Who may do what: Unity Catalog's privileges, how they are inherited, and how a refusal is worded.

A privilege on a catalog or schema holds for everything below it. An owner may do everything with what is below what he
owns. The administrator of the metastore may do everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.layout import ADMIN_GROUP, EVERYONE, USER_NAME
from sandbox.metastore import Grant, Kind, Metastore

ALL = "ALL_PRIVILEGES"
KINDS: tuple[Kind, ...] = ("CATALOG", "SCHEMA", "TABLE", "VOLUME", "FUNCTION")
_SHARED = (ALL, "APPLY_TAG", "MANAGE", "BROWSE")
_TABLE = ("SELECT", "MODIFY", "REFRESH")
_VOLUME = ("READ_VOLUME", "WRITE_VOLUME")
_SCHEMA = (
    *("USE_SCHEMA", "CREATE_TABLE", "CREATE_VOLUME", "CREATE_FUNCTION", "CREATE_MODEL", "CREATE_MATERIALIZED_VIEW"),
    *("EXTERNAL_USE_SCHEMA", *_TABLE, *_VOLUME, "EXECUTE"),
)
ALLOWED: Mapping[Kind, tuple[str, ...]] = {
    "CATALOG": (*_SHARED, "USE_CATALOG", "CREATE_SCHEMA", *_SCHEMA),
    "SCHEMA": (*_SHARED, *_SCHEMA),
    "TABLE": (*_SHARED, *_TABLE),
    "VOLUME": (*_SHARED, *_VOLUME),
    "FUNCTION": (*_SHARED, "EXECUTE"),
}
_USE: tuple[tuple[str, Kind], ...] = (("USE_CATALOG", "CATALOG"), ("USE_SCHEMA", "SCHEMA"))


def chain(kind: Kind, name: str) -> Iterator[tuple[Kind, str]]:
    """An object and what it is in, from the inside out."""
    yield kind, name
    parts = name.split(".")
    levels: tuple[Kind, ...] = ("CATALOG", "SCHEMA")
    for depth in range(len(parts) - 1, 0, -1):
        yield levels[depth - 1], ".".join(parts[:depth])


def principals(user: str) -> tuple[str, ...]:
    """A user with the groups that he is in."""
    return (user, EVERYONE, "users", *((ADMIN_GROUP,) if user == USER_NAME else ()))


def holds(metastore: Metastore, user: str, privilege: str, kind: Kind, name: str) -> bool:
    """Whether a user has a privilege on an object, by a grant on it or above it, or as an owner."""
    if user == USER_NAME:
        return True
    own = principals(user)
    for level, level_name in chain(kind, name.lower()):
        if metastore.owner(level, level_name) in own:
            return True
        granted = {grant.privilege for grant in metastore.grants(level, level_name) if grant.principal in own}
        if granted & {privilege, ALL}:
            return True
    return False


def refusal(metastore: Metastore, user: str, privilege: str, kind: Kind, name: str) -> str | None:
    """Why a user may not do what needs a privilege on an object, or None: the outermost lack comes first."""
    levels = dict(chain(kind, name))
    needed = [(use, level, levels[level]) for use, level in _USE if level in levels]
    for one, level, at in [*needed, (privilege, kind, name)]:
        if not holds(metastore, user, one, level, at):
            return f"User does not have {one.replace('_', ' ')} on {level.capitalize()} '{at}'."
    return None


def sees(metastore: Metastore, user: str, kind: Kind, name: str) -> bool:
    """Whether a user may know that an object exists: he has some privilege on it, above it, or below it."""
    if user == USER_NAME:
        return True
    own = principals(user)
    if any(metastore.owner(level, at) in own for level, at in chain(kind, name.lower())):
        return True
    above = [grant for level, at in chain(kind, name.lower()) for grant in metastore.grants(level, at)]
    wide = [grant for grant in above if not grant.privilege.startswith("USE_") or grant.name == name.lower()]
    return any(grant.principal in own for grant in [*wide, *metastore.grants_below(name)])


def effective(metastore: Metastore, kind: Kind, name: str) -> list[Grant]:
    """Grants that hold on an object, each with the object that it was made on."""
    allowed = {*ALLOWED[kind], "USE_SCHEMA", "USE_CATALOG"}
    found = [grant for level, at in chain(kind, name.lower()) for grant in metastore.grants(level, at)]
    return [grant for grant in found if grant.privilege in allowed or grant.name == name.lower()]
