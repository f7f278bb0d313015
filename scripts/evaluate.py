"""Diagnose every message of the evaluation set (tests/eval) and print how many answers are right.

The held-back third is reported apart and only as counts, so that nobody writes a pattern from it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from diagnostics.evaluation import Answer, Message, Scores, answer, scores, wrong  # noqa: E402 - see sys.path above
from knowledge.pattern import Category  # noqa: E402
from knowledge.registry import load_registry  # noqa: E402

SET = ROOT / "tests" / "eval"
PAGE = ROOT / "docs" / "evaluation.md"
VISIBLE, HELD_BACK = "visible", "held_back"
TITLES = {VISIBLE: "Visible two thirds", HELD_BACK: "Held-back third"}
SHORT = {"deployment": "deploy", "permission": "permis", "dependency": "depend", "job_runtime": "runtime"}
INTRODUCTION = """# How often the diagnosis is right

Every message of the [evaluation set](../tests/eval/README.md) is diagnosed from its text and surface alone, as by
`bundleops diagnose --text`. An operation has more to go by: the bundle, the trace, the cluster's events.

- *answered*: of the messages with a standard cause, those for which a cause was named
- *category right*, *fix kind right*: of the messages with a standard cause; one without an answer counts as wrong
- *wrong without a cause*: of the messages without a standard cause, those for which a fix was proposed all the same
- *reliability*: of the answers with a confidence in this range, the share with the right kind of fix

`make eval` prints this; `make record-eval` writes it here.

"""


def load(name: str) -> list[Message]:
    """Read one file of the evaluation set."""
    lines = (SET / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Message.model_validate_json(line) for line in lines]


def summary(name: str, counted: Scores) -> list[str]:
    """Return the ratios of one file."""
    rows = {
        "messages with a standard cause": str(counted.with_cause),
        "  answered": f"{counted.coverage:.1%}",
        "  category right": f"{counted.category_accuracy:.1%}",
        "  fix kind right": f"{counted.fix_kind_accuracy:.1%}",
        "  transient right, of those answered": f"{counted.transient_accuracy:.1%}",
        "messages without a standard cause": str(counted.without_cause),
        "  wrong without a cause": f"{counted.wrong_without_cause:.1%}",
    }
    return [
        f"{TITLES[name]}: {counted.messages} messages",
        *(f"  {label:<38}{value:>8}" for label, value in rows.items()),
    ]


def confusion(counted: Scores) -> list[str]:
    """Return how many messages of each category (lines) were given which category (columns)."""
    columns = [category.value for category in Category]
    head = " ".join(f"{SHORT.get(name, name)[:7]:>7}" for name in columns)
    lines = [f"  {'label / answer':<14} {head}"]
    for label, row in counted.confusion.items():
        lines.append(f"  {label:<14} " + " ".join(f"{row.get(name, 0) or '.':>7}" for name in columns))
    return lines


def reliability(counted: Scores) -> list[str]:
    """Return confidence against accuracy."""
    return [
        f"  {'confidence':<14}{'answers':>8}{'mean':>8}{'right':>8}",
        *(
            f"  {one.low:.2f} to {one.high:.2f}  {one.messages:>8}{one.confidence:>8.2f}{one.accuracy:>8.1%}"
            for one in counted.reliability
        ),
    ]


def wrong_ones(answers: list[Answer]) -> list[str]:
    """Return the wrong answers, label and answer side by side."""
    lines = []
    for one in wrong(answers):
        label = f"{one.message.category}/{'|'.join(one.message.fix_kind)}"
        lines.append(f"  {one.message.id}  {label} <- {one.category}/{one.fix_kind} ({one.code})")
    return lines


def report(answers: dict[str, list[Answer]]) -> str:
    """Return everything as text."""
    lines: list[str] = []
    for name, given in answers.items():
        counted = scores(given)
        lines += [
            *summary(name, counted),
            "",
            "Confusion",
            *confusion(counted),
            "",
            "Reliability",
            *reliability(counted),
            "",
        ]
        if name == VISIBLE:
            lines += [f"Wrong or other category: {len(wrong(given))}", *wrong_ones(given), ""]
        else:
            lines += [
                f"Wrong or other category: {len(wrong(given))} (not named: they are never used to write a pattern)",
                "",
            ]
    return "\n".join(lines).rstrip() + "\n"


def as_json(answers: dict[str, list[Answer]]) -> str:
    """Return everything as one JSON document; of the held-back messages only the counts."""
    document = {name: scores(given).model_dump(mode="json") for name, given in answers.items()}
    document[VISIBLE]["wrong"] = [
        {
            "id": one.message.id,
            "label": {"category": one.message.category, "fix_kind": one.message.fix_kind},
            "answer": {
                "code": one.code,
                "category": one.category,
                "fix_kind": one.fix_kind,
                "confidence": one.confidence,
            },
        }
        for one in wrong(answers[VISIBLE])
    ]
    return json.dumps(document, indent=2) + "\n"


def main() -> int:
    """Print the report, or write it into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="form of what is printed")
    parser.add_argument("--record", action="store_true", help=f"write the report to {PAGE.relative_to(ROOT)} as well")
    options = parser.parse_args()
    registry = load_registry()
    answers = {name: [answer(message, registry) for message in load(name)] for name in (VISIBLE, HELD_BACK)}
    text = report(answers)
    if options.record:
        PAGE.write_text(f"{INTRODUCTION}```text\n{text}```\n", encoding="utf-8")
    print(as_json(answers) if options.output == "json" else text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
