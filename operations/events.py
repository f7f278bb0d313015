"""The words of the journal: every event, and the data that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from workspace.models import Model


class Event(StrEnum):
    """What can happen in an operation. The names in brackets are the event's data; those with a `?` may be missing."""

    OPERATION_STARTED = "operation_started"
    """An operation began (bundle, target, dry_run?)."""
    OPERATION_RESUMED = "operation_resumed"
    """A process took up an operation that had ended, waited or crashed."""
    BUNDLE_DISCOVERED = "bundle_discovered"
    """The bundle was resolved for the target (name, user?, mode?, url?)."""
    RESOURCES_PLANNED = "resources_planned"
    """The order of resources is known (resources: list of {key, layer?, order?, needs?, why?})."""
    BUNDLE_VALIDATED = "bundle_validated"
    """`bundle validate --strict` found nothing (warnings?)."""
    DEPLOY_PLANNED = "deploy_planned"
    """What a deploy would do is known (plan: DeployPlan)."""
    DEPLOY_HELD = "deploy_held"
    """The next deploy needs a person; the siblings of the layer run to their end first (reason)."""
    DEPLOY_STARTED = "deploy_started"
    """A deploy begins; without a later bundle_deployed its end is unknown (digest?)."""
    BUNDLE_DEPLOYED = "bundle_deployed"
    """The bundle is deployed (digest?, seconds?)."""
    PREREQUISITES_CHECKED = "prerequisites_checked"
    """What a layer needs was looked up (layer, looked_up: number, unmet: list of Unmet)."""
    RUN_INTENDED = "run_intended"
    """A run is about to be started (idempotency_token?, kind?, parent_id?). A key named `token` would be redacted."""
    RUN_STARTED = "run_started"
    """A run was started, or one that had been started was adopted (handle: RunHandle, adopted?)."""
    RUN_ENDED = "run_ended"
    """A run came to its end (outcome: RunOutcome)."""
    RUN_VERIFIED = "run_verified"
    """The run did what it should (detail?)."""
    EVIDENCE_COLLECTED = "evidence_collected"
    """A run, validate, plan or deploy failed, and this was collected (evidence: Evidence)."""
    FAILURE_DIAGNOSED = "failure_diagnosed"
    """A failure was matched with the known patterns (diagnosis: Diagnosis, others?: list of Diagnosis)."""
    FIX_PLANNED = "fix_planned"
    """A fixer proposed a fix plan (plan: FixPlan, digest)."""
    FIX_APPLIED = "fix_applied"
    """A fix plan was carried out in the working copy (digest, title?, diff?)."""
    FIX_UNDONE = "fix_undone"
    """A fix was taken back (digest, reason?)."""
    LOSSES_LISTED = "losses_listed"
    """What a destroy would delete was listed (losses: Losses, digest)."""
    DESTROY_STARTED = "destroy_started"
    """A destroy is about to use its approval up and to begin; its end is unknown without a later line (digest)."""
    DESTROY_ENDED = "destroy_ended"
    """`bundle destroy` came to its end (ok, exit_code, error?)."""
    BUNDLE_DESTROYED = "bundle_destroyed"
    """Nothing of what was listed is left (remains: Remains, digest?)."""
    REMAINS_FOUND = "remains_found"
    """A destroy left something (remains: Remains)."""
    QUESTION_ASKED = "question_asked"
    """A person is asked (question: id, kind, title, digest?, deadline?)."""
    PERSON_AWAITED = "person_awaited"
    """The flow run waits for a person (questions: ids, flow_run, how: paused or suspended, form_key, until)."""
    QUESTION_ANSWERED = "question_answered"
    """A person answered (question: id, option, by, verified, source, note?)."""
    QUESTION_SETTLED = "question_settled"
    """What a question was about was put right, or left out, without its answer; it is taken back (question, reason)."""
    RESOURCE_SKIPPED = "resource_skipped"
    """The resource will not run in this operation (reason)."""
    RESOURCE_ESCALATED = "resource_escalated"
    """The operation stops on this resource and asks a person (reason, question?, hypothesis?)."""
    LESSON_NOTED = "lesson_noted"
    """Something was learned for the knowledge base (code, text, path?). No step writes it yet."""
    REPORT_WRITTEN = "report_written"
    """A report is on disk (path)."""
    OPERATION_ENDED = "operation_ended"
    """The operation ended (verdict: verified, planned, failed, invalid, escalated, waiting, interrupted or canceled;
    exit_code?, reason?, patch?)."""
    NOTE = "note"
    """Something worth reading that changes nothing (text)."""


class JournalEvent(Model):
    """One line of a journal."""

    at: AwareDatetime
    event: str
    """A word of `Event`, or one that a newer version wrote."""
    resource: str | None = None
    """Resource key, `bundle`, or None for the operation as a whole."""
    iteration: int | None = None
    data: Mapping[str, Any] = {}
