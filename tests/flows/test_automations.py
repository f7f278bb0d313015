from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from prefect import flow
from prefect.automations import Automation
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.states import Crashed

from deployments.automations import automations, install_automations
from operations.events import Event, JournalEvent
from operations.operation import Operation
from tasks.publish_events import beat, emit
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.inbox import Inbox, receiving
from tests.flows.services import ScriptedWorkspace, eventually
from tests.flows.story import operate
from workspace.errors import UsageError


@pytest.fixture(scope="module")
def inbox(prefect_api: str) -> Iterator[Inbox]:
    """A place behind a notification block, with all our automations installed."""
    assert prefect_api
    with receiving("oncall") as got:
        install_automations("custom-webhook/oncall", silence=timedelta(seconds=10))
        yield got
        # Left in the server, they would be weighed against every event of all other tests.
        with get_client(sync_client=True) as client:
            for one in client.read_automations():
                client.delete_automation(one.id)


def test_a_second_installation_updates_what_is_there(inbox: Inbox) -> None:
    assert inbox
    lines = install_automations("custom-webhook/oncall", silence=timedelta(seconds=10))
    assert [line.partition(":")[0] for line in lines] == ["updated"] * 4
    with get_client(sync_client=True) as client:
        names = [one.name for one in client.read_automations() if one.name.startswith("bundleops")]
    assert len(names) == len(set(names)) == 4


def test_an_escalation_and_its_question_reach_a_person(
    inbox: Inbox, state: Path, workspace: ScriptedWorkspace, tmp_path: Path
) -> None:
    workspace.fail("load", "ValueError: the delivery is empty")
    story = operate(state, make_bundle(tmp_path, "notified", {"load": Job("bronze")}))
    escalation = eventually(lambda: inbox.about("jobs.load needs a person", story.id))
    assert "Bundle notified, target dev" in escalation["body"]
    assert "Flow run " in escalation["body"]
    identifier = story.open_questions[0].id
    asked = eventually(lambda: inbox.about(f"question {identifier}"))
    assert f"bundleops answer {identifier} OPTION" in asked["body"]


@flow(name="operate-bundle")
def a_flow_like_ours() -> None:
    """A flow run that will be said to have crashed."""


def test_a_crashed_flow_run_reaches_a_person(inbox: Inbox) -> None:
    a_flow_like_ours()
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(a_flow_like_ours, name="operate something on dev")
        client.set_flow_run_state(run.id, Crashed(message="the machine is gone"), force=True)
    told = eventually(lambda: inbox.about("a flow run crashed", "operate something on dev"))
    assert str(run.id) in told["body"]


def operation(identifier: str, state: Path) -> Operation:
    return Operation(id=identifier, bundle="/somewhere/quiet", target="dev", working_copy="", state_dir=str(state))


def test_an_operation_that_falls_silent_reaches_a_person_and_one_that_ended_does_not(
    inbox: Inbox, tmp_path: Path
) -> None:
    dead, ended = operation("20261124-000000-dead", tmp_path), operation("20261124-000000-ended", tmp_path)
    alive = beat(ended, [])
    end = JournalEvent(at=datetime.now(UTC), event=Event.OPERATION_ENDED, data={"verdict": "verified"})
    emit(ended, end, [], follows=alive)
    beat(dead, [])
    told = eventually(lambda: inbox.about("an operation is silent", dead.id), seconds=90)
    assert f"bundleops operate --resume {dead.id}" in told["body"]
    assert not inbox.about("an operation is silent", ended.id)


def test_a_block_that_is_not_there_or_cannot_notify_is_named(prefect_api: str) -> None:
    assert prefect_api
    Secret(value="x").save("not-a-notifier", overwrite=True)
    for name, words in {
        "oncall": "names no block. Say TYPE/NAME",
        "slack-webhook/nobody": "no block slack-webhook/nobody",
        "secret/not-a-notifier": "cannot notify",
    }.items():
        with pytest.raises(UsageError, match=words):
            install_automations(name)


def test_each_automation_says_what_it_is_for() -> None:
    shipped: tuple[Automation, ...] = automations(uuid4())
    assert all(one.name.startswith("bundleops: ") and one.description for one in shipped)
