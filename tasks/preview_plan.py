"""The run plan of a bundle without an operation: nothing is deployed and nothing is recorded."""

from __future__ import annotations

from pathlib import Path

from diagnostics.lineage import table_uses
from diagnostics.models import BundleSnapshot
from operations.run_plan import RunPlan, plan_resources
from operations.store import StateStore
from tasks.validate_bundle import refuse_unloadable
from workspace.bundle_host import profile_of_bundle
from workspace.cli import BundleCli, CliTimeouts
from workspace.resolved import resolved_bundle
from workspace.sdk import check_connection
from workspace.settings import settings
from workspace.working_copy import find_bundle, prepare, read_text_files


def preview_plan(bundle: Path, target: str) -> RunPlan:
    """Resolve a bundle for a target and plan it.

    Raises:
        OperatorError: the bundle cannot be resolved; the kind of error says why.
    """
    current = settings()
    root = find_bundle(bundle)
    profile = current.profile or profile_of_bundle(root, target)
    host = check_connection(profile).host
    # A copy of its own: an operation that is going on must not lose its edits to a preview.
    copy = prepare(root, StateStore(current.state_dir).root / "previews", target, host)
    outcome = BundleCli(current.cli, copy, target, profile, CliTimeouts.from_settings(current)).validate()
    refuse_unloadable(outcome)
    resolved = resolved_bundle(outcome.document or {}, copy)
    return plan_resources(resolved, table_uses(BundleSnapshot(resolved=resolved, files=read_text_files(copy))))
