"""Other notebooks that a notebook names: where they are, and how `dbutils.notebook.run` runs one in a process."""

from __future__ import annotations

import json
import os
import posixpath
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.spark.paths import Mounts

_HEADERS = {".py": "# Databricks notebook source", ".sql": "-- Databricks notebook source"}
_COMMAND = ("-P", "-m", "sandbox.spark.worker")


class WorkflowError(Exception):
    """A notebook that another one runs has failed, or took too long."""


WorkflowError.__name__ = "com.databricks.WorkflowException"


class NotebookNotFoundError(Exception):
    """A notebook names another one that is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"Notebook not found: {path}. Notebooks can be specified via a relative path (./Notebook or "
            "../folder/Notebook) or via an absolute path (/Abs/Path/to/Notebook). Make sure you are specifying the "
            "path correctly."
        )


def find_notebook(path: str, caller: str, mounts: Mounts) -> tuple[str, Path]:
    """Return the workspace path and the source of a notebook that `caller` names.

    Raises:
        NotebookNotFoundError: it is not there.
    """
    absolute = posixpath.normpath(posixpath.join(posixpath.dirname(caller), path))
    if not absolute.startswith("/Workspace/"):
        absolute = f"/Workspace{absolute}"
    for suffix, header in _HEADERS.items():
        source = Path(mounts.local(absolute.removesuffix(suffix)) + suffix)
        if source.is_file() and source.read_text(encoding="utf-8", errors="replace").startswith(header):
            return absolute.removesuffix(suffix), source
    raise NotebookNotFoundError(path)


class ChildNotebooks:
    """Runs notebooks for one task."""

    def __init__(self, job: Mapping[str, Any], mounts: Mounts) -> None:
        self._job, self._mounts = job, mounts

    def run(self, path: str, timeout_seconds: float, arguments: Mapping[str, Any]) -> str:
        """Run a notebook and return what it exits with; no timeout is 0.

        Raises:
            WorkflowError: it failed, or took too long.
        """
        found, source = find_notebook(path, self._job["workspace_path"], self._mounts)
        own = {
            "kind": "notebook",
            "workspace_path": found,
            "source": str(source),
            "parameters": {str(name): str(value) for name, value in arguments.items()},
            "remote": _other_session(self._job["remote"]),
            "first_cell": 0,
        }
        result = _perform({**self._job, **own}, timeout_seconds)
        if result["ok"]:
            return str(result.get("exit_value") or "")
        reason = "Workload failed, see run output for details"
        raise WorkflowError(f"com.databricks.NotebookExecutionException: FAILED: {reason}\n{result['error']}")


def _perform(job: Mapping[str, Any], timeout_seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        result = Path(folder, "result.json")
        document = Path(folder, "job.json")
        document.touch(mode=0o600)  # it holds the server's token
        document.write_text(json.dumps({**job, "result": str(result), "scratch": folder}), encoding="utf-8")
        try:
            subprocess.run([sys.executable, *_COMMAND, str(document)], check=False, timeout=timeout_seconds or None)
        except subprocess.TimeoutExpired:
            _interrupt({**job, "kind": "interrupt", "result": str(result)}, document)
            raise WorkflowError("com.databricks.NotebookExecutionException: TIMEDOUT") from None
        if not result.exists():
            return {"ok": False, "error": "Fatal error: The Python kernel is unresponsive."}
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found


def _interrupt(job: Mapping[str, Any], document: Path) -> None:
    """The server goes on with the queries of a killed client unless its session is interrupted."""
    document.write_text(json.dumps(job), encoding="utf-8")
    subprocess.run([sys.executable, *_COMMAND, str(document)], check=False, env=dict(os.environ))


def _other_session(remote: str) -> str:
    return re.sub(r"session_id=[^;/]*", f"session_id={uuid.uuid4()}", remote)
