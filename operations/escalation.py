"""What a person reads when the operation stops on a resource: the whole story, and the best guess at the cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from operations.attempt_markdown import attempt_lines
from operations.ends import BUNDLE
from operations.events import JournalEvent
from operations.operation import Operation
from operations.plain_text import code_span, for_markdown, link
from operations.progress import progress
from operations.standing import Progress, ResourceProgress


def escalation_report(request: Operation, events: Iterable[JournalEvent], key: str) -> str:
    """Return the escalation report of one resource (or of the bundle) as Markdown, workspace text made safe."""
    done = progress(events)
    seen = done.of(key)
    fixes = sum(attempt.applied for attempt in seen.attempts)
    codes = Counter(attempt.diagnoses[0].code for attempt in seen.attempts if attempt.diagnoses)
    summary = (
        f"{code_span(key)} needs a person: attempts: {len(seen.attempts)}, fixes applied: {fixes}, "
        f"different faults: {len(codes)} ({', '.join(code_span(code) for code in codes) or 'none recognised'})."
    )
    lines = [
        summary,
        *_hypothesis(seen, codes),
        "## What to try next",
        "\n".join(f"- {step}" for step in _suggestions(seen)),
        "## State the bundle was left in",
        _state(request, done, seen),
        *_pages(seen),
        "## Everything that was tried",
    ]
    for attempt in seen.attempts:
        lines += [f"### Iteration {attempt.iteration}", *attempt_lines(attempt)]
    return "\n\n".join(lines)


def _hypothesis(seen: ResourceProgress, codes: Counter[str]) -> list[str]:
    """The newest diagnosis, and what speaks for and against it."""
    diagnosed = [attempt.diagnoses[0] for attempt in seen.attempts if attempt.diagnoses]
    if not diagnosed:
        return ["## Likely cause", "No known error pattern matches. The errors below are all there is to go on."]
    newest = diagnosed[-1]
    times = codes[newest.code]
    weight = f"It was diagnosed in {times} of {len(seen.attempts)} attempts; confidence {newest.confidence:.0%}."
    useless = _useless_fixes(seen, newest.code)
    doubt = f" Fixes for it that did not help: {useless}, so the cause may lie deeper." if useless else ""
    signals = [f"- {for_markdown(signal.what)}: {code_span(signal.text)}" for signal in newest.signals]
    found = [f"- {for_markdown(name)}: {code_span(value)}" for name, value in newest.objects.items()]
    told = [f"{code_span(newest.code)}: {for_markdown(newest.title)}", for_markdown(newest.explanation), weight + doubt]
    return [
        "## Likely cause",
        *(line for line in told if line),
        *(["\n".join(signals + found)] if signals or found else []),
    ]


def _useless_fixes(seen: ResourceProgress, code: str) -> int:
    """Count the applied fixes for a fault that a later attempt showed again."""
    showing = [attempt for attempt in seen.attempts if attempt.diagnoses and attempt.diagnoses[0].code == code]
    return sum(attempt.applied for attempt in showing[:-1])


def _suggestions(seen: ResourceProgress) -> list[str]:
    """What a person can do that the operation may not or cannot."""
    last = seen.attempts[-1] if seen.attempts else None
    steps: list[str] = []
    if last and last.plan and not last.applied:
        steps.append(f"Look at the proposed fix, which was not applied: {for_markdown(last.plan.title)}")
    if last and last.diagnoses:
        diagnosis = last.diagnoses[0]
        if diagnosis.page:
            steps.append(
                f"Read {code_span(f'knowledge/patterns/{diagnosis.page}')}: causes, fix, and when not to apply it"
            )
        if diagnosis.location:
            steps.append(f"Start at {code_span(str(diagnosis.location))}")
        steps += [f"Other cause that fits: {code_span(other.code)}" for other in last.diagnoses[1:4]]
    if last and last.evidence and any(failure.incomplete for failure in last.evidence.failures):
        steps.append("Open the run page: some of its output could not be read from here")
    return [*steps, "Correct the bundle in its own folder or the workspace, then answer this question with `run_again`"]


def _state(request: Operation, done: Progress, seen: ResourceProgress) -> str:
    left = [attempt for attempt in seen.attempts if attempt.applied and not attempt.undone]
    edits = f"{len(left)} applied fixes are still in it" if left else "no fix of this resource is left in it"
    copy = f"Working copy {code_span(request.working_copy)}: {edits}."
    deployed = "it is deployed as it is" if done.deployed else "it is not deployed as it is"
    if done.deploy_open:
        deployed = "a deploy was started and its end is not known"
    return f"{copy} On target {code_span(request.target)}, {deployed}."


def _pages(seen: ResourceProgress) -> list[str]:
    runs = [attempt.handle for attempt in seen.attempts if attempt.handle]
    if not runs or seen.key == BUNDLE:
        return []
    return ["## Runs", "\n".join(f"- iteration {run.iteration}: {link(f'run {run.run_id}', run.url)}" for run in runs)]
