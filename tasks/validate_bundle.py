"""Step 1, first half: the CLI checks and resolves the bundle, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import task

from operations.ends import BUNDLE
from operations.journal import Event
from operations.operation import Operation
from tasks.cli_evidence import cli_evidence
from tasks.lock_target import lock_target
from tasks.retry_policies import NEVER
from tasks.toolbox import cli_of, journal_of, progress_of, records_of
from workspace.cli import failure_of
from workspace.errors import BundleInvalidError, UsageError
from workspace.hosts import normal_host
from workspace.models import CliOutcome, Evidence, Surface
from workspace.resolved import resolved_bundle, with_known_ids


@task(task_run_name="validate bundle", **NEVER)
def validate_bundle(work: Operation) -> Evidence | None:
    """Run `bundle validate --strict`, keep the resolved bundle, and take the target's lock.

    Returns:
        The evidence of what is invalid, None when the bundle is valid.

    Raises:
        UsageError: the target does not exist.
        BundleInvalidError: the files cannot even be loaded.
    """
    outcome = cli_of(work).validate()
    refuse_unloadable(outcome)
    bundle = resolved_bundle(outcome.document or {}, Path(work.working_copy))
    if bundle.host and normal_host(bundle.host) != work.host:
        raise UsageError(
            f"The bundle's target {work.target} is on {bundle.host}, but the credentials lead to {work.host}. "
            "Use the profile or environment of the bundle's workspace."
        )
    records = records_of(work)
    records.save_bundle(with_known_ids(bundle, records.bundle()) if records.has_bundle() else bundle)
    if not work.dry_run:
        _warn_without_lock(work, outcome.document or {})
        lock_target(work, bundle)
    if outcome.ok:
        journal_of(work).append(Event.BUNDLE_VALIDATED, resources=[resource.key for resource in bundle.resources])
        return None
    return cli_evidence(work, outcome, Surface.VALIDATE, progress_of(work, BUNDLE).iterations + 1)


def _warn_without_lock(work: Operation, document: Mapping[str, Any]) -> None:
    """Say it once when the CLI's own lock stays off in spite of our setting: then only our lock protects the target."""
    lock = ((document.get("bundle") or {}).get("deployment") or {}).get("lock") or {}
    text = (
        f"The CLI's deploy lock is off for target {work.target}, because the file that declares the target cannot be "
        "changed in the working copy. Two deploys at once from elsewhere could create every resource twice."
    )
    told = any(event.event == Event.NOTE and event.data.get("text") == text for event in journal_of(work).events())
    if lock.get("enabled") is False and not told:
        journal_of(work).append(Event.NOTE, text=text)


def refuse_unloadable(outcome: CliOutcome) -> None:
    """Raise for a bundle that gives no resolved configuration: there is nothing that could be repaired."""
    text = "\n".join(error.summary for error in outcome.errors)
    if "no such target" in text:
        raise UsageError(text)
    document = outcome.document or {}
    if not outcome.ok and not (document.get("workspace") or {}).get("root_path"):
        error = failure_of(outcome, "loading the bundle")
        if not isinstance(error, BundleInvalidError):
            raise error
        places = [f"  in {place}" for one in outcome.errors for place in one.locations]
        advice = "Correct it; `databricks bundle validate` shows the same."
        raise BundleInvalidError("\n".join([f"The bundle cannot be loaded: {text or outcome.stderr}", *places, advice]))
