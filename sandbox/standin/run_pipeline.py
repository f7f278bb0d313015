"""`bundle run` of a pipeline: start an update, show its events."""

from __future__ import annotations

import time
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.output import as_json

_SHOWN = {"update_progress", "flow_progress"}


def run_pipeline(bundle: Bundle, pipeline_id: str) -> None:
    """Start an update; unless told otherwise wait for its end."""
    options, client = bundle.call.options, bundle.client
    body = {"full_refresh": True} if options.full_refresh_all else {}
    body |= {"validate_only": True} if options.validate_only else {}
    path = f"/api/2.0/pipelines/{pipeline_id}"
    try:
        update_id = str(client.post(f"{path}/updates", body)["update_id"])
    except ApiError as error:
        raise BundleError(error.message) from error
    bundle.call.say(f"Update URL: {client.host}/#joblist/pipelines/{pipeline_id}/updates/{update_id}\n")
    if not options.no_wait:
        _wait(bundle, path, update_id)
    is_json = options.output == "json"
    bundle.call.out.write(as_json({"update_id": update_id}) if is_json else f"Update ID: {update_id}\n")


def _wait(bundle: Bundle, path: str, update_id: str) -> None:
    shown: set[str] = set()
    while True:
        events = _events(bundle, path, update_id)
        for event in events:
            if event.get("event_type") in _SHOWN and event["id"] not in shown:
                _show(bundle, event)
            shown.add(event["id"])
        state = bundle.client.get(f"{path}/updates/{update_id}").get("update", {}).get("state")
        if state == "COMPLETED":
            return
        if state == "CANCELED":
            raise BundleError("update cancelled")
        if state == "FAILED":
            for event in _events(bundle, path, update_id):
                _show_error(bundle, event)
            raise BundleError("update failed")
        time.sleep(1)


def _events(bundle: Bundle, path: str, update_id: str) -> list[dict[str, Any]]:
    query = {"filter": f"update_id = '{update_id}'", "max_results": "100"}
    found: list[dict[str, Any]] = bundle.client.get(f"{path}/events", query).get("events") or []
    return sorted(found, key=lambda event: str(event.get("timestamp") or ""))


def _show(bundle: Bundle, event: dict[str, Any]) -> None:
    level = event.get("level") or "INFO"
    bundle.call.say(f'{event.get("timestamp")} {event["event_type"]:<15} {level} "{event.get("message") or ""}"')
    if level == "ERROR":
        for text in _exceptions(event):
            bundle.call.say(text)


def _show_error(bundle: Bundle, event: dict[str, Any]) -> None:
    if event.get("level") != "ERROR":
        return
    bundle.call.say(f"Error: [{event.get('event_type')}]  {event.get('message') or ''}")
    exceptions = _exceptions(event)
    if exceptions:
        bundle.call.say("trace for most recent exception: \n" + exceptions[0])


def _exceptions(event: dict[str, Any]) -> list[str]:
    found = (event.get("error") or {}).get("exceptions") or []
    return [str(item.get("message") or "") for item in found]
