"""The ledger of runs: reads and writes records, decides nothing about what happens next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ApiError
from sandbox.layout import USER_NAME
from sandbox.records import JobRecord, RunRecord, RunState, TaskRecord, TokenRecord, new_id, now_ms
from sandbox.store import Collection, Store


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What `run-now` was asked for."""

    job_parameters: dict[str, str] = field(default_factory=dict)
    overriding_parameters: dict[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    idempotency_token: str | None = None
    queue: bool | None = None
    parent_task_run_id: int | None = None


class Ledger:
    """Jobs, runs and task runs as they are stored. Callers that change something hold the lock of RunService."""

    def __init__(self, store: Store) -> None:
        self.jobs = Collection(store, JobRecord)
        self.runs = Collection(store, RunRecord)
        self.tasks = Collection(store, TaskRecord)
        self._tokens = Collection(store, TokenRecord)

    def job(self, job_id: int) -> JobRecord:
        """A job by its id."""
        found = self.jobs.find(job_id)
        if found is None:
            raise ApiError.missing(f"Job {job_id} does not exist.")
        return found

    def run(self, run_id: int) -> RunRecord:
        """A run by its id."""
        found = self.runs.find(run_id)
        if found is None:
            raise ApiError.missing(f"Run {run_id} does not exist.")
        return found

    def tasks_of(self, run_id: int, *, all_attempts: bool = False) -> list[TaskRecord]:
        """Task runs of a run; of each task the newest attempt only, unless all are wanted."""
        found = self.tasks.list(owner=run_id, oldest_first=True)
        return [task for task in found if task.current or all_attempts]

    def run_of_token(self, job: JobRecord, token: str | None) -> RunRecord | None:
        """The run that an idempotency token stands for."""
        known = self._tokens.find(f"{job.job_id}:{token}") if token else None
        return self.run(known.run_id) if known else None

    def new_run(self, job: JobRecord, request: RunRequest) -> RunRecord:
        """Store a run with its task runs; its state says whether it may begin, has to queue, or is skipped."""
        definitions = _selected(job, request.only)
        state = self._admission(job, request)
        run = RunRecord(
            run_id=new_id(),
            job_id=job.job_id,
            run_name=job.name,
            creator_user_name=USER_NAME,
            settings=job.settings,
            job_parameters=_defaults(job) | request.job_parameters,
            overriding_parameters=request.overriding_parameters,
            trigger="RUN_JOB_TASK" if request.parent_task_run_id else "ONE_TIME",
            parent_task_run_id=request.parent_task_run_id,
            state=state,
            end_time=now_ms() if state.terminal else 0,
        )
        self.runs.add(run)
        for definition in definitions:
            self.add_attempt(run, definition, 0)
        if request.idempotency_token:
            self._tokens.add(TokenRecord(token=f"{job.job_id}:{request.idempotency_token}", run_id=run.run_id))
        return run

    def add_attempt(self, run: RunRecord, definition: dict[str, Any], attempt: int) -> TaskRecord:
        """Store one more attempt of a task, blocked until its turn comes."""
        skipped = run.state if run.state.terminal else None
        task = TaskRecord(
            run_id=new_id(),
            parent_run_id=run.run_id,
            task_key=definition["task_key"],
            definition=definition,
            attempt_number=attempt,
            state=skipped or RunState(life_cycle_state="BLOCKED"),
        )
        self.tasks.add(task)
        return task

    def next_attempt(self, run: RunRecord, task: TaskRecord) -> TaskRecord:
        """Replace an attempt that has ended by a new one."""
        task.current = False
        self.tasks.save(task)
        return self.add_attempt(run, task.definition, task.attempt_number + 1)

    def _admission(self, job: JobRecord, request: RunRequest) -> RunState:
        if self.runs.count(owner=job.job_id, active=True) < job.settings.get("max_concurrent_runs", 1):
            return RunState(life_cycle_state="PENDING")
        queued = request.queue if request.queue is not None else (job.settings.get("queue") or {}).get("enabled")
        if queued:
            message = "Queued due to reaching maximum concurrent runs."
            return RunState(life_cycle_state="QUEUED", state_message=message)
        return RunState(
            life_cycle_state="SKIPPED",
            result_state="MAXIMUM_CONCURRENT_RUNS_REACHED",
            state_message="The run was skipped because the maximum concurrent runs of the job were reached.",
            code="MAX_CONCURRENT_RUNS_EXCEEDED",
        )


def _defaults(job: JobRecord) -> dict[str, str]:
    return {item["name"]: str(item.get("default", "")) for item in job.settings.get("parameters") or ()}


def _selected(job: JobRecord, only: tuple[str, ...]) -> list[dict[str, Any]]:
    definitions: list[dict[str, Any]] = job.settings.get("tasks") or []
    if not definitions:
        raise ApiError.invalid(f"Job {job.job_id} has no tasks to run.")
    if not only:
        return definitions
    keys = {definition["task_key"] for definition in definitions}
    unknown = sorted(set(only) - keys)
    if unknown:
        raise ApiError.invalid(f"Task keys {', '.join(unknown)} do not exist in job {job.job_id}.")
    chosen = [definition for definition in definitions if definition["task_key"] in only]
    return [definition | {"depends_on": _within(definition, only)} for definition in chosen]


def _within(definition: dict[str, Any], only: tuple[str, ...]) -> list[dict[str, Any]]:
    return [item for item in definition.get("depends_on") or () if item["task_key"] in only]
