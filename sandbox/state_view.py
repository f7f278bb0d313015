"""The state of a run in both forms of the API: the older `state` and the newer `status`."""

from __future__ import annotations

from typing import Any

from sandbox.records import RunState

_STATES = {"QUEUED": "QUEUED", "BLOCKED": "BLOCKED", "PENDING": "PENDING", "RUNNING": "RUNNING"} | {
    "TERMINATING": "TERMINATING",
    "WAITING_FOR_RETRY": "WAITING",
}
_TYPES = {
    "SUCCESS": "SUCCESS",
    "SUCCESS_WITH_FAILURES": "SUCCESS",
    "DRIVER_ERROR": "CLOUD_FAILURE",
    "CLUSTER_ERROR": "CLOUD_FAILURE",
    "CLOUD_FAILURE": "CLOUD_FAILURE",
    "INTERNAL_ERROR": "INTERNAL_ERROR",
}


def shown_state(state: RunState) -> dict[str, Any]:
    """Both forms, by the names of their fields."""
    older: dict[str, Any] = {
        "life_cycle_state": state.life_cycle_state,
        "state_message": state.state_message,
        "user_cancelled_or_timedout": state.result_state in {"CANCELED", "TIMEDOUT"},
    }
    if state.result_state:
        older["result_state"] = state.result_state
    if state.life_cycle_state == "QUEUED":
        older["queue_reason"] = state.state_message
    return {"state": older, "status": _status(state)}


def _status(state: RunState) -> dict[str, Any]:
    if state.life_cycle_state == "QUEUED":
        details = {"code": "MAX_CONCURRENT_RUNS_REACHED", "message": state.state_message}
        return {"state": "QUEUED", "queue_details": details}
    if not state.terminal:
        return {"state": _STATES[state.life_cycle_state]}
    code = state.code or "RUN_EXECUTION_ERROR"
    details = {"code": code, "type": _TYPES.get(code, "CLIENT_ERROR"), "message": state.state_message}
    return {"state": "TERMINATED", "termination_details": details}
