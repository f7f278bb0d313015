"""Runs one program to its end: in its own process group, without input, within a time limit, with bounded output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MAX_OUTPUT_BYTES = 64 * 1024 * 1024
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class ProcessEnd:
    """How the program ended."""

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool


def run_process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout_seconds: float
) -> ProcessEnd:
    """Run the command and return its end; a program that exceeds the limit is stopped with all its children.

    Raises:
        OSError: the program cannot be started.
    """
    # Files instead of pipes: a grandchild that keeps a pipe open could otherwise hold us after the program ended.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        timed_out = False
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            stop_group(process)
        return ProcessEnd(process.returncode, _text(out), _text(err), timed_out)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop the program and its children, politely first; does nothing when it has ended."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group outlives its leader as long as a child runs; no such process means that all have ended.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _text(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    text = stream.read(MAX_OUTPUT_BYTES).decode("utf-8", "replace")
    return text if size <= MAX_OUTPUT_BYTES else f"{text}\n[output cut after {MAX_OUTPUT_BYTES} bytes]"
