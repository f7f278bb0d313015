"""What can still become of an active job run: which tasks failed for good, and whether anything can start any more.

The rule, on the latest attempt of each task:

- a task has failed for good when it ended without success; one that is to be tried again is not ended, but
  `WAITING_FOR_RETRY` or active anew;
- a task is hopeless when it waits (`BLOCKED`) for one that failed for good or is hopeless itself, and its `run_if` asks
  for success (`ALL_SUCCESS`, which is the default, or `NONE_FAILED`); any other `run_if` may still let it run;
- a run is ending when every task has ended or is hopeless: its outcome is settled, and nothing that is still to come
  can change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workspace.models import RunResult
from workspace.services.run_states import ENDED, Json, latest_attempts, life_cycle_state, result_of

_NO_FAILURE = {RunResult.SUCCESS, RunResult.EXCLUDED, RunResult.SKIPPED}
_NEED_SUCCESS = {"ALL_SUCCESS", "NONE_FAILED"}


@dataclass(frozen=True)
class Prospects:
    """What can still become of a run."""

    failed: tuple[str, ...] = ()
    """Keys of the tasks that failed for good."""
    hopeless: tuple[str, ...] = ()
    """Keys of the tasks that wait for something that will not come."""
    ending: bool = False
    """Nothing runs and nothing can start any more."""

    @property
    def settled(self) -> str:
        """Why the outcome is a failure whatever happens now; empty while it is open, or when nothing failed."""
        if not (self.ending and self.failed):
            return ""
        never = f"; {', '.join(self.hopeless)} can no longer run" if self.hopeless else ""
        return f"{', '.join(self.failed)} failed{never}"


def prospects_of(tasks: Iterable[Json]) -> Prospects:
    """Judge a run by its tasks, as jobs/runs/get and jobs/runs/list return them; no tasks tell nothing."""
    latest = latest_attempts(tasks)
    ended = {key for key, task in latest.items() if life_cycle_state(task) in ENDED}
    failed = {key for key in ended if result_of(latest[key]) not in _NO_FAILURE}
    hopeless = _hopeless(latest, failed)
    return Prospects(
        failed=tuple(sorted(key for key in failed if result_of(latest[key]) is not RunResult.UPSTREAM_FAILED)),
        hopeless=tuple(sorted(hopeless)),
        ending=bool(latest) and ended | hopeless == latest.keys(),
    )


def _hopeless(latest: Mapping[str, Json], failed: set[str]) -> set[str]:
    hopeless: set[str] = set()
    while True:
        lost = failed | hopeless
        more = {
            key
            for key, task in latest.items()
            if key not in lost
            and life_cycle_state(task) == "BLOCKED"
            and str(task.get("run_if") or "ALL_SUCCESS") in _NEED_SUCCESS
            and any(one.get("task_key") in lost for one in task.get("depends_on") or ())
        }
        if not more:
            return hopeless
        hopeless |= more
