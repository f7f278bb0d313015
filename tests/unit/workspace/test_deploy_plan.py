from __future__ import annotations

from typing import Any

from workspace.deploy_plan import deploy_plan


def plan(**actions: str) -> dict[str, Any]:
    entries = {
        f"resources.jobs.{key}": {"action": action, "new_state": {"value": key}} for key, action in actions.items()
    }
    return {"plan_version": 2, "serial": 1, "cli_version": "1.14.0", "plan": entries}


def test_what_does_not_change_is_not_listed() -> None:
    changes = deploy_plan(plan(a="skip", b="update", c="delete")).changes
    assert [(one.resource, one.action) for one in changes] == [("jobs.b", "update"), ("jobs.c", "delete")]


def test_deletions_and_recreations_are_destructive() -> None:
    found = deploy_plan(plan(a="create", b="recreate", c="delete", d="update")).destructive
    assert [one.resource for one in found] == ["jobs.b", "jobs.c"]


def test_two_plans_that_would_do_the_same_have_one_digest() -> None:
    later = {**plan(a="create"), "serial": 9, "cli_version": "1.15.0", "lineage": "x"}
    reordered = {"plan": dict(reversed(plan(a="create", b="update")["plan"].items()))}
    assert deploy_plan(plan(a="create")).digest == deploy_plan(later).digest
    assert deploy_plan(reordered).digest == deploy_plan(plan(a="create", b="update")).digest


def test_another_action_or_another_content_is_another_digest() -> None:
    changed = plan(a="create")
    changed["plan"]["resources.jobs.a"]["new_state"]["value"] = "other"
    digests = {deploy_plan(one).digest for one in (plan(a="create"), plan(a="update"), changed, plan())}
    assert len(digests) == 4


def test_a_plan_without_changes_is_empty() -> None:
    assert deploy_plan({}).changes == ()
