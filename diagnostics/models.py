"""What diagnosis returns: a diagnosis, and a fix plan as data."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Literal

from knowledge.pattern import Applicability, Category, FixKind
from workspace.models import Layer, Model, ResolvedBundle, SourceLocation


class Signal(Model):
    """One reason for a diagnosis: which text, found where."""

    what: str
    """For a person: `pattern matched`, `error class`, `table missing` …"""
    text: str
    """The matched span, shortened."""
    task_key: str | None = None


class Diagnosis(Model):
    """The matched pattern, its confidence, the signals for it, the layer and the objects involved."""

    code: str
    category: Category
    title: str
    """First line of the pattern's page: what it means, one sentence."""
    explanation: str
    """Why it happens, one short paragraph from the page."""
    confidence: float
    """0 to 1."""
    signals: tuple[Signal, ...]
    objects: Mapping[str, str]
    """Named groups and found objects: module, table, column, job, field, file …"""
    fix_kind: FixKind
    fixer: str | None
    applicability: Applicability
    transient: bool
    repeats: int | None = None
    """How often a transient fault is waited out; as often as there are iterations without it."""
    resource: str | None = None
    layer: Layer = Layer.NONE
    task_key: str | None = None
    location: SourceLocation | None = None
    error: str = ""
    """The error text that was diagnosed, shortened to some lines."""
    page: str = ""
    """Path of the pattern's page below knowledge/patterns."""


class FileEdit(Model):
    """One file of the bundle, before and after. Paths are relative to the bundle root, with forward slashes."""

    path: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        """Unified diff of the edit."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            fromfile=f"a/{self.path}",
            tofile=f"b/{self.path}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


class Action(Model):
    """One act on the workspace, as data; there is no kind that may lose something.

    `run_resource` has the parameter resource, `wait` has seconds.
    """

    kind: Literal["run_resource", "wait"]
    parameters: Mapping[str, str] = {}


class FixPlan(Model):
    """What a fixer proposes: file edits and workspace actions, with a reason."""

    code: str
    fixer: str
    title: str
    """One imperative sentence: `Run jobs.reference_data_job first`."""
    reason: str
    applicability: Applicability
    edits: tuple[FileEdit, ...] = ()
    actions: tuple[Action, ...] = ()

    @property
    def diff(self) -> str:
        """Unified diff of all edits."""
        return "".join(edit.diff for edit in self.edits)

    @property
    def digest(self) -> str:
        """SHA-256 of exactly what would be done; answers are bound to it."""
        content = json.dumps(self.model_dump(mode="json", exclude={"title", "reason"}), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


class BundleSnapshot(Model):
    """What fixers may read of a bundle: its resolved form and its text files. They never touch the disk."""

    resolved: ResolvedBundle
    files: Mapping[str, str]
    """Path relative to the bundle root -> text. Binary and very large files are left out."""
