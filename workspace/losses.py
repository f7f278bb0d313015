"""What a destroy would delete: frozen data, with a digest that an approval is bound to."""

from __future__ import annotations

import hashlib
import json

from workspace.model import Model


class DeployedResource(Model):
    """One resource that the bundle has deployed."""

    key: str
    """`jobs.gold_merge`"""
    type: str
    name: str
    id: str = ""
    """Empty when the deployment's state does not tell it."""
    url: str = ""
    checked: bool = True
    """False when only the deployment's state says that it exists: there is no way to look for its type."""


class DataObject(Model):
    """A table, view, function or volume that is deleted together with a resource."""

    name: str
    kind: str
    """table, streaming table, materialized view, view, function, volume or external volume"""
    lost_with: str
    """Key of the resource."""
    rows: int | None = None
    files: int | None = None
    size_bytes: int | None = None
    unknown: str = ""
    """Why rows or size are not known; empty when they are, or when the object has none."""

    @property
    def has_rows(self) -> bool:
        """True for what holds rows of its own."""
        return self.kind in {"table", "streaming table", "materialized view"}


class Dependent(Model):
    """Something outside the bundle that uses what would be deleted."""

    name: str
    uses: tuple[str, ...]
    """Resource keys and names of data objects."""
    url: str = ""


class Losses(Model):
    """Everything that a destroy of one bundle and target would delete, and what of that could not be looked up."""

    host: str
    target: str
    remote_root: str
    files: int = 0
    """Workspace files below the remote root, without the lock of this operation."""
    resources: tuple[DeployedResource, ...] = ()
    data: tuple[DataObject, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    not_checked: tuple[str, ...] = ()
    """What is not known, one sentence each."""

    @property
    def nothing_left(self) -> bool:
        """True when there is nothing that a destroy could delete."""
        return not self.resources and not self.files

    @property
    def digest(self) -> str:
        """Identifies what would be deleted: where, which resources, which data objects.

        Rows and sizes are left out, so that a table that is being written does not void every approval. A table,
        resource or volume more or less does void it, and so does one whose content could not be listed before.
        """
        content = {
            "place": [self.host, self.target, self.remote_root],
            "resources": sorted([one.key, one.type, one.id] for one in self.resources),
            "data": sorted([one.lost_with, one.kind, one.name] for one in self.data),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Remains(Model):
    """What is still there after a destroy."""

    resources: tuple[str, ...] = ()
    files: int = 0
    tables: tuple[str, ...] = ()
    """Tables of deleted pipelines that the catalog still lists; Databricks removes them with a delay."""
    not_checked: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """True when nothing of what should be gone was found."""
        return not self.resources and not self.files
