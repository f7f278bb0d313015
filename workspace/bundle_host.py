"""Which workspace a bundle names for a target, and the profile that leads there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from workspace.bundle_files import main_document
from workspace.hosts import configured_profiles, profile_for_host


def profile_of_bundle(root: Path, target: str) -> str | None:
    """Return the one profile for the host that the bundle names, as the CLI chooses it.

    None when the environment gives host or profile already, the bundle names no host, or no single profile fits.
    """
    if any(os.environ.get(name) for name in ("DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE")):
        return None
    host = declared_host(root, target)
    return profile_for_host(host, configured_profiles()) if host else None


def declared_host(root: Path, target: str) -> str | None:
    """Return `workspace.host` of the target, else of the bundle; None when it is absent, computed or unreadable here.

    What cannot be read here is reported by validate, with file and line.
    """
    document = main_document(root)
    for place in (("targets", target, "workspace", "host"), ("workspace", "host")):
        value: Any = document
        for key in place:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value and "${" not in value:
            return value
    return None
