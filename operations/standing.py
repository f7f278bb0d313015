"""Where an operation stands, as data: the bundle, each resource, and what its iterations came to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from diagnostics.models import Diagnosis, FixPlan
from operations.ends import BUNDLE
from workspace.models import Evidence, Model, RunHandle, RunOutcome


class ResourceStatus(StrEnum):
    """Where a resource stands within the operation."""

    PENDING = "pending"
    RUNNING = "running"
    VERIFIED = "verified"
    FAILED = "failed"
    ESCALATED = "escalated"
    SKIPPED = "skipped"


class OpenRun(Model):
    """A run that was intended and has not ended as far as the journal knows."""

    iteration: int
    intended_at: AwareDatetime | None = None
    idempotency_token: str | None = None
    newest_update: str | None = None
    """Newest update of the pipeline before this one was intended; empty when there was none."""
    handle: RunHandle | None = None
    """None: the process died between intending the run and recording its start."""


class Attempt(Model):
    """One iteration of a resource, or one failed validate, plan or deploy of the bundle: what happened and was done."""

    iteration: int
    handle: RunHandle | None = None
    outcome: RunOutcome | None = None
    evidence: Evidence | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    """The first one is what the fix was planned for."""
    plan: FixPlan | None = None
    """As it was journalled, redacted and without its edits: to be shown, not to be applied."""
    diff: str = ""
    """Unified diff of the plan's edits."""
    digest: str | None = None
    applied: bool = False
    undone: bool = False
    verified: bool = False


class ResourceProgress(Model):
    """One resource (or the bundle itself) as the journal tells it."""

    key: str
    layer: str = "none"
    status: ResourceStatus = ResourceStatus.PENDING
    iterations: int = 0
    """The highest iteration so far; the next run takes the next number."""
    iterations_used: int = 0
    """Iterations since a person last said `run_again`; what counts against the limit."""
    open_run: OpenRun | None = None
    attempts: tuple[Attempt, ...] = ()
    tried: frozenset[str] = frozenset()
    """Digests of all fix plans that were applied."""
    reason: str = ""
    """Why it was skipped or escalated."""

    @property
    def iteration_at_hand(self) -> int:
        """The iteration of the run that is open, else of the one that would be next."""
        return self.open_run.iteration if self.open_run else self.iterations + 1


class Progress(Model):
    """An operation as its journal tells it."""

    bundle: ResourceProgress = ResourceProgress(key=BUNDLE)
    """Failures of validate, plan and deploy."""
    resources: Mapping[str, ResourceProgress] = {}
    """By resource key, in planned order."""
    deployed: bool = False
    """The working copy as it is now is deployed."""
    deploy_open: bool = False
    """A deploy was started and its end is not known."""
    deploy_held: bool = False
    """The next deploy waits for a person; until they are asked, siblings run on what is deployed."""
    open_questions: tuple[str, ...] = ()
    started_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    """None while it runs, and after it was resumed."""
    verdict: str | None = None
    end: Mapping[str, Any] = {}
    """Data of the end: exit code, reason, patch."""

    def of(self, key: str | None) -> ResourceProgress:
        """Return the progress of a resource, of the bundle for None and `bundle`, a fresh one for an unknown key."""
        if key in {None, BUNDLE}:
            return self.bundle
        return self.resources.get(str(key)) or ResourceProgress(key=str(key))
