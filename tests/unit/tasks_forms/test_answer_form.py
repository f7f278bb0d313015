"""What Prefect's form shows is text of ours; what stood in a workspace stays literal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from operations.question import Question
from tasks.answer_form import answer_form, filled_in
from tests.unit.operations.question_maker import question

HOSTILE = "[press here](https://evil.example) <img src=x>\x1b[31m\n# approve"


def test_a_title_with_markup_is_shown_literally_in_the_forms_description() -> None:
    described = str(answer_form([question(title=HOSTILE)])._description)  # noqa: SLF001 - Prefect shows just this
    assert r"\[press here\](https&#58;//" in described
    assert "<img" not in described
    assert "\n# approve" not in described


def test_the_title_of_a_field_is_one_line_without_control_characters() -> None:
    fields = answer_form([question(title=HOSTILE)]).model_json_schema()["properties"].values()
    titles = "".join(field["title"] for field in fields)
    assert "\n" not in titles
    assert "\x1b" not in titles


def fields_of(asked: Question, *holders: str) -> dict[str, Any]:
    """The fields of the form by the first word of their names."""
    found = answer_form([asked], {asked.id: holders}).model_json_schema()["properties"]
    return {name.partition("_")[0]: field for name, field in found.items()}


def test_an_approval_by_a_verified_person_is_offered_with_a_field_for_the_code_only() -> None:
    asked = question(needs_verified=True)
    without, with_code = fields_of(asked), fields_of(asked, "ann@example.com")
    assert (without["answer"]["enum"], list(without)) == (["reject", "later"], ["answer", "note"])
    assert with_code["answer"]["enum"] == ["approve", "reject", "later"]
    assert with_code["code"]["default"] == ""
    assert with_code["code"]["description"] == "Only to approve: the code that was sent to ann@example.com."


def test_the_form_says_how_to_approve_and_until_when() -> None:
    asked = question(needs_verified=True, created_at=datetime(2026, 11, 24, 12, 30, tzinfo=UTC))
    here, elsewhere = (str(answer_form([asked], {asked.id: who})._description) for who in (["ann"], []))  # noqa: SLF001 - Prefect shows just this
    assert "enter the one-time code that was sent to `ann`" in here
    assert "it cannot be done here" in elsewhere
    for shown in (here, elsewhere):
        assert f"bundleops answer {asked.id} approve --profile YOUR_PROFILE" in shown
        assert "It can be answered until 2026-11-24 13:30 UTC." in shown


def test_a_code_is_in_no_text_of_a_form_that_was_filled_in() -> None:
    asked = question()
    name = asked.id.replace("-", "_")
    said = filled_in({f"answer_{name}": "approve", f"code_{name}": "7KQ4M-WT3XZ"}, asked)
    assert (said.option, said.note, said.code) == ("approve", "", "7KQ4M-WT3XZ")
    assert "7KQ4M" not in repr(said)
