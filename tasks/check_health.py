"""The steps of a health check. Each looks at the workspace and changes nothing in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from prefect import task

from diagnostics.lineage import table_uses
from diagnostics.models import BundleSnapshot
from diagnostics.sql_tables import TableUse
from operations.store import StateStore
from tasks.check_health_findings import (
    credential_findings,
    not_deployed,
    resource_findings,
    stale_limits,
    table_finding,
)
from tasks.check_health_report import Finding, HealthReport, Severity, most_severe_first
from tasks.check_health_schedule import longest_pauses
from tasks.retry_policies import LOCAL, READ
from tasks.validate_bundle import refuse_unloadable
from workspace.bundle_host import profile_of_bundle
from workspace.cli import BundleCli, CliTimeouts
from workspace.models import Model, ResolvedBundle, Resource
from workspace.resolved import resolved_bundle
from workspace.sdk import check_connection, connect
from workspace.services.freshness import freshness
from workspace.services.last_runs import LastRuns, last_job_runs, last_updates
from workspace.services.token_expiry import tokens
from workspace.settings import settings
from workspace.working_copy import find_bundle, prepare, read_text_files

MAX_TABLES = 200
_FULL_NAME = re.compile(r"\w+\.\w+\.\w+")


class Deployed(Model):
    """A bundle as it is deployed, and how to ask about it."""

    bundle: ResolvedBundle
    host: str
    profile: str | None
    writers: Mapping[str, tuple[str, ...]]
    """Keys of the resources that write a table, by the table's full name."""

    @property
    def runnable(self) -> tuple[Resource, ...]:
        """Jobs and pipelines that are deployed."""
        return tuple(one for one in self.bundle.resources if one.type in {"jobs", "pipelines"} and one.id)


@task(task_run_name="read what is deployed of {bundle} on {target}", **READ)
def read_deployed(bundle: str, target: str) -> Deployed:
    """Resolve the bundle for the target and read the ids of what is deployed of it.

    Raises:
        OperatorError: the bundle cannot be resolved, or the workspace cannot be reached; the kind of error says why.
    """
    current = settings()
    root = find_bundle(Path(bundle))
    profile = current.profile or profile_of_bundle(root, target)
    host = check_connection(profile).host
    copy = prepare(root, StateStore(current.state_dir).root / "previews", target, host)
    cli = BundleCli(current.cli, copy, target, profile, CliTimeouts.from_settings(current))
    outcome = cli.validate()
    refuse_unloadable(outcome)
    resolved = resolved_bundle(outcome.document or {}, copy, cli.summary())
    uses = table_uses(BundleSnapshot(resolved=resolved, files=read_text_files(copy)))
    return Deployed(bundle=resolved, host=host, profile=profile, writers=writers_of_tables(uses))


@task(task_run_name="read the last runs", **READ)
def read_last_runs(deployed: Deployed) -> Mapping[str, LastRuns]:
    """Read how each deployed job and pipeline went last."""
    client = connect(deployed.profile)
    read = {"jobs": last_job_runs, "pipelines": last_updates}
    return {one.key: read[one.type](client, str(one.id)) for one in deployed.runnable}


@task(task_run_name="check runs and schedules", **LOCAL)
def check_runs(deployed: Deployed, runs: Mapping[str, LastRuns]) -> tuple[Finding, ...]:
    """Judge last runs and paused schedules."""
    bundle = deployed.bundle
    found = [not_deployed(one) for one in bundle.resources if one.type in {"jobs", "pipelines"} and not one.id]
    if not runs:
        nothing = "nothing of the bundle is deployed on this target"
        step = "Operate the bundle to deploy it."
        return (Finding(severity=Severity.BROKEN, resource=bundle.name, what=nothing, next_step=step),)
    for key, one in runs.items():
        found += resource_findings(bundle.resource(key), one, development=not bundle.is_production)
    return tuple(found)


@task(task_run_name="check the age of tables", **READ)
def check_tables(
    deployed: Deployed, runs: Mapping[str, LastRuns], stale_after_hours: float | None, warehouse: str | None
) -> tuple[int, tuple[Finding, ...]]:
    """Compare the age of each table that the bundle writes with the limit, or with the schedule of what writes it.

    Returns:
        How many tables were looked at, and what was found.
    """
    limits = stale_limits(deployed.writers, longest_pauses(deployed.bundle), stale_after_hours)
    client, now, found = connect(deployed.profile), datetime.now(UTC), []
    for name in sorted(limits)[:MAX_TABLES]:
        known = [runs[key].succeeded_ms for key in deployed.writers[name] if key in runs]
        # The history of a table is sure; without it a success of what writes the table counts too.
        succeeded = 0 if warehouse else max(known, default=0)
        finding = table_finding(name, freshness(client, name, warehouse), succeeded, limits[name], now)
        found += [finding] if finding else []
    return min(len(limits), MAX_TABLES), tuple(found)


@task(task_run_name="check credentials", **READ)
def check_credentials(deployed: Deployed) -> tuple[Finding, ...]:
    """Tell which credentials end soon, where the workspace knows it."""
    return tuple(credential_findings(tokens(connect(deployed.profile)), datetime.now(UTC)))


@task(task_run_name="conclude health", **LOCAL)
def conclude_health(deployed: Deployed, tables: int, findings: tuple[Finding, ...]) -> HealthReport:
    """Put all findings into one report, the most severe first."""
    return HealthReport(
        bundle=deployed.bundle.name,
        target=deployed.bundle.target,
        host=deployed.host,
        checked_at=datetime.now(UTC),
        resources=len(deployed.runnable),
        tables=tables,
        findings=most_severe_first(findings),
    )


def health_of(bundle: str, target: str, stale_after_hours: float | None, warehouse: str | None) -> HealthReport:
    """Do the whole check in this process, without a flow run."""
    deployed = read_deployed.fn(bundle, target)
    runs = read_last_runs.fn(deployed)
    tables, stale = check_tables.fn(deployed, runs, stale_after_hours, warehouse)
    findings = (*check_runs.fn(deployed, runs), *stale, *check_credentials.fn(deployed))
    return conclude_health.fn(deployed, tables, findings)


def writers_of_tables(uses: Mapping[str, TableUse]) -> Mapping[str, tuple[str, ...]]:
    """Return who writes each table whose full name is known; who creates it counts only if nobody else writes."""
    written = {name for use in uses.values() for name in use.writes if _FULL_NAME.fullmatch(name)}
    found = {}
    for name in sorted(written):
        keys = tuple(key for key, use in uses.items() if name in use.writes)
        found[name] = tuple(key for key in keys if name not in uses[key].creates) or keys
    return found
