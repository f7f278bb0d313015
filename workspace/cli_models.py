"""Plain frozen data about calls of the CLI; `workspace.models` offers them with all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from workspace.model import Model, SourceLocation


class CliDiagnostic(Model):
    """One `Error:` / `Warning:` / `Recommendation:` block of the CLI."""

    severity: Literal["error", "warning", "recommendation"]
    summary: str
    config_path: str | None = None
    locations: tuple[SourceLocation, ...] = ()
    detail: str = ""
    http_status: int | None = None
    error_code: str | None = None


class PlannedChange(Model):
    """One line of `bundle plan` that is not `skip`."""

    resource: str
    """`jobs.gold_merge_job`"""
    action: str
    """create, update, update_id, resize, recreate or delete"""


class DeployPlan(Model):
    """What a deploy would do. `digest` identifies exactly this content."""

    changes: tuple[PlannedChange, ...]
    digest: str

    @property
    def destructive(self) -> tuple[PlannedChange, ...]:
        """Changes that delete or recreate something: they need an answer first."""
        return tuple(change for change in self.changes if change.action in {"delete", "recreate"})


class CliOutcome(Model):
    """How one call of the CLI ended. Texts are redacted and cut to a size that fits a journal."""

    ok: bool
    exit_code: int
    stdout: str
    stderr: str
    diagnostics: tuple[CliDiagnostic, ...] = ()
    document: Mapping[str, Any] | None = None
    """The JSON document on stdout, redacted; present also when the call failed but printed one."""
    plan: DeployPlan | None = None
    """What `plan` would do, with its digest over the unredacted document."""

    @property
    def errors(self) -> tuple[CliDiagnostic, ...]:
        """The diagnostics that are errors."""
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.severity == "error")
