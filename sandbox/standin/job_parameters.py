"""What `bundle run` of a job sends: parameters from flags and from the words after the key."""

from __future__ import annotations

import argparse
import re
from typing import Any

from sandbox.standin.diagnostics import BundleError
from sandbox.standin.node import Node

_TASK_PARAMETERS = (
    *("dbt_commands", "jar_params", "notebook_params", "pipeline_params", "python_named_params", "python_params"),
    *("spark_submit_params", "sql_params"),
)
_WORDS_OF_TASKS = {
    "notebook_task": "notebook_params",
    "spark_jar_task": "jar_params",
    "spark_python_task": "python_params",
    "python_wheel_task": "python_params",
    "spark_submit_task": "spark_submit_params",
}
"""Where further words go in a job whose tasks are all of one type."""
_TASK_TYPES = (*_WORDS_OF_TASKS, "pipeline_task", "sql_task", "dbt_task", "run_job_task")
_TASK_KEY = re.compile(r"[\w-]+")


def run_now_body(options: argparse.Namespace, job: Node, job_id: int) -> dict[str, Any]:
    """Return the request that starts the run.

    Raises:
        BundleError: The job takes no such parameters, or has no such task.
    """
    given = {name: getattr(options, name) for name in ("params", "only", *_TASK_PARAMETERS)}
    _take_words(given, options.words, job)
    _check(given, job)
    if given["pipeline_params"]:
        given["pipeline_params"] = {"full_refresh": _full_refresh(given["pipeline_params"])}
    given["job_parameters"] = given.pop("params")
    return {"job_id": job_id} | {name: value for name, value in given.items() if value}


def _take_words(given: dict[str, Any], words: list[str], job: Node) -> None:
    name = "params" if job.plain("parameters") else _WORDS_OF_TASKS.get(_only_type(job), "")
    if name in {"params", "notebook_params"}:
        pairs, words = _pairs(words)
        given[name] = given[name] | pairs
    elif name:
        given[name] = [*given[name], *words]
        words = []
    if words:
        raise BundleError(f"received {len(words)} unexpected positional arguments")


def _only_type(job: Node) -> str:
    tasks = [task for _, task in (job.get("tasks") or Node([])).children()]
    types = {name for name in _TASK_TYPES for task in tasks if task.get(name) is not None}
    return next(iter(types)) if len(types) == 1 else ""


def _pairs(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Read `--name=value` and `--name value` up to the first word that is neither."""
    pairs, rest = {}, list(words)
    while rest and rest[0].startswith("--"):
        name, assigned, value = rest[0][2:].partition("=")
        if not assigned and len(rest) == 1:
            break
        pairs[name] = value if assigned else rest[1]
        rest = rest[1 if assigned else 2 :]
    return pairs, rest


def _check(given: dict[str, Any], job: Node) -> None:
    has_parameters = bool(job.plain("parameters"))
    if has_parameters and any(given[name] for name in _TASK_PARAMETERS):
        raise BundleError("the job to run defines job parameters; specifying task parameters is not allowed")
    if not has_parameters and given["params"]:
        raise BundleError("the job to run does not define job parameters; specifying job parameters is not allowed")
    keys = [task.plain("task_key") for _, task in (job.get("tasks") or Node([])).children()]
    for key in given["only"]:
        if _TASK_KEY.fullmatch(key) and key not in keys:
            raise BundleError(f'task "{key}" not found in job "{job.plain("name")}"')


def _full_refresh(pairs: dict[str, str]) -> bool:
    text = pairs.get("full_refresh", "")
    if text.lower() not in {"true", "false", "1", "0", "t", "f"}:
        raise BundleError("job run argument --pipeline-params only supports `full_refresh=<bool>`")
    return text.lower() in {"true", "1", "t"}
