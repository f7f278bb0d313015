from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.flows.bundle_maker import DUPLICATES, MERGE, Job, make_bundle, sql
from tests.flows.services import eventually
from tests.flows.story import Story
from workspace.redaction import register_secret

SECRET = "dapi0123456789abcdef0123456789abcdef"
HOSTILE = f"{DUPLICATES} <img src=x> [click](http://127.0.0.1/evil) token {SECRET}"


@dataclass(frozen=True)
class Published:
    """What Prefect knows of one operation that healed one job and then asked about another."""

    story: Story
    artifacts: list[dict[str, Any]]
    events: list[dict[str, Any]]

    def artifact(self, key: str) -> dict[str, Any]:
        """The newest artifact with this key."""
        return [one for one in self.artifacts if one["key"] == key][-1]

    def event(self, name: str) -> dict[str, Any]:
        """The first event with this name."""
        return next(one for one in self.events if one["event"] == f"bundleops.{name}")


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory,
    prefect_api: str,
    operated: Callable[..., Story],
) -> Published:
    register_secret(SECRET)
    folder = tmp_path_factory.mktemp("published")
    jobs = {"load": Job("bronze"), "merge": Job("gold_merge", sql(MERGE))}
    story = operated(make_bundle(folder, "told", jobs), "merge", HOSTILE, always=True)

    def ask(path: str, **body: Any) -> Any:
        return httpx.post(f"{prefect_api}/{path}", json=body, timeout=30).raise_for_status().json()

    def events() -> list[dict[str, Any]]:
        wanted = {"resource": {"id": [f"bundleops.operation.{story.id}"]}, "order": "ASC"}
        found = ask("events/filter", filter=wanted, limit=50)["events"]
        return list(found) if "bundleops.operation_ended" in [one["event"] for one in found] else []

    found = eventually(events)
    shown = ask("artifacts/filter", artifacts={"key": {"like_": "%-told-dev"}}, sort="CREATED_DESC", limit=200)
    return Published(story, shown[::-1], found)


def test_the_plan_is_a_table_in_the_order_of_the_layers(published: Published) -> None:
    rows = json.loads(published.artifact("plan-told-dev")["data"])
    assert [(row["layer"], row["key"]) for row in rows] == [("bronze", "jobs.load"), ("gold_merge", "jobs.merge")]


def test_the_changes_of_the_deploy_are_a_table(published: Published) -> None:
    tables = [json.loads(one["data"]) for one in published.artifacts if one["key"] == "deploy-told-dev"]
    assert {"action": "create", "resource": "jobs.merge"} in tables[0]


def test_progress_tells_the_share_of_resources_that_ended(published: Published) -> None:
    shown = published.artifact("progress-told-dev")
    assert (shown["type"], float(shown["data"])) == ("progress", 50.0)


def test_a_failure_is_shown_with_evidence_diagnosis_and_diff(published: Published) -> None:
    told = published.artifact("failure-jobs-merge-told-dev")["data"]
    assert "multiple source rows matched" in told
    assert "merge-duplicate-source-rows" in told
    first = [one["data"] for one in published.artifacts if one["key"] == "failure-jobs-merge-told-dev"]
    assert any("```diff" in text and "ROW_NUMBER" in text.upper() for text in first)


def test_every_run_has_a_link_to_its_page(published: Published) -> None:
    links = [one["data"] for one in published.artifacts if one["key"] == "run-jobs-merge-told-dev"]
    assert len(links) == published.story.started.count("jobs.merge")
    assert all("[run page](http://" in text for text in links)


def test_the_report_is_shown_as_it_is_on_disk(published: Published) -> None:
    assert published.artifact("report-told-dev")["data"].strip() == published.story.report.strip()


def test_workspace_text_is_shown_literally_and_secrets_nowhere(published: Published) -> None:
    everything = json.dumps([published.artifacts, published.events])
    assert SECRET not in everything
    outside = "".join(text for one in published.artifacts for text in str(one["data"]).split("```")[::2])
    assert "<img" not in outside.replace("`", "")


def test_each_step_that_matters_is_an_event_in_its_order(published: Published) -> None:
    names = [one["event"].removeprefix("bundleops.") for one in published.events]
    wanted = ["operation_started", "bundle_deployed", "run_started", "failure_diagnosed", "fix_applied"]
    assert [name for name in dict.fromkeys(names) if name in wanted] == wanted
    assert {"resource_escalated", "question_asked", "operation_ended", "operation_heartbeat"} <= set(names)


def test_an_event_says_what_a_notification_needs(published: Published) -> None:
    asked = published.event("question_asked")
    assert asked["resource"]["bundleops.bundle"] == "told"
    assert asked["payload"]["question"] == published.story.open_questions[0].id
    assert asked["payload"]["resume"] == f"bundleops operate --resume {published.story.id}"
    assert "flow-run" in [one["prefect.resource.role"] for one in asked["related"]]


def test_the_end_has_its_verdict(published: Published) -> None:
    end = published.event("operation_ended")["payload"]
    assert (end["verdict"], end["exit_code"]) == ("waiting", 4)
