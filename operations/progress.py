"""Where an operation stands: a pure replay of its journal, and all that resuming needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diagnostics.models import Diagnosis, FixPlan
from operations.ends import BUNDLE
from operations.events import Event, JournalEvent
from operations.standing import Attempt, OpenRun, Progress, ResourceProgress, ResourceStatus
from workspace.models import Evidence, RunHandle, RunOutcome


def progress(events: Iterable[JournalEvent]) -> Progress:
    """Replay the events and return where the operation stands; the same events always give the same answer."""
    current = Progress()
    for event in events:
        current = _after(current, event)
    return current


def _after(before: Progress, event: JournalEvent) -> Progress:
    """Return the progress after one more event; an event of a newer version changes only the time."""
    changes = {"started_at": before.started_at or event.at, "last_at": event.at, **_operation_changes(before, event)}
    now = before.model_copy(update=changes)
    step = _STEPS.get(event.event)
    if step is None:
        return now
    changed = step(now.of(event.resource), event)
    if changed.key == BUNDLE:
        return now.model_copy(update={"bundle": changed})
    return now.model_copy(update={"resources": {**now.resources, changed.key: changed}})


def _operation_changes(before: Progress, event: JournalEvent) -> dict[str, Any]:
    """What an event changes about the operation as a whole."""
    data = event.data
    match event.event:
        case Event.OPERATION_ENDED:
            return {"ended_at": event.at, "verdict": data.get("verdict"), "end": data}
        case Event.RESOURCES_PLANNED:
            return {"resources": _planned(before, data.get("resources", ()))}
        case Event.FIX_APPLIED:
            # A fix without edits (run another resource, wait) leaves what is deployed as it is.
            edited = bool(data.get("diff"))
            return {"deployed": before.deployed and not edited, "deploy_held": before.deploy_held and not edited}
        case Event.QUESTION_ASKED | Event.QUESTION_ANSWERED | Event.QUESTION_SETTLED:
            asked = (data["question"],) if event.event == Event.QUESTION_ASKED else ()
            held = before.deploy_held and event.event == Event.QUESTION_SETTLED
            return {"open_questions": (*_other_questions(before, data), *asked), "deploy_held": held}
        case Event.EVIDENCE_COLLECTED if event.resource in {None, BUNDLE}:
            return {"deploy_open": False}
        case _:
            return _FIXED_CHANGES.get(event.event, {})


_FIXED_CHANGES: Mapping[str, dict[str, Any]] = {
    Event.OPERATION_RESUMED: {"ended_at": None, "verdict": None, "end": {}, "deploy_held": False},
    Event.DEPLOY_HELD: {"deploy_held": True},
    Event.DEPLOY_STARTED: {"deploy_open": True, "deployed": False, "deploy_held": False},
    Event.BUNDLE_DEPLOYED: {"deploy_open": False, "deployed": True},
    Event.FIX_UNDONE: {"deployed": False},
}


def _planned(before: Progress, planned: Iterable[Mapping[str, Any]]) -> dict[str, ResourceProgress]:
    """Put the resources into planned order; what is known of them already stays."""
    ordered = {
        str(item["key"]): before.of(item["key"]).model_copy(update={"layer": str(item.get("layer") or "none")})
        for item in planned
    }
    return ordered | {key: known for key, known in before.resources.items() if key not in ordered}


def _other_questions(before: Progress, data: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(question for question in before.open_questions if question != data["question"])


def _intended(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    iteration = event.iteration or resource.iterations + 1
    is_new = iteration > resource.iterations
    run = OpenRun(
        iteration=iteration,
        intended_at=event.at,
        idempotency_token=event.data.get("idempotency_token"),
        newest_update=event.data.get("newest_update"),
    )
    return resource.model_copy(
        update={
            "status": ResourceStatus.RUNNING,
            "iterations": max(iteration, resource.iterations),
            "iterations_used": resource.iterations_used + is_new,
            "open_run": run,
            "attempts": (*resource.attempts, Attempt(iteration=iteration)) if is_new else resource.attempts,
        }
    )


def _started(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    handle = RunHandle.model_validate(event.data["handle"])
    if resource.open_run is None or resource.open_run.iteration != handle.iteration:
        resource = _intended(resource, event.model_copy(update={"iteration": handle.iteration}))
    run = (resource.open_run or OpenRun(iteration=handle.iteration)).model_copy(update={"handle": handle})
    return _with_attempt(resource, handle.iteration, handle=handle).model_copy(update={"open_run": run})


def _ended(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    outcome = RunOutcome.model_validate(event.data["outcome"])
    status = ResourceStatus.RUNNING if outcome.succeeded else ResourceStatus.FAILED
    changed = _with_attempt(resource, outcome.handle.iteration, outcome=outcome, handle=outcome.handle)
    return changed.model_copy(update={"open_run": None, "status": status})


def _verified(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    changed = _with_attempt(resource, event.iteration or resource.iterations, verified=True)
    return changed.model_copy(update={"status": ResourceStatus.VERIFIED, "open_run": None})


def _evidence(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    evidence = Evidence.model_validate(event.data["evidence"])
    if resource.key == BUNDLE:
        # The bundle has no runs: each failed validate, plan or deploy is its next iteration.
        # Seen again without a fix in between, for example after a restart, it is the same one.
        seen = resource.attempts and not resource.attempts[-1].applied and resource.status is not ResourceStatus.PENDING
        number = resource.iterations + (0 if seen else 1)
        counted = {"iterations": number, "iterations_used": resource.iterations_used + (0 if seen else 1)}
        resource = resource.model_copy(update=counted)
    else:
        number = event.iteration or evidence.iteration
        if resource.open_run and resource.open_run.handle is None:
            # The start was refused: there is no run to take up, and the next start is an iteration of its own.
            resource = resource.model_copy(update={"open_run": None})
    return _with_attempt(resource, number, evidence=evidence).model_copy(update={"status": ResourceStatus.FAILED})


def _diagnosed(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    found = (event.data["diagnosis"], *event.data.get("others", ()))
    return _with_attempt(resource, _last(resource), diagnoses=tuple(Diagnosis.model_validate(each) for each in found))


def _fix_planned(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    shown = dict(event.data["plan"])
    diff = shown.pop("diff", "")
    plan = FixPlan.model_validate(shown)
    digest = event.data.get("digest") or plan.digest
    return _with_attempt(resource, _last(resource), plan=plan, diff=diff or plan.diff, digest=digest)


def _fix_applied(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    digest = str(event.data["digest"])
    diff = {"diff": event.data["diff"]} if event.data.get("diff") else {}
    changed = _with_attempt(resource, _last(resource), applied=True, digest=digest, **diff)
    return changed.model_copy(update={"tried": resource.tried | {digest}})


def _fix_undone(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    digest = event.data["digest"]
    attempts = (
        attempt.model_copy(update={"undone": True}) if attempt.applied and attempt.digest == digest else attempt
        for attempt in resource.attempts
    )
    return resource.model_copy(update={"attempts": tuple(attempts)})


def _answered(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    """`run_again` gives the resource all its iterations anew; other answers change it only by what follows them."""
    if event.data.get("option") != "run_again":
        return resource
    return resource.model_copy(update={"status": ResourceStatus.PENDING, "iterations_used": 0, "reason": ""})


def _deployed(resource: ResourceProgress, _event: JournalEvent) -> ResourceProgress:
    return resource.model_copy(update={"status": ResourceStatus.VERIFIED, "reason": ""})


def _skipped(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    return resource.model_copy(
        update={"status": ResourceStatus.SKIPPED, "reason": event.data.get("reason", ""), "open_run": None}
    )


def _escalated(resource: ResourceProgress, event: JournalEvent) -> ResourceProgress:
    return resource.model_copy(update={"status": ResourceStatus.ESCALATED, "reason": event.data.get("reason", "")})


_STEPS: Mapping[str, Callable[[ResourceProgress, JournalEvent], ResourceProgress]] = {
    Event.BUNDLE_DEPLOYED: _deployed,
    Event.RUN_INTENDED: _intended,
    Event.RUN_STARTED: _started,
    Event.RUN_ENDED: _ended,
    Event.RUN_VERIFIED: _verified,
    Event.EVIDENCE_COLLECTED: _evidence,
    Event.FAILURE_DIAGNOSED: _diagnosed,
    Event.FIX_PLANNED: _fix_planned,
    Event.FIX_APPLIED: _fix_applied,
    Event.FIX_UNDONE: _fix_undone,
    Event.QUESTION_ANSWERED: _answered,
    Event.RESOURCE_SKIPPED: _skipped,
    Event.RESOURCE_ESCALATED: _escalated,
}


def _last(resource: ResourceProgress) -> int:
    return resource.attempts[-1].iteration if resource.attempts else max(resource.iterations, 1)


def _with_attempt(resource: ResourceProgress, iteration: int, **changes: Any) -> ResourceProgress:
    """Change the latest attempt of this iteration, or add one."""
    for index in range(len(resource.attempts) - 1, -1, -1):
        if resource.attempts[index].iteration == iteration:
            changed = resource.attempts[index].model_copy(update=changes)
            attempts = (*resource.attempts[:index], changed, *resource.attempts[index + 1 :])
            return resource.model_copy(update={"attempts": attempts})
    attempt = Attempt(iteration=iteration, **changes)
    return resource.model_copy(update={"attempts": (*resource.attempts, attempt)})
