"""What the official CLI keeps between calls: who the user is, and what the host says of itself."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

USER_SECONDS = 30 * 60
HOST_SECONDS = 60 * 60
FAILURE_SECONDS = 60


class Cache:
    """A folder of small documents; without one nothing is kept."""

    def __init__(self, env: Mapping[str, str], version: str) -> None:
        given = env.get("DATABRICKS_CACHE_DIR")
        home = env.get("HOME")
        folder = Path(given) if given else Path(home, ".cache", "databricks") if home else None
        is_on = env.get("DATABRICKS_CACHE_ENABLED", "true").lower() not in {"false", "0"}
        self._folder = folder / f"{version}-standin" if folder and is_on else None

    def read(self, kind: str, key: str, seconds: float) -> dict[str, Any] | None:
        """Return the document, None if there is none that young."""
        path = self._path(kind, key)
        try:
            if path is None or time.time() - path.stat().st_mtime > seconds:
                return None
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Keep a document; a folder that cannot be written to keeps none, which costs a request and nothing else."""
        path = self._path(kind, key)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(document), encoding="utf-8")
            temporary.replace(path)
        except OSError:
            return

    def _path(self, kind: str, key: str) -> Path | None:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / kind / f"{name}.json" if self._folder else None
