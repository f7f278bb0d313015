"""The demo: a broken copy of the flights lakehouse is deployed to a sandbox of its own and healed before one's eyes.

Everything happens in a temporary folder; at the end nothing runs any more and nothing is left but what was printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
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
PYTHON = (sys.executable, "-P")
"""Without -P a module of the folder where the demo is called (`json.py`, say) would stand in for one of Python's."""
ENVIRONMENT_ERROR = 5
INTERRUPTED = 130
CLEAN_UP_SECONDS = 60


def say(text: str) -> None:
    """Print one heading of the demo."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(command: list[str], env: dict[str, str] | None = None, *, quiet: bool = False) -> tuple[int, str]:
    """Run a command to its end; when the demo is interrupted, let the command clean up first."""
    process = subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE if quiet else None)
    try:
        output, _ = process.communicate()
    except BaseException:
        process.terminate()
        try:
            process.wait(CLEAN_UP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    return process.returncode, output or ""


def sandbox(state: Path, *arguments: str, quiet: bool = False) -> tuple[int, str]:
    """Call the sandbox's command line for the demo's own state folder; returns exit code and output."""
    return run([*PYTHON, "-m", "sandbox", *arguments, "--state-dir", str(state)], quiet=quiet)


@contextmanager
def running_sandbox(state: Path, cli: str | None) -> Iterator[dict[str, str]]:
    """Start a sandbox and yield the environment that reaches it; stop it whatever happens."""
    try:
        code, _ = sandbox(state, "start", "--port", "0")
        if code:
            raise SystemExit(ENVIRONMENT_ERROR)
        found = json.loads(sandbox(state, "env", "--output", "json", quiet=True)[1])
        yield {
            "DATABRICKS_HOST": found["DATABRICKS_HOST"],
            "DATABRICKS_TOKEN": found["DATABRICKS_TOKEN"],
            "BUNDLEOPS_CLI": cli or found["cli"],
        }
    finally:
        if sandbox(state, "stop", quiet=True)[0]:
            print(f"The sandbox in {state} may still run: see the line above.", file=sys.stderr)


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


def cli_program(name: str) -> str:
    """Return the path of the CLI that is named."""
    found = shutil.which(name)
    if found is None:
        raise argparse.ArgumentTypeError(f"{name} is not a program on this machine")
    return found


def main() -> int:
    """Run the demo and return the operation's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", action="append", help="faults to put in (drills/faults), instead of the usual two")
    parser.add_argument("--cli", type=cli_program, help="the official CLI to use, instead of the sandbox's stand-in")
    options = parser.parse_args()
    names = options.fault or list(FAULTS)
    # As with Ctrl-C, a demo that is told to end stops its sandbox first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    begun = time.monotonic()
    faults = [load_fault(ROOT / "drills" / "faults" / f"{name}.yaml") for name in names]
    with tempfile.TemporaryDirectory(prefix="bundleops-demo-") as place:
        folder = Path(place)
        say("1. A sandbox: a local workspace on real Spark and Delta")
        with running_sandbox(folder / "sandbox", options.cli) as workspace:
            bundle = broken_copy(folder, faults)
            say("2. A copy of the flights lakehouse, with what a person did wrong")
            for fault in faults:
                print(f"   - {fault.title}")
            say("3. bundleops operate flights --target dev")
            command = [*PYTHON, "-m", "bundleops", "operate", str(bundle), "--answer-wait", "0"]
            code, _ = run(command, environment(folder, workspace))
            say("4. The report")
            for report in sorted((folder / "state" / "operations").glob("*/reports/*.md")):
                print(report.read_text(encoding="utf-8"))
    say(f"Done in {time.monotonic() - begun:.0f} s, exit code {code}. The sandbox is stopped and its state is removed.")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("demo: interrupted; the sandbox is stopped and its state is removed.", file=sys.stderr)
        sys.exit(INTERRUPTED)
