"""How much longer `bundleops operate` takes than the bare CLI's deploy and runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.flows.bundle_maker import Bundle, Job, make_bundle
from tests.flows.program import Program
from tests.flows.services import ScriptedWorkspace, prefect_server

TITLE = "operate against the bare CLI's deploy and run, on a 3-minute bundle with a running Prefect server (real time)"
JOBS = {"load": Job("bronze"), "tables": Job("gold_setup"), "merge": Job("gold_merge")}
SECONDS = 60.0
"""Each of the three jobs takes so long, and they run one after the other."""


def lines() -> Iterator[str]:
    """Measure the bare CLI first; its runs are the history that the operation finds, as in daily work."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "prefect").mkdir()
        bundle = make_bundle(home, "bench", JOBS)
        workspace = ScriptedWorkspace(home / "sandbox")
        try:
            workspace.play(tasks=[{"seconds": SECONDS}])
            with prefect_server(home / "prefect") as api:
                bare = _bare(workspace, bundle)
                os.environ["PREFECT_HOME"] = str(home / "prefect")
                operated = _operated(Program(workspace, api, home), bundle)
        finally:
            workspace.stop()
    yield f"bare CLI: deploy {bare['deploy']:.1f} s, runs {bare['runs']:.1f} s, together {sum(bare.values()):.1f} s"
    yield f"operate: {operated:.1f} s, with validate, plan, lock, deploy, runs, verification and reports"
    yield f"operate takes {operated / sum(bare.values()) - 1:+.1%} against the bare CLI (promised: at most +5 %)"


def _bare(workspace: ScriptedWorkspace, bundle: Bundle) -> Mapping[str, float]:
    access = {"DATABRICKS_HOST": workspace.host, "DATABRICKS_TOKEN": workspace.token}
    environment = os.environ | access

    def seconds(*arguments: str) -> float:
        begun = time.monotonic()
        command = [workspace.cli, "bundle", *arguments, "-t", "dev"]
        subprocess.run(command, cwd=bundle.folder, env=environment, check=True, capture_output=True)
        return time.monotonic() - begun

    deploy = seconds("deploy")
    return {"deploy": deploy, "runs": sum(seconds("run", key) for key in JOBS)}


def _operated(program: Program, bundle: Bundle) -> float:
    # The pauses of the tests are not those of a user.
    at_true_pace = program.using(BUNDLEOPS_POLL_SECONDS_FIRST="", BUNDLEOPS_POLL_SECONDS_MAX="")
    begun = time.monotonic()
    end = at_true_pace.start("operate", str(bundle.folder), "-t", "dev", "--output", "json").end(seconds=600)
    took = time.monotonic() - begun
    if end.exit_code:
        sys.exit(f"operate ended with {end.exit_code}: {end.stderr or end.stdout}")
    return took
