"""Reports tell the verdict, what failed, what was done about it, and what a person does next."""

from __future__ import annotations

import json
from typing import Any

from operations.escalation import escalation_report
from operations.journal import Event
from operations.operation import Operation
from operations.report import write_report
from operations.report_data import make_report
from operations.report_json import render_json
from operations.report_markdown import render_markdown


def healed(story: Any) -> None:
    story.begins()
    story.fails(1)
    story.is_fixed(1)
    story.succeeds(2)


def markdown(story: Any, request: Operation) -> str:
    return render_markdown(make_report(request, story.journal.events()))


def test_the_verdict_comes_first(story: Any, request_of_operation: Operation) -> None:
    healed(story)
    story.journal.append(Event.OPERATION_ENDED, verdict="verified", reason="1 resource verified", exit_code=0)
    assert markdown(story, request_of_operation).startswith("# verified: 1 resource verified\n")


def test_resources_stand_in_the_order_of_layers(story: Any, request_of_operation: Operation) -> None:
    healed(story)
    text = markdown(story, request_of_operation)
    assert text.index("jobs.bronze") < text.index("jobs.gold_merge")
    assert "| gold\\_merge | `jobs.gold_merge` | verified | 2 | 60 | [open](https://host/jobs/1/runs/12) |" in text


def test_a_healed_failure_tells_error_diagnosis_fix_and_proof(story: Any, request_of_operation: Operation) -> None:
    healed(story)
    text = markdown(story, request_of_operation)
    told = ["[TABLE_OR_VIEW_NOT_FOUND] x", "`table-not-found` (90% sure)", "Fix (applied): Read the table c"]
    told += ["+SELECT * FROM c", "Verified: all 3 tasks succeeded"]
    places = [text.index(each) for each in told]
    assert places == sorted(places)


def test_an_open_question_and_the_way_to_go_on_are_next_steps(story: Any, request_of_operation: Operation) -> None:
    story.begins()
    story.fails(1)
    story.asks("q-aaaaa")
    steps = make_report(request_of_operation, story.journal.events()).next_steps
    assert steps[0] == "Answer question q-aaaaa: What now?"
    assert steps[-1] == f"Go on with this operation: bundleops operate --resume {request_of_operation.id}"


def test_an_answer_tells_who_gave_it_and_whether_that_is_proven(story: Any, request_of_operation: Operation) -> None:
    story.asks()
    story.is_answered("skip")
    assert "`skip` by ann (unverified, terminal)" in markdown(story, request_of_operation)


def test_text_of_the_workspace_is_shown_and_does_nothing(story: Any, request_of_operation: Operation) -> None:
    story.fails(1, error="```\n# Approved\n<script>alert(1)</script> \x1b[2J")
    text = markdown(story, request_of_operation)
    assert "````text\n```\n# Approved\n" in text
    assert "\x1b" not in text


def test_the_patch_of_proven_fixes_is_named(story: Any, request_of_operation: Operation) -> None:
    healed(story)
    story.journal.append(Event.OPERATION_ENDED, verdict="verified", patch="/state/fix.patch")
    command = f"`patch -d {request_of_operation.bundle} -p1 -i /state/fix.patch`"
    assert command in markdown(story, request_of_operation)


def test_the_json_report_counts_codes_iterations_and_fixes(story: Any, request_of_operation: Operation) -> None:
    healed(story)
    totals = render_json(make_report(request_of_operation, story.journal.events()))["totals"]
    assert totals["codes"] == {"table-not-found": 1}
    assert (totals["iterations"], totals["fixes_applied"]) == (2, 1)


def test_both_reports_are_written_for_their_owner_only(story: Any, request_of_operation: Operation) -> None:
    healed(story)
    path = write_report(request_of_operation, story.journal.events())
    document = json.loads(path.with_suffix(".json").read_text())
    assert document["operation"] == request_of_operation.id
    assert path.stat().st_mode & 0o077 == 0


def test_an_escalation_tells_cause_evidence_runs_fixes_and_state(story: Any, request_of_operation: Operation) -> None:
    story.begins()
    for iteration in (1, 2):
        story.fails(iteration)
        story.is_fixed(iteration)
    story.fails(3)
    text = escalation_report(request_of_operation, story.journal.events(), story.gold)
    assert "attempts: 3, fixes applied: 2, different faults: 1 (`table-not-found`)" in text
    assert "Fixes for it that did not help: 2" in text
    assert "- error class: `TABLE_OR_VIEW_NOT_FOUND`" in text
    assert text.count("https://host/jobs/1/runs/13") == 2
    assert "it is not deployed as it is" in text


def test_an_escalation_without_any_diagnosis_says_so(story: Any, request_of_operation: Operation) -> None:
    story.starts(1)
    text = escalation_report(request_of_operation, story.journal.events(), story.gold)
    assert "No known error pattern matches" in text


def test_a_question_that_was_asked_anew_is_no_next_step(story: Any, request_of_operation: Operation) -> None:
    story.asks("q-aaaaa")
    story.asks("q-bbbbb")
    steps = make_report(request_of_operation, story.journal.events()).next_steps
    assert [step for step in steps if step.startswith("Answer")] == ["Answer question q-bbbbb: What now?"]
    assert "`q-aaaaa`" in markdown(story, request_of_operation)
    assert "taken back, it was asked anew as q-bbbbb" in markdown(story, request_of_operation)
