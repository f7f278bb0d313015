"""Lakeview dashboards: whether the query of every dataset runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workspace.check_models import Check, Fault
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.statements import Place
from workspace.services.trial_queries import QueryError, first_row

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MAX_DATASETS = 100


def check_dashboard(client: WorkspaceClient, dashboard_id: str, place: Place) -> Check:
    """Check a dashboard: every dataset's query is run for one row.

    Args:
        client: client of the workspace.
        dashboard_id: the dashboard.
        place: catalog and schema that complete the names of its queries, as the bundle says, and the warehouse where
            the dashboard names none.

    Raises:
        WorkspaceRequestError: a fault that may pass, or the dashboard may not be read.
    """
    with translated(f"reading dashboard {dashboard_id}"):
        dashboard = client.lakeview.get(dashboard_id)
    name = redact(dashboard.display_name or dashboard_id)
    if dashboard.lifecycle_state and dashboard.lifecycle_state.value != "ACTIVE":
        return Check(faults=(Fault(about=name, text=f"Dashboard {name} is {dashboard.lifecycle_state.value}."),))
    try:
        datasets = json.loads(dashboard.serialized_dashboard or "{}").get("datasets") or []
    except (ValueError, AttributeError):
        return Check(faults=(Fault(about=name, text=f"What dashboard {name} consists of is no JSON object."),))
    if not datasets:
        return Check(findings=(f"dashboard {name} has no datasets",))
    warehouse = dashboard.warehouse_id or place.warehouse_id
    found = Check()
    for dataset in datasets[:MAX_DATASETS]:
        found += _check_dataset(client, dataset, Place(warehouse, place.catalog, place.schema))
    if len(datasets) > MAX_DATASETS:
        found += Check(findings=(f"only the first {MAX_DATASETS} datasets of dashboard {name} were tried",))
    return found


def _check_dataset(client: WorkspaceClient, dataset: Mapping[str, Any], place: Place) -> Check:
    name = redact(str(dataset.get("displayName") or dataset.get("name") or "dataset"))
    lines = dataset.get("queryLines") or [dataset.get("query") or ""]
    query = "".join(str(line) for line in lines)
    if not query.strip():
        return Check(findings=(f"dataset {name} has no query of its own and was not tried",))
    values, without = _values(dataset.get("parameters") or [])
    if without:
        return Check(findings=(f"dataset {name} was not tried: no default for {', '.join(without)}",))
    try:
        first_row(client, place, query, values)
    except QueryError as error:
        return Check(faults=(Fault(about=name, text=str(error)),))
    return Check(details=(f"dataset {name} runs",))


def _values(parameters: list[Mapping[str, Any]]) -> tuple[dict[str, str | None], list[str]]:
    """Return the default of each parameter, and the parameters that have no single one."""
    values: dict[str, str | None] = {}
    without: list[str] = []
    for parameter in parameters:
        keyword = str(parameter.get("keyword") or "")
        chosen = ((parameter.get("defaultSelection") or {}).get("values") or {}).get("values") or []
        if len(chosen) == 1 and isinstance(chosen[0], Mapping) and chosen[0].get("value") is not None:
            values[keyword] = str(chosen[0]["value"])
        else:
            without.append(redact(keyword))
    return values, without
