"""Checks of jobs that the schema cannot express; `validate`, `plan` and `deploy` make them."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import Diagnostic
from sandbox.standin.node import Node, Path, dotted

_COMPUTE = ("job_cluster_key", "environment_key", "existing_cluster_id", "new_cluster")
_NEED_COMPUTE = ("python_wheel_task", "dbt_task", "spark_jar_task", "spark_submit_task", "spark_python_task")
"""Notebooks without compute run in an environment of their own."""


def check_jobs(bundle: Bundle) -> None:
    """Warn of tasks on a job cluster that the job does not define; refuse tasks that nothing runs."""
    for kind, name, job in bundle.resources():
        if kind == "jobs":
            base = ("resources", kind, name)
            known = [
                cluster.plain("job_cluster_key") for _, cluster in (job.get("job_clusters") or Node([])).children()
            ]
            for path, task in _tasks(job, base):
                _check_cluster(bundle, path, task, known)
                _check_compute(bundle, path, task)


def _tasks(job: Node, base: Path) -> Iterator[tuple[Path, Node]]:
    for index, task in (job.get("tasks") or Node([])).children():
        path = (*base, "tasks", index)
        nested = task.get("for_each_task", "task")
        if nested is not None:
            yield (*path, "for_each_task", "task"), nested
        yield path, task


def _check_cluster(bundle: Bundle, path: Path, task: Node, known: list[str]) -> None:
    key = task.get("job_cluster_key")
    if key is not None and key.value not in known:
        summary = f"job_cluster_key {key.value} is not defined"
        place = dotted((*path, "job_cluster_key"))
        bundle.diagnostics.append(Diagnostic("Warning", summary, (place,), (key.location,)))


def _check_compute(bundle: Bundle, path: Path, task: Node) -> None:
    missing = [name for name in _COMPUTE if not task.plain(name)]
    if len(missing) < len(_COMPUTE) or all(task.get(name) is None for name in _NEED_COMPUTE):
        return
    detail = (
        f'Task "{task.plain("task_key")}" requires a cluster or an environment to run.\n'
        f"Specify one of the following fields: {', '.join(missing)}."
    )
    summary = "Missing required cluster or environment settings"
    bundle.diagnostics.append(Diagnostic("Error", summary, (dotted(path),), (task.location,), detail))
