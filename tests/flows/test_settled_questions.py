"""A question whose subject was put right in another way is taken back, and does not keep the operation waiting."""

from __future__ import annotations

import subprocess
from pathlib import Path

from operations.events import Event
from operations.question import QuestionStatus
from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import operate


def test_a_deploy_that_needs_no_answer_any_more_takes_its_question_back(
    tmp_path: Path, state: Path, workspace: ScriptedWorkspace
) -> None:
    bundle = make_bundle(tmp_path, "restored", {"load": Job("bronze")})
    other = make_bundle(tmp_path / "other", "restored", {"load": Job("bronze"), "late": Job("bronze")})
    sources = other.files()
    subprocess.run([workspace.cli, "bundle", "deploy"], cwd=other.folder, check=True, capture_output=True)
    story = operate(state, bundle)
    (question,) = story.open_questions
    assert question.action == "deploy_destructive_plan"
    for path, text in sources.items():
        (bundle.folder / path).write_text(text, encoding="utf-8")
    operate(state, bundle, operation=story.id)
    assert (story.verdict, story.exit_code) == ("verified", 0)
    assert story.store.get(question.id).status is QuestionStatus.SUPERSEDED
    assert story.all(Event.QUESTION_SETTLED) == [{"question": question.id, "reason": "the bundle is deployed"}]
    assert "taken back, the bundle is deployed" in story.report
