"""`bundleops diagnose --batch`: many texts in, one JSON line for each out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from bundleops.batch import diagnose_batch
from bundleops.commands.diagnose import diagnose
from knowledge.registry import load_registry
from workspace.errors import UsageError

MODULE = {"id": "a", "surface": "job", "text": "ModuleNotFoundError: No module named 'humanize'"}


def answers(*lines: object) -> tuple[list[dict[str, object]], list[str]]:
    """Return the answers and the problems of a batch."""
    data = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode()
    written = io.StringIO()
    problems = diagnose_batch("set.jsonl", io.BytesIO(data), written, load_registry())
    return [json.loads(line) for line in written.getvalue().splitlines()], problems


def test_an_answer_holds_the_labels_of_the_first_diagnosis() -> None:
    [answer], problems = answers(MODULE)

    assert problems == []
    assert answer == {
        "id": "a",
        "code": "module-not-found",
        "category": "job_runtime",
        "fix_kind": "add_library",
        "transient": False,
        "confidence": answer["confidence"],
    }


def test_answers_stand_in_the_order_of_the_messages() -> None:
    found, _ = answers(MODULE, {**MODULE, "id": 2, "text": "odd"}, {**MODULE, "id": "c"})

    assert [(answer["id"], answer["code"]) for answer in found] == [
        ("a", "module-not-found"),
        ("2", "unknown-error"),
        ("c", "module-not-found"),
    ]


def test_a_message_may_name_the_bundle_as_its_surface() -> None:
    [answer], _ = answers({"id": "b", "surface": "bundle", "text": "Error: notebook src/nope.py not found"})

    assert answer["category"] == "deployment"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "set.jsonl:2: Invalid JSON"),
        ('{"id": "b"}', "set.jsonl:2: text: Field required"),
        ('{"id": "b", "text": "x", "surface": "moon"}', "set.jsonl:2: surface"),
        ("\xff", "set.jsonl:2: Invalid JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_answered(line: str, said: str) -> None:
    found, [problem] = answers(MODULE, line, {**MODULE, "id": "c"})

    assert [answer["id"] for answer in found] == ["a", "c"]
    assert problem.startswith(said)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        diagnose(batch=str(tmp_path / "none.jsonl"))


def test_bad_lines_end_as_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(json.dumps(MODULE) + "\n{\n", encoding="utf-8")

    with pytest.raises(UsageError, match="1 lines have no answer"):
        diagnose(batch=str(file))

    assert json.loads(capsys.readouterr().out)["code"] == "module-not-found"
