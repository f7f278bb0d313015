"""A permission proves nothing by itself: using it asks the guard, and only for the act that is about to happen."""

from __future__ import annotations

from datetime import datetime

import pytest

from workspace.errors import ApprovalRequiredError
from workspace.guard import Act, DestructiveAction, Guard, Permission

ACT = Act(operation="20261123-211502-k7fd", resource="bundle", action="destroy_bundle", digest="d1")


class Approved:
    """Approvals of these acts, each good for one time."""

    def __init__(self, *acts: Act) -> None:
        self.left = list(acts)

    def consume(
        self, *, operation: str, resource: str | None, action: str, digest: str, now: datetime | None = None
    ) -> object:
        del now
        act = Act(operation=operation, resource=resource, action=action, digest=digest)
        if act not in self.left:
            raise ApprovalRequiredError("nobody approved exactly this.")
        self.left.remove(act)
        return act


def test_using_a_permission_uses_the_approval_up() -> None:
    permission = Permission(Guard(Approved(ACT)), ACT)
    permission.use(DestructiveAction.DESTROY_BUNDLE)
    with pytest.raises(ApprovalRequiredError):
        permission.use(DestructiveAction.DESTROY_BUNDLE)


def test_a_permission_that_nobody_approved_allows_nothing() -> None:
    with pytest.raises(ApprovalRequiredError, match="nobody approved"):
        Permission(Guard(Approved()), ACT).use(DestructiveAction.DESTROY_BUNDLE)


@pytest.mark.parametrize(
    ("action", "digest"),
    [(DestructiveAction.FULL_REFRESH, None), (DestructiveAction.DEPLOY_PLAN, "d1"), ("destroy_bundle", "d2")],
)
def test_a_permission_for_another_act_is_refused_and_stays_unused(
    action: DestructiveAction, digest: str | None
) -> None:
    approvals = Approved(ACT)
    with pytest.raises(ApprovalRequiredError, match="an approval of its own"):
        Permission(Guard(approvals), ACT).use(action, digest)
    assert approvals.left == [ACT]
