"""Who uses what would be deleted: other jobs by their settings, and readers of tables by Unity Catalog's lineage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlglot.expressions as exp

from workspace.errors import OperatorError
from workspace.losses import DataObject, Dependent, DeployedResource
from workspace.services.rest import get_pages
from workspace.services.statements import run_statement

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

Json = Mapping[str, Any]
MAX_TABLES = 500
LINEAGE_DAYS = 90


def jobs_that_start(client: WorkspaceClient, resources: Iterable[DeployedResource]) -> tuple[Dependent, ...]:
    """Return the other jobs of the workspace with a task that starts one of these jobs or pipelines."""
    keys = {(one.type, one.id): one.key for one in resources if one.id}
    found = []
    query = {"expand_tasks": "true", "limit": 100}
    for page in get_pages(client, "/api/2.2/jobs/list", query, "listing the jobs of the workspace"):
        for job in page.get("jobs") or []:
            identity, settings = str(job.get("job_id") or ""), job.get("settings") or {}
            uses = {keys[started] for started in _started_by(settings.get("tasks") or []) if started in keys}
            if uses and ("jobs", identity) not in keys:
                url = f"{client.config.host}/jobs/{identity}"
                name = f"job {settings.get('name') or identity}"
                found.append(Dependent(name=name, uses=tuple(sorted(uses)), url=url))
    return tuple(found)


def readers_of(
    client: WorkspaceClient, warehouse: str, data: Iterable[DataObject], own: frozenset[str]
) -> tuple[Dependent, ...]:
    """Return what read these tables in the last 90 days, as the lineage system table tells.

    Args:
        client: client of the workspace.
        warehouse: a SQL warehouse.
        data: what would be deleted.
        own: ids of the bundle's own jobs and pipelines, which are deleted as well.

    Raises:
        OperatorError: the system table cannot be read; most users have no access to it.
    """
    names = sorted({one.name.lower() for one in data if one.kind != "function"})[:MAX_TABLES]
    if not names:
        return ()
    statement = (
        exp.select("source_table_full_name", "entity_type", "entity_id", "target_table_full_name")
        .distinct()
        .from_("system.access.table_lineage")
        .where(exp.func("lower", exp.column("source_table_full_name")).isin(*names))
        .where(exp.column("event_date") >= str(datetime.now(UTC).date() - timedelta(days=LINEAGE_DAYS)))
        .limit(1000)
        .sql("databricks")
    )
    uses: dict[str, set[str]] = defaultdict(set)
    for row in run_statement(client, warehouse, statement).rows:
        source, entity, identity, target = (*row, None, None, None, None)[:4]
        if source and identity not in own and (target or "").lower() not in names:
            uses[_reader(entity, identity, target)].add(source)
    return tuple(Dependent(name=name, uses=tuple(sorted(used))) for name, used in sorted(uses.items()))


def find_dependents(
    client: WorkspaceClient,
    warehouse: str | None,
    resources: tuple[DeployedResource, ...],
    data: tuple[DataObject, ...],
) -> tuple[tuple[Dependent, ...], tuple[str, ...]]:
    """Return who uses what would be deleted, and what could not be looked up."""
    found: list[Dependent] = []
    not_checked = []
    try:
        found += jobs_that_start(client, resources)
    except OperatorError as error:
        not_checked.append(f"Whether other jobs start these jobs or pipelines: {error}")
    own = frozenset(one.id for one in resources)
    if data and warehouse is None:
        not_checked.append("Who reads the tables: there is no SQL warehouse to ask for their lineage.")
    elif data and warehouse is not None:
        try:
            found += readers_of(client, warehouse, data, own)
        except OperatorError as error:
            not_checked.append(f"Who reads the tables: their lineage could not be read. {error}")
    return tuple(found), tuple(not_checked)


def _started_by(tasks: Iterable[Json]) -> Iterator[tuple[str, str]]:
    for task in tasks:
        inner = (task.get("for_each_task") or {}).get("task")
        if inner:
            yield from _started_by([inner])
        if job := (task.get("run_job_task") or {}).get("job_id"):
            yield "jobs", str(job)
        if pipeline := (task.get("pipeline_task") or {}).get("pipeline_id"):
            yield "pipelines", str(pipeline)


def _reader(entity: str | None, identity: str | None, target: str | None) -> str:
    who = f"{(entity or 'reader').lower().replace('_', ' ')} {identity}" if identity else "a reader"
    return f"{who}, which writes {target}" if target else who
