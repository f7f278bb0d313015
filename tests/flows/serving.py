"""Deployments as a person uses them: a process that serves one bundle, and Prefect's command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.flows.bundle_maker import Bundle
from tests.flows.services import eventually

ROOT = Path(__file__).resolve().parents[2]
PREFECT = Path(sys.executable).with_name("prefect")


def prefect(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call Prefect's command line in the project's folder, as the docs say."""
    command = [str(PREFECT), "--no-prompt", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


class Served:
    """A process that serves the deployments of one bundle."""

    def __init__(self, folder: Path, environment: Mapping[str, str], bundle: Bundle) -> None:
        targets = [{"name": "dev", "health": None}]
        listed = {"bundles": [{"name": bundle.name, "path": str(bundle.folder), "targets": targets}]}
        (folder / "bundles.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")
        self._log = folder / "serve.log"
        command = [sys.executable, "-m", "deployments.serve", "--bundles", str(folder / "bundles.yaml")]
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def is_ready(self) -> bool:
        assert self._process.poll() is None, self.said
        return "Try in another terminal" in self.said

    def kill(self) -> None:
        """End it and whatever it started as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        if self._process.poll() is None:
            self._process.send_signal(by)
        return self._process.wait(timeout=60)


@contextmanager
def serving(folder: Path, environment: Mapping[str, str], bundle: Bundle) -> Iterator[Served]:
    """Serve the deployments of a bundle until the block ends; nothing of this process's own credentials gets there."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DATABRICKS_", "BUNDLEOPS_"))}
    process = Served(folder, own | dict(environment), bundle)
    try:
        eventually(process.is_ready, seconds=120)
        yield process
    finally:
        process.stop()
