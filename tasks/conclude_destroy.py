"""The end of a destroy: what came of it, and the reports."""

from __future__ import annotations

from prefect import task

from operations.destroy_report import destroy_report
from operations.ends import LayerEnd
from operations.journal import Event
from operations.operation import Operation
from tasks.conclude_operation import Conclusion, write_reports
from tasks.retry_policies import LOCAL
from tasks.toolbox import journal_of


@task(task_run_name="conclude destroy", **LOCAL)
def conclude_destroy(work: Operation, end: LayerEnd) -> Conclusion:
    """Judge the operation by its journal, and write the reports.

    Args:
        work: The operation.
        end: Whether a person let it go on: passed, stopped or waiting.
    """
    verdict, exit_code, reason = judge_destroy(work, end)
    journal_of(work).append(Event.OPERATION_ENDED, verdict=verdict, exit_code=exit_code, reason=reason)
    return Conclusion(
        operation=work.id,
        verdict=verdict,
        exit_code=exit_code,
        reason=reason,
        report=write_reports(work),
        resume=work.resume_command,
    )


def judge_destroy(work: Operation, end: LayerEnd) -> tuple[str, int, str]:
    """Return verdict (destroyed, nothing_deployed, planned, rejected, waiting or failed), exit code and reason."""
    done = destroy_report(journal_of(work).events())
    if end is LayerEnd.WAITING:
        return "waiting", 4, "a person has been asked and has not answered yet; nothing is destroyed until then"
    if end is LayerEnd.STOPPED:
        return "rejected", 1, "a person said not to destroy this; nothing was destroyed after that"
    remains = done.remains if done else None
    if done is None or (remains is not None and remains.is_clean and not done.started):
        return "nothing_deployed", 0, f"nothing to destroy: nothing of the bundle is deployed to {work.target}"
    if work.dry_run:
        return "planned", 0, f"dry run: {len(done.losses.resources)} resources would be destroyed, nothing was"
    if remains is not None and remains.is_clean:
        what = f"{len(done.losses.resources)} resources and {len(done.losses.data)} tables and other data objects"
        return "destroyed", 0, f"{what} are gone"
    left = [*remains.resources, f"{remains.files} files"] if remains else ["not looked for"]
    return "failed", 1, f"still there: {', '.join(left)}" + (f". {done.error}" if done.error else "")
