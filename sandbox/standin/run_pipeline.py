"""`bundle run` of a pipeline: start an update, show its events."""

from __future__ import annotations

import argparse
import time
from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.output import as_json

_SHOWN = {"update_progress", "flow_progress"}
_LIMIT = "100"


def run_pipeline(bundle: Bundle, pipeline_id: str) -> None:
    """Start an update; unless told otherwise wait for its end."""
    options, client = bundle.call.options, bundle.client
    if options.words:
        raise BundleError(f"received {len(options.words)} unexpected positional arguments")
    path = f"/api/2.0/pipelines/{pipeline_id}"
    body = _body(options)
    try:
        if options.restart:
            _stop(bundle, path)
        update_id = str(client.post(f"{path}/updates", body)["update_id"])
    except ApiError as error:
        raise BundleError(error.message) from error
    bundle.call.say(f"Update URL: {client.host}/#joblist/pipelines/{pipeline_id}/updates/{update_id}\n")
    if not options.no_wait:
        _wait(bundle, path, update_id)
    is_json = options.output == "json"
    bundle.call.out.write(as_json({"update_id": update_id}) if is_json else f"Update ID: {update_id}\n")


def _body(options: argparse.Namespace) -> dict[str, Any]:
    names = {"refresh-all": options.refresh_all, "full-refresh-all": options.full_refresh_all}
    whole = [f"--{name}" for name, given in (names | {"validate-only": options.validate_only}).items() if given]
    if len(whole) > 1:
        raise BundleError(f"{', '.join(whole)} pipeline run flags are mutually exclusive")
    if whole and (options.refresh or options.full_refresh):
        raise BundleError(
            f"cannot use --refresh or --full-refresh together with {whole[0]}, these flags are mutually exclusive"
        )
    asked = {
        "full_refresh": options.full_refresh_all,
        "full_refresh_selection": options.full_refresh,
        "refresh_selection": options.refresh,
        "validate_only": options.validate_only,
    }
    return {name: value for name, value in asked.items() if value}


def _stop(bundle: Bundle, path: str) -> None:
    bundle.client.post(f"{path}/stop", {})
    while bundle.client.get(path).get("state") not in {"IDLE", "FAILED"}:
        time.sleep(0.5)


def _wait(bundle: Bundle, path: str, update_id: str) -> None:
    since = ""
    while True:
        events = _events(bundle, path, f"update_id = '{update_id}'" + (f" AND timestamp > '{since}'" if since else ""))
        for event in events:
            _show(bundle, event)
            since = str(event["timestamp"])
        state = bundle.client.get(f"{path}/updates/{update_id}").get("update", {}).get("state")
        if state == "COMPLETED":
            return
        if state == "CANCELED":
            raise BundleError("update cancelled")
        if state == "FAILED":
            _show_errors(bundle, path, update_id)
            raise BundleError("update failed")
        time.sleep(1)


def _events(bundle: Bundle, path: str, condition: str) -> list[dict[str, Any]]:
    """Return the progress events, oldest first; the workspace sends the newest first."""
    return [event for event in _all_events(bundle, path, condition) if event.get("event_type") in _SHOWN]


def _all_events(bundle: Bundle, path: str, condition: str) -> list[dict[str, Any]]:
    query = {"filter": condition, "max_results": _LIMIT}
    found: list[dict[str, Any]] = []
    while True:
        page = bundle.client.get(f"{path}/events", query)
        found += page.get("events") or []
        if not page.get("next_page_token"):
            return found[::-1]
        query |= {"page_token": page["next_page_token"]}


def _show(bundle: Bundle, event: dict[str, Any]) -> None:
    level = event.get("level") or "INFO"
    bundle.call.say(f'{event.get("timestamp")} {event["event_type"]:<15} {level} "{event.get("message") or ""}"')
    if level == "ERROR":
        for text in _exceptions(event):
            bundle.call.say(text)


def _show_errors(bundle: Bundle, path: str, update_id: str) -> None:
    for event in _all_events(bundle, path, "level='ERROR'"):
        if event["origin"].get("update_id") != update_id:
            continue
        exceptions = _exceptions(event)
        text = f" {event['message']}\n" if event.get("message") else ""
        if exceptions:
            text += "trace for most recent exception: \n" + "".join(f"{item}\n" for item in exceptions)
        if text:
            bundle.call.log.write("ERROR", f"[{event.get('event_type')}] {text}")


def _exceptions(event: dict[str, Any]) -> list[str]:
    found = (event.get("error") or {}).get("exceptions") or []
    return [str(item.get("message") or "") for item in found]
