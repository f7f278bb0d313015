from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk.errors import BadRequest, InvalidParameterValue, NotFound, ResourceAlreadyExists
from databricks.sdk.service.sql import AlertV2

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

MakeAlert = Callable[..., AlertV2]
YEAR_MS = 366 * 24 * 3600 * 1000


def body(warehouse_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "display_name": f"[CRITICAL] late flights {time.time_ns()}",
        "query_text": "SELECT late FROM main.gold.late",
        "warehouse_id": warehouse_id,
        "evaluation": {
            "source": {"name": "late"},
            "comparison_operator": "GREATER_THAN",
            "threshold": {"value": {"double_value": 5}},
        },
        "schedule": {"quartz_cron_schedule": "0 0 8 * * ?", "timezone_id": "Europe/Berlin", "pause_status": "PAUSED"},
    } | changes


@pytest.fixture
def warehouse_id(sandbox: Sandbox) -> str:
    return next(iter(sandbox.client.warehouses.list())).id or ""


@pytest.fixture
def make(sandbox: Sandbox, warehouse_id: str) -> Iterator[MakeAlert]:
    made = []

    def alert(**changes: Any) -> AlertV2:
        made.append(sandbox.client.alerts_v2.create_alert(AlertV2.from_dict(body(warehouse_id, **changes))))
        return made[-1]

    yield alert
    for one in made:
        with suppress(NotFound):  # a test may have purged it
            sandbox.client.api_client.do("DELETE", f"/api/2.0/alerts/{one.id}", query={"purge": "true"})


def evaluated(
    sandbox: Sandbox, alert: AlertV2, rows: list[list[str | None]], columns: tuple[str, ...] = ("late",)
) -> str:
    sandbox.play(statements=[{"statement": "select late*", "columns": list(columns), "rows": rows}])
    sandbox.client.api_client.do("POST", f"/sandbox/alerts/{alert.id}/evaluate")
    evaluation = sandbox.client.alerts_v2.get_alert(alert.id or "").as_dict()["evaluation"]
    assert evaluation["last_evaluated_at"]
    return str(evaluation["state"])


def test_a_new_alert_is_unknown_until_it_is_evaluated(sandbox: Sandbox, make: MakeAlert) -> None:
    alert = sandbox.client.alerts_v2.get_alert(make().id or "").as_dict()
    assert (alert["evaluation"]["state"], alert["lifecycle_state"]) == ("UNKNOWN", "ACTIVE")
    assert "last_evaluated_at" not in alert["evaluation"]
    assert alert["owner_user_name"] == sandbox.client.current_user.me().user_name


def test_the_first_row_decides_unless_rows_are_aggregated(sandbox: Sandbox, make: MakeAlert) -> None:
    first = make()
    assert evaluated(sandbox, first, [["6"], ["1"]]) == "TRIGGERED"
    assert evaluated(sandbox, first, [["1"], ["6"]]) == "OK"
    evaluation = first.evaluation.as_dict() | {"source": {"name": "late", "aggregation": "SUM"}}
    summed = make(evaluation=evaluation)
    assert evaluated(sandbox, summed, [["3"], ["3"]]) == "TRIGGERED"


def test_an_empty_result_has_the_state_that_the_alert_names(sandbox: Sandbox, make: MakeAlert) -> None:
    assert evaluated(sandbox, make(), []) == "UNKNOWN"
    evaluation = make().evaluation.as_dict() | {"empty_result_state": "OK"}
    assert evaluated(sandbox, make(evaluation=evaluation), []) == "OK"


def test_a_missing_column_and_a_failed_query_are_errors(sandbox: Sandbox, make: MakeAlert) -> None:
    alert = make()
    assert evaluated(sandbox, alert, [["6"]], columns=("early",)) == "ERROR"
    failure = {"state": "FAILED", "error_message": "[TABLE_OR_VIEW_NOT_FOUND] no table"}
    sandbox.play(statements=[{"statement": "select late*"} | failure])
    answer = sandbox.client.api_client.do("POST", f"/sandbox/alerts/{alert.id}/evaluate")
    assert answer == {"state": "ERROR", "message": "[TABLE_OR_VIEW_NOT_FOUND] no table"}


