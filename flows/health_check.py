"""A look at what is deployed: last runs, paused schedules, stale tables, expiring credentials."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import State, flow
from pydantic import Field

from flows.names import name_with
from tasks.check_health import (
    check_credentials,
    check_runs,
    check_tables,
    conclude_health,
    read_deployed,
    read_last_runs,
)
from tasks.fetch_bundle import GitSource, fetch_bundle
from tasks.publish_health import health_state, publish_health
from tasks.use_credentials import use_credentials


@flow(name="health-check", flow_run_name=name_with("health of"))
def health_check(
    bundle: str,
    target: str = "dev",
    stale_after_hours: Annotated[float, Field(gt=0)] | None = None,
    warehouse: str | None = None,
    git: GitSource | None = None,
    credentials: str | None = None,
) -> State[Any]:
    """Look at what a bundle has deployed and say what is broken; nothing is changed.

    Args:
        bundle: Folder of the bundle (with its databricks.yml); its name when it comes from git.
        target: Target of the bundle.
        stale_after_hours: Age at which a table counts as stale; without it the schedules of the jobs tell.
        warehouse: Id of a SQL warehouse that reads the tables' history; without it Unity Catalog tells their age.
        git: Where the bundle is fetched from.
        credentials: Name of a DatabricksCredentials block, or profile:NAME; the environment without it.
    """
    use_credentials(credentials)
    deployed = read_deployed(fetch_bundle(bundle, git), target)
    runs = read_last_runs(deployed)
    tables, stale = check_tables(deployed, runs, stale_after_hours, warehouse)
    findings = (*check_runs(deployed, runs), *stale, *check_credentials(deployed))
    report = conclude_health(deployed, tables, findings)
    publish_health(report)
    return health_state(report)
