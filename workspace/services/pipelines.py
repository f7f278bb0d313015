"""Pipeline updates: start, adopt, poll, and read what failed from the events of exactly one update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workspace.guard import DestructiveAction, Permission
from workspace.models import ExpectationFigures, Failure, RunHandle, RunOutcome, RunResult, Surface
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.rest import get_json, get_pages

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

RESULTS = {"COMPLETED": RunResult.SUCCESS, "FAILED": RunResult.FAILED, "CANCELED": RunResult.CANCELED}
"""States of an update that has ended, in our words."""
_PAGE_SIZE = 100
MAX_ERRORS = 50
MAX_STACK_LINES = 60

Json = Mapping[str, Any]


def start_update(
    client: WorkspaceClient,
    pipeline_id: str,
    *,
    resource: str,
    iteration: int,
    refresh_selection: tuple[str, ...] = (),
    full_refresh: Permission | None = None,
) -> RunHandle:
    """Start an update. Updates take no token: journal the intent first, and after a crash ask `find_update_after`.

    Args:
        client: client of the workspace.
        pipeline_id: the pipeline.
        resource: its resource key.
        iteration: the iteration that the update is.
        refresh_selection: tables to refresh; empty for all.
        full_refresh: makes the update empty all tables and compute them anew; used up right before, and must be for
            the pipeline's id.

    Raises:
        ApprovalRequiredError: nobody approved the full refresh of this pipeline.
        WorkspaceRequestError: the update cannot be started, for instance because another one is active.
    """
    if full_refresh is not None:
        full_refresh.use(DestructiveAction.FULL_REFRESH, pipeline_id)
    with translated(f"starting {resource}"):
        response = client.pipelines.start_update(
            pipeline_id,
            refresh_selection=list(refresh_selection) or None,
            full_refresh=full_refresh is not None or None,
        )
    return _handle(client, pipeline_id, response.update_id or "", resource, iteration)


def newest_update(client: WorkspaceClient, pipeline_id: str) -> str:
    """Return the id of the pipeline's newest update, empty when it has none; to be journalled before starting one."""
    updates = _updates(client, pipeline_id)
    return str(updates[0]["update_id"]) if updates else ""


def newest_run(client: WorkspaceClient, pipeline_id: str) -> RunHandle | None:
    """Return the pipeline's newest update, whoever started it; None when it was never started.

    Raises:
        WorkspaceRequestError: there is no such pipeline, or it may not be read.
    """
    newest = newest_update(client, pipeline_id)
    return _handle(client, pipeline_id, newest, f"pipeline {pipeline_id}", 1) if newest else None


def find_update_after(
    client: WorkspaceClient, pipeline_id: str, newest: str, *, resource: str = "", iteration: int = 1
) -> RunHandle | None:
    """Return the first update that the API started after the one that was the newest then, None when there is none.

    Ids are compared, not times: two machines never agree on the time. Updates that a job, a retry or a schema change
    started are not ours and are passed over.
    """
    ours = []
    for update in _updates(client, pipeline_id):
        if update["update_id"] == newest:
            break
        if update.get("cause", "API_CALL") == "API_CALL":
            ours.append(update)
    return _handle(client, pipeline_id, ours[-1]["update_id"], resource, iteration) if ours else None


def _updates(client: WorkspaceClient, pipeline_id: str) -> list[Json]:
    """Return the newest updates, newest first."""
    path = f"/api/2.0/pipelines/{pipeline_id}/updates"
    answer = get_json(client, path, {"max_results": _PAGE_SIZE}, f"reading the updates of {pipeline_id}")
    return sorted(answer.get("updates") or [], key=lambda one: int(one.get("creation_time") or 0), reverse=True)


def poll_update(client: WorkspaceClient, handle: RunHandle) -> RunOutcome | None:
    """Return how the update ended, None while it is active."""
    return update_outcome(handle, read_update(client, handle.parent_id, handle.run_id))


def stop_update(client: WorkspaceClient, handle: RunHandle) -> None:
    """Ask for the end of the pipeline's active update."""
    with translated(f"stopping {handle.resource}"):
        client.pipelines.stop(handle.parent_id)


def update_errors(client: WorkspaceClient, handle: RunHandle) -> tuple[Failure, ...]:
    """Return the failures of this update, oldest first, each text once; empty when no event tells of an error."""
    failures: dict[tuple[str, str | None], Failure] = {}
    for event in events(client, handle, "level='ERROR'"):
        if event.get("level") != "ERROR":
            continue
        failure = _failure(event, handle)
        known = failures.get((failure.error, failure.flow_name))
        if known is None or len(failure.trace) > len(known.trace):
            failures[failure.error, failure.flow_name] = failure
        if len(failures) >= MAX_ERRORS:
            break
    found = tuple(reversed(failures.values()))
    # That the update failed is an effect; it tells something only when no flow says why.
    return tuple(one for one in found if one.trace or one.flow_name) or found


