"""A replay of the journal tells where each resource stands and what resuming has to take up."""

from __future__ import annotations

from typing import Any

from operations.journal import Event, Journal
from operations.progress import progress
from operations.standing import Progress, ResourceStatus


def replay(story: Any) -> Progress:
    return progress(story.journal.events())


def test_planned_resources_are_pending_in_planned_order(story: Any) -> None:
    story.begins()
    assert {key: one.status for key, one in replay(story).resources.items()} == {
        story.gold: ResourceStatus.PENDING,
        "jobs.bronze": ResourceStatus.PENDING,
    }


def test_a_run_that_was_intended_but_not_started_is_open_with_its_token(story: Any) -> None:
    story.intends(1)
    run = replay(story).of(story.gold).open_run
    assert run is not None
    assert (run.iteration, run.idempotency_token, run.handle) == (1, "token-1", None)


def test_a_run_that_was_started_but_not_ended_is_open_with_its_handle(story: Any) -> None:
    story.starts(1)
    run = replay(story).of(story.gold).open_run
    assert run is not None
    assert run.handle is not None
    assert run.handle.run_id == "11"


def test_a_failed_run_closes_the_run_and_keeps_what_was_found(story: Any) -> None:
    story.fails(1)
    gold = replay(story).of(story.gold)
    assert (gold.status, gold.open_run) == (ResourceStatus.FAILED, None)
    assert [attempt.diagnoses[0].code for attempt in gold.attempts] == ["table-not-found"]


def test_an_applied_fix_is_tried_and_makes_the_deploy_stale(story: Any) -> None:
    story.begins()
    story.fails(1)
    assert replay(story).deployed
    story.is_fixed(1)
    assert replay(story).of(story.gold).tried == {story.plan.digest}
    assert not replay(story).deployed


def test_a_fix_that_was_undone_stays_tried(story: Any) -> None:
    story.fails(1)
    story.is_fixed(1)
    story.journal.append(Event.FIX_UNDONE, story.gold, digest=story.plan.digest)
    gold = replay(story).of(story.gold)
    assert gold.attempts[0].undone
    assert story.plan.digest in gold.tried


def test_a_successful_run_is_not_verified_before_it_was_checked(story: Any) -> None:
    story.succeeds(1)
    ended = progress(story.journal.events()[:-1]).of(story.gold)
    assert ended.status is ResourceStatus.RUNNING
    assert replay(story).of(story.gold).status is ResourceStatus.VERIFIED


def test_a_person_who_says_run_again_gives_all_iterations_anew(story: Any) -> None:
    for iteration in (1, 2, 3):
        story.fails(iteration)
    story.asks()
    assert replay(story).of(story.gold).iterations_used == 3
    story.is_answered("run_again")
    gold = replay(story).of(story.gold)
    assert (gold.status, gold.iterations, gold.iterations_used) == (ResourceStatus.PENDING, 3, 0)


def test_an_open_question_is_open_until_it_is_answered(story: Any) -> None:
    story.asks("q-aaaaa")
    assert replay(story).open_questions == ("q-aaaaa",)
    story.is_answered("stop", "q-aaaaa")
    assert replay(story).open_questions == ()


def test_intending_the_same_iteration_twice_counts_it_once(story: Any) -> None:
    story.intends(1)
    story.starts(1)
    gold = replay(story).of(story.gold)
    assert (gold.iterations_used, len(gold.attempts)) == (1, 1)


def test_a_deploy_without_an_end_is_open(journal: Journal) -> None:
    journal.append(Event.DEPLOY_STARTED, digest="d")
    assert progress(journal.events()).deploy_open


def test_a_resumed_operation_has_no_end(journal: Journal) -> None:
    journal.append(Event.OPERATION_ENDED, verdict="waiting", exit_code=4)
    assert progress(journal.events()).verdict == "waiting"
    journal.append(Event.OPERATION_RESUMED)
    assert progress(journal.events()).verdict is None


def test_an_event_of_a_newer_version_does_not_break_the_replay(story: Any) -> None:
    story.starts(1)
    newer = story.journal.events()[0].model_copy(update={"event": "run_teleported"})
    before = replay(story)
    assert progress((*story.journal.events(), newer)).resources == before.resources


def test_the_same_events_give_the_same_progress(story: Any) -> None:
    story.begins()
    story.fails(1)
    story.is_fixed(1)
    assert replay(story).model_dump_json() == replay(story).model_dump_json()


def test_a_question_that_was_settled_without_an_answer_is_open_no_more(story: Any) -> None:
    story.journal.append(Event.QUESTION_ASKED, story.gold, question="q-aaaaa", kind="approval", title="?")
    story.journal.append(Event.QUESTION_SETTLED, story.gold, question="q-aaaaa", reason="it is verified")
    assert replay(story).open_questions == ()


def test_a_start_that_was_refused_leaves_no_run_to_take_up(story: Any) -> None:
    story.is_refused(1)
    gold = replay(story).of(story.gold)
    assert (gold.status, gold.open_run, gold.iterations_used) == (ResourceStatus.FAILED, None, 1)
