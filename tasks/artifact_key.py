"""Keys of artifacts: Prefect takes lower case letters, digits and dashes only."""

from __future__ import annotations

import re


def artifact_key(kind: str, name: str) -> str:
    """Return the key of an artifact about something; runs about the same thing share it, so Prefect shows a history."""
    return re.sub(r"[^a-z0-9]+", "-", f"{kind}-{name}".lower()).strip("-")
