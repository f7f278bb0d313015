"""Turns what the workspace tells into findings. Pure: facts and the time in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from tasks.check_health_report import Finding, Severity
from workspace.models import Resource, RunResult
from workspace.services.freshness import Freshness
from workspace.services.last_runs import LastRuns
from workspace.services.token_expiry import Tokens

SLACK = 1.5
"""A table may be half as much older than its schedule says: the job takes its time."""
EXPIRES_SOON = timedelta(days=14)
_BROKEN = {RunResult.FAILED, RunResult.TIMED_OUT, RunResult.INTERNAL_ERROR, RunResult.UPSTREAM_FAILED}
_WORDS = {"jobs": "run", "pipelines": "update"}


def resource_findings(resource: Resource, runs: LastRuns, *, development: bool) -> Iterator[Finding]:
    """Return what is to be said about one job or pipeline."""
    word = _WORDS[resource.type]
    if not runs.exists:
        what = f"is recorded as deployed ({resource.id}), but the workspace does not know it any more"
        yield _finding(
            Severity.BROKEN, resource.key, what, "Somebody deleted it: operate the bundle to deploy it anew."
        )
        return
    if runs.result is None:
        step = "Operate the bundle, or wait for its first schedule."
        yield _finding(Severity.NOTE, resource.key, f"no {word} of it has ended yet", step)
    elif runs.result is not RunResult.SUCCESS:
        said = f": {runs.message}" if runs.message else ""
        severity = Severity.BROKEN if runs.result in _BROKEN else Severity.WARNING
        what = f"its last {word} ended as {runs.result.value} at {_time(runs.ended_ms)}{said}"
        yield _finding(severity, resource.key, what, "Operate the bundle: it diagnoses the failure.", runs.url)
    for kind in runs.paused:
        meant = (resource.config.get(kind) or {}).get("pause_status") == "PAUSED"
        if meant and development:
            # Development mode pauses every schedule on purpose.
            continue
        what = f"its {kind} is paused" + ("" if meant else " in the workspace, but not in the bundle")
        step = (
            "Unpause it in the bundle if it should run." if meant else "Find out who paused it; a deploy unpauses it."
        )
        yield _finding(Severity.WARNING, resource.key, what, step)


def not_deployed(resource: Resource) -> Finding:
    """Return the finding about a job or pipeline that is in the bundle and not in the workspace."""
    return _finding(Severity.WARNING, resource.key, "is not deployed", "Operate the bundle to deploy it.")


def table_finding(name: str, fresh: Freshness, succeeded_ms: int, limit: timedelta, now: datetime) -> Finding | None:
    """Return what is to be said about one table, None when it is fresh enough.

    Args:
        name: three-part name.
        fresh: what is known about its age.
        succeeded_ms: end of the newest success of what writes it; counts where the table's own time may lag behind.
        limit: age at which it is stale.
        now: the time.
    """
    if not fresh.exists:
        return _finding(Severity.WARNING, name, "does not exist, though the bundle writes it", "Operate the bundle.")
    if not fresh.holds_data:
        return None
    written = max(fresh.written_ms, succeeded_ms)
    if not written:
        return _finding(Severity.NOTE, name, "the workspace does not tell when it was written last", _ASK_HISTORY)
    age = now - datetime.fromtimestamp(written / 1000, UTC)
    if age <= limit:
        return None
    what = f"was written last at {_time(written)}, {_hours(age)} ago; it is stale after {_hours(limit)}"
    return _finding(Severity.BROKEN, name, what, "See why the job that writes it does not run, or operate the bundle.")


_ASK_HISTORY = "Give the id of a SQL warehouse as `warehouse`: the table's history tells it."


def credential_findings(tokens: Tokens, now: datetime) -> Iterator[Finding]:
    """Return what is to be said about the credentials of this check."""
    if not tokens.told:
        what = f"the workspace does not tell how long they are good for ({tokens.kind or 'unknown kind'})"
        yield _finding(Severity.NOTE, "credentials", what, "Keep their end in your own calendar.")
    for token in tokens.tokens:
        left = datetime.fromtimestamp(token.expires_ms / 1000, UTC) - now
        if token.expires_ms and timedelta() < left <= EXPIRES_SOON:
            label = f"the access token {token.comment!r}" if token.comment else "an access token without a comment"
            what = f"{label} of this user ends at {_time(token.expires_ms)}, in {_hours(left)}"
            yield _finding(Severity.WARNING, "credentials", what, "Make a new one and put it where it is used.")


def stale_limits(
    writers: Mapping[str, tuple[str, ...]], pauses: Mapping[str, timedelta], stale_after_hours: float | None
) -> Mapping[str, timedelta]:
    """Return the age at which each table is stale; tables are left out of which nothing tells it.

    Args:
        writers: keys of the resources that write a table, by the table's name.
        pauses: longest time between two starts of a resource, by key.
        stale_after_hours: one limit for all tables; it goes before the schedules.
    """
    if stale_after_hours is not None:
        return dict.fromkeys(writers, timedelta(hours=stale_after_hours))
    limits = {}
    for table, keys in writers.items():
        known = [pauses[key] for key in keys if key in pauses]
        if known:
            limits[table] = min(known) * SLACK
    return limits


def _finding(severity: Severity, resource: str, what: str, next_step: str, url: str = "") -> Finding:
    return Finding(severity=severity, resource=resource, what=what, next_step=next_step, url=url)


def _time(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return (
        f"{hours / 24:.0f} days" if hours >= 72 else f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"
    )
