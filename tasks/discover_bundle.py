"""Step 0: see what there is to work with before anything is changed."""

from __future__ import annotations

from pathlib import Path

from prefect import task

from operations.journal import Event
from operations.operation import Operation
from tasks.retry_policies import READ
from tasks.toolbox import cli_of, journal_of
from workspace.errors import UsageError
from workspace.sdk import check_connection


@task(task_run_name="discover bundle", **READ)
def discover_bundle(work: Operation) -> None:
    """Tell which CLI, workspace and user this operation works with.

    Raises:
        UsageError: the credentials lead to another workspace than the operation began with.
        SetupError: the CLI is missing or too old, the host does not answer, or it refuses the credentials.
    """
    version = cli_of(work).version()
    connection = check_connection(work.profile)
    if connection.host != work.host:
        raise UsageError(
            f"Operation {work.id} belongs to {work.host}, but the credentials now lead to {connection.host}. "
            "Set host or profile back to resume it, or start a new operation."
        )
    journal_of(work).append(
        Event.BUNDLE_DISCOVERED,
        name=Path(work.bundle).name,
        target=work.target,
        host=connection.host,
        user=connection.user,
        cli=".".join(map(str, version)),
    )
