from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.check_health_findings import credential_findings, resource_findings, stale_limits, table_finding
from tasks.check_health_report import Finding, HealthReport, Severity, as_markdown, as_rows, most_severe_first
from workspace.models import Resource, RunResult
from workspace.services.freshness import Freshness
from workspace.services.last_runs import LastRuns
from workspace.services.token_expiry import TokenExpiry, Tokens

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def at(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def judged(runs: LastRuns, *, development: bool = False, **config: Any) -> list[Finding]:
    resource = Resource(key="jobs.load", type="jobs", name="load", config=config, id="7")
    return list(resource_findings(resource, runs, development=development))


def age(fresh: Freshness, succeeded: int = 0) -> Severity | None:
    finding = table_finding("main.gold.sales", fresh, succeeded, DAY, NOW)
    return finding.severity if finding else None


def report(*findings: Finding) -> HealthReport:
    return HealthReport(
        bundle="sales",
        target="prod",
        host="https://x",
        checked_at=NOW,
        resources=2,
        tables=3,
        findings=most_severe_first(findings),
    )


def finding(severity: Severity, what: str = "something") -> Finding:
    return Finding(severity=severity, resource="jobs.load", what=what, next_step="Look.")


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        (RunResult.FAILED, Severity.BROKEN),
        (RunResult.TIMED_OUT, Severity.BROKEN),
        (RunResult.INTERNAL_ERROR, Severity.BROKEN),
        (RunResult.CANCELED, Severity.WARNING),
        (None, Severity.NOTE),
    ],
)
def test_the_last_run_decides_how_bad_it_is(result: RunResult | None, severity: Severity) -> None:
    assert [one.severity for one in judged(LastRuns(result=result, ended_ms=1))] == [severity]


def test_a_success_is_not_worth_a_word() -> None:
    assert judged(LastRuns(result=RunResult.SUCCESS, ended_ms=1)) == []


def test_a_job_that_somebody_deleted_is_broken() -> None:
    assert "does not know it any more" in judged(LastRuns(exists=False))[0].what


def test_schedules_that_development_mode_pauses_are_no_finding() -> None:
    runs = LastRuns(result=RunResult.SUCCESS, paused=("schedule",))
    assert judged(runs, development=True, schedule={"pause_status": "PAUSED"}) == []
    assert len(judged(runs, development=False, schedule={"pause_status": "PAUSED"})) == 1


def test_a_schedule_that_only_the_workspace_pauses_is_named_on_every_target() -> None:
    runs = LastRuns(result=RunResult.SUCCESS, paused=("schedule",))
    assert "in the workspace, but not in the bundle" in judged(runs, development=True, schedule={})[0].what


def test_a_table_is_stale_only_when_neither_it_nor_its_writer_is_younger_than_the_limit() -> None:
    old, new = at(NOW - 2 * DAY), at(NOW - DAY / 2)
    assert age(Freshness(written_ms=old), old) is Severity.BROKEN
    assert age(Freshness(written_ms=new), old) is None
    assert age(Freshness(written_ms=old), new) is None


def test_a_table_of_unknown_age_is_a_note_and_a_missing_one_a_warning() -> None:
    assert age(Freshness()) is Severity.NOTE
    assert age(Freshness(exists=False)) is Severity.WARNING
    assert age(Freshness(holds_data=False)) is None


def test_the_most_frequent_writer_limits_the_age_and_a_given_limit_goes_before_it() -> None:
    writers = {"a.b.c": ("jobs.daily", "jobs.weekly"), "a.b.d": ("jobs.never",)}
    pauses = {"jobs.daily": DAY, "jobs.weekly": 7 * DAY}
    assert stale_limits(writers, pauses, None) == {"a.b.c": 1.5 * DAY}
    assert stale_limits(writers, pauses, 2) == dict.fromkeys(writers, timedelta(hours=2))


def test_only_tokens_that_end_soon_are_named() -> None:
    ends = {"soon": at(NOW + 3 * DAY), "late": at(NOW + 90 * DAY), "never": 0, "over": at(NOW - DAY)}
    tokens = Tokens(kind="pat", told=True, tokens=[TokenExpiry(comment=n, expires_ms=t) for n, t in ends.items()])
    assert [one.what.split("'")[1] for one in credential_findings(tokens, NOW)] == ["soon"]


def test_credentials_of_which_nothing_is_told_are_only_a_note() -> None:
    assert [one.severity for one in credential_findings(Tokens(kind="oauth-m2m", told=False), NOW)] == [Severity.NOTE]


def test_the_verdict_is_the_worst_finding() -> None:
    assert report().verdict == "healthy"
    assert report(finding(Severity.NOTE)).verdict == "healthy"
    assert report(finding(Severity.NOTE), finding(Severity.WARNING)).verdict == "warning"
    assert report(finding(Severity.WARNING), finding(Severity.BROKEN)).summary.startswith("broken: 1 broken, 1 warning")


def test_text_of_the_workspace_cannot_write_markdown_into_the_report() -> None:
    hostile = "\x1b[31mno\n# Heading [click](https://evil.example) <script>|"
    text = as_markdown(report(finding(Severity.BROKEN, hostile)))
    assert "\n# Heading" not in text
    assert "](https://evil" not in text
    assert "<script>" not in text
    assert "\x1b" not in text


def test_rows_of_the_table_are_short_and_harmless() -> None:
    row = as_rows(report(finding(Severity.BROKEN, "\x1b[31m" + "long " * 400)))[0]
    assert len(row["what"]) < 400
    assert "\x1b" not in row["what"]
