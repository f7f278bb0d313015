"""The guard lets an act pass only when a person approved exactly it, and calls dangerous what it does not know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operations.question import Answer, Question, QuestionKind
from operations.questions import QuestionStore
from workspace.errors import ApprovalRequiredError
from workspace.guard import Act, Guard, destructive_statements, is_destructive

ACT = Act(operation="20261123-211502-k7fd", resource="pipelines.silver", action="full_refresh", digest="d1")


def approve(store: QuestionStore, act: Act, option: str = "approve", asked_at: datetime | None = None) -> None:
    asked_at = asked_at or datetime.now(UTC)
    question = store.ask(
        Question(
            operation=act.operation,
            resource=act.resource,
            kind=QuestionKind.APPROVAL,
            title="Refresh all?",
            body="",
            action=act.action,
            digest=act.digest,
            created_at=asked_at,
            deadline=asked_at + timedelta(hours=1),
        )
    )
    store.answer(Answer(question=question.id, option=option, by="ann", source="terminal", at=asked_at))


@pytest.fixture
def store(tmp_path: Path) -> QuestionStore:
    return QuestionStore(tmp_path / "questions.sqlite3")


def test_an_act_that_nobody_approved_is_refused_with_what_is_needed(store: QuestionStore) -> None:
    with pytest.raises(ApprovalRequiredError, match=r"resume operation 20261123-211502-k7fd and approve .full_refresh"):
        Guard(store).require(ACT)


def test_an_approved_act_passes_once(store: QuestionStore) -> None:
    approve(store, ACT)
    Guard(store).require(ACT)
    with pytest.raises(ApprovalRequiredError, match="it counts once"):
        Guard(store).require(ACT)


def test_a_rejected_act_is_refused(store: QuestionStore) -> None:
    approve(store, ACT, "reject")
    with pytest.raises(ApprovalRequiredError, match="answered 'reject'"):
        Guard(store).require(ACT)


@pytest.mark.parametrize("change", [{"digest": "d2"}, {"action": "destroy"}, {"resource": None}, {"operation": "o"}])
def test_an_approval_allows_no_other_act_and_stays_unused(store: QuestionStore, change: dict[str, str | None]) -> None:
    approve(store, ACT)
    other = {"operation": ACT.operation, "resource": ACT.resource, "action": ACT.action, "digest": ACT.digest, **change}
    with pytest.raises(ApprovalRequiredError, match="nobody was asked about exactly this"):
        Guard(store).require(Act(**other))  # type: ignore[arg-type] # only the resource may be None
    Guard(store).require(ACT)


def test_an_approval_that_came_too_long_ago_allows_nothing(store: QuestionStore) -> None:
    approve(store, ACT, asked_at=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(ApprovalRequiredError, match=r"is too old\. Nothing was done"):
        Guard(store).require(ACT)


@pytest.mark.parametrize(
    "action",
    ["destroy", "delete", "recreate", "full_refresh", "--full-refresh-all", "reset_checkpoint", "drop_table",
     "force", "force-lock", "auto_approve", "something_new"],
)  # fmt: skip
def test_an_action_that_may_lose_something_is_destructive(action: str) -> None:
    assert is_destructive(action)


@pytest.mark.parametrize("action", ["create", "update", "resize", "skip", "run_resource", "wait"])
def test_an_action_that_loses_nothing_is_not_destructive(action: str) -> None:
    assert not is_destructive(action)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE a.b.c",
        "TRUNCATE TABLE t",
        "DELETE FROM t",
        "DELETE FROM t WHERE true",
        "DELETE FROM t WHERE 1 = 1",
        "ALTER TABLE t DROP COLUMN c",
        "INSERT OVERWRITE t SELECT 1",
        "CREATE OR REPLACE TABLE t AS SELECT 1",
        "MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE THEN DELETE",
        "EXECUTE IMMEDIATE 'DROP TABLE t'",
        "REFRESH STREAMING TABLE t FULL",
        "/* SELECT */ drop -- harmless\n table t",
        "this is (no sql",
    ],
)
def test_sql_that_may_lose_something_is_destructive(sql: str) -> None:
    assert len(destructive_statements(sql)) == 1


@pytest.mark.parametrize(
    "sql",
    ["SELECT 'DROP TABLE t'", "DELETE FROM t WHERE id = 1", "CREATE OR REPLACE VIEW v AS SELECT 1", "SHOW TABLES",
     "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET *", ""],
)  # fmt: skip
def test_sql_that_loses_nothing_is_not_destructive(sql: str) -> None:
    assert destructive_statements(sql) == ()


def test_only_the_destructive_statements_of_a_script_are_named() -> None:
    assert destructive_statements("SELECT 1; DROP TABLE t; SELECT 2") == ("DROP TABLE t",)
