"""`bundle run` of a job: start it, follow it, show what its tasks put out."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.job_output import show_outputs
from sandbox.standin.job_parameters import run_now_body
from sandbox.standin.node import Node

_FINAL = {"TERMINATED", "SKIPPED", "INTERNAL_ERROR"}
_ENDINGS = {"FAILED": "run failed", "CANCELED": "run canceled", "TIMEDOUT": "run timed out"}
_LEGACY_FRAGMENT_PARTS = 4


def run_job(bundle: Bundle, job_id: str, job: Node) -> None:
    """Start a run; unless told otherwise wait for its end."""
    options, client = bundle.call.options, bundle.client
    body = run_now_body(options, job, int(job_id))
    if options.restart and job.plain("continuous", "pause_status") != "UNPAUSED":
        _cancel_active(bundle, job_id)
    run_id = _start(bundle, body)
    if options.no_wait:
        _announce(bundle, _read(bundle, run_id))
        return
    run = _follow(bundle, run_id)
    _refuse_failure(bundle, run)
    if _state(run).get("result_state") == "SUCCESS":
        show_outputs(bundle.call, client, _read(bundle, run_id))


def _read(bundle: Bundle, run_id: int) -> dict[str, Any]:
    return bundle.client.get("/api/2.2/jobs/runs/get", {"run_id": run_id})


def _announce(bundle: Bundle, run: dict[str, Any]) -> None:
    url = str(run.get("run_page_url") or "")
    bundle.call.say(f"Run URL: {url if bundle.call.is_old else _modern(url)}\n")


def _modern(url: str) -> str:
    """Return the path form of a run's URL: its fragment is opened only to people who may see the workspace's home."""
    parts = urlsplit(url)
    steps = parts.fragment.split("/")
    if len(steps) != _LEGACY_FRAGMENT_PARTS or (steps[0], steps[2]) != ("job", "run"):
        return url
    return parts._replace(path=f"/jobs/{steps[1]}/runs/{steps[3]}", fragment="").geturl()


def _start(bundle: Bundle, body: dict[str, Any]) -> int:
    try:
        return int(bundle.client.post("/api/2.2/jobs/run-now", body)["run_id"])
    except ApiError as error:
        raise BundleError(f"cannot start job: {error.message}") from error


def _cancel_active(bundle: Bundle, job_id: str) -> None:
    query = {"job_id": job_id, "active_only": "true"}
    for run in bundle.client.get("/api/2.2/jobs/runs/list", query).get("runs") or []:
        bundle.client.post("/api/2.2/jobs/runs/cancel", {"run_id": run["run_id"]})
        while _state(run).get("life_cycle_state") not in _FINAL:
            time.sleep(0.5)
            run = _read(bundle, run["run_id"])  # noqa: PLW2901 - the same run, later


def _follow(bundle: Bundle, run_id: int) -> dict[str, Any]:
    shown, attempt = None, 0
    while True:
        try:
            run = _read(bundle, run_id)
        except ApiError as error:
            _show_failed_tasks(bundle, run_id)
            raise BundleError(error.message) from error
        state = _state(run)
        if shown is None:
            _announce(bundle, run)
        seen = (state.get("life_cycle_state"), state.get("result_state"))
        if seen != shown:
            shown = seen
            parts = (*seen, state.get("state_message"))
            bundle.call.say(
                " ".join([_now(), f'"{run.get("run_name") or ""}"', *(str(part) for part in parts if part)])
            )
        if seen[0] in _FINAL:
            return run
        attempt += 1
        # The original waits up to ten seconds; a workspace next door is asked more often.
        time.sleep(min(0.2 * attempt, 2))


def _now() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _state(run: dict[str, Any]) -> dict[str, Any]:
    return run.get("state") or {}


def _refuse_failure(bundle: Bundle, run: dict[str, Any]) -> None:
    state = _state(run)
    message = state.get("state_message") or ""
    if state.get("life_cycle_state") == "INTERNAL_ERROR":
        _show_failed_tasks(bundle, run["run_id"])
        raise BundleError(f"failed to reach TERMINATED or SKIPPED, got INTERNAL_ERROR: {message}")
    if state.get("life_cycle_state") == "SKIPPED":
        raise BundleError(f"run skipped: {message}")
    ending = _ENDINGS.get(str(state.get("result_state")))
    if ending:
        raise BundleError(f"{ending}: {message}")


def _show_failed_tasks(bundle: Bundle, run_id: int) -> None:
    """Show the errors of failed tasks twice, as the original does: as progress and as log lines."""
    try:
        run = _read(bundle, run_id)
    except ApiError as error:
        bundle.call.log.write("ERROR", f"failed to log job run. Error: {error.message}")
        return
    for task in run.get("tasks") or []:
        state, key = _state(task), task["task_key"]
        if state.get("life_cycle_state") != "INTERNAL_ERROR" and state.get("result_state") != "FAILED":
            continue
        try:
            output = bundle.client.get("/api/2.2/jobs/runs/get-output", {"run_id": task["run_id"]})
        except ApiError as error:
            bundle.call.log.write("ERROR", f"task {key} failed. Unable to fetch error trace: {error.message}")
            continue
        text, trace = output.get("error") or "", output.get("error_trace") or ""
        bundle.call.say(f"Task {key} FAILED:\n{text}\n{trace}\n")
        bundle.call.log.write("ERROR", f"Task {key} failed!\nError:\n{text}\nTrace:\n{trace}")
