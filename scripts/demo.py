"""The demo: a broken copy of the flights lakehouse is deployed to a sandbox of its own and healed before one's eyes.

Everything happens in a temporary folder; at the end nothing runs any more and nothing is left but what was printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drills.fault import Fault, apply_fault, load_fault

ROOT = Path(__file__).resolve().parent.parent
FLIGHTS = ROOT / "sandbox" / "bundles" / "flights"
FAULTS = ("reference-data-lost-its-layer", "plane-registry-delivered-twice")
ENVIRONMENT_ERROR = 5


def say(text: str) -> None:
    """Print one heading of the demo."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def sandbox(state: Path, *arguments: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Call the sandbox's command line for the demo's own state folder."""
    command = [sys.executable, "-m", "sandbox", *arguments, "--state-dir", str(state)]
    return subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE if quiet else None)


@contextmanager
def running_sandbox(state: Path) -> Iterator[dict[str, str]]:
    """Start a sandbox and yield the environment that reaches it; stop it whatever happens."""
    try:
        started = sandbox(state, "start", "--port", "0")
        if started.returncode:
            raise SystemExit(ENVIRONMENT_ERROR)
        found = json.loads(sandbox(state, "env", "--output", "json", quiet=True).stdout)
        yield {
            "DATABRICKS_HOST": found["DATABRICKS_HOST"],
            "DATABRICKS_TOKEN": found["DATABRICKS_TOKEN"],
            "BUNDLEOPS_CLI": shutil.which("databricks") or found["cli"],
        }
    finally:
        sandbox(state, "stop", quiet=True)


def broken_copy(folder: Path, faults: list[Fault]) -> Path:
    """Copy flights and put the faults in."""
    bundle = folder / "flights"
    shutil.copytree(FLIGHTS, bundle)
    for fault in faults:
        apply_fault(fault, bundle)
    return bundle


def environment(folder: Path, workspace: dict[str, str]) -> dict[str, str]:
    """Return the environment of the operation: the sandbox as the only workspace, and state in the demo's folder."""
    foreign = ("DATABRICKS_", "BUNDLEOPS_", "PREFECT_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {"BUNDLEOPS_STATE_DIR": str(folder / "state"), "PREFECT_HOME": str(folder / "prefect")}
    return inherited | own | workspace


def main() -> int:
    """Run the demo and return the operation's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", action="append", help="faults to put in (drills/faults), instead of the usual two")
    names = parser.parse_args().fault or list(FAULTS)
    begun = time.monotonic()
    faults = [load_fault(ROOT / "drills" / "faults" / f"{name}.yaml") for name in names]
    with tempfile.TemporaryDirectory(prefix="bundleops-demo-") as place:
        folder = Path(place)
        say("1. A sandbox: a local workspace on real Spark and Delta")
        with running_sandbox(folder / "sandbox") as workspace:
            bundle = broken_copy(folder, faults)
            say("2. A copy of the flights lakehouse, with what a person did wrong")
            for fault in faults:
                print(f"   - {fault.title}")
            say("3. bundleops operate flights --target dev")
            command = [sys.executable, "-m", "bundleops", "operate", str(bundle), "--answer-wait", "0"]
            code = subprocess.run(command, env=environment(folder, workspace), check=False).returncode
            say("4. The report")
            for report in sorted((folder / "state" / "operations").glob("*/reports/*.md")):
                print(report.read_text(encoding="utf-8"))
    say(f"Done in {time.monotonic() - begun:.0f} s, exit code {code}. The sandbox is stopped and its state is removed.")
    return code


if __name__ == "__main__":
    sys.exit(main())
