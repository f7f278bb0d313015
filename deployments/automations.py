"""Automations that tell a person what cannot wait: an escalation, a question, a crash, and silence.

They are Prefect's own, so they notify through whatever notification block a team has, and work when no process of an
operation is alive any more.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect.automations import Automation, EventTrigger, Posture, ResourceSpecification, SendNotification
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings

from operations.events import Event
from tasks.publish_events import HEARTBEAT, PREFIX, event_name
from workspace.errors import SetupError, UsageError

SILENCE = timedelta(minutes=5)
"""An operation that gives no sign of life for so long, and has not ended, is silent; it gives one each minute."""
FLOWS = ("operate-bundle", "destroy-bundle", "health-check", "diagnose-run", "watch-run")
_OPERATIONS = ResourceSpecification({"prefect.resource.id": f"{PREFIX}operation.*"})
_ABOUT = """Bundle {{ event.payload.bundle }}, target {{ event.payload.target }}
Operation {{ event.payload.operation }}
{% if flow_run %}Flow run {{ flow_run.id }}{% if flow_run|ui_url %}: {{ flow_run|ui_url }}{% endif %}
{% endif %}"""
"""Prefect's server knows links to its pages only when PREFECT_UI_URL is set for it.

Titles and reasons may hold text of a workspace: escaped, they are no links and no mentions in a chat.
"""
_QUESTION = """{{ event.payload.title|e }}

Read it: bundleops questions {{ event.payload.question }}
Answer it in Prefect's UI (Resume on the flow run's page) or in a terminal:
  bundleops answer {{ event.payload.question }} OPTION
Open until {{ event.payload.deadline }}; nothing is done without an answer.
"""
_CRASH = """{{ flow_run.name }}
Flow run {{ flow_run.id }}{% if flow_run|ui_url %}: {{ flow_run|ui_url }}{% endif %}

Its journal is whole, and what runs in the workspace goes on. Retry the flow run: it goes on with the same operation
and starts nothing twice.
"""
_SILENCE_TEXT = """No sign of life since {{ event.occurred }}. If its process is dead, go on with:
  {{ event.payload.resume }}
"""


def automations(block: UUID, silence: timedelta = SILENCE) -> tuple[Automation, ...]:
    """Return the automations.

    Args:
        block: Id of the notification block.
        silence: How long an operation may be silent; Prefect allows no less than 10 seconds.
    """
    return (_escalated(block), _asked(block), _crashed(block), _silent(block, silence))


def _escalated(block: UUID) -> Automation:
    return _automation(
        "bundleops: an operation escalated",
        "A resource could not be healed, and a person is needed.",
        _when(event_name(Event.RESOURCE_ESCALATED)),
        SendNotification(
            block_document_id=block,
            subject="bundleops: {{ event.payload.resource }} needs a person",
            body=f"{_ABOUT}Resource: {{{{ event.payload.resource }}}}\nWhy: {{{{ event.payload.reason|e }}}}\n",
        ),
    )


def _asked(block: UUID) -> Automation:
    return _automation(
        "bundleops: a question waits for an answer",
        "An operation asks a person and waits.",
        _when(event_name(Event.QUESTION_ASKED)),
        SendNotification(
            block_document_id=block, subject="bundleops: question {{ event.payload.question }}", body=_ABOUT + _QUESTION
        ),
    )


def _crashed(block: UUID) -> Automation:
    return _automation(
        "bundleops: a flow run crashed",
        "The process of a flow run died. Its journal is whole and nothing in the workspace was stopped.",
        EventTrigger(
            expect={"prefect.flow-run.Crashed"},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(
                {"prefect.resource.role": "flow", "prefect.resource.name": list(FLOWS)}
            ),
            posture=Posture.Reactive,
            threshold=1,
        ),
        SendNotification(block_document_id=block, subject="bundleops: a flow run crashed", body=_CRASH),
    )


def _silent(block: UUID, silence: timedelta) -> Automation:
    return _automation(
        "bundleops: an operation is silent",
        "An operation that has not ended gives no sign of life: its process or machine may be dead.",
        EventTrigger(
            after={event_name(Event.OPERATION_STARTED), event_name(Event.OPERATION_RESUMED), HEARTBEAT},
            expect={HEARTBEAT, event_name(Event.OPERATION_ENDED)},
            match=_OPERATIONS,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        SendNotification(
            block_document_id=block, subject="bundleops: an operation is silent", body=_ABOUT + _SILENCE_TEXT
        ),
    )


def install_automations(notify: str, silence: timedelta = SILENCE) -> list[str]:
    """Create the automations in Prefect, or bring those of the same names up to date; return a line for each.

    Args:
        notify: Notification block as TYPE/NAME, such as slack-webhook/oncall.
        silence: How long an operation may be silent.

    Raises:
        UsageError: there is no such block, or it cannot notify.
        SetupError: no address of Prefect's API is set: a temporary server keeps nothing.
    """
    if not get_current_settings().api.url:
        raise SetupError("Automations need a Prefect server that stays: set PREFECT_API_URL to its address.")
    lines = []
    for wanted in automations(_notification_block(notify), silence):
        known = _known(wanted.name)
        if known is None:
            wanted.create()
        else:
            wanted.model_copy(update={"id": known, "enabled": True}).update()
        lines.append(f"{'updated' if known else 'created'}: {wanted.name}")
    return lines


def _when(event: str) -> EventTrigger:
    return EventTrigger(expect={event}, match=_OPERATIONS, posture=Posture.Reactive, threshold=1)


def _automation(name: str, description: str, trigger: EventTrigger, action: SendNotification) -> Automation:
    return Automation(name=name, description=description, trigger=trigger, actions=[action], enabled=True)


def _known(name: str) -> UUID | None:
    with get_client(sync_client=True) as client:
        found = client.read_automations_by_name(name)
    return found[0].id if found else None


def _notification_block(notify: str) -> UUID:
    kind, _, name = notify.partition("/")
    if not kind or not name:
        raise UsageError(f"{notify!r} names no block. Say TYPE/NAME, such as slack-webhook/oncall.")
    with get_client(sync_client=True) as client:
        try:
            document = client.read_block_document_by_name(name, kind)
        except ObjectNotFound:
            raise UsageError(
                f"Prefect has no block {notify}. Create it in Prefect's UI (Blocks), or look at the names with "
                "`prefect block ls`."
            ) from None
    capabilities = document.block_schema.capabilities if document.block_schema else []
    if "notify" not in capabilities:
        raise UsageError(f"The block {notify} cannot notify. Name a notification block, such as slack-webhook/oncall.")
    return document.id
