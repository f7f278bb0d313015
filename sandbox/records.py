"""What the control plane stores about jobs, runs and task runs."""

from __future__ import annotations

import secrets
import time
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from sandbox.layout import USER_NAME
from sandbox.store import Record

LifeCycle = Literal[
    "QUEUED",
    "BLOCKED",
    "PENDING",
    "RUNNING",
    "TERMINATING",
    "WAITING_FOR_RETRY",
    "TERMINATED",
    "SKIPPED",
    "INTERNAL_ERROR",
]
_TERMINAL = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})


def new_id() -> int:
    """A 64-bit id; most do not fit into a float, as in a large workspace."""
    return 10**14 + secrets.randbelow(2**63 - 10**14)


def now_ms() -> int:
    """Milliseconds since the epoch, the API's clock."""
    return time.time_ns() // 1_000_000


class RunState(BaseModel):
    """State of a run or a task run, with the termination code that the newer form of the state adds."""

    life_cycle_state: LifeCycle
    result_state: str | None = None
    state_message: str = ""
    code: str | None = None

    @property
    def terminal(self) -> bool:
        """Whether nothing can change any more (but by a repair)."""
        return self.life_cycle_state in _TERMINAL

    @property
    def succeeded(self) -> bool:
        """Whether the work was done."""
        return self.result_state in {"SUCCESS", "SUCCESS_WITH_FAILURES"}

    @property
    def excluded(self) -> bool:
        """Whether there was nothing to do, by the conditions of the job."""
        return self.result_state in {"EXCLUDED", "DISABLED"}


class JobRecord(Record):
    """A job and its settings."""

    kind: ClassVar[str] = "job"
    job_id: int
    creator_user_name: str
    created_time: int
    settings: dict[str, Any]

    @property
    def key(self) -> str:
        """The job id."""
        return str(self.job_id)

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.settings.get("name", "Untitled"))

    @property
    def run_as(self) -> str:
        """The user whose rights its runs have: its owner, unless the settings name another one."""
        named = self.settings.get("run_as") or {}
        return str(named.get("user_name") or named.get("service_principal_name") or self.creator_user_name)


class Timed(Record):
    """Something with a state and times."""

    state: RunState
    created_time: int = Field(default_factory=now_ms)
    start_time: int = 0
    end_time: int = 0

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return not self.state.terminal


class Repair(BaseModel):
    """One repair of a run."""

    repair_id: int
    start_time: int
    end_time: int = 0
    state: RunState
    task_run_ids: list[int]


class RunRecord(Timed):
    """A run of a job."""

    kind: ClassVar[str] = "run"
    run_id: int
    job_id: int
    run_name: str
    creator_user_name: str
    run_as: str = USER_NAME
    """The user whose rights the run has."""
    settings: dict[str, Any]
    """The job's settings when the run started."""
    job_parameters: dict[str, str] = Field(default_factory=dict)
    overriding_parameters: dict[str, Any] = Field(default_factory=dict)
    run_type: Literal["JOB_RUN", "SUBMIT_RUN"] = "JOB_RUN"
    trigger: Literal["ONE_TIME", "PERIODIC", "RUN_JOB_TASK"] = "ONE_TIME"
    parent_task_run_id: int | None = None
    """Task run of the run_job_task that started this run."""
    ending: Literal["CANCELED", "TIMEDOUT"] | None = None
    """Set once the run is to end early."""
    repairs: list[Repair] = Field(default_factory=list)
    original: Repair | None = None
    """How the run ended before its first repair."""

    @property
    def key(self) -> str:
        """The run id."""
        return str(self.run_id)

    @property
    def owner(self) -> str:
        """The job."""
        return str(self.job_id)


class LoopStats(BaseModel):
    """Counts of a for_each_task's iterations."""

    total: int
    scheduled: int = 0
    succeeded: int = 0
    failed: int = 0
    messages: dict[str, int] = Field(default_factory=dict)
    """How often each error message was seen."""


class TaskRecord(Timed):
    """One attempt of one task of a run."""

    kind: ClassVar[str] = "task"
    run_id: int
    parent_run_id: int
    task_key: str
    definition: dict[str, Any]
    attempt_number: int = 0
    retries: int = 0
    """How many of the attempts before were retries since the run or its last repair began."""
    original_attempt_run_id: int | None = None
    """The first attempt, if this is another one."""
    current: bool = True
    """False once a repair or a retry made a newer attempt."""
    loop_run_id: int | None = None
    """Task run of the for_each_task that this is an iteration of."""
    input: Any = None
    """The element of the for_each_task's inputs that this iteration works on."""
    resolved: dict[str, Any] = Field(default_factory=dict)
    """The fields of the task's type with all references replaced; empty until it begins."""
    outcome: Literal["true", "false"] | None = None
    """What a condition_task found."""
    stats: LoopStats | None = None
    """How far a for_each_task is."""
    values: dict[str, Any] = Field(default_factory=dict)
    """Task values that the task set."""
    output: dict[str, Any] = Field(default_factory=dict)
    """What `runs/get-output` adds to the metadata."""

    @property
    def key(self) -> str:
        """The task run id."""
        return str(self.run_id)

    @property
    def owner(self) -> str:
        """The run; of an iteration the task run that it belongs to."""
        return str(self.loop_run_id or self.parent_run_id)


class TokenRecord(Record):
    """An idempotency token and the run that it stands for."""

    kind: ClassVar[str] = "idempotency_token"
    token: str
    run_id: int

    @property
    def key(self) -> str:
        """The token."""
        return self.token


class PermissionsRecord(Record):
    """The access list of one object."""

    kind: ClassVar[str] = "permissions"
    object_type: str
    object_id: str
    access_control_list: list[dict[str, Any]]

    @property
    def key(self) -> str:
        """Type and id of the object."""
        return f"/{self.object_type}/{self.object_id}"
