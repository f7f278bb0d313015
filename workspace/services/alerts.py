"""Alerts (V2): whether their query runs, has the column that is compared, and was evaluated without an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.check_models import Check, Fault
from workspace.redaction import redact
from workspace.sdk import translated
from workspace.services.statements import Place
from workspace.services.trial_queries import QueryError, first_row

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.sql import AlertV2


def check_alert(client: WorkspaceClient, alert_id: str) -> Check:
    """Check an alert: one that was never evaluated so far is tried by its query.

    Raises:
        WorkspaceRequestError: a fault that may pass, or the alert may not be read.
    """
    with translated(f"reading alert {alert_id}"):
        alert = client.alerts_v2.get_alert(alert_id)
    name = redact(alert.display_name or alert_id)
    if alert.lifecycle_state and alert.lifecycle_state.value != "ACTIVE":
        return Check(faults=(Fault(about=name, text=f"Alert {name} is {alert.lifecycle_state.value}."),))
    return _check_state(alert, name) + _check_query(client, alert, name)


def _check_state(alert: AlertV2, name: str) -> Check:
    evaluation = alert.evaluation
    state = evaluation.state.value if evaluation and evaluation.state else "UNKNOWN"
    at = evaluation.last_evaluated_at if evaluation else None
    if state == "ERROR":
        return Check(faults=(Fault(about=name, text=f"The last evaluation of alert {name} ({at}) ended in an error."),))
    if state == "TRIGGERED":
        return Check(findings=(f"alert {name} is triggered (evaluated {at})",))
    if not at:
        return Check(findings=(f"alert {name} was not evaluated yet: its schedule starts it, its query was tried",))
    return Check(details=(f"alert {name} is {state} (evaluated {at})",))


def _check_query(client: WorkspaceClient, alert: AlertV2, name: str) -> Check:
    if not (alert.query_text and alert.warehouse_id):
        return Check(faults=(Fault(about=name, text=f"Alert {name} has no query or no warehouse."),))
    try:
        result = first_row(client, Place(alert.warehouse_id), alert.query_text)
    except QueryError as error:
        return Check(faults=(Fault(about=name, text=str(error)),))
    source = alert.evaluation.source.name if alert.evaluation and alert.evaluation.source else ""
    if source and source.lower() not in {column.lower() for column in result.columns}:
        there = ", ".join(result.columns) or "none"
        text = f"Alert {name} compares the column {redact(source)}, which its query does not return: {there}."
        return Check(faults=(Fault(about=name, text=text),))
    return Check(details=(f"the query of alert {name} runs",))
