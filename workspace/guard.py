"""The last look before an act that a person has to allow. It trusts no object that claims to be an approval."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from workspace.destructive_sql import destructive_statements
from workspace.errors import ApprovalRequiredError

__all__ = ["Act", "Approvals", "DestructiveAction", "Guard", "Permission", "destructive_statements", "is_destructive"]

_HARMLESS_ACTIONS = frozenset(
    {"skip", "create", "update", "update_id", "resize", "validate", "plan", "deploy", "run", "run_resource", "wait"}
)


class DestructiveAction(StrEnum):
    """Every act that may lose something, by the name that questions and approvals give it.

    Whatever carries one of them out takes a `Permission` and uses it up itself, right before the act. Those that
    nothing here carries out are named so that no fix plan can pass them off as harmless.
    """

    DEPLOY_PLAN = "deploy_destructive_plan"
    """Deploy a plan that deletes or recreates resources (`bundle deploy --auto-approve`)."""
    DESTROY_BUNDLE = "destroy_bundle"
    """Remove everything that a bundle has deployed (`bundle destroy --auto-approve`)."""
    RUN_STATEMENT = "run_destructive_statement"
    """Run SQL that deletes or replaces data or objects."""
    FULL_REFRESH = "full_refresh"
    """Empty the tables of a pipeline and compute them anew."""
    RESET_CHECKPOINT = "reset_checkpoint"
    DELETE_MONITOR = "delete_monitor"
    DELETE_ALERT = "delete_alert"
    DELETE_PERMANENTLY = "delete_permanently"
    """Delete past the trash."""
    FORCE_LOCK = "force_lock"
    """Take a deploy lock, or a target's lock, from its holder."""
    FORCE_DEPLOY = "force_deploy"
    """Overwrite what was changed in the workspace (`bundle deploy --force`)."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act, named so exactly that an approval of it can allow nothing else."""

    operation: str
    resource: str | None
    action: str
    digest: str
    """Identifies exactly what would be done."""


class Approvals(Protocol):
    """Where approvals are looked up and used up."""

    def consume(
        self, *, operation: str, resource: str | None, action: str, digest: str, now: datetime | None = None
    ) -> object:
        """Use up the approval of exactly this act, or raise ApprovalRequiredError."""
        ...


class Guard:
    """Lets an act pass when a person approved exactly it, and only once."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def require(self, act: Act) -> None:
        """Use up the approval of this act; to be called right before the act.

        Raises:
            ApprovalRequiredError: nobody approved exactly this, or the approval is used or too old.
        """
        try:
            self._approvals.consume(
                operation=act.operation, resource=act.resource, action=act.action, digest=act.digest
            )
        except ApprovalRequiredError as error:
            raise ApprovalRequiredError(
                f"{error} Nothing was done. To allow it, resume operation {act.operation} and approve "
                f"`{act.action}` for {act.resource or 'the bundle'} (digest {act.digest[:12]})."
            ) from error


@dataclass(frozen=True)
class Permission:
    """Where to ask whether an act is allowed. It proves nothing: the adapter that acts has it used up first."""

    guard: Guard
    act: Act

    def use(self, action: DestructiveAction, digest: str | None = None) -> None:
        """Use up the approval; call it right before the act.

        Args:
            action: What is about to be done.
            digest: Identifies exactly what is about to be done, where the adapter can tell.

        Raises:
            ApprovalRequiredError: nobody approved exactly this, or the approval is used or too old.
        """
        if self.act.action != action or digest not in {None, self.act.digest}:
            raise ApprovalRequiredError(
                f"`{action}` needs an approval of its own: this one would be for `{self.act.action}` "
                f"(digest {self.act.digest[:12]}). Nothing was done."
            )
        self.guard.require(self.act)


def is_destructive(action: str) -> bool:
    """Tell whether an action may lose something; every action that is not known to be harmless may."""
    return re.sub(r"[^a-z0-9]+", "_", action.lower()).strip("_") not in _HARMLESS_ACTIONS
