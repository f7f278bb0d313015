"""`%pip` in a notebook: packages for one task, in a folder of its own."""

from __future__ import annotations

import importlib
import os
import shlex
import subprocess
import sys
import tempfile

from sandbox.spark.environments import uv_command
from sandbox.spark.requirements import local_arguments

_FLAGS_OF_PIP = ("-q", "--quiet", "-U", "--upgrade", "--no-cache-dir", "--disable-pip-version-check")
FOLDERS: list[str] = []
"""Where this process has installed packages."""


def install(arguments: str) -> None:
    """Do what `%pip install …` asks for; what is imported already stays as it is until Python is restarted.

    Raises:
        CalledProcessError: pip's words are printed first, as on Databricks.
    """
    command, *words = shlex.split(arguments, comments=True)
    if command != "install":
        print(f"%pip {arguments}: only install changes the environment")
        return
    target = tempfile.mkdtemp(prefix="pip-", dir=os.environ.get("TMPDIR"))
    wanted = local_arguments([word for word in words if word not in _FLAGS_OF_PIP])
    done = subprocess.run(
        uv_command("install", "--python", sys.executable, "--target", target, *wanted),
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stderr if done.returncode else f"Successfully installed {' '.join(wanted)}")
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, f"pip --disable-pip-version-check {arguments}")
    add_folders([target])


def add_folders(folders: list[str]) -> None:
    """Let packages be imported from folders, before all others."""
    FOLDERS[:0] = folders
    sys.path[:0] = folders
    importlib.invalidate_caches()
