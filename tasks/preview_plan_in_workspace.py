"""The plan of a bundle as a workspace resolves it: lookups and the user included. Nothing is deployed."""

from __future__ import annotations

from pathlib import Path

from diagnostics.models import BundleSnapshot
from operations.plan_preview import PlanPreview, preview
from operations.planning.levels import Level
from operations.store import StateStore
from tasks.validate_bundle import refuse_unloadable
from workspace.bundle_files import find_bundle
from workspace.bundle_host import profile_of_bundle
from workspace.cli import BundleCli, CliTimeouts
from workspace.resolved import resolved_bundle
from workspace.resolver.files import read_configuration
from workspace.resolver.targets import chosen_target
from workspace.sdk import check_connection
from workspace.settings import settings
from workspace.working_copy import prepare, read_text_files


def preview_in_workspace(bundle: Path, target: str | None, level: Level) -> PlanPreview:
    """Resolve a bundle with the CLI and plan it.

    Raises:
        OperatorError: the bundle cannot be resolved, or the workspace does not answer; the kind of error says why.
    """
    current = settings()
    root = find_bundle(bundle)
    name = chosen_target(read_configuration(root), target)
    profile = current.profile or profile_of_bundle(root, name)
    host = check_connection(profile).host
    # A copy of its own: an operation that is going on must not lose its edits to a preview.
    copy = prepare(root, StateStore(current.state_dir).root / "previews", name, host)
    outcome = BundleCli(current.cli, copy, name, profile, CliTimeouts.from_settings(current)).validate()
    refuse_unloadable(outcome)
    resolved = resolved_bundle(outcome.document or {}, copy)
    return preview(BundleSnapshot(resolved=resolved, files=read_text_files(copy)), level)
