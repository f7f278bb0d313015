"""The form of one error pattern, as its page's front matter gives it."""

from __future__ import annotations

from enum import StrEnum

from workspace.models import Model


class Applicability(StrEnum):
    """Whether a fix may be applied without a person."""

    SAFE = "safe"
    NEEDS_APPROVAL = "needs_approval"
    MANUAL = "manual"


class Category(StrEnum):
    """Where the cause of a fault sits."""

    DEPLOYMENT = "deployment"
    AUTH = "auth"
    PERMISSION = "permission"
    DEPENDENCY = "dependency"
    JOB_RUNTIME = "job_runtime"
    SQL = "sql"
    PIPELINE = "pipeline"
    MONITOR = "monitor"
    ALERT = "alert"
    CLUSTER = "cluster"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


class FixKind(StrEnum):
    """What the first right step is."""

    EDIT_BUNDLE_YAML = "edit_bundle_yaml"
    ADD_LIBRARY = "add_library"
    CHANGE_COMPUTE = "change_compute"
    FIX_PARAMETERS = "fix_parameters"
    FIX_SQL = "fix_sql"
    EDIT_SOURCE = "edit_source"
    DEDUPE_SOURCE = "dedupe_source"
    RUN_UPSTREAM_FIRST = "run_upstream_first"
    RETRY_WITH_BACKOFF = "retry_with_backoff"
    REAUTHENTICATE = "reauthenticate"
    GRANT = "grant"
    RECREATE = "recreate"
    FULL_REFRESH = "full_refresh"
    ESCALATE = "escalate"


class Sample(Model):
    """One error text that a page says it matches, or does not match."""

    text: str
    matches: bool
    source: str
    """`captured`, `provoked`, `documented` or `composed`, with where it comes from."""
    line: int


class ErrorPattern(Model):
    """One known fault. The code is kebab-case and names the fault, never the remedy."""

    code: str
    category: Category
    match: tuple[str, ...]
    """RE2 expressions, any of which recognises the fault; named groups give the objects."""
    error_class: str | None = None
    layer: str = "any"
    fix_kind: FixKind
    fixer: str | None = None
    applicability: Applicability = Applicability.MANUAL
    transient: bool = False
    repeats: int | None = None
    """How often a transient fault is waited out within one operation; as often as there are iterations without it."""
    title: str
    explanation: str
    page: str
    """Path below knowledge/patterns."""
    samples: tuple[Sample, ...] = ()
