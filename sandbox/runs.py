"""Runs of jobs: started, carried forward task by task, cancelled, timed out, repaired, and closed after a crash."""

from __future__ import annotations

import threading
from typing import Any

from sandbox import progress
from sandbox.attempts import Attempt, Attempts, Ending
from sandbox.compute import Compute, TaskResult
from sandbox.dispatch import Dispatcher, outcome_of_child
from sandbox.files import WorkspaceFiles
from sandbox.ledger import Ledger, RunRequest
from sandbox.pipelines import PipelineService
from sandbox.records import JobRecord, RunRecord, RunState, TaskRecord, now_ms
from sandbox.repairs import RepairRequest, close_repair, open_repair
from sandbox.work import state_of

LOST = "Run failed with error message\n Could not reach driver of cluster {cluster}."


class RunService:
    """All runs. Every change is made under one lock; the work itself is done by threads outside of it."""

    def __init__(self, ledger: Ledger, files: WorkspaceFiles, compute: Compute, pipelines: PipelineService) -> None:
        self.ledger = ledger
        self._attempts = Attempts(workers=getattr(compute, "workers", 8))
        self._dispatcher = Dispatcher(self, compute, files, pipelines)
        self._lock = threading.RLock()

    def start(self, job: JobRecord, request: RunRequest) -> RunRecord:
        """Start a run, or return the run that the idempotency token stands for."""
        with self._lock:
            known = self.ledger.run_of_token(job, request.idempotency_token)
            if known is not None:
                return known
            run = self.ledger.new_run(job, request)
            if run.state.life_cycle_state == "PENDING":
                self._begin(run)
            return run

    def start_child(self, task: TaskRecord, parameters: dict[str, str]) -> RunRecord:
        """Start the run of another job that a task waits for."""
        with self._lock:
            job = self.ledger.job(task.definition["run_job_task"]["job_id"])
            child = self.ledger.new_run(job, RunRequest(job_parameters=parameters, parent_task_run_id=task.run_id))
            task.output = {"run_job_output": {"run_id": child.run_id}}
            self.ledger.tasks.save(task)
            if child.state.life_cycle_state == "PENDING":
                self._begin(child)
            elif child.state.terminal:
                self.finish_task(task.run_id, *outcome_of_child(child))
            return child

    def cancel(self, run_id: int) -> None:
        """Cancel a run; a run that has ended stays as it is."""
        self._end_early(run_id, "CANCELED")

    def repair(self, run_id: int, request: RepairRequest) -> int:
        """Run tasks of a finished run again, within the same run."""
        with self._lock:
            repair_id = open_repair(self.ledger, run_id, request)
            self._begin(self.ledger.run(run_id))
            return repair_id

    def recover(self) -> int:
        """Close the runs that had begun when a daemon died: their compute is gone. Queued ones take their turn."""
        left = [run for run in self.ledger.runs.list(active=True) if run.state.life_cycle_state != "QUEUED"]
        for run in left:
            cluster = f"sandbox-{run.run_id % 10**8:08d}"
            lost = state_of(TaskResult(state="INTERNAL_ERROR", message=LOST.format(cluster=cluster)))
            for task in self.ledger.tasks_of(run.run_id):
                if not task.state.terminal:
                    task.state, task.end_time = lost, now_ms()
                    self.ledger.tasks.save(task)
            run.state = RunState.model_validate(lost.model_dump() | {"code": "DRIVER_ERROR"})
            self._close(run)
        return len(left)

    def close(self) -> None:
        """Stop the threads."""
        self._attempts.close()

    # What tasks in progress report

    def mark_running(self, task_run_id: int) -> TaskRecord | None:
        """Record that the work begins; None if it is not wanted any more."""
        with self._lock:
            task = self.ledger.tasks.find(task_run_id)
            if task is None or task.state.life_cycle_state != "PENDING":
                return None
            task.state, task.start_time = RunState(life_cycle_state="RUNNING"), now_ms()
            self.ledger.tasks.save(task)
            return task

    def finish_task(self, task_run_id: int, state: RunState, output: dict[str, Any]) -> None:
        """Record how the work ended and go on with the run."""
        with self._lock:
            task = self.ledger.tasks.find(task_run_id)
            attempt = self._attempts.ended(task_run_id)
            if task is None or task.state.terminal:
                return
            if attempt is not None and attempt.ending == "TIMEDOUT" and state.result_state == "CANCELED":
                state = state_of(TaskResult(state="TIMEDOUT"))
            task.state, task.output, task.end_time = state, task.output | output, now_ms()
            task.start_time = task.start_time or task.end_time
            self.ledger.tasks.save(task)
            run = self.ledger.run(task.parent_run_id)
            if _wants_retry(run, task):
                self.ledger.next_attempt(run, task)
            self._advance(run)

    # How a run goes on

    def _begin(self, run: RunRecord) -> None:
        run.state, run.start_time = RunState(life_cycle_state="RUNNING"), run.start_time or now_ms()
        self.ledger.runs.save(run)
        limit = run.settings.get("timeout_seconds")
        self._attempts.arm(run.run_id, limit, lambda: self._end_early(run.run_id, "TIMEDOUT"))
        self._advance(run)

    def _advance(self, run: RunRecord) -> None:
        tasks = {task.task_key: task for task in self.ledger.tasks_of(run.run_id)}
        while any([self._decide(run, task, tasks) for task in tasks.values()]):  # noqa: C419  every task is asked
            pass
        if all(task.state.terminal for task in tasks.values()):
            run.state = progress.run_outcome(tasks.values(), run.ending)
            self._close(run)

    def _decide(self, run: RunRecord, task: TaskRecord, siblings: dict[str, TaskRecord]) -> bool:
        """Move a blocked task on; False if it stays as it is."""
        verdict = progress.verdict(task, siblings) if task.state.life_cycle_state == "BLOCKED" else "wait"
        if verdict == "wait":
            return False
        if verdict == "skip":
            task.state, task.start_time, task.end_time = progress.skipped(task, siblings), now_ms(), now_ms()
            self.ledger.tasks.save(task)
            return True
        task.state = RunState(life_cycle_state="PENDING")
        self.ledger.tasks.save(task)
        task_run_id = task.run_id

        def perform(attempt: Attempt) -> None:
            self._dispatcher.perform(run, task_run_id, attempt)

        self._attempts.launch(task_run_id, perform)
        limit = task.definition.get("timeout_seconds")
        self._attempts.arm(task_run_id, limit, lambda: self._stop_task(task_run_id, "TIMEDOUT"))
        return True

    def _close(self, run: RunRecord) -> None:
        """Record the end of a run, tell the task that waits for it, and let the next in the queue begin."""
        self._attempts.disarm(run.run_id)
        run.end_time = now_ms()
        close_repair(run)
        self.ledger.runs.save(run)
        if run.parent_task_run_id is not None:
            self.finish_task(run.parent_task_run_id, *outcome_of_child(run))
        waiting = self.ledger.runs.list(owner=run.job_id, active=True, oldest_first=True)
        queued = next((other for other in waiting if other.state.life_cycle_state == "QUEUED"), None)
        if queued is not None:
            self._begin(queued)

    # How a run ends early

    def _end_early(self, run_id: int, ending: Ending) -> None:
        with self._lock:
            run = self.ledger.run(run_id)
            if run.state.terminal:
                return
            run.ending = run.ending or ending
            run.state = RunState(life_cycle_state="TERMINATING")
            self.ledger.runs.save(run)
            for task in self.ledger.tasks_of(run_id):
                self._stop_task(task.run_id, ending)
            run = self.ledger.run(run_id)
            if not run.state.terminal:
                self._advance(run)

    def _stop_task(self, task_run_id: int, ending: Ending) -> None:
        with self._lock:
            task = self.ledger.tasks.find(task_run_id)
            if task is None or task.state.terminal:
                return
            begun = task.state.life_cycle_state in {"RUNNING", "TERMINATING"}
            if begun:
                task.state = RunState(life_cycle_state="TERMINATING")
                self.ledger.tasks.save(task)
            if not (self._attempts.stop(task_run_id, ending) and begun):
                self._attempts.ended(task_run_id)
                task.state, task.end_time = state_of(TaskResult(state=ending)), now_ms()
                self.ledger.tasks.save(task)


def _wants_retry(run: RunRecord, task: TaskRecord) -> bool:
    retried = {"FAILED"} | ({"TIMEDOUT"} if task.definition.get("retry_on_timeout") else set())
    limit = task.definition.get("max_retries") or 0
    wanted = limit < 0 or task.attempt_number < limit
    return wanted and not run.ending and task.state.result_state in retried
