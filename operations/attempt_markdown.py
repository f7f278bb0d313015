"""How one attempt at a resource is told in Markdown: run, errors, diagnosis, fix. Reports and escalations share it."""

from __future__ import annotations

from diagnostics.models import Diagnosis
from operations.plain_text import code_span, fenced, for_markdown, link, shorten
from operations.standing import Attempt
from workspace.models import Failure

_ERROR_LIMIT = 4000
_DIFF_LIMIT = 20000
_FAILURES_SHOWN = 5


def attempt_lines(attempt: Attempt) -> list[str]:
    """Return the paragraphs that tell an attempt, in the order in which things happened."""
    return failure_lines(attempt) + _fix(attempt)


def failure_lines(attempt: Attempt) -> list[str]:
    """Return the paragraphs that tell what failed in an attempt, and what is thought of it."""
    lines = _run(attempt)
    failures = attempt.evidence.failures if attempt.evidence else ()
    for failure in failures[:_FAILURES_SHOWN]:
        lines += _failure(failure)
    if len(failures) > _FAILURES_SHOWN:
        lines.append(f"{len(failures) - _FAILURES_SHOWN} more failures of this run are in the journal.")
    for diagnosis in attempt.diagnoses[:1]:
        lines += _diagnosis(diagnosis)
    return lines


def _run(attempt: Attempt) -> list[str]:
    if attempt.handle is None:
        return []
    end = "its end is not known"
    if attempt.outcome:
        outcome = attempt.outcome
        words = "/".join(word for word in (outcome.life_cycle_state, outcome.result_state) if word)
        end = f"{for_markdown(words)} after {outcome.seconds:.0f} s"
    return [f"{link(f'Run {attempt.handle.run_id}', attempt.handle.url)}: {end}"]


def _failure(failure: Failure) -> list[str]:
    where = [f"task {code_span(failure.task_key)}"] if failure.task_key else []
    if failure.task_run_id:
        where.append(link(f"task run {failure.task_run_id}", failure.url))
    if failure.flow_name:
        where.append(f"flow {code_span(failure.flow_name)}")
    if failure.location:
        where.append(f"at {code_span(str(failure.location))}")
    if failure.last_step:
        where.append(f"last step {code_span(failure.last_step)}")
    lines = [f"Error in {failure.surface.value}: {', '.join(where)}" if where else f"Error in {failure.surface.value}:"]
    lines.append(fenced(shorten(_told_once(failure.text), _ERROR_LIMIT), "text"))
    if failure.source_excerpt:
        lines.append(fenced(shorten(failure.source_excerpt, _ERROR_LIMIT)))
    if failure.incomplete:
        lines.append(f"Not everything could be read: {for_markdown(failure.incomplete)}")
    return lines


def _told_once(text: str) -> str:
    """Leave out lines that stand above already: exception chains repeat their message at every link."""
    return "\n".join(line for line in dict.fromkeys(text.splitlines()) if line.strip())


def _diagnosis(diagnosis: Diagnosis) -> list[str]:
    sure = f"{diagnosis.confidence:.0%}"
    lines = [
        f"Diagnosis: {code_span(diagnosis.code)} ({sure} sure). {for_markdown(diagnosis.title)}",
        for_markdown(diagnosis.explanation),
    ]
    signals = [f"- {for_markdown(signal.what)}: {code_span(shorten(signal.text, 300))}" for signal in diagnosis.signals]
    return [line for line in (*lines, "\n".join(signals)) if line]


def _fix(attempt: Attempt) -> list[str]:
    if attempt.plan is None and not attempt.applied:
        return []
    state = "proposed, not applied"
    if attempt.applied:
        state = "applied, then undone" if attempt.undone else "applied"
    title = attempt.plan.title if attempt.plan else "a fix"
    lines = [f"Fix ({state}): {for_markdown(title)}"]
    if attempt.plan:
        lines.append(for_markdown(attempt.plan.reason))
        lines += [
            f"- {code_span(' '.join((action.kind, *action.parameters.values())))}" for action in attempt.plan.actions
        ]
    return [*lines, fenced(shorten(attempt.diff, _DIFF_LIMIT), "diff")] if attempt.diff else lines
