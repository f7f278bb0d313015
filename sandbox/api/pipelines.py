"""Pipelines, their updates and event logs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from sandbox.api.context import Json, Sandbox
from sandbox.api.pages import page_with_end
from sandbox.errors import ApiError
from sandbox.layout import USER_NAME
from sandbox.pipeline_records import shown_pipeline
from sandbox.pipelines import UpdateOptions
from sandbox.script import fits

router = APIRouter(prefix="/api/2.0/pipelines")
_CAUSES = {"API_CALL", "JOB_TASK", "USER_ACTION", "RETRY_ON_FAILURE", "SCHEMA_CHANGE", "SERVICE_UPGRADE"}


@router.post("")
def create(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Create a pipeline."""
    return {"pipeline_id": sandbox.pipelines.create(body).pipeline_id}


@router.get("")
def list_pipelines(
    sandbox: Sandbox,
    condition: Annotated[str | None, Query(alias="filter")] = None,
    max_results: int = 25,
    page_token: str | None = None,
) -> dict[str, Any]:
    """Pipelines, a page at a time; the filter is `name LIKE '…'`."""
    pattern = _name_pattern(condition)
    found = [
        shown_pipeline(pipeline, sandbox.pipelines.updates.list(owner=pipeline.pipeline_id, limit=5))
        for pipeline in sandbox.pipelines.pipelines.list()
        if fits(pipeline.name, pattern)
    ]
    return page_with_end("statuses", found, max_results, page_token)


@router.get("/{pipeline_id}")
def get(sandbox: Sandbox, pipeline_id: str) -> dict[str, Any]:
    """One pipeline."""
    pipeline = sandbox.pipelines.pipeline(pipeline_id)
    shown = shown_pipeline(pipeline, sandbox.pipelines.updates.list(owner=pipeline_id, limit=5))
    spec = {"id": pipeline_id, **pipeline.spec}
    return shown | {"spec": spec, "last_modified": pipeline.last_modified, "run_as": {"user_name": USER_NAME}}


@router.put("/{pipeline_id}")
def edit(sandbox: Sandbox, pipeline_id: str, body: Json) -> dict[str, Any]:
    """Replace the specification of a pipeline."""
    sandbox.pipelines.edit(pipeline_id, body)
    return {}


@router.delete("/{pipeline_id}")
def delete(sandbox: Sandbox, pipeline_id: str) -> dict[str, Any]:
    """Delete a pipeline."""
    sandbox.pipelines.delete(pipeline_id)
    return {}


@router.post("/{pipeline_id}/updates")
def start_update(sandbox: Sandbox, pipeline_id: str, body: Json | None = None) -> dict[str, Any]:
    """Start an update."""
    given = body or {}
    cause = given.get("cause") or "API_CALL"
    if cause not in _CAUSES:
        raise ApiError.invalid(f"cause must be one of {', '.join(sorted(_CAUSES))}, but is {cause}.")
    options = UpdateOptions(
        full_refresh=bool(given.get("full_refresh")),
        refresh_selection=tuple(given.get("refresh_selection") or ()),
        full_refresh_selection=tuple(given.get("full_refresh_selection") or ()),
        validate_only=bool(given.get("validate_only")),
        cause=cause,
    )
    return {"update_id": sandbox.pipelines.start(pipeline_id, options).update_id}


@router.get("/{pipeline_id}/updates")
def list_updates(
    sandbox: Sandbox, pipeline_id: str, max_results: int = 25, until_update_id: str | None = None
) -> dict[str, Any]:
    """Updates of a pipeline, newest first."""
    sandbox.pipelines.pipeline(pipeline_id)
    updates = sandbox.pipelines.updates.list(owner=pipeline_id)
    if until_update_id:
        ids = [update.update_id for update in updates]
        updates = updates[: ids.index(until_update_id) + 1] if until_update_id in ids else updates
    return {"updates": [update.shown() for update in updates[:max_results]]}


@router.get("/{pipeline_id}/updates/{update_id}")
def get_update(sandbox: Sandbox, pipeline_id: str, update_id: str) -> dict[str, Any]:
    """One update."""
    return {"update": sandbox.pipelines.update(pipeline_id, update_id).shown()}


@router.get("/{pipeline_id}/events")
def events(
    sandbox: Sandbox,
    pipeline_id: str,
    *,
    condition: Annotated[str | None, Query(alias="filter")] = None,
    order_by: Annotated[list[str] | None, Query()] = None,
    max_results: int = 25,
    page_token: str | None = None,
) -> dict[str, Any]:
    """The event log of a pipeline."""
    sandbox.pipelines.pipeline(pipeline_id)
    return sandbox.pipelines.log.read(
        pipeline_id,
        condition=condition,
        order_by=order_by or [],
        max_results=max(1, min(max_results, 250)),
        page_token=page_token,
    )


@router.post("/{pipeline_id}/stop")
def stop(sandbox: Sandbox, pipeline_id: str) -> dict[str, Any]:
    """Stop the active update."""
    sandbox.pipelines.pipeline(pipeline_id)
    sandbox.pipelines.stop(pipeline_id)
    return {}


def _name_pattern(condition: str | None) -> str:
    if not condition:
        return "*"
    head, _, text = condition.partition("'")
    if head.split() not in (["name", "LIKE"], ["name", "like"]) or not text.endswith("'"):
        raise ApiError.invalid(f"The filter must be of the form name LIKE '…', but is {condition}.")
    return text[:-1].replace("%", "*")