def written_rows(client: WorkspaceClient, handle: RunHandle) -> int:
    """Return how many rows the flows of this update wrote, as far as its events tell."""
    return sum(
        int((_flow_progress(event).get("metrics") or {}).get("num_output_rows") or 0)
        for event in events(client, handle)
    )


def expectation_figures(client: WorkspaceClient, handle: RunHandle) -> tuple[ExpectationFigures, ...]:
    """Return what each expectation counted in this update, summed over the flow's batches."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for event in events(client, handle):
        quality = _flow_progress(event).get("data_quality") or {}
        flow = str((event.get("origin") or {}).get("flow_name") or "")
        for one in quality.get("expectations") or []:
            key = (str(one.get("name") or ""), str(one.get("dataset") or ""), flow)
            passed, failed = sums.get(key, (0, 0))
            sums[key] = passed + int(one.get("passed_records") or 0), failed + int(one.get("failed_records") or 0)
    return tuple(
        ExpectationFigures(name=name, dataset=dataset, flow_name=flow, passed_records=passed, failed_records=failed)
        for (name, dataset, flow), (passed, failed) in sorted(sums.items())
    )


def events(client: WorkspaceClient, handle: RunHandle, condition: str = "") -> Iterator[Json]:
    """Return the events of this update, newest first; old events of the pipeline stay in its log for weeks.

    Read as JSON: the SDK's event class has no `details`.
    """
    path = f"/api/2.0/pipelines/{handle.parent_id}/events"
    where = f"update_id='{handle.run_id}'" + (f" AND {condition}" if condition else "")
    query = {"filter": where, "max_results": _PAGE_SIZE, "order_by": "timestamp desc"}
    for page in get_pages(client, path, query, f"reading the events of {handle.resource}"):
        for event in page.get("events") or []:
            update_id = (event.get("origin") or {}).get("update_id")
            if update_id in {None, handle.run_id}:
                yield event


def _failure(event: Json, handle: RunHandle) -> Failure:
    origin = event.get("origin") or {}
    exceptions = (event.get("error") or {}).get("exceptions") or []
    message = redact(str(event.get("message") or ""))
    chain = [_exception_text(one) for one in exceptions]
    innermost = redact(_headline(exceptions[-1])) if exceptions else message
    return Failure(
        surface=Surface.PIPELINE,
        error=innermost,
        trace="\n".join([message, *chain]) if chain else "",
        flow_name=origin.get("flow_name") or origin.get("dataset_name"),
        url=handle.url,
    )


def _exception_text(exception: Json) -> str:
    frames = [
        f"  File {frame.get('file_name') or frame.get('declaring_class') or '?'}, line {frame.get('line_number')}, "
        f"in {frame.get('method_name') or '?'}"
        for frame in (exception.get("stack") or [])[:MAX_STACK_LINES]
    ]
    return redact("\n".join([_headline(exception), *frames]))


def _headline(exception: Json) -> str:
    name, message = str(exception.get("class_name") or ""), str(exception.get("message") or "")
    return message if not name or message.startswith(name) else f"{name}: {message}"


def _flow_progress(event: Json) -> Json:
    details = event.get("details") or {}
    return details.get("flow_progress") or {}


def read_update(client: WorkspaceClient, pipeline_id: str, update_id: str) -> Json:
    """Return the update as JSON."""
    path = f"/api/2.0/pipelines/{pipeline_id}/updates/{update_id}"
    return get_json(client, path, {}, f"reading update {update_id} of pipeline {pipeline_id}").get("update") or {}


def update_outcome(handle: RunHandle, update: Json) -> RunOutcome | None:
    """Return how the update ended, None while it is active."""
    state = str(update.get("state") or "")
    if state not in RESULTS:
        return None
    start, end = int(update.get("creation_time") or 0), int(update.get("end_time") or 0)
    return RunOutcome(
        handle=handle,
        result=RESULTS[state],
        life_cycle_state=state,
        result_state=state,
        seconds=(end - start) / 1000 if start and end > start else 0.0,
    )


def _handle(client: WorkspaceClient, pipeline_id: str, update_id: str, resource: str, iteration: int) -> RunHandle:
    return RunHandle(
        resource=resource,
        iteration=iteration,
        kind="pipeline",
        parent_id=pipeline_id,
        run_id=update_id,
        url=f"{client.config.host}/#joblist/pipelines/{pipeline_id}/updates/{update_id}",
    )
