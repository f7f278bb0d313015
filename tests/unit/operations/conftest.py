"""One operation, and the events of a small but complete one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diagnostics.models import Diagnosis, FileEdit, FixPlan, Signal
from knowledge.pattern import Applicability, Category, FixKind
from operations.journal import Event, Journal
from operations.operation import Operation
from operations.store import OperationFolder, StateStore
from workspace.models import Evidence, Failure, RunHandle, RunOutcome, RunResult, Surface

GOLD = "jobs.gold_merge"


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "state")


@pytest.fixture
def request_of_operation(tmp_path: Path, store: StateStore) -> Operation:
    return Operation(
        id="20261123-211502-k7fd",
        bundle=str(tmp_path / "bundle"),
        target="dev",
        working_copy=str(store.copies_dir / "bundle"),
        state_dir=str(store.root),
    )


@pytest.fixture
def folder(store: StateStore, request_of_operation: Operation) -> OperationFolder:
    return store.create(request_of_operation)


@pytest.fixture
def journal(folder: OperationFolder) -> Journal:
    return folder.journal


def handle(iteration: int = 1) -> RunHandle:
    url = f"https://host/jobs/1/runs/{10 + iteration}"
    return RunHandle(resource=GOLD, iteration=iteration, kind="job", parent_id="1", run_id=f"{10 + iteration}", url=url)


def outcome(result: RunResult, iteration: int = 1) -> RunOutcome:
    return RunOutcome(
        handle=handle(iteration), result=result, life_cycle_state="TERMINATED", result_state=result.upper(), seconds=30
    )


def evidence(error: str = "[TABLE_OR_VIEW_NOT_FOUND] no `a`.`b`", iteration: int = 1) -> Evidence:
    failure = Failure(surface=Surface.JOB, error=error, task_key="merge", task_run_id="99", url="https://host/99")
    return Evidence(
        operation="o", target="dev", resource=GOLD, surface=Surface.JOB, iteration=iteration, failures=(failure,)
    )


def diagnosis(code: str = "table-not-found") -> Diagnosis:
    return Diagnosis(
        code=code,
        category=Category.DEPENDENCY,
        title="A table that is read does not exist.",
        explanation="Its writer has not run.",
        confidence=0.9,
        signals=(Signal(what="error class", text="TABLE_OR_VIEW_NOT_FOUND"),),
        objects={"table": "a.b"},
        fix_kind=FixKind.FIX_SQL,
        fixer="fix_sql",
        applicability=Applicability.SAFE,
        transient=False,
        page="dependency/table-not-found.md",
    )


def plan() -> FixPlan:
    return FixPlan(
        code="table-not-found",
        fixer="fix_sql",
        title="Read the table c",
        reason="b was renamed to c",
        applicability=Applicability.SAFE,
        edits=(FileEdit(path="src/gold.sql", before="SELECT * FROM b\n", after="SELECT * FROM c\n"),),
    )


class Story:
    """Writes what an operation on one resource would journal."""

    gold = GOLD

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.plan = plan()

    def begins(self) -> None:
        self.journal.append(Event.OPERATION_STARTED, bundle="b", target="dev")
        bronze = {"key": "jobs.bronze", "layer": "bronze"}
        self.journal.append(Event.RESOURCES_PLANNED, resources=[{"key": GOLD, "layer": "gold_merge"}, bronze])
        self.journal.append(Event.BUNDLE_DEPLOYED, digest="d", resources={"jobs.bronze": "https://host/jobs/7"})

    def intends(self, iteration: int) -> None:
        self.journal.append(Event.RUN_INTENDED, GOLD, iteration, idempotency_token=f"token-{iteration}")

    def starts(self, iteration: int) -> None:
        self.intends(iteration)
        self.journal.append(Event.RUN_STARTED, GOLD, iteration, handle=handle(iteration))

    def fails(self, iteration: int = 1, error: str = "[TABLE_OR_VIEW_NOT_FOUND] x") -> None:
        self.starts(iteration)
        self.journal.append(Event.RUN_ENDED, GOLD, iteration, outcome=outcome(RunResult.FAILED, iteration))
        self.journal.append(Event.EVIDENCE_COLLECTED, GOLD, iteration, evidence=evidence(error, iteration))
        self.journal.append(Event.FAILURE_DIAGNOSED, GOLD, iteration, diagnosis=diagnosis())

    def is_refused(self, iteration: int = 1) -> None:
        """The workspace refuses to start the run: there is evidence, and no run."""
        self.intends(iteration)
        self.journal.append(Event.EVIDENCE_COLLECTED, GOLD, iteration, evidence=evidence("403", iteration))

    def is_fixed(self, iteration: int = 1) -> None:
        shown = self.plan.model_dump(mode="json", exclude={"edits"}) | {"diff": self.plan.diff}
        self.journal.append(Event.FIX_PLANNED, GOLD, iteration, plan=shown, digest=self.plan.digest)
        applied: dict[str, Any] = {"digest": self.plan.digest, "title": self.plan.title, "diff": self.plan.diff}
        self.journal.append(Event.FIX_APPLIED, GOLD, iteration, **applied)

    def succeeds(self, iteration: int) -> None:
        self.starts(iteration)
        self.journal.append(Event.RUN_ENDED, GOLD, iteration, outcome=outcome(RunResult.SUCCESS, iteration))
        self.journal.append(Event.RUN_VERIFIED, GOLD, iteration, detail=["all 3 tasks succeeded"])

    def asks(self, question: str = "q-aaaaa") -> None:
        self.journal.append(Event.RESOURCE_ESCALATED, GOLD, reason="no safe fix is known")
        self.journal.append(Event.QUESTION_ASKED, GOLD, question=question, kind="escalation", title="What now?")

    def is_answered(self, option: str, question: str = "q-aaaaa") -> None:
        said: dict[str, Any] = {"option": option, "by": "ann", "verified": False, "source": "terminal"}
        self.journal.append(Event.QUESTION_ANSWERED, GOLD, question=question, **said)


@pytest.fixture
def story(journal: Journal) -> Story:
    return Story(journal)
