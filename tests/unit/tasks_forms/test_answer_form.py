"""What Prefect's form shows is text of ours; what stood in a workspace stays literal."""

from __future__ import annotations

from tasks.answer_form import answer_form
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
