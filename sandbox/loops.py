"""The iterations of for_each_tasks: started as their concurrency allows, counted, and put together to one result."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.compute import TaskResult
from sandbox.ledger import Ledger
from sandbox.records import LoopStats, RunRecord, RunState, TaskRecord
from sandbox.refusals import RefusedError
from sandbox.work import state_of

MOST_ITERATIONS = 5000
_MOST_MESSAGES = 3


def inputs_of(text: str) -> list[Any]:
    """The elements of a for_each_task's inputs.

    Raises:
        RefusedError: The text is no JSON array, or it is too long.
    """
    try:
        inputs = json.loads(text)
    except json.JSONDecodeError as error:
        raise RefusedError(
            f"The inputs of the For each task are not valid JSON: {text}", "RUN_EXECUTION_ERROR"
        ) from error
    if not isinstance(inputs, list):
        raise RefusedError(f"The inputs of the For each task are not a JSON array: {text}", "RUN_EXECUTION_ERROR")
    if len(inputs) > MOST_ITERATIONS:
        raise RefusedError(
            f"The For each task has {len(inputs)} inputs; at most {MOST_ITERATIONS} are allowed.", "RUN_EXECUTION_ERROR"
        )
    return inputs


@dataclass
class _Loop:
    run: RunRecord
    waiting: deque[Any]
    running: set[int] = field(default_factory=set)
    stopped: bool = False


class Loops:
    """The for_each_tasks in progress. Callers hold the lock of RunService."""

    def __init__(self, ledger: Ledger, launch: Callable[[RunRecord, TaskRecord], None]) -> None:
        self._ledger, self._launch = ledger, launch
        self._live: dict[int, _Loop] = {}

    def begin(self, run: RunRecord, loop_run_id: int, inputs: list[Any]) -> RunState | None:
        """Start as many iterations as may run at once; the state of the loop if there is nothing to wait for."""
        task = self._ledger.tasks.find(loop_run_id)
        if task is None:
            return None
        kept = self._keep(task, inputs)
        done = [iteration.input for iteration in kept]
        task.stats = LoopStats(total=len(inputs), scheduled=len(kept), succeeded=len(kept))
        self._ledger.tasks.save(task)
        self._live[loop_run_id] = _Loop(run, deque(_without(inputs, done)))
        return self._go_on(task)

    def ended(self, iteration: TaskRecord) -> RunState | None:
        """Count an iteration that has ended and start the next; the state of the loop once all have ended."""
        task = self._ledger.tasks.find(iteration.loop_run_id or 0)
        loop = self._live.get(iteration.loop_run_id or 0)
        if task is None or loop is None or task.stats is None:
            return None
        loop.running.discard(iteration.run_id)
        if iteration.state.succeeded:
            task.stats.succeeded += 1
        else:
            task.stats.failed += 1
            _count_message(task.stats, str(iteration.output.get("error") or iteration.state.state_message))
        self._ledger.tasks.save(task)
        return self._go_on(task)

    def retried(self, iteration: TaskRecord, again: TaskRecord) -> None:
        """Wait for another attempt of an iteration instead."""
        loop = self._live.get(iteration.loop_run_id or 0)
        if loop is not None:
            loop.running.discard(iteration.run_id)
            loop.running.add(again.run_id)

    def stop(self, loop_run_id: int, stop_task: Callable[[int], None]) -> RunState | None:
        """Start no more iterations and stop those in progress; the state of the loop if there are none."""
        loop = self._live.get(loop_run_id)
        if loop is None:
            return None
        loop.stopped = True
        loop.waiting.clear()
        for task_run_id in list(loop.running):
            stop_task(task_run_id)
        return None if loop.running or loop_run_id not in self._live else self._end(loop_run_id, None)

    def _go_on(self, task: TaskRecord) -> RunState | None:
        loop = self._live[task.run_id]
        most = int(task.definition["for_each_task"].get("concurrency") or 1)
        while loop.waiting and len(loop.running) < most:
            self._start(task, loop)
        return None if loop.running else self._end(task.run_id, task.stats)

    def _start(self, task: TaskRecord, loop: _Loop) -> None:
        element = loop.waiting.popleft()
        definition = task.definition["for_each_task"]["task"]
        iteration = self._ledger.add_attempt(loop.run, definition, loop_run_id=task.run_id, input=element)
        loop.running.add(iteration.run_id)
        if task.stats is not None:
            task.stats.scheduled += 1
            self._ledger.tasks.save(task)
        self._launch(loop.run, iteration)

    def _end(self, loop_run_id: int, stats: LoopStats | None) -> RunState:
        loop = self._live.pop(loop_run_id)
        if loop.stopped or stats is None:
            return state_of(TaskResult(state="CANCELED"))
        if not stats.failed:
            return state_of(TaskResult(state="SUCCESS"))
        return state_of(TaskResult(state="FAILED", message=f"{stats.failed} of {stats.total} iterations failed."))

    def _keep(self, task: TaskRecord, inputs: list[Any]) -> list[TaskRecord]:
        """Take over what an attempt before has done for these inputs already: only the rest is run again."""
        wanted = list(inputs)
        kept = []
        for iteration in self._ledger.iterations_before(task):
            if iteration.state.succeeded and iteration.input in wanted:
                wanted.remove(iteration.input)
                iteration.loop_run_id = task.run_id
                self._ledger.tasks.save(iteration)
                kept.append(iteration)
        return kept


def _without(inputs: list[Any], done: list[Any]) -> list[Any]:
    left = list(done)
    rest = []
    for element in inputs:
        if element in left:
            left.remove(element)
        else:
            rest.append(element)
    return rest


def _count_message(stats: LoopStats, message: str) -> None:
    counted = stats.messages | {message: stats.messages.get(message, 0) + 1}
    most_common = sorted(counted.items(), key=lambda item: -item[1])[:_MOST_MESSAGES]
    stats.messages = dict(most_common)
