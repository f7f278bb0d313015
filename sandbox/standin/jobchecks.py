"""Checks of jobs that the schema cannot express."""

from __future__ import annotations

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import Diagnostic
from sandbox.standin.node import Node, dotted


def check_jobs(bundle: Bundle) -> None:
    """Warn of tasks on a job cluster that the job does not define."""
    for kind, name, job in bundle.resources():
        if kind != "jobs":
            continue
        known = {cluster.plain("job_cluster_key") for _, cluster in (job.get("job_clusters") or Node([])).children()}
        for index, task in (job.get("tasks") or Node([])).children():
            key = task.get("job_cluster_key")
            if key is None or key.value in known:
                continue
            path = dotted(("resources", kind, name, "tasks", index, "job_cluster_key"))
            summary = f"job_cluster_key {key.value} is not defined"
            bundle.diagnostics.append(Diagnostic("Warning", summary, (path,), (key.location,)))
