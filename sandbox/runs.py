"""Runs of jobs: started, carried forward task by task, cancelled, timed out, repaired, and closed after a crash."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import progress
from sandbox.attempts import Attempt, Attempts
from sandbox.attempts import Ending as EarlyEnd
from sandbox.compute import TaskResult
from sandbox.dispatch import Dispatcher, Ending, Services, outcome_of_child
from sandbox.ledger import Ledger, RunRequest
from sandbox.loops import Loops
from sandbox.records import JobRecord, RunRecord, RunState, TaskRecord, now_ms
from sandbox.references import UnresolvedError
from sandbox.refusals import RefusedError
from sandbox.repairs import RepairRequest, close_repair, open_repair
from sandbox.retries import retry_delay_ms, wants_retry
from sandbox.scope import job_parameters, resolved_body
from sandbox.task_requests import TaskContext
from sandbox.work import state_of

LOST = "Run failed with error message\n Could not reach driver of cluster {cluster}."


@dataclass(frozen=True, kw_only=True)
class Access:
    """How the work of a task reaches the workspace."""

    host: str
    tokens: Mapping[str, str] = field(default_factory=dict)
    """By user."""

    def variables(self, user: str) -> dict[str, str]:
        """Environment variables with which the SDK finds it, with the rights of a user."""
        found = {"DATABRICKS_HOST": self.host}
        return found | {"DATABRICKS_TOKEN": self.tokens[user]} if user in self.tokens else found


class RunService:
    """All runs. Every change is made under one lock; the work itself is done by threads outside of it."""

    def __init__(self, ledger: Ledger, services: Services, access: Access) -> None:
        self.ledger = ledger
        self._access = access
        self._attempts = Attempts(workers=getattr(services.compute, "workers", 8))
        self._dispatcher = Dispatcher(self, services)
        self._loops = Loops(ledger, self._launch)
        self._lock = threading.RLock()

    def start(self, job: JobRecord, request: RunRequest) -> RunRecord:
        """Start a run, or return the run that the idempotency token stands for."""
        with self._lock:
            known = self.ledger.run_of_token(job, request)
            if known is not None:
                return known
            run = self.ledger.new_run(job, request)
            if run.state.life_cycle_state == "PENDING":
                self._begin(run)
            return run

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
                for each in (task, *self.ledger.iterations_of(task.run_id)):
                    if not each.state.terminal:
                        each.state, each.end_time = lost, now_ms()
                        self.ledger.tasks.save(each)
            run.state = RunState.model_validate(lost.model_dump() | {"code": "DRIVER_ERROR"})
            self._close(run)
        return len(left)

    def close(self) -> None:
        """Stop the threads."""
        self._attempts.close()

    # What tasks in progress report

    def mark_running(self, run: RunRecord, task_run_id: int) -> TaskContext | None:
        """Record that the work begins, with all references replaced; None if it is not wanted any more.

        Raises:
            RefusedError: A reference names what the run does not have.
        """
        with self._lock:
            task = self.ledger.tasks.find(task_run_id)
            if task is None or task.state.life_cycle_state != "PENDING":
                return None
            task.state, task.start_time = RunState(life_cycle_state="RUNNING"), now_ms()
            siblings = {other.task_key: other for other in self.ledger.tasks_of(run.run_id)}
            try:
                task.resolved = resolved_body(run, task, siblings, self._access.host)
            except UnresolvedError as error:
                raise RefusedError(error.message, "INVALID_RUN_CONFIGURATION") from error
            finally:
                self.ledger.tasks.save(task)
        return TaskContext(
            run=run,
            task=task,
            job_parameters=job_parameters(run, self._access.host),
            task_values={key: other.values for key, other in siblings.items()},
            variables=self._access.variables(run.run_as),
        )

    def start_child(self, run: RunRecord, task: TaskRecord, parameters: dict[str, str]) -> RunRecord:
        """Start the run of another job that a task waits for."""
        with self._lock:
            job = self.ledger.job(task.resolved["job_id"])
            request = RunRequest(
                job_parameters=parameters,
                parent_task_run_id=task.run_id,
                trigger="RUN_JOB_TASK",
                user_name=run.run_as,
            )
            child = self.ledger.new_run(job, request)
            task.output = {"run_job_output": {"run_id": child.run_id}}
            self.ledger.tasks.save(task)
            if child.state.life_cycle_state == "PENDING":
                self._begin(child)
            elif child.state.terminal:
                self.finish_task(task.run_id, *outcome_of_child(child))
            return child

    def start_loop(self, run: RunRecord, task_run_id: int, inputs: list[Any]) -> None:
        """Start the iterations that a for_each_task waits for."""
        with self._lock:
            self._finish_loop(task_run_id, self._loops.begin(run, task_run_id, inputs))

    def stop_loop(self, task_run_id: int) -> None:
        """Start no more iterations, and cancel those in progress."""
        with self._lock:
            state = self._loops.stop(task_run_id, lambda iteration: self._stop_task(iteration, "CANCELED"))
            self._finish_loop(task_run_id, state)

    def finish_task(self, task_run_id: int, state: RunState, ending: Ending) -> None:
        """Record how the work ended and go on with the run."""
        with self._lock:
            task = self.ledger.tasks.find(task_run_id)
            attempt = self._attempts.ended(task_run_id)
            if task is None or task.state.terminal:
                return
            if attempt is not None and attempt.ending == "TIMEDOUT" and state.result_state == "CANCELED":
                state = state_of(TaskResult(state="TIMEDOUT"))
            task.state, task.output, task.end_time = state, task.output | dict(ending.output), now_ms()
            task.values, task.outcome = dict(ending.values), ending.outcome
            task.start_time = task.start_time or task.end_time
            self.ledger.tasks.save(task)
            self._go_on(self.ledger.run(task.parent_run_id), task)

    # How a run goes on

    def _begin(self, run: RunRecord) -> None:
        run.state, run.start_time = RunState(life_cycle_state="RUNNING"), run.start_time or now_ms()
        self.ledger.runs.save(run)
        limit = run.settings.get("timeout_seconds")
        self._attempts.arm(run.run_id, limit, lambda: self._end_early(run.run_id, "TIMEDOUT"))
        self._advance(run)

    def _go_on(self, run: RunRecord, task: TaskRecord) -> None:
        """Retry a task run that has ended, or go on with what waits for it."""
        if not run.ending and wants_retry(task):
            again = self.ledger.next_attempt(run, task, retries=task.retries + 1)
            self._loops.retried(task, again)
            self._wait_for_retry(run, again, retry_delay_ms(task))
        elif task.loop_run_id is not None:
            self._finish_loop(task.loop_run_id, self._loops.ended(task))
        else:
            self._advance(run)

    def _wait_for_retry(self, run: RunRecord, task: TaskRecord, delay_ms: int) -> None:
        if not delay_ms:
            self._launch(run, task)
            return
        task.state = RunState(life_cycle_state="WAITING_FOR_RETRY")
        self.ledger.tasks.save(task)
        self._attempts.arm(task.run_id, delay_ms / 1000, lambda: self._retry(task.run_id))

    def _retry(self, task_run_id: int) -> None:
        with self._lock:
            task = self.ledger.tasks.find(task_run_id)
            if task is not None and task.state.life_cycle_state == "WAITING_FOR_RETRY":
                self._attempts.disarm(task_run_id)
                self._launch(self.ledger.run(task.parent_run_id), task)

    def _finish_loop(self, task_run_id: int, state: RunState | None) -> None:
        if state is not None:
            failed = not state.succeeded
            self.finish_task(task_run_id, state, Ending(output={"error": state.state_message} if failed else {}))

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
        self._launch(run, task)
        return True

    def _launch(self, run: RunRecord, task: TaskRecord) -> None:
        """Let a task run begin as soon as a thread is free."""
        task.state = RunState(life_cycle_state="PENDING")
        self.ledger.tasks.save(task)
        task_run_id = task.run_id

        def perform(attempt: Attempt) -> None:
            self._dispatcher.perform(run, task_run_id, attempt)

        self._attempts.launch(task_run_id, perform)
        limit = task.definition.get("timeout_seconds")
        self._attempts.arm(task_run_id, limit, lambda: self._time_out(task_run_id))

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

    def _end_early(self, run_id: int, ending: EarlyEnd) -> None:
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

    def _time_out(self, task_run_id: int) -> None:
        """End a task run at its limit; one that has not begun ends here and now, and nobody else goes on."""
        with self._lock:
            task = self.ledger.tasks.find(task_run_id)
            pending = task is not None and task.state.life_cycle_state == "PENDING"
            self._stop_task(task_run_id, "TIMEDOUT")
            if task is not None and pending and task.loop_run_id is None:
                self._advance(self.ledger.run(task.parent_run_id))

    def _stop_task(self, task_run_id: int, ending: EarlyEnd) -> None:
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
                if task.loop_run_id is not None:
                    self._finish_loop(task.loop_run_id, self._loops.ended(task))
