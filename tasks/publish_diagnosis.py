"""Show the diagnosis of a run in Prefect, as an artifact a person can read."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact

from diagnostics.models import Diagnosis
from operations.plain_text import code_span, fenced, for_markdown, shorten
from tasks.artifact_key import artifact_key
from tasks.retry_policies import LOCAL
from workspace.models import Evidence

MAX_ERROR = 4000
MAX_SHOWN = 10


@task(task_run_name="publish diagnosis of run {evidence.run_id}", **LOCAL)
def publish_diagnosis(evidence: Evidence, diagnoses: Sequence[Diagnosis]) -> None:
    """Publish what was found about a failed run."""
    create_markdown_artifact(
        key=artifact_key("diagnosis", f"run-{evidence.run_id}"),
        markdown=as_markdown(evidence, diagnoses),
        description=", ".join(one.code for one in diagnoses[:MAX_SHOWN]),
    )


def as_markdown(evidence: Evidence, diagnoses: Sequence[Diagnosis]) -> str:
    """Return the diagnosis of a run; text of the workspace is shown literally."""
    lines = [f"# Run {for_markdown(str(evidence.run_id))}", ""]
    for one in diagnoses[:MAX_SHOWN]:
        lines += [f"## {code_span(one.code)}: {for_markdown(one.title)}", "", for_markdown(one.explanation), ""]
        lines += [f"- {label}: {text}" for label, text in _facts(one) if text]
        lines += ["", fenced(shorten(one.error, MAX_ERROR), "text"), ""] if one.error else [""]
    if len(diagnoses) > MAX_SHOWN:
        lines.append(f"{len(diagnoses) - MAX_SHOWN} more are not shown; the run page has them all.")
    return "\n".join(lines).rstrip() + "\n"


def _facts(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    objects = ", ".join(f"{name} {code_span(value)}" for name, value in diagnosis.objects.items())
    return [
        ("How sure", f"{diagnosis.confidence:.0%}"),
        ("Where", code_span(str(diagnosis.location or diagnosis.task_key)) if diagnosis.task_key else ""),
        ("Objects", objects),
        ("First step", f"{diagnosis.fix_kind.value} ({diagnosis.applicability.value})"),
    ]
