"""A deploy that deletes or recreates asks first, and shows what is lost and who uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from operations.events import Event
from tests.flows.destroying import Deployed
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import operate


@pytest.fixture
def shrunk(tmp_path: Path, state: Path, workspace: ScriptedWorkspace) -> Deployed:
    """A bundle whose pipeline has to be made anew, and without one of its jobs, which somebody else's job starts."""
    del state
    deployed = Deployed(workspace, tmp_path, "shrunk", ("load", "gone"), pipelines=("clean",))
    deployed.create_foreign_job("nightly report", starts="gone")
    file = deployed.bundle.folder / "databricks.yml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["resources"]["pipelines"]["clean"]["storage"] = "dbfs:/elsewhere"
    del document["resources"]["jobs"]["shrunk-gone"]
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return deployed


def test_the_question_shows_what_is_lost_and_who_uses_it_and_the_answer_allows_exactly_that(
    state: Path, shrunk: Deployed
) -> None:
    story = operate(state, shrunk.bundle)
    (question,) = story.open_questions
    assert (question.action, story.exit_code, shrunk.jobs) == ("deploy_destructive_plan", 4, ["gone", "load"])
    assert "- delete `jobs.shrunk-gone`\n- recreate `pipelines.clean`" in question.body
    assert "| `main.silver.a` | table | `pipelines.clean` |" in question.body
    assert re.search(r"\[job nightly report\]\(\S+\) uses `jobs\.shrunk-gone`", question.body)
    assert "`jobs.shrunk-load`" not in question.body, "it stays"
    story.answer("approve")
    operate(state, shrunk.bundle, operation=story.id)
    assert (story.verdict, shrunk.jobs) == ("verified", ["load"])
    assert len(story.all(Event.QUESTION_ASKED)) == 1
