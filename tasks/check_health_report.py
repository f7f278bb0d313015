"""What a health check found, and how a person reads it. Plain data and text; nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from operations.plain_text import code_span, for_markdown, for_terminal, link, shorten
from workspace.models import Model

MAX_TEXT = 300


class Severity(StrEnum):
    """How much a finding matters."""

    BROKEN = "broken"
    """Something does not do its work: the check fails."""
    WARNING = "warning"
    """Somebody should look at it."""
    NOTE = "note"
    """Good to know: what could not be told, or has not happened yet."""


class Finding(Model):
    """One thing that a health check found."""

    severity: Severity
    resource: str
    """Key of the resource, name of the table, or `credentials`."""
    what: str
    next_step: str
    url: str = ""


class HealthReport(Model):
    """The result of one health check."""

    bundle: str
    target: str
    host: str
    checked_at: datetime
    resources: int
    """Jobs and pipelines that were looked at."""
    tables: int
    """Tables whose age was looked at."""
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """`broken`, `warning`, or `healthy`."""
        worst = {finding.severity for finding in self.findings}
        return next((one.value for one in (Severity.BROKEN, Severity.WARNING) if one in worst), "healthy")

    def count(self, severity: Severity) -> int:
        """Return how many findings are this severe."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line for a state or a message."""
        counted = ", ".join(f"{self.count(one)} {one.value}" for one in Severity if self.count(one))
        return f"{self.verdict}: {counted or 'nothing found'} ({self.resources} resources, {self.tables} tables)"


def most_severe_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in the order in which a person wants them."""
    order = tuple(Severity)
    return tuple(sorted(findings, key=lambda one: (order.index(one.severity), one.resource, one.what)))


def as_markdown(report: HealthReport) -> str:
    """Return the report for Prefect's UI; text of the workspace is shown literally."""
    when = f"{report.checked_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    lines = [
        f"# Health of {for_markdown(report.bundle)}, target {for_markdown(report.target)}: {report.verdict}",
        "",
        f"{when}, {for_markdown(report.host)}. Looked at: {report.resources} resources, {report.tables} tables.",
    ]
    for severity in Severity:
        found = [one for one in report.findings if one.severity is severity]
        if found:
            lines += ["", f"## {severity.value.capitalize()}", "", *(_item(one) for one in found)]
    if not report.findings:
        lines += ["", "Nothing found."]
    return "\n".join(lines) + "\n"


def as_rows(report: HealthReport) -> list[dict[str, str]]:
    """Return the findings as rows of a table artifact, which Prefect's UI shows as text."""
    return [
        {
            "severity": one.severity.value,
            "resource": for_terminal(shorten(one.resource, MAX_TEXT)),
            "what": for_terminal(shorten(one.what, MAX_TEXT)),
            "next step": one.next_step,
        }
        for one in report.findings
    ]


def _item(finding: Finding) -> str:
    page = f" ({link('run page', finding.url)})" if finding.url else ""
    what = for_markdown(shorten(finding.what, MAX_TEXT))
    return f"- {code_span(finding.resource)}: {what}{page}. **Next:** {for_markdown(finding.next_step)}"
