"""500 real waits in one process: requests over HTTP, threads and memory, on a scripted sandbox in compressed time."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config

from tests.flows.services import ScriptedWorkspace
from workspace.models import RunHandle
from workspace.sdk import without_retries
from workspace.services import jobs
from workspace.services.pacing import Pace
from workspace.services.waiting import Patience, wait_for_runs

TITLE = "500 runs on a scripted sandbox, awaited in one process over HTTP (time compressed 1:10)"
RUNS, JOBS = 500, 50
SECONDS = 30.0
COMPRESSION = 10
PACE = Pace(first=3 / COMPRESSION, steady=10 / COMPRESSION, far=(30 / COMPRESSION, 60 / COMPRESSION, 120 / COMPRESSION))


def lines() -> Iterator[str]:
    """Measure in a process of its own, so that its memory is that of the waiting alone."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = ScriptedWorkspace(Path(folder) / "sandbox")
        try:
            workspace.play(tasks=[{"seconds": SECONDS}])
            job_ids = [workspace.make_job(f"bench-{number}", "only") for number in range(JOBS)]
            arguments = [workspace.host, workspace.token, *job_ids]
            done = subprocess.run(
                [sys.executable, "-m", __name__, *arguments], check=True, capture_output=True, text=True, timeout=500
            )
        finally:
            workspace.stop()
    found = json.loads(done.stdout)
    polls = SECONDS * COMPRESSION / 10 + 1
    minutes = SECONDS * COMPRESSION / 60
    yield f"{RUNS} runs of {JOBS} jobs, {SECONDS:g} s each: at the true pace that is {minutes:g} min. No history."
    yield f"status calls per run: {found['calls'] / RUNS:.1f}; a look every 10 s would take {polls:.0f}"
    yield (
        f"an end is noticed after {found['mean_delay']:.2f} s on average, {found['longest_delay']:.2f} s at most; "
        f"at the true pace {found['mean_delay'] * COMPRESSION:.1f} and {found['longest_delay'] * COMPRESSION:.1f} s"
    )
    yield f"threads that look: {found['threads']}"
    more = found["peak_mb"] - found["before_mb"]
    yield f"peak memory of the process: {found['peak_mb']:.0f} MB, {more:.0f} MB above its peak before the waiting"


def measure(host: str, token: str, job_ids: list[str]) -> dict[str, Any]:
    """Start the runs, wait for all of them, and tell what it took."""
    client = WorkspaceClient(config=Config(host=host, token=token))
    calls = _counted(without_retries(client))
    handles = [_start(client, job_ids[number % len(job_ids)], number) for number in range(RUNS)]
    before, delays, threads = _peak_mb(), [], set[str]()
    for outcome in wait_for_runs(client, handles, Patience(timedelta(minutes=8), PACE)):
        noticed = time.time()
        threads |= {one.name for one in threading.enumerate() if one.name.startswith("poller")}
        delays.append((outcome.handle.run_id, noticed))
    ends = {run_id: jobs.read_run(client, run_id)["end_time"] / 1000 for run_id, _ in delays}
    late = [noticed - ends[run_id] for run_id, noticed in delays]
    return {
        "calls": calls[0],
        "mean_delay": sum(late) / len(late),
        "longest_delay": max(late),
        "threads": len(threads),
        "before_mb": before,
        "peak_mb": _peak_mb(),
    }


def _start(client: WorkspaceClient, job_id: str, number: int) -> RunHandle:
    return jobs.start_run(client, job_id, f"bench:{number}", resource=f"jobs.bench_{number}", iteration=1)


def _counted(client: WorkspaceClient) -> list[int]:
    """Count the requests of the client that looks."""
    count, send = [0], client.api_client.do

    def do(*arguments: Any, **named: Any) -> Any:
        count[0] += 1
        return send(*arguments, **named)

    client.api_client.do = do  # type: ignore[method-assign]  # counted and sent on
    return count


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], sys.argv[3:])))
