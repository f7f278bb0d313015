"""What a deploy would do, from the JSON that `bundle plan` prints, with a digest that answers can be bound to."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workspace.models import DeployPlan, PlannedChange

_NO_CHANGE = {"", "skip"}


def deploy_plan(document: Mapping[str, Any]) -> DeployPlan:
    """Return the changes of a plan and the digest of exactly their content.

    The digest covers actions and new states only: version and serial differ between two plans that would do the same.
    """
    entries = {
        key: entry for key, entry in (document.get("plan") or {}).items() if entry.get("action", "") not in _NO_CHANGE
    }
    content = {key: [entry["action"], entry.get("new_state")] for key, entry in entries.items()}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    changes = tuple(
        PlannedChange(resource=key.removeprefix("resources."), action=entry["action"])
        for key, entry in sorted(entries.items())
    )
    return DeployPlan(changes=changes, digest=hashlib.sha256(canonical.encode()).hexdigest())


def saved_plan(text: str, file: Path) -> None:
    """Keep the plan as the CLI printed it, readable by the owner only: it can hold values that are secret."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(file)
