"""`bundle deploy`: files, then resources, then the record of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.standin.apply import Outcome, apply
from sandbox.standin.approvals import require_approval
from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import AlreadyReportedError, BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.lock import deploy_lock
from sandbox.standin.plan import Step, make_plan, totals_text
from sandbox.standin.planfile import load_plan, steps_of_plan
from sandbox.standin.select import narrowed, resolve_selection
from sandbox.standin.state import Journal, State, pull, upload
from sandbox.standin.sync import upload_files
from sandbox.standin.versions import CLI_VERSION


def deploy(bundle: Bundle) -> None:
    """Deploy the bundle and say on stderr what was done."""
    selected = resolve_selection(bundle)
    state = pull(bundle, with_files=True)
    path = bundle.call.options.plan
    document = load_plan(bundle.call, path, state) if path else None
    if bundle.call.options.fail_on_active_runs:
        _refuse_active_runs(bundle, state)
    with deploy_lock(bundle):
        _deploy_files_and_resources(bundle, state, document, selected)


def _deploy_files_and_resources(
    bundle: Bundle, state: State, document: dict[str, Any] | None, selected: set[str]
) -> None:
    call, quiet = bundle.call, bundle.call.options.quiet
    if quiet < 2:
        call.say(f"Uploading bundle files to {bundle.remote('file')}...")
    internal = f"{bundle.remote('artifact')}/.internal"
    bundle.client.remove(internal, recursive=True)
    bundle.client.mkdirs(internal)
    uploaded, deleted = upload_files(bundle, state)
    try:
        steps = make_plan(bundle, state) if document is None else steps_of_plan(document, state)
        steps, omitted = narrowed(steps, selected)
        require_approval(bundle, steps)
        outcome = _change_resources(bundle, steps, state)
    except BundleError as error:
        call.err.write(str(error.diagnostic()))
        outcome = None
    if quiet < 2:
        for line in _account(bundle, outcome, f"Files: {uploaded} uploaded, {deleted} deleted"):
            call.say(line)
    if outcome is not None and quiet < 2 and not call.is_old:
        call.say(f"Resources: {totals_text(steps, _VERBS, omitted if selected else None)}")
    _send_telemetry(bundle)
    if outcome is None:
        raise AlreadyReportedError


_VERBS = ("created", "changed", "deleted", "unchanged")


def _account(bundle: Bundle, outcome: Outcome | None, files: str) -> list[str]:
    """Return the lines that tell of a deploy; the old texts name no resource."""
    if bundle.call.is_old:
        done = ["Updating deployment state...", "Deployment complete!"] if outcome is not None else []
        return ["Deploying resources...", *done]
    lines = outcome.lines() if outcome is not None and not bundle.call.options.quiet else []
    return [*lines, files]


def _change_resources(bundle: Bundle, steps: list[Step], state: State) -> Outcome | None:
    journal = Journal(bundle, state)
    outcome = apply(bundle, steps, journal)
    journal.finish()
    for error in outcome.errors:
        bundle.call.err.write(str(error.diagnostic()))
    if outcome.errors:
        return None
    upload(bundle, "metadata.json", _metadata(bundle, state))
    return outcome


def _refuse_active_runs(bundle: Bundle, state: State) -> None:
    for key, remote_id in sorted(state.ids.items()):
        if key.startswith("resources.jobs."):
            query = {"job_id": remote_id, "active_only": "true"}
            if bundle.client.get("/api/2.2/jobs/runs/list", query).get("runs"):
                raise BundleError(f"job {remote_id} is running")
        if key.startswith("resources.pipelines."):
            found = bundle.client.get(f"/api/2.0/pipelines/{remote_id}")
            if found.get("state") == "RUNNING":
                raise BundleError(f"pipeline {remote_id} is running")


def _metadata(bundle: Bundle, state: State) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for kind, name, node in bundle.resources():
        remote_id = state.ids.get(f"resources.{kind}.{name}")
        if remote_id is None:
            continue
        place = {"id": remote_id, "relative_path": Path(node.location.file).as_posix()}
        found.setdefault(kind, {})[name] = place
    config = {
        "bundle": {"name": bundle.name, "target": bundle.target, "git": {"bundle_root_path": "."}},
        "workspace": {"file_path": bundle.remote("file")},
        "resources": found,
        "presets": {},
    }
    return {"version": 1, "cli_version": CLI_VERSION, "config": config}


def _send_telemetry(bundle: Bundle) -> None:
    try:
        bundle.client.post("/telemetry-ext", {"uploadTime": 0, "items": [], "protoLogs": []})
    except ApiError as error:
        # A workspace without the route changes nothing; anything else is worth knowing.
        if error.status != 404:
            raise
