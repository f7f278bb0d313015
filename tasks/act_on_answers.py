"""What a person's answers mean for the operation: run again, skip, stop, or wait on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefect import task

from operations.ends import BUNDLE, Decision, LayerEnd
from operations.journal import Event
from operations.operation import Operation
from operations.question import APPROVE
from tasks.ask_person import Reply
from tasks.question_events import note_answer, settle_questions
from tasks.retry_policies import LOCAL
from tasks.take_over_changes import take_over_changes
from tasks.toolbox import journal_of, records_of

RUN_AGAIN = "run_again"
SKIP = "skip"
STOP = "stop"


@task(task_run_name="act on answers", **LOCAL)
def act_on_answers(work: Operation, replies: Sequence[Reply], unverified: Sequence[str]) -> Decision:
    """Decide how a layer goes on.

    Args:
        work: The operation.
        replies: Questions with their answers.
        unverified: Resources of the layer that are not verified, in their order.
    """
    if any(reply.answer is None for reply in replies):
        # Nothing is done on a part of the answers; those that are there stay in the store for the resumed operation.
        return Decision(end=LayerEnd.WAITING)
    said = {reply.draft.resource: reply.answer.option for reply in replies if reply.answer}
    decision = _decide(work, said, unverified)
    # Only now they count as used: after a crash before this line the same answers are found and acted on again.
    for reply in replies:
        if reply.answer:
            note_answer(work, reply.draft.resource, reply.answer)
    return decision


def _decide(work: Operation, said: Mapping[str, str], unverified: Sequence[str]) -> Decision:
    if STOP in said.values() or (BUNDLE in said and said[BUNDLE] not in {RUN_AGAIN, APPROVE}):
        return Decision(end=LayerEnd.STOPPED)
    if RUN_AGAIN in said.values():
        take_over_changes(work)
    skipped: set[str] = set()
    for resource, option in said.items():
        if option == SKIP:
            skipped |= _skip(work, resource)
    return Decision(
        end=LayerEnd.PASSED,
        run_again=tuple(key for key in unverified if key not in skipped),
        person_changed_something=RUN_AGAIN in said.values(),
    )


def _skip(work: Operation, key: str) -> set[str]:
    """Mark a resource and all that need it as skipped."""
    dependents = records_of(work).plan().dependents(key)
    journal_of(work).append(Event.RESOURCE_SKIPPED, key, reason="a person said to skip it")
    for dependent in dependents:
        journal_of(work).append(Event.RESOURCE_SKIPPED, dependent, reason=f"it needs {key}, which is skipped")
        settle_questions(work, dependent, f"{key} is skipped")
    return {key, *dependents}
