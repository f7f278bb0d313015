"""The plan of a bundle without an operation: nothing is deployed and nothing is recorded."""

from __future__ import annotations

from pathlib import Path

from diagnostics.models import BundleSnapshot
from operations.plan_preview import PlanPreview, preview
from operations.planning.levels import Level
from workspace.bundle_files import find_bundle
from workspace.resolver.resolve import resolve_offline
from workspace.source_files import read_sources


def preview_from_files(bundle: Path, target: str | None, level: Level) -> PlanPreview:
    """Plan a bundle from its files alone: without CLI, credentials and network.

    Raises:
        OperatorError: the bundle cannot be resolved; the text names file and line.
    """
    root = find_bundle(bundle)
    found = resolve_offline(root, target)
    files, unread = read_sources(root, found.sync_paths)
    return preview(BundleSnapshot(resolved=found.resolved, files=files), level, (*found.unresolved, *unread))
