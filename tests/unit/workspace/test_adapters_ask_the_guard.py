"""The adapters themselves use an approval up right before a destructive act, so that no path can leave it out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from databricks.sdk import WorkspaceClient

from operations.question import Answer, Question, QuestionKind
from operations.questions import QuestionStore
from workspace.cli import BundleCli
from workspace.deploy_plan import deploy_plan
from workspace.errors import ApprovalRequiredError
from workspace.guard import Act, DestructiveAction, Guard, Permission
from workspace.services.pipelines import start_update
from workspace.services.statements import run_statement, statement_digest

if TYPE_CHECKING:
    from .conftest import LoopbackWorkspace

STATEMENTS = "/api/2.0/sql/statements"
UPDATES = "/api/2.0/pipelines/p-1/updates"
PLAN = {"plan_version": 2, "plan": {"resources.jobs.a": {"action": "delete"}}}
PROGRAM = """
import sys
from pathlib import Path
if sys.argv[1:] == ["--version"]:
    print("Databricks CLI v1.14.0")
else:
    Path("calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
"""

Ask = Callable[[DestructiveAction, str], Permission]


@pytest.fixture
def store(tmp_path: Path) -> QuestionStore:
    return QuestionStore(tmp_path / "questions.sqlite3")


@pytest.fixture
def unapproved(store: QuestionStore) -> Ask:
    return lambda action, digest: Permission(
        Guard(store), Act(operation="o", resource="r", action=action, digest=digest)
    )


@pytest.fixture
def approved(store: QuestionStore, unapproved: Ask) -> Ask:
    def approve(action: DestructiveAction, digest: str) -> Permission:
        deadline = datetime.now(UTC) + timedelta(hours=1)
        asked: dict[str, Any] = {"operation": "o", "resource": "r", "title": "?", "body": "", "deadline": deadline}
        question = store.ask(Question(kind=QuestionKind.APPROVAL, action=action, digest=digest, **asked))
        store.answer(Answer(question=question.id, option="approve", by="ann", verified=True, source="terminal"))
        return unapproved(action, digest)

    return approve


@pytest.fixture
def cli(tmp_path: Path) -> BundleCli:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    return BundleCli(f"{sys.executable} {program}", tmp_path)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(PLAN))
    return file


def calls(folder: Path) -> list[str]:
    file = folder / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_one_approval_makes_one_destroy(cli: BundleCli, approved: Ask, tmp_path: Path) -> None:
    permission = approved(DestructiveAction.DESTROY_BUNDLE, "d")
    cli.destroy(permission)
    with pytest.raises(ApprovalRequiredError, match="it counts once"):
        cli.destroy(permission)
    assert calls(tmp_path) == ["bundle destroy --auto-approve"]


def test_a_destroy_that_nobody_approved_does_not_start(cli: BundleCli, unapproved: Ask, tmp_path: Path) -> None:
    with pytest.raises(ApprovalRequiredError):
        cli.destroy(unapproved(DestructiveAction.DESTROY_BUNDLE, "d"))
    assert calls(tmp_path) == []


def test_a_missing_program_leaves_the_approval_unused(approved: Ask, cli: BundleCli, tmp_path: Path) -> None:
    permission = approved(DestructiveAction.DESTROY_BUNDLE, "d")
    with pytest.raises(Exception, match="not found"):
        BundleCli("no-such-program", tmp_path).destroy(permission)
    assert cli.destroy(permission).ok


def test_a_plan_that_deletes_is_not_deployed_without_an_approval(cli: BundleCli, plan: Path, tmp_path: Path) -> None:
    with pytest.raises(ApprovalRequiredError, match="deletes or recreates"):
        cli.deploy(plan)
    assert calls(tmp_path) == []


def test_an_approval_of_another_plan_deploys_nothing(cli: BundleCli, plan: Path, approved: Ask, tmp_path: Path) -> None:
    with pytest.raises(ApprovalRequiredError, match="an approval of its own"):
        cli.deploy(plan, approved(DestructiveAction.DEPLOY_PLAN, "another digest"))
    assert calls(tmp_path) == []


def test_an_approved_plan_is_deployed_with_auto_approve(
    cli: BundleCli, plan: Path, approved: Ask, tmp_path: Path
) -> None:
    cli.deploy(plan, approved(DestructiveAction.DEPLOY_PLAN, deploy_plan(PLAN).digest))
    assert calls(tmp_path) == [f"bundle deploy --plan {plan} --auto-approve"]


def test_an_approved_statement_runs_once(workspace: LoopbackWorkspace, client: WorkspaceClient, approved: Ask) -> None:
    workspace.answer("POST", STATEMENTS, {"statement_id": "s-1", "status": {"state": "SUCCEEDED"}})
    permission = approved(DestructiveAction.RUN_STATEMENT, statement_digest("DROP TABLE t"))
    run_statement(client, "w", "DROP TABLE t", permission=permission)
    with pytest.raises(ApprovalRequiredError, match="it counts once"):
        run_statement(client, "w", "DROP TABLE t", permission=permission)
    assert len(workspace.asked(STATEMENTS)) == 1


def test_an_approval_of_one_statement_runs_no_other(
    workspace: LoopbackWorkspace, client: WorkspaceClient, approved: Ask
) -> None:
    permission = approved(DestructiveAction.RUN_STATEMENT, statement_digest("DROP TABLE t"))
    with pytest.raises(ApprovalRequiredError):
        run_statement(client, "w", "DROP TABLE u", permission=permission)
    assert workspace.asked(STATEMENTS) == []


def test_a_full_refresh_needs_an_approval_for_this_pipeline(
    workspace: LoopbackWorkspace, client: WorkspaceClient, approved: Ask
) -> None:
    permission = approved(DestructiveAction.FULL_REFRESH, "p-2")
    with pytest.raises(ApprovalRequiredError):
        start_update(client, "p-1", resource="pipelines.a", iteration=1, full_refresh=permission)
    assert workspace.asked(UPDATES) == []


def test_an_approved_full_refresh_is_started(
    workspace: LoopbackWorkspace, client: WorkspaceClient, approved: Ask
) -> None:
    workspace.answer("POST", UPDATES, {"update_id": "u-1"})
    permission = approved(DestructiveAction.FULL_REFRESH, "p-1")
    start_update(client, "p-1", resource="pipelines.a", iteration=1, full_refresh=permission)
    assert workspace.asked(UPDATES)[0][3]["full_refresh"] is True


def test_an_ordinary_update_refreshes_nothing_in_full(workspace: LoopbackWorkspace, client: WorkspaceClient) -> None:
    workspace.answer("POST", UPDATES, {"update_id": "u-1"})
    start_update(client, "p-1", resource="pipelines.a", iteration=1)
    assert "full_refresh" not in workspace.asked(UPDATES)[0][3]


def test_a_lock_is_forced_with_an_approval_of_its_own_only(cli: BundleCli, approved: Ask, tmp_path: Path) -> None:
    harmless = tmp_path / "harmless.json"
    harmless.write_text(json.dumps({"plan_version": 2, "plan": {}}))
    with pytest.raises(ApprovalRequiredError, match="an approval of its own"):
        cli.deploy(harmless, force_lock=approved(DestructiveAction.DEPLOY_PLAN, "d"))
    assert calls(tmp_path) == []
    cli.deploy(harmless, force_lock=approved(DestructiveAction.FORCE_LOCK, "d"))
    assert calls(tmp_path) == [f"bundle deploy --plan {harmless} --force-lock"]
