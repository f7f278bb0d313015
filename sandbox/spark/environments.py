"""Python environments of tasks with dependencies: one for each list of requirements, kept and used again."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from sandbox.spark.errors import EngineError
from sandbox.spark.paths import Mounts
from sandbox.spark.requirements import arguments_of, identity_of

_LAYOUT = "3"
"""Part of an environment's name: one that was made in another way is not used again."""
_BASE = "sandbox-base.txt"


class InstallationError(Exception):
    """A requirement cannot be installed: a fault of the task's environment, in Databricks' words."""


def python_for(dependencies: Sequence[str], folder: Path, mounts: Mounts) -> Path:
    """Return the interpreter of an environment with `dependencies`, making it the first time.

    Args:
        dependencies: Requirements, paths in the workspace, or lines of options such as `-r /Workspace/…`.
        folder: Where environments are kept.
        mounts: Where the paths lead.

    Raises:
        InstallationError: a requirement does not exist or does not fit.
        EngineError: no environment can be made at all.
    """
    wanted = arguments_of(dependencies, mounts)
    environment = folder / identity_of([_LAYOUT, *wanted])
    python = environment / "bin" / "python"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{environment}.lock"):
        if not (environment / "complete").exists():
            shutil.rmtree(environment, ignore_errors=True)
            _make(environment, wanted, mounts)
            (environment / "complete").touch()
    return python


def uv_command(*arguments: str) -> list[str]:
    """Return the command line of `uv pip …`."""
    return [_uv(), "pip", *arguments]


def _uv() -> str:
    found = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise EngineError("uv is not installed: install bundleops with its `sandbox` extra")
    return found


def _make(environment: Path, wanted: list[str], mounts: Mounts) -> None:
    made = subprocess.run(
        [_uv(), "venv", "--quiet", "--python", sys.executable, str(environment)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise EngineError(f"no Python environment can be made in {environment}: {made.stderr.strip()}")
    packages = environment / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    _see_base_packages(packages)
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch) / "base-versions.txt"
        kept.write_text("\n".join(_base_versions(wanted)), encoding="utf-8")
        install = uv_command("install", "--quiet", "--python", str(environment / "bin" / "python"), *wanted)
        for command in ([*install, "--constraint", str(kept)], install):
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch)
            if done.returncode == 0:
                return
    raise InstallationError(mounts.shown_text(_databricks_words(wanted, done.stderr)))


def _base_versions(wanted: list[str]) -> list[str]:
    """Pins of the base environment's packages, less those that the task asks for itself.

    As with pip on Databricks, a package that is there already and fits is not replaced by a newer one.
    """
    own = {_normal_name(_package_of(one)) for one in wanted}
    found = {_normal_name(one.name): one.version for one in importlib.metadata.distributions() if one.name}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name not in own]


def _package_of(requirement: str) -> str:
    """The name of a package: of a wheel it is the first part of the file's name."""
    if requirement.endswith(".whl"):
        return Path(requirement).name.partition("-")[0]
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _normal_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _see_base_packages(packages: Path) -> None:
    """Spark and the sandbox come from the base environment; what the task installs stands before them."""
    base = sysconfig.get_path("purelib")
    (packages / "sandbox-base.pth").write_text(f"import site; site.addsitedir({base!r})\n", encoding="utf-8")
    (packages / _BASE).write_text(base, encoding="utf-8")


def base_packages() -> Path:
    """Return the folder of the base environment's packages, called in it or in an environment of a task."""
    own = Path(sysconfig.get_path("purelib"))
    note = own / _BASE
    return Path(note.read_text(encoding="utf-8")) if note.exists() else own


def _databricks_words(wanted: list[str], output: str) -> str:
    reason = " ".join(output.split())
    absent = re.search(r"([\w.-]+) was not found in the package registry", reason)
    if absent:
        name = next((one for one in wanted if one.startswith(absent.group(1))), absent.group(1))
        reason = (
            f"ERROR: Could not find a version that satisfies the requirement {name} (from versions: none) "
            f"ERROR: No matching distribution found for {name}"
        )
    gone = next((one for one in wanted if one.startswith("/") and not Path(one).exists()), None)
    if gone:
        reason = f"ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: '{gone}'"
    return f"Library installation failed for {', '.join(wanted)}: {reason}"
