r"""Scripts of the scripted compute mode: what tasks, updates and statements do.

A script is a YAML or JSON file (or a document sent to `POST /sandbox/script`) with up to three lists of rules.
The first rule that fits decides; what no rule fits succeeds at once.

    tasks:
      - job: "*gold_merge*"        # shell pattern for the job's name; left out: any
        task: merge_facts          # shell pattern for the task key; left out: any
        input: "eu*"               # shell pattern for the input of a for_each_task's iteration; left out: any
        occurrence: 1              # n-th attempt of this task since the start; a number or a list; left out: all
        state: FAILED              # SUCCESS (default), FAILED, CANCELED, TIMEDOUT, INTERNAL_ERROR
        seconds: 0.2               # duration (default 0.05)
        exit_value: '{"status": "SUCCESS"}'
        task_values: {rows: 3}      # what the task sets with dbutils.jobs.taskValues
        error: "[UNRESOLVED_COLUMN] …"
        error_trace: "Traceback …"
        message: "…"               # state_message, if not the usual one
        logs: "hello\n"             # shown for JAR, Python file and wheel tasks, as by the API
    updates:
      - pipeline: "*silver*"       # shell pattern for the pipeline's name
        occurrence: [1, 2]
        state: FAILED              # COMPLETED (default), FAILED, CANCELED
        seconds: 0.1
        message: "…"
        events:                    # written one after the other while the update runs
          - event_type: flow_progress
            level: ERROR
            message: "…"
            flow_name: f
            exceptions: [{class_name: c, message: m}]
    statements:
      - statement: "*dq_rules*"    # shell pattern for the text, without regard to case
        state: SUCCEEDED           # or FAILED with error_code, error_message, sql_state
        columns: [n]               # names, or {name, type_name}
        rows: [["3"]]
        seconds: 0

The file is read again when it changes; counts of occurrences go on. A document through the route starts them anew.
In patterns `*` and `?` are special, brackets are not: they occur in the names of deployed jobs.
"""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.compute import PipelineEvent
from sandbox.errors import SandboxError


class Rule(BaseModel):
    """What all rules have."""

    model_config = ConfigDict(extra="forbid")
    occurrence: int | list[int] | None = None
    seconds: float = Field(default=0.05, ge=0)

    def counts(self, occurrence: int) -> bool:
        """Whether the rule holds for the n-th time that it fits."""
        wanted = [self.occurrence] if isinstance(self.occurrence, int) else self.occurrence
        return wanted is None or occurrence in wanted


class TaskRule(Rule):
    """How task runs end."""

    job: str = "*"
    task: str = "*"
    input: str = "*"
    state: Literal["SUCCESS", "FAILED", "CANCELED", "TIMEDOUT", "INTERNAL_ERROR"] = "SUCCESS"
    exit_value: str | None = None
    task_values: dict[str, Any] = Field(default_factory=dict)
    error: str | None = None
    error_trace: str | None = None
    message: str = ""
    logs: str = ""


class UpdateRule(Rule):
    """How updates end, and the events on the way."""

    pipeline: str = "*"
    state: Literal["COMPLETED", "FAILED", "CANCELED"] = "COMPLETED"
    message: str = ""
    events: list[PipelineEvent] = Field(default_factory=list)


class StatementRule(Rule):
    """What statements answer."""

    statement: str = "*"
    seconds: float = Field(default=0, ge=0)
    state: Literal["SUCCEEDED", "FAILED", "CANCELED"] = "SUCCEEDED"
    columns: list[str | dict[str, Any]] = Field(default_factory=list)
    rows: list[list[str | None]] = Field(default_factory=list)
    error_code: str | None = None
    error_message: str | None = None
    sql_state: str | None = None


class Script(BaseModel):
    """A whole script."""

    model_config = ConfigDict(extra="forbid")
    tasks: list[TaskRule] = Field(default_factory=list)
    updates: list[UpdateRule] = Field(default_factory=list)
    statements: list[StatementRule] = Field(default_factory=list)


def parse_script(document: Any, where: str) -> Script:
    """A script from its document.

    Raises:
        SandboxError: The document is no script; the message says what is wrong and where.
    """
    try:
        return Script.model_validate(document or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SandboxError(f"{where} is no valid script: {place}: {first['msg']}") from error


def read_script(path: Path) -> Script:
    """The script in a file; no file is an empty script."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Script()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SandboxError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    return parse_script(document, str(path))


def fits(text: str, pattern: str) -> bool:
    """Whether a shell pattern covers a text."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
