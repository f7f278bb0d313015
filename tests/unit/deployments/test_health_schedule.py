from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tasks.check_health_schedule import longest_gap, longest_pauses
from workspace.models import ResolvedBundle, Resource

HOURLY = {"schedule": {"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}}


def bundle(**jobs: dict[str, Any]) -> ResolvedBundle:
    resources = tuple(
        Resource(key=f"jobs.{name}", type="jobs", name=name, config=config, id=f"id-{name}")
        for name, config in jobs.items()
    )
    return ResolvedBundle(
        name="b", target="dev", mode=None, root="/", remote_root="/r", user="u", variables={}, resources=resources
    )


def starts(job_id: str) -> dict[str, Any]:
    return {"tasks": [{"task_key": "go", "run_job_task": {"job_id": job_id}}]}


@pytest.mark.parametrize(
    ("quartz", "hours"),
    [
        ("0 0 * * * ?", 1),
        ("0 */15 * * * ?", 0.25),
        ("0 30 6 * * ?", 24),
        ("0 0 6 ? * MON-FRI", 72),
        ("0 0 6 ? * 2-6", 72),
        ("0 0 6 ? * SUN", 168),
        ("0 0 6 ? * 1", 168),
        ("0 0 8-18 * * ? *", 14),
        ("0 0 6 1 * ?", 31 * 24),
    ],
)
def test_the_longest_gap_of_a_quartz_expression(quartz: str, hours: float) -> None:
    assert longest_gap(quartz) == timedelta(hours=hours)


@pytest.mark.parametrize("quartz", ["", "0 6 * * *", "0 0 6 L * ?", "0 0 6 ? * 6#3", "0 0 6 15W * ?", "a b c d e f"])
def test_what_is_not_understood_has_no_gap_instead_of_a_wrong_one(quartz: str) -> None:
    assert longest_gap(quartz) is None


def test_a_job_that_is_started_by_a_scheduled_job_has_its_schedule() -> None:
    found = longest_pauses(
        bundle(daily=HOURLY | starts("${resources.jobs.middle.id}"), middle=starts("id-last"), last={}, other={})
    )
    assert found == {f"jobs.{name}": timedelta(hours=1) for name in ("daily", "middle", "last")}


def test_a_periodic_trigger_is_a_schedule_as_well() -> None:
    found = longest_pauses(bundle(one={"trigger": {"periodic": {"interval": 2, "unit": "DAYS"}}}))
    assert found == {"jobs.one": timedelta(days=2)}


def test_a_paused_schedule_says_nothing() -> None:
    paused = {"schedule": {**HOURLY["schedule"], "pause_status": "PAUSED"}}
    assert longest_pauses(bundle(one=paused)) == {}
