"""`bundle deploy`: files, then resources, then the record of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.standin.apply import Outcome, apply
from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import AlreadyReportedError, BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.lock import deploy_lock
from sandbox.standin.plan import Step, make_plan, totals
from sandbox.standin.planfile import read_plan
from sandbox.standin.state import Journal, State, pull, upload
from sandbox.standin.sync import upload_files
from sandbox.standin.versions import CLI_VERSION

_APPROVAL = (
    "the deployment requires destructive actions, but the current console does not support prompting.\n"
    "Deleting data assets such as schemas, pipelines, or volumes may cause permanent data loss and should be carefully "
    "reviewed.\nTo proceed, use --auto-approve after reviewing the plan above."
)


def deploy(bundle: Bundle) -> None:
    """Deploy the bundle and say on stderr what was done."""
    state = pull(bundle, with_files=True)
    with deploy_lock(bundle):
        _deploy_files_and_resources(bundle, state)


def _deploy_files_and_resources(bundle: Bundle, state: State) -> None:
    call, quiet = bundle.call, bundle.call.options.quiet
    if quiet < 2:
        call.say(f"Uploading bundle files to {bundle.remote('file')}...")
    internal = f"{bundle.remote('artifact')}/.internal"
    bundle.client.remove(internal, recursive=True)
    bundle.client.mkdirs(internal)
    uploaded, deleted = upload_files(bundle, state)
    files = f"Files: {uploaded} uploaded, {deleted} deleted"
    try:
        steps = _steps(bundle, state)
        _require_approval(bundle, steps)
        outcome = _change_resources(bundle, steps, state)
    except BundleError as error:
        call.err.write(str(error.diagnostic()))
        outcome = None
    if outcome is not None and not quiet:
        for line in outcome.lines():
            call.say(line)
    if quiet < 2 or outcome is None:
        call.say(files)
    if outcome is not None and quiet < 2:
        call.say(_resources_line(steps))
    _send_telemetry(bundle)
    if outcome is None:
        raise AlreadyReportedError


def _steps(bundle: Bundle, state: State) -> list[Step]:
    path = bundle.call.options.plan
    if not path:
        return make_plan(bundle, state)
    try:
        document = json.loads((bundle.call.around.cwd / path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot read the plan {path}: {error}") from error
    return read_plan(document, state)


def _change_resources(bundle: Bundle, steps: list[Step], state: State) -> Outcome | None:
    if bundle.call.options.fail_on_active_runs:
        _refuse_active_runs(bundle, state)
    journal = Journal(bundle, state)
    outcome = apply(bundle, steps, journal)
    journal.finish()
    for error in outcome.errors:
        bundle.call.err.write(str(error.diagnostic()))
    if outcome.errors:
        return None
    upload(bundle, "metadata.json", _metadata(bundle, state))
    return outcome


def _require_approval(bundle: Bundle, steps: list[Step]) -> None:
    doomed = [step for step in steps if step.action in {"delete", "recreate"} and step.kind.recreation]
    for text in dict.fromkeys(step.kind.recreation for step in doomed):
        bundle.call.say(f"\nThis action will result in the deletion or recreation {text}")
        for step in doomed:
            if step.kind.recreation == text:
                bundle.call.say(f"  {step.action} {step.key}")
    if doomed and not bundle.call.options.auto_approve:
        raise BundleError(_APPROVAL)


def _refuse_active_runs(bundle: Bundle, state: State) -> None:
    for key, remote_id in sorted(state.ids.items()):
        if not key.startswith("resources.jobs."):
            continue
        if bundle.client.get("/api/2.2/jobs/runs/list", {"job_id": remote_id, "active_only": "true"}).get("runs"):
            raise BundleError(f"job {remote_id} is running")


def _resources_line(steps: list[Step]) -> str:
    number = totals(steps)
    return (
        f"Resources: {number['add']} created, {number['change']} changed, {number['delete']} deleted, "
        f"{number['unchanged']} unchanged"
    )


def _metadata(bundle: Bundle, state: State) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for kind, name, node in bundle.resources():
        place = {"id": state.ids[f"resources.{kind}.{name}"], "relative_path": Path(node.location.file).as_posix()}
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
