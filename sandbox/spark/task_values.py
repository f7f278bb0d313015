"""dbutils.jobs.taskValues: values that tasks of a run leave for later ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.spark.areas import Area

MOST_BYTES = 48 * 1024
"""Size of the JSON form of one value, as Databricks documents it."""


class TaskValues(Area):
    """What other tasks have set, and what this one sets."""

    name = "jobs.taskValues"

    def __init__(self, known: Mapping[str, Mapping[str, Any]], own: Mapping[str, Any] | None = None) -> None:
        self._known = known
        self.own = dict(own or {})
        """By name; what the run keeps of this task."""

    def set(self, key: str, value: Any) -> None:
        """Leave a value for later tasks.

        Raises:
            ValueError: It has no JSON form, or one that is too large.
        """
        if not isinstance(key, str):
            raise TypeError(f"The key of a task value must be a string, not {type(key).__name__}")
        try:
            text = json.dumps(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"The value of the task value '{key}' has no JSON form: {error}") from error
        if len(text.encode()) > MOST_BYTES:
            raise ValueError(f"The JSON form of the task value '{key}' is larger than 48 KiB")
        self.own[key] = json.loads(text)

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:  # noqa: N803 - dbutils' names
        """Return the value that a task before has set, or the default.

        Raises:
            ValueError: There is neither.
        """
        del debugValue  # it holds outside of jobs only
        values = self._known.get(taskKey)
        if values is not None and key in values:
            return values[key]
        if default is not None:
            return default
        if values is None:
            raise ValueError(f"Task key does not exist in run: {taskKey}.")
        raise ValueError(f"Task value with key '{key}' was not found in task '{taskKey}', and no default was given.")


class Jobs(Area):
    """dbutils.jobs."""

    name = "jobs"

    def __init__(self, values: TaskValues) -> None:
        self.taskValues = values
