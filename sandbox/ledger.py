"""The ledger of runs: reads and writes records, decides nothing about what happens next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.errors import ApiError
from sandbox.layout import USER_NAME
from sandbox.records import JobRecord, RunRecord, RunState, TaskRecord, TokenRecord, new_id, now_ms
from sandbox.selection import selected
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
    trigger: Literal["ONE_TIME", "PERIODIC", "RUN_JOB_TASK"] = "ONE_TIME"
    run_type: Literal["JOB_RUN", "SUBMIT_RUN"] = "JOB_RUN"
    user_name: str = USER_NAME
    """Who asked."""


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

    def iterations_of(self, loop_run_id: int) -> list[TaskRecord]:
        """Iterations of a for_each_task, the newest attempt of each."""
        return self.tasks_of(loop_run_id)

    def iterations_before(self, task: TaskRecord) -> list[TaskRecord]:
        """Iterations of the attempt of a for_each_task before this one."""
        attempts = self.tasks_of(task.parent_run_id, all_attempts=True) if task.attempt_number else []
        return [
            iteration
            for other in attempts
            if other.task_key == task.task_key and other.attempt_number == task.attempt_number - 1
            for iteration in self.iterations_of(other.run_id)
        ]

    def forget_run(self, run: RunRecord) -> None:
        """Remove a run with its task runs and iterations."""
        for task in self.tasks_of(run.run_id, all_attempts=True):
            self.tasks.remove_owned(task.run_id)
        self.tasks.remove_owned(run.run_id)
        self.runs.remove(run.run_id)

    def run_of_token(self, job: JobRecord, request: RunRequest) -> RunRecord | None:
        """The run that an idempotency token stands for."""
        token = self._token(job, request)
        known = self._tokens.find(token) if token else None
        return self.run(known.run_id) if known else None

    @staticmethod
    def _token(job: JobRecord, request: RunRequest) -> str | None:
        """Under what a token is kept: each job has its own ones, one-time runs share theirs."""
        if not request.idempotency_token:
            return None
        return f"{job.job_id if request.run_type == 'JOB_RUN' else 'submit'}:{request.idempotency_token}"

    def new_run(self, job: JobRecord, request: RunRequest) -> RunRecord:
        """Store a run with its task runs; its state says whether it may begin, has to queue, or is skipped."""
        definitions = selected(job, request.only)
        state = self._admission(job, request)
        run = RunRecord(
            run_id=new_id(),
            job_id=job.job_id,
            run_name=job.name,
            creator_user_name=request.user_name,
            run_as=job.run_as,
            settings=job.settings,
            job_parameters=_defaults(job) | request.job_parameters,
            overriding_parameters=request.overriding_parameters,
            run_type=request.run_type,
            trigger=request.trigger,
            parent_task_run_id=request.parent_task_run_id,
            state=state,
            end_time=now_ms() if state.terminal else 0,
        )
        self.runs.add(run)
        for definition in definitions:
            self.add_attempt(run, definition)
        token = self._token(job, request)
        if token:
            self._tokens.add(TokenRecord(token=token, run_id=run.run_id))
        return run

    def add_attempt(self, run: RunRecord, definition: dict[str, Any], **fields: Any) -> TaskRecord:
        """Store one more attempt of a task, blocked until its turn comes."""
        skipped = run.state if run.state.terminal else None
        task = TaskRecord(
            run_id=new_id(),
            parent_run_id=run.run_id,
            task_key=definition["task_key"],
            definition=definition,
            state=skipped or RunState(life_cycle_state="BLOCKED"),
            **fields,
        )
        self.tasks.add(task)
        return task

    def next_attempt(
        self, run: RunRecord, task: TaskRecord, *, retries: int = 0, definition: dict[str, Any] | None = None
    ) -> TaskRecord:
        """Replace an attempt that has ended by a new one.

        Args:
            run: The run.
            task: The attempt that has ended.
            retries: How many of the attempts since the run or its repair began are retries.
            definition: The task as the job has it now, if not as before.
        """
        task.current = False
        self.tasks.save(task)
        return self.add_attempt(
            run,
            definition or task.definition,
            attempt_number=task.attempt_number + 1,
            retries=retries,
            original_attempt_run_id=task.original_attempt_run_id or task.run_id,
            loop_run_id=task.loop_run_id,
            input=task.input,
        )

    def _admission(self, job: JobRecord, request: RunRequest) -> RunState:
        if request.run_type == "SUBMIT_RUN":
            return RunState(life_cycle_state="PENDING")
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
