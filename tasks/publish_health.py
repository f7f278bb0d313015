"""Show the result of a health check in Prefect: artifacts, an event, and the state of the flow run."""

from __future__ import annotations

from typing import Any

from prefect import State, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.events import emit_event
from prefect.states import Completed, Failed

from tasks.artifact_key import artifact_key
from tasks.check_health_report import HealthReport, Severity, as_markdown, as_rows
from tasks.retry_policies import LOCAL
from workspace.errors import NotVerifiedError

EVENT = "bundleops.health.checked"


@task(task_run_name="publish health", **LOCAL)
def publish_health(report: HealthReport) -> None:
    """Publish the report as Markdown, its findings as a table, and its verdict as an event."""
    name = f"{report.bundle}-{report.target}"
    create_markdown_artifact(key=artifact_key("health", name), markdown=as_markdown(report), description=report.summary)
    if report.findings:
        create_table_artifact(key=artifact_key("health-findings", name), table=as_rows(report))
    emit_event(
        event=EVENT,
        resource={"prefect.resource.id": f"bundleops.bundle.{name}", "prefect.resource.name": name},
        payload={
            "bundle": report.bundle,
            "target": report.target,
            "host": report.host,
            "verdict": report.verdict,
            **{severity.value: report.count(severity) for severity in Severity},
        },
    )


def health_state(report: HealthReport) -> State[Any]:
    """Return the state of the flow run: something broken must not look completed in Prefect."""
    if report.count(Severity.BROKEN):
        return Failed(message=report.summary, data=NotVerifiedError(report.summary, report))
    return Completed(message=report.summary, data=report)
