"""Paths of volumes: `/Volumes/catalog/schema/name/…` is the volume catalog.schema.name."""

from __future__ import annotations

import re

from diagnostics.table_use import ANY, PLACEHOLDER

_VOLUME = re.compile(r"(?:dbfs:)?/Volumes/([^/\s]+)/([^/\s]+)/([^/\s]+)")


def volume_of(path: str) -> str | None:
    """Return the volume that a path lies in, None when it lies in none or nothing is known of it."""
    match = _VOLUME.match(path.strip())
    if match is None:
        return None
    parts = [part.replace(PLACEHOLDER, ANY).lower() for part in match.groups()]
    return ".".join(parts) if parts[-1].strip(ANY) else None
