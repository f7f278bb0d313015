"""The end: what came of the operation, the patch of proven fixes, the reports."""

from __future__ import annotations

from typing import Any

from prefect import State, task
from prefect.states import Completed, Failed

from diagnostics.models import FileEdit
from operations.journal import Event
from operations.operation import Operation
from operations.progress import progress
from operations.report import write_report
from operations.standing import Progress, ResourceStatus
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of, questions_of, records_of
from workspace.errors import NotVerifiedError
from workspace.models import Model, Surface
from workspace.working_copy import write_patch


class Conclusion(Model):
    """How an operation ended."""

    operation: str
    verdict: str
    """verified, planned, waiting, escalated, failed or invalid"""
    exit_code: int
    reason: str
    patch: str | None = None
    report: str | None = None
    resume: str = ""
    """How a person goes on with it."""


@task(task_run_name="conclude operation", **LOCAL)
def conclude_operation(work: Operation) -> Conclusion:
    """Judge the operation by its journal, and write patch and reports."""
    done = progress(journal_of(work).events())
    verdict, exit_code, reason = judge(work, done, waiting=bool(questions_of(work).list(work.id)))
    patch = _write_proven(work, done)
    journal_of(work).append(Event.OPERATION_ENDED, verdict=verdict, exit_code=exit_code, reason=reason, patch=patch)
    return Conclusion(
        operation=work.id,
        verdict=verdict,
        exit_code=exit_code,
        reason=reason,
        patch=patch,
        report=write_reports(work),
        resume=work.resume_command,
    )


def as_state(conclusion: Conclusion) -> State[Any]:
    """Return the state of the flow run: whatever is not verified must not look completed in Prefect."""
    text = f"{conclusion.verdict}: {conclusion.reason} (operation {conclusion.operation})"
    if conclusion.verdict == "waiting":
        text += f". After the answer: {conclusion.resume}, or run the deployment with this operation as parameter."
    if conclusion.exit_code == 0:
        return Completed(message=text, data=conclusion)
    return Failed(message=text, data=NotVerifiedError(text, conclusion))


def judge(work: Operation, done: Progress, *, waiting: bool) -> tuple[str, int, str]:
    """Return verdict, exit code and reason of an operation."""
    present = (
        {resource.key for resource in records_of(work).bundle().resources} if records_of(work).has_bundle() else ()
    )
    unverified = [
        key for key, one in done.resources.items() if key in present and one.status is not ResourceStatus.VERIFIED
    ]
    if waiting:
        return "waiting", 4, "a person has been asked and has not answered yet"
    if done.bundle.status in {ResourceStatus.FAILED, ResourceStatus.ESCALATED} and not done.deployed:
        last = done.bundle.attempts[-1].evidence if done.bundle.attempts else None
        invalid = last is not None and last.surface is Surface.VALIDATE
        return ("invalid", 3, "the bundle is invalid") if invalid else ("escalated", 1, "the bundle was not deployed")
    if work.dry_run:
        return "planned", 0, "dry run: nothing was deployed and nothing was run"
    if not unverified and done.deployed:
        return "verified", 0, f"{len(done.resources)} resources verified"
    escalated = any(one.status is ResourceStatus.ESCALATED for one in done.resources.values())
    return "escalated" if escalated else "failed", 1, f"not verified: {', '.join(unverified) or 'the deploy'}"


def write_reports(work: Operation) -> str:
    """Write the reports from the journal and return the path of the Markdown one."""
    path = str(write_report(work, journal_of(work).events()))
    journal_of(work).append(Event.REPORT_WRITTEN, path=path)
    return path


def _write_proven(work: Operation, done: Progress) -> str | None:
    """Write the fixes of verified resources as one patch for the person's checkout; None when there are none."""
    left = _left_in(work)
    edits: dict[str, FileEdit] = {}
    for fix in records_of(work).fixes():
        if fix.plan.digest not in left or not _is_proven(done, fix.resource):
            continue
        for edit in fix.plan.edits:
            before = edits[edit.path].before if edit.path in edits else edit.before
            edits[edit.path] = FileEdit(path=edit.path, before=before, after=edit.after)
    if not edits:
        return None
    file = records_of(work).patch_file
    write_patch(list(edits.values()), file)
    return str(file)


def _left_in(work: Operation) -> frozenset[str]:
    """Return the digests of the fixes that are in the working copy now; one that was undone may be applied again."""
    left: set[str] = set()
    for event in journal_of(work).events():
        if event.event == Event.FIX_APPLIED:
            left.add(event.data["digest"])
        elif event.event == Event.FIX_UNDONE:
            left.discard(event.data["digest"])
    return frozenset(left)


def _is_proven(done: Progress, key: str) -> bool:
    return done.deployed if key == "bundle" else done.of(key).status is ResourceStatus.VERIFIED
