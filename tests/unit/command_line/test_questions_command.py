"""`bundleops questions` shows what a person is asked, and workspace text cannot take the terminal over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.questions import QuestionStore
from tests.unit.operations.question_maker import ACT, LONG_AGO, OPERATION, answered, question

HOSTILE = "\x1b[2J\x1b]0;owned\x07was \u202elived\u202c and \x9b31mred\x07"


def test_open_questions_are_listed_with_what_they_offer(bundleops: Any, questions: QuestionStore) -> None:
    first = questions.ask(question(title="Apply the fix?"))
    second = questions.ask(question(resource="jobs.silver", title="What now?", kind="escalation"))
    end = bundleops("questions")
    assert (end.exit_code, end.stderr) == (0, "")
    rows = [line.split() for line in end.stdout.splitlines()]
    assert rows[0] == ["question", "status", "operation", "about", "answers"]
    assert rows[1] == [first.id, "open", OPERATION, "Apply", "the", "fix?", "approve", "|", "reject"]
    assert rows[2][:3] + rows[2][-5:] == [second.id, "open", OPERATION, "run_again", "|", "skip", "|", "stop"]


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
    assert end.stdout == (
        f"{asked.id} (open) Apply?\n\n```diff\n-a\n+b\n```\n\n{asked.on_silence}\n\n"
        f"  bundleops answer {asked.id} approve   Do exactly this, once\n"
        f"  bundleops answer {asked.id} reject   Do not do it\n"
    )


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
