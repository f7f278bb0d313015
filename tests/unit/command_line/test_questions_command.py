"""`bundleops questions` shows what a person is asked, and workspace text cannot take the terminal over."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.question import Option
from operations.questions import QuestionStore
from tests.unit.operations.question_maker import ACT, LONG_AGO, OPERATION, answer, answered, question

HOSTILE = "\x1b[2J\x1b]0;owned\x07was \u202elived\u202c and \x9b31mred\x07"


def test_open_questions_are_listed_with_what_they_offer(bundleops: Any, questions: QuestionStore) -> None:
    first = questions.ask(question(title="Apply the fix?"))
    second = questions.ask(question(resource="jobs.silver", title="What now?", kind="escalation"))
    end = bundleops("questions")
    assert (end.exit_code, end.stderr) == (0, "")
    rows = [line.split() for line in end.stdout.splitlines()]
    assert rows[0] == ["question", "status", "operation", "about", "answers", "who", "approves"]
    assert rows[1] == [first.id, "open", OPERATION, "Apply", "the", "fix?", "approve", "|", "reject", "anybody"]
    assert rows[2][:3] + rows[2][-6:] == [second.id, "open", OPERATION, "run_again", "|", "skip", "|", "stop", "-"]


def test_the_list_says_who_has_to_approve(bundleops: Any, questions: QuestionStore) -> None:
    questions.ask(question(needs_verified=True))
    questions.ask(question(resource="jobs.silver", needs_verified=True, approvers=("ann@example.com", "bob")))
    rows = [row.rstrip() for row in bundleops("questions").stdout.splitlines()[1:]]
    assert rows[0].endswith("  a verified person")
    assert rows[1].endswith("  verified: ann@example.com, bob")


def test_only_open_questions_are_listed_unless_all_are_wanted(bundleops: Any, questions: QuestionStore) -> None:
    superseded, rejected = questions.ask(question(digest="d0")), answered(questions, "reject")
    still_open = questions.ask(question(digest="d2"))
    assert [line.split()[0] for line in bundleops("questions").stdout.splitlines()[1:]] == [still_open.id]
    rows = [line.split()[:2] for line in bundleops("questions", "--all").stdout.splitlines()[1:]]
    assert sorted(rows) == sorted([[superseded.id, "superseded"], [rejected.id, "answered"], [still_open.id, "open"]])


def test_a_question_whose_deadline_has_passed_is_no_longer_open(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(created_at=LONG_AGO))
    assert bundleops("questions").stdout == "No open questions.\n"
    assert bundleops("questions", "--all").stdout.splitlines()[1].split()[:2] == [asked.id, "expired"]


def test_questions_in_json_are_one_document(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(body=HOSTILE))
    used = answered(questions, resource="jobs.silver")
    questions.consume(**{**ACT, "resource": "jobs.silver"})
    end = bundleops("questions", "--all", "--output", "json")
    found = {one["id"]: one for one in json.loads(end.stdout)}
    assert {identity: one["status"] for identity, one in found.items()} == {asked.id: "open", used.id: "consumed"}
    assert found[asked.id]["body"] == HOSTILE
    assert "\x1b" not in end.stdout


def test_one_question_in_json_is_told_whole(bundleops: Any, questions: QuestionStore) -> None:
    questions.ask(question(resource="jobs.silver"))
    asked = questions.ask(question(body="the diff"))
    (found,) = json.loads(bundleops("questions", asked.id, "-o", "json").stdout)
    assert (found["id"], found["body"], found["digest"]) == (asked.id, "the diff", "d1")
    assert [option["id"] for option in found["options"]] == ["approve", "reject"]


def test_one_question_is_shown_with_its_body_and_how_each_answer_is_given(
    bundleops: Any, questions: QuestionStore
) -> None:
    asked = questions.ask(question(title="Apply?", body="```diff\n-a\n+b\n```"))
    end = bundleops("questions", asked.id)
    assert end.exit_code == 0
    assert end.stdout.startswith(
        f"{asked.id} (open) Apply?\n\n```diff\n-a\n+b\n```\n\n{asked.on_silence}\n\n"
        f"It can be answered until {asked.deadline:%Y-%m-%d %H:%M} UTC.\n\n"
        f"  bundleops answer {asked.id} approve   Do exactly this, once\n"
        f"  bundleops answer {asked.id} reject   Do not do it\n\nTrail:\n"
    )


def test_one_question_says_how_a_verified_person_approves_it(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(needs_verified=True, approvers=("ann@example.com",)))
    shown = bundleops("questions", asked.id).stdout
    assert "UTC. Only one of ann@example.com can approve this, with Databricks credentials of their own" in shown
    assert f"\n  bundleops answer {asked.id} approve --profile YOUR_PROFILE   Do exactly this, once\n" in shown
    assert f"\n  bundleops answer {asked.id} reject   Do not do it\n" in shown


def test_one_question_is_shown_with_its_trail(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(created_at=datetime(2126, 1, 2, 3, 4, 5, tzinfo=UTC)))
    questions.answer(answer(asked, by="ann", verified=True, place="ann@laptop"))
    trail = bundleops("questions", asked.id).stdout.split("\n\nTrail:\n")[1].splitlines()
    assert trail == [
        f"  2126-01-02 03:04:05 UTC asked by process {os.getpid()} from operation (digest d1)",
        "  2126-01-02 03:04:05 UTC answered by ann from terminal (ann@laptop): approve, verified (digest d1)",
    ]


def test_the_trail_of_one_question_is_in_its_json(bundleops: Any, questions: QuestionStore) -> None:
    asked = answered(questions, "reject")
    (found,) = json.loads(bundleops("questions", asked.id, "-o", "json").stdout)
    assert [(row["change"], row["digest"]) for row in found["audit"]] == [("asked", "d1"), ("answered", "d1")]


def test_no_text_of_a_question_reaches_the_terminal_as_it_is(bundleops: Any, questions: QuestionStore) -> None:
    options = (Option(id="approve", label=HOSTILE), Option(id="no", label=f"a\n{HOSTILE}"))
    more: dict[str, Any] = {"on_silence": HOSTILE, "needs_verified": True, "approvers": (HOSTILE,)}
    asked = questions.ask(question(options=options, **more))
    questions.answer(answer(asked, "no", by=f"eve\n{HOSTILE}"))
    shown = bundleops("questions", asked.id).stdout + bundleops("questions", "--all").stdout
    assert "answered by eve was lived and red from terminal: no, unverified" in shown
    assert set("\x1b\x07\x9b\u202e\u202c").isdisjoint(shown)


def test_escapes_in_title_and_body_are_not_sent_to_the_terminal(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(title=f"title {HOSTILE}", body=f"body {HOSTILE}"))
    shown = bundleops("questions", asked.id).stdout
    assert shown.startswith(f"{asked.id} (open) title was lived and red\n\nbody was lived and red\n\n")
    listed = bundleops("questions").stdout
    assert "title was lived and red" in listed
    assert set("\x1b\x07\x9b\u202e\u202c").isdisjoint(shown + listed)


def test_a_title_of_several_lines_forges_no_row(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(title="Apply?\nq-aaaaa   open      o   Harmless"))
    rows = bundleops("questions").stdout.splitlines()[1:]
    assert [row.split()[0] for row in rows if not row.startswith(" ")] == [asked.id]


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_unknown_question_is_not_shown(bundleops: Any, questions: QuestionStore, form: str) -> None:
    questions.ask(question(id="q-aaaaa"))
    end = bundleops("questions", "q-zzzzz", "-o", form)
    assert (end.exit_code, end.stdout) == (2, "")
    told = "bundleops: There is no question q-zzzzz; list the open questions to see their ids.\n"
    assert end.stderr == told


def test_escapes_in_an_unknown_id_are_not_sent_to_the_terminal(bundleops: Any) -> None:
    end = bundleops("questions", "\x1b[2Jq-zzzzz")
    assert end.exit_code == 2
    assert end.stderr.startswith("bundleops: There is no question q-zzzzz;")


def test_a_form_of_output_that_does_not_exist_is_refused_with_those_that_do(bundleops: Any) -> None:
    end = bundleops("questions", "--output", "yaml")
    assert (end.exit_code, end.stdout) == (2, "")
    assert "'text'" in end.stderr
    assert "'json'" in end.stderr


def test_looking_at_a_question_changes_nothing_about_it(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(deadline=datetime.now(UTC) + timedelta(days=1)))
    for arguments in ((), (asked.id,), (asked.id, "-o", "json"), ("--all",)):
        assert bundleops("questions", *arguments).exit_code == 0
    assert questions.get(asked.id) == asked
    assert [row.change for row in questions.audit(asked.id)] == ["asked"]
