"""The frozen description of one operation: what was asked, under which limits, and where its records are."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from workspace.models import Model

Heal = Literal["off", "propose", "safe"]
Kind = Literal["operate", "destroy"]
"""What an operation does, in the words of its command."""


class Limits(Model):
    """What an operation may do and how long it may wait."""

    max_iterations: int = 3
    """Runs of one resource before a person is asked, counted from 1."""
    heal: Heal | None = None
    """None: `safe` on a development target, `propose` elsewhere."""
    level: Literal["atomic", "composite", "orchestrator"] = "atomic"
    """Jobs that run: those that work, or those that start them."""
    parallel_runs: int = 4
    """Independent runs of one layer that go on at the same time."""
    run_timeout_minutes: float = 120
    lock_wait_seconds: float = 600
    answer_wait_seconds: float = 3600
    """How long an open question is waited for; 0 asks and ends at once with the question open."""
    suspend_after_seconds: float = 900
    """A longer wait suspends the flow run of a deployment instead of keeping its process."""
    partial_success_share: float = 0.9
    """Share of a notebook's items that must succeed."""
    verify_tables: bool = True
    """Check that the tables which a run writes are there and hold rows."""
    excluded: tuple[str, ...] = ()
    """Resource keys, or patterns with `*`, that are run and verified but never healed."""
    fixes_per_day: int = 20
    changed_lines_per_day: int = 500
    """What is applied without a person to one bundle and target within 24 hours; beyond it each fix needs approval."""

    def excludes(self, key: str) -> bool:
        """Tell whether a resource is left to people when it fails."""
        return any(fnmatchcase(key, pattern) for pattern in self.excluded)


class Operation(Model):
    """One call of the parent flow on a bundle and target. It holds no secret and crosses task boundaries."""

    id: str
    bundle: str
    """The person's bundle folder; never written to."""
    target: str
    working_copy: str
    """The operation's own copy, from which everything is deployed."""
    state_dir: str
    host: str = ""
    """Workspace that the operation began with; one working copy belongs to one workspace."""
    profile: str | None = None
    cli: str = "databricks"
    limits: Limits = Limits()
    dry_run: bool = False
    kind: Kind = "operate"

    @property
    def resume_command(self) -> str:
        """How a person goes on with it."""
        return f"bundleops {self.kind} --resume {self.id}"

    @property
    def bundle_name(self) -> str:
        """Name of the bundle's folder, which is how a person calls it."""
        return Path(self.bundle).name

    @property
    def folder(self) -> Path:
        """Folder of this operation's records."""
        return Path(self.state_dir) / "operations" / self.id

    @property
    def copies_dir(self) -> Path:
        """Folder that holds this operation's working copy; dry runs have copies of their own."""
        return Path(self.working_copy).parent

    def heal_mode(self, *, production: bool) -> Heal:
        """What healing may do on this target without a person (design: policy per target)."""
        return self.limits.heal or ("propose" if production else "safe")
