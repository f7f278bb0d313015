"""The report of an operation for people: the verdict first, then the resources, the failures and what to do next."""

from __future__ import annotations

from operations.attempt_markdown import attempt_lines
from operations.losses_markdown import losses_sections
from operations.plain_text import code_span, for_markdown, link
from operations.report_data import AskedQuestion, OperationReport, ResourceReport


def render_markdown(report: OperationReport) -> str:
    """Return the report as Markdown in which all text of the workspace is shown literally."""
    sections = [
        *_head(report),
        *(losses_sections(report.destroy) if report.destroy else _table(report)),
        *_section("What to do next", [_step(step) for step in report.next_steps]),
        *_failures(report),
        *_section("Questions and answers", [_question(question) for question in report.questions]),
        *_section("Lessons", [f"- {for_markdown(lesson)}" for lesson in report.lessons]),
        *_section("Notes", [f"- {for_markdown(note)}" for note in report.notes]),
    ]
    return "\n\n".join(sections) + "\n"


def _head(report: OperationReport) -> list[str]:
    began = f"{report.started_at:%Y-%m-%d %H:%M:%S} UTC" if report.started_at else "not yet"
    reason = f": {for_markdown(report.reason)}" if report.reason else ""
    deployed = f" The bundle as it is now is {'deployed' if report.deployed else 'not deployed'}."
    told = (
        f"Operation {code_span(report.operation)} on bundle {code_span(report.bundle)}, target "
        f"{code_span(report.target)}. Began {began}, took {report.seconds:.0f} s."
        f"{'' if report.destroy else deployed}"
    )
    return [f"# {for_markdown(report.verdict)}{reason}", told]


def _table(report: OperationReport) -> list[str]:
    if not report.resources:
        return ["No resource was planned."]
    rows = ["| layer | resource | status | iterations | seconds | run |", "|---|---|---|---:|---:|---|"]
    return ["## Resources", "\n".join([*rows, *(_row(resource) for resource in report.resources)])]


def _row(resource: ResourceReport) -> str:
    seen = resource.progress
    status = seen.status.value + (f": {for_markdown(seen.reason)}" if seen.reason else "")
    run = link("open", resource.url) if resource.url else ""
    cells = (
        for_markdown(seen.layer),
        code_span(seen.key),
        status,
        str(seen.iterations),
        f"{resource.seconds:.0f}",
        run,
    )
    return f"| {' | '.join(cells)} |"


def _failures(report: OperationReport) -> list[str]:
    """Tell every resource that did not simply run once and pass, the bundle first."""
    lines: list[str] = []
    for resource in (report.deploy, *report.resources):
        told = [attempt for attempt in resource.progress.attempts if attempt.evidence or attempt.plan]
        if not told:
            continue
        lines.append(f"### {code_span(resource.progress.key)}: {resource.progress.status.value}")
        for attempt in told:
            lines += [f"#### Iteration {attempt.iteration}", *attempt_lines(attempt)]
        if resource.checked:
            lines.append(f"Verified: {for_markdown(resource.checked)}")
    return ["## Failures and fixes", *lines] if lines else []


def _question(question: AskedQuestion) -> str:
    asked = f"- {code_span(question.id)} ({for_markdown(question.kind)}) {for_markdown(question.title)}"
    if question.option is None:
        return (
            f"{asked}: taken back, {for_markdown(question.settled)}" if question.settled else f"{asked}: no answer yet"
        )
    proof = for_markdown(question.whether_verified)
    said = f"{asked}: {code_span(question.option)} by {for_markdown(question.by)} ({proof}, {question.source})"
    return f"{said}. {for_markdown(question.note)}" if question.note else said


def _step(step: str) -> str:
    """Show a step; what follows its first colon is a command or a title and stays literal."""
    what, _, rest = step.partition(": ")
    return f"- {for_markdown(what)}: {code_span(rest)}" if rest else f"- {for_markdown(what)}"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "\n".join(lines)] if lines else []
