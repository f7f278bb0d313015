"""`bundle run` of a job: start it, follow it, show what its tasks put out."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.output import as_json

_FINAL = {"TERMINATED", "SKIPPED", "INTERNAL_ERROR"}
_ENDINGS = {"FAILED": "run failed", "CANCELED": "run canceled", "TIMEDOUT": "run timed out"}


def run_job(bundle: Bundle, job_id: str, name: str) -> None:
    """Start a run; unless told otherwise wait for its end."""
    options, client = bundle.call.options, bundle.client
    if options.restart:
        _cancel_active(bundle, job_id)
    run_id = _start(bundle, job_id)
    try:
        run = client.get("/api/2.2/jobs/runs/get", {"run_id": run_id})
    except ApiError as error:
        bundle.call.say(f"Error: failed to log job run. Error: {error.message}")
        raise
    bundle.call.say(f"Run URL: {client.host}/jobs/{job_id}/runs/{run_id}?o={client.workspace_id}\n")
    if options.no_wait:
        return
    run = _follow(bundle, run, run_id, name)
    _refuse_failure(bundle, run)
    _show_outputs(bundle, client.get("/api/2.2/jobs/runs/get", {"run_id": run_id}))


def _start(bundle: Bundle, job_id: str) -> int:
    body: dict[str, Any] = {"job_id": int(job_id)}
    parameters = dict(item.partition("=")[::2] for item in bundle.call.options.params or [])
    if parameters:
        body["job_parameters"] = parameters
    try:
        return int(bundle.client.post("/api/2.2/jobs/run-now", body)["run_id"])
    except ApiError as error:
        raise error.within("cannot start job") from error


def _cancel_active(bundle: Bundle, job_id: str) -> None:
    query = {"job_id": job_id, "active_only": "true"}
    for run in bundle.client.get("/api/2.2/jobs/runs/list", query).get("runs") or []:
        bundle.client.post("/api/2.2/jobs/runs/cancel", {"run_id": run["run_id"]})
        while _state(run).get("life_cycle_state") not in _FINAL:
            time.sleep(0.5)
            run = bundle.client.get("/api/2.2/jobs/runs/get", {"run_id": run["run_id"]})  # noqa: PLW2901 - the same run, later


def _follow(bundle: Bundle, run: dict[str, Any], run_id: int, name: str) -> dict[str, Any]:
    shown, attempt = None, 0
    while True:
        state = _state(run)
        seen = (state.get("life_cycle_state"), state.get("result_state"), state.get("state_message"))
        if seen != shown:
            shown = seen
            bundle.call.say(" ".join([_now(), f'"{name}"', *(str(part) for part in seen if part)]))
        if seen[0] in _FINAL:
            return run
        attempt += 1
        # The original waits up to ten seconds; a workspace next door is asked more often.
        time.sleep(min(0.2 * attempt, 2))
        run = bundle.client.get("/api/2.2/jobs/runs/get", {"run_id": run_id})


def _now() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _state(run: dict[str, Any]) -> dict[str, Any]:
    return run.get("state") or {}


def _refuse_failure(bundle: Bundle, run: dict[str, Any]) -> None:
    state = _state(run)
    message = state.get("state_message") or ""
    if state.get("life_cycle_state") == "INTERNAL_ERROR":
        _show_failed_tasks(bundle, run)
        raise BundleError(f"failed to reach TERMINATED or SKIPPED, got INTERNAL_ERROR: {message}")
    if state.get("life_cycle_state") == "SKIPPED":
        raise BundleError(f"run skipped: {message}")
    ending = _ENDINGS.get(str(state.get("result_state")))
    if ending:
        raise BundleError(f"{ending}: {message}")


def _show_failed_tasks(bundle: Bundle, run: dict[str, Any]) -> None:
    for task in run.get("tasks") or []:
        if _state(task).get("result_state") != "FAILED":
            continue
        output = bundle.client.get("/api/2.2/jobs/runs/get-output", {"run_id": task["run_id"]})
        error, trace = output.get("error") or "", output.get("error_trace") or ""
        key = task["task_key"]
        bundle.call.say(f"Task {key} FAILED:\n{error}\n{trace}")
        bundle.call.say(f"Error: Task {key} failed!\nError:\n{error}\nTrace:\n{trace}")


def _show_outputs(bundle: Bundle, run: dict[str, Any]) -> None:
    outputs = []
    for task in run.get("tasks") or []:
        output = bundle.client.get("/api/2.2/jobs/runs/get-output", {"run_id": task["run_id"]})
        kept = _output(output)
        if kept is not None:
            outputs.append((task["task_key"], kept))
    if bundle.call.options.output == "json":
        listed = [{"TaskKey": key, "Output": output, "EndTime": 0} for key, output in outputs]
        bundle.call.out.write(as_json({"task_outputs": listed}))
        return
    texts = [(key, str(output.get("result") or output.get("logs") or "")) for key, output in outputs]
    if len(texts) == 1:
        bundle.call.out.write(texts[0][1] + ("" if texts[0][1].endswith("\n") else "\n"))
    elif texts:
        blocks = "".join(f"=======\nTask {key}:\n{text}\n" for key, text in texts)
        bundle.call.out.write(f"Output:\n{blocks}\n")


def _output(output: dict[str, Any]) -> dict[str, Any] | None:
    notebook = output.get("notebook_output")
    if notebook is not None:
        return {"result": notebook.get("result", ""), "truncated": bool(notebook.get("truncated"))}
    for kind in ("sql_output", "dbt_output"):
        if output.get(kind) is not None:
            found: dict[str, Any] = output[kind]
            return found
    if output.get("logs") is not None:
        return {"logs": output["logs"], "logs_truncated": bool(output.get("logs_truncated"))}
    return None
