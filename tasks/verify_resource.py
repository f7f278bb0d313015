"""Verify what is deployed and never runs: monitors, alerts, dashboards, Genie spaces. Its check counts as its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prefect import task

from diagnostics.models import BundleSnapshot
from operations.exit_json import acceptable
from operations.journal import Event
from operations.operation import Operation
from operations.planning.layers import VERIFIED_TYPES
from tasks.question_events import settle_questions
from tasks.retry_policies import READ
from tasks.toolbox import journal_of, note_evidence, progress_of, snapshot_of
from tasks.verify_run import note_findings
from tasks.verify_tables import warehouse_of
from workspace.check_models import Check, Fault
from workspace.errors import WorkspaceRequestError
from workspace.models import Evidence, Failure, Resource, Surface
from workspace.sdk import connect
from workspace.services import alerts, dashboards, genie, monitors
from workspace.services.statements import Place
from workspace.settings import settings

_SURFACES = {
    "quality_monitors": Surface.MONITOR,
    "alerts": Surface.ALERT,
    "dashboards": Surface.DASHBOARD,
    "genie_spaces": Surface.GENIE,
}


def is_verified_only(key: str) -> bool:
    """Tell whether a resource is deployed and checked, and has no runs."""
    return key.partition(".")[0] in VERIFIED_TYPES


@task(task_run_name="verify {key}", **READ)
def verify_resource(work: Operation, key: str) -> Evidence | None:
    """Check a deployed resource as its next iteration; return what is wrong, None when it is verified.

    Raises:
        WorkspaceRequestError: a fault that may pass.
    """
    seen = progress_of(work, key)
    iteration = seen.iteration_at_hand
    if not seen.open_run:
        journal_of(work).append(Event.RUN_INTENDED, key, iteration, kind="check")
    snapshot = snapshot_of(work)
    resource = snapshot.resolved.resource(key)
    check = check_resource(work.profile, resource, snapshot, lambda: warehouse_of(work) or "")
    note_findings(work, key, check)
    if passes(check, work.limits.partial_success_share):
        tolerated = tuple(f"passes although {fault.about} fails: {fault.text}" for fault in check.faults)
        note_findings(work, key, Check(findings=tolerated))
        journal_of(work).append(Event.RUN_VERIFIED, key, iteration, detail=list(check.details))
        settle_questions(work, key, "it is verified")
        return None
    surface, url = _SURFACES[resource.type], resource.url or ""
    failures = tuple(
        Failure(surface=surface, error=fault.text, task_key=fault.about, url=url) for fault in check.faults
    )
    return note_evidence(work, resource, surface, iteration, failures)


def check_resource(
    profile: str | None, resource: Resource, snapshot: BundleSnapshot, warehouse: Callable[[], str]
) -> Check:
    """Check a monitor, alert, dashboard or Genie space by its id.

    Args:
        profile: profile of the configuration file; None takes what the environment says.
        resource: the resource as it is deployed.
        snapshot: the bundle, which tells what was deployed.
        warehouse: returns the warehouse for queries where the resource names none, empty without any.

    Raises:
        WorkspaceRequestError: a fault that may pass.
    """
    if not resource.id:
        return Check(faults=(Fault(about=resource.key, text=f"{resource.key} has no id: it was not deployed."),))
    client, config = connect(profile), resource.config
    try:
        match resource.type:
            case "quality_monitors":
                patience = monitors.RefreshPatience.from_settings(settings())
                return monitors.check_monitor(client, str(config.get("table_name") or resource.id), patience)
            case "alerts":
                return alerts.check_alert(client, resource.id)
            case "dashboards":
                return dashboards.check_dashboard(client, resource.id, _place(config, warehouse))
            case _:
                space = _deployed_space(config, snapshot)
                return genie.check_space(client, resource.id, space, _place(config, warehouse))
    except WorkspaceRequestError as error:
        if error.transient:
            raise
        return Check(faults=(Fault(about=resource.key, text=str(error)),))


def passes(check: Check, share: float) -> bool:
    """Tell whether a check lets a resource pass: of many queries or questions a few may fail, as of a notebook's."""
    total = len(check.details) + len(check.faults)
    return not check.faults or (len(check.details) > 0 and acceptable(total, len(check.faults), share))


def _place(config: Mapping[str, Any], warehouse: Callable[[], str]) -> Place:
    catalog, schema = config.get("dataset_catalog"), config.get("dataset_schema")
    return Place(str(config.get("warehouse_id") or "") or warehouse(), catalog, schema)


def _deployed_space(config: Mapping[str, Any], snapshot: BundleSnapshot) -> str | Mapping[str, Any] | None:
    """Return the content of a Genie space as the bundle has it: in its configuration, or in the file that it names."""
    written: str | Mapping[str, Any] | None = config.get("serialized_space")
    if written:
        return written
    path = str(config.get("file_path") or "")
    fitting = [name for name in snapshot.files if path and (path == name or path.endswith(f"/{name}"))]
    return snapshot.files[max(fitting, key=len)] if fitting else None