def test_a_schedule_evaluates_unless_it_is_paused(sandbox: Sandbox, make: MakeAlert) -> None:
    yearly = {"quartz_cron_schedule": "0 0 0 1 1 ?", "timezone_id": "UTC"}
    running, paused = make(schedule=yearly), make(schedule=yearly | {"pause_status": "PAUSED"})
    begun = sandbox.client.api_client.do("POST", "/sandbox/tick", body={"at": int(time.time() * 1000) + YEAR_MS})
    assert isinstance(begun, dict)
    assert running.id in begun["begun"]
    assert paused.id not in begun["begun"]
    api = sandbox.client.alerts_v2
    sandbox.eventually(lambda: api.get_alert(running.id or "").as_dict()["evaluation"].get("last_evaluated_at"))


def test_an_update_changes_what_the_mask_names_and_no_more(sandbox: Sandbox, make: MakeAlert) -> None:
    alert = make(custom_summary="late")
    changed = AlertV2.from_dict(alert.as_dict() | {"query_text": "SELECT 1 AS late", "custom_summary": "other"})
    updated = sandbox.client.alerts_v2.update_alert(alert.id or "", changed, "query_text")
    assert (updated.query_text, updated.custom_summary) == ("SELECT 1 AS late", "late")
    replaced = AlertV2.from_dict({k: v for k, v in alert.as_dict().items() if k != "custom_summary"})
    assert sandbox.client.alerts_v2.update_alert(alert.id or "", replaced, "*").custom_summary is None


@pytest.mark.parametrize("mask", ["condition", "notification", "query_text, evaluation", "evaluation.op", ""])
def test_a_mask_with_names_of_the_old_api_or_blanks_is_refused(sandbox: Sandbox, make: MakeAlert, mask: str) -> None:
    alert = make()
    with pytest.raises(InvalidParameterValue, match="update_mask"):
        sandbox.client.alerts_v2.update_alert(alert.id or "", alert, mask)


def test_a_field_of_the_old_api_is_unknown(sandbox: Sandbox, warehouse_id: str) -> None:
    sent = body(warehouse_id) | {"condition": {"op": "GREATER_THAN"}}
    with pytest.raises(BadRequest, match="unknown field 'condition' in AlertV2"):
        sandbox.client.api_client.do("POST", "/api/2.0/alerts", body=sent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"warehouse_id": "nowhere"}, "nowhere"),
        ({"query_text": ""}, "'query_text' is required"),
        ({"schedule": {"quartz_cron_schedule": "0 6 * * *", "timezone_id": "UTC"}}, "quartz_cron_schedule"),
        ({"schedule": {"quartz_cron_schedule": "0 0 8 * * ?", "timezone_id": "Mars"}}, "Mars"),
        ({"parent_path": "/Workspace/Shared/not there"}, "doesn't exist"),
    ],
)
def test_what_an_alert_needs_is_checked(
    sandbox: Sandbox, warehouse_id: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises((InvalidParameterValue, NotFound), match=message):
        sandbox.client.alerts_v2.create_alert(AlertV2.from_dict(body(warehouse_id) | change))


def test_a_trashed_alert_is_not_listed_and_keeps_its_name(sandbox: Sandbox, make: MakeAlert) -> None:
    alert = make()
    api = sandbox.client.alerts_v2
    api.trash_alert(alert.id or "")
    assert alert.id not in [one.id for one in api.list_alerts()]
    assert api.get_alert(alert.id or "").as_dict()["lifecycle_state"] == "DELETED"
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        make(display_name=alert.display_name)
    api.trash_alert(alert.id or "", purge=True)
    with pytest.raises(NotFound, match=f"Alert with ID '{alert.id}' does not exist"):
        api.get_alert(alert.id or "")


def test_a_list_comes_in_pages(sandbox: Sandbox, make: MakeAlert) -> None:
    made = [make().id for _ in range(3)]
    listed = [alert.id for alert in sandbox.client.alerts_v2.list_alerts(page_size=2)]
    assert listed == made
