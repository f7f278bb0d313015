"""Make the project's environment, once: `.venv`, every pinned package and the sandbox's Delta jars.

Runs on the system's Python alone (3.11 or newer, as `check_python.py` sees to; standard library only), so that `make`
needs nothing else.
Exits 5 with one line that says what is missing and what to do, as the product does for its environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "setup-stamp"
UV = "uv==0.13.9"
SAFE = "-P"
"""Keeps Python from taking a module of the current folder (`json.py`, say) for one of its own."""
NEEDED_GIB = 3
ENVIRONMENT_ERROR = 5
INTERRUPTED = 130


class SetupError(Exception):
    """The environment cannot be made; the text is the one line a person needs."""


def fingerprint() -> str:
    """Digest of what decides the content of `.venv`; equal digests mean there is nothing to do."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", "constraints.txt", "scripts/setup.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def check_machine() -> None:
    """Refuse a Python without venv, and a full disk, before anything is downloaded."""
    try:
        import ensurepip  # noqa: F401, PLC0415 - only its presence matters; Debian ships Python without it
    except ImportError:
        raise SetupError(
            "This Python has no venv module: install it (Debian: `apt install python3-venv`), then run make again."
        ) from None
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < NEEDED_GIB:
        raise SetupError(
            f"{free:.1f} GiB free in {ROOT}, {NEEDED_GIB} needed: free some disk space, then run make again."
        )


def run(step: str, *command: str) -> None:
    """Run one step quietly; on failure its last line of output explains the error."""
    print(f"setup: {step}", flush=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise SetupError(f"{step} failed: {reason(lines)}")


def reason(lines: list[str]) -> str:
    """The line of a package client's output that says why it failed, with the way out where it is known."""
    offline = ("network", "connection", "resolve", "dns", "timed out", "certificate", "connect error", "unreachable")
    text = " ".join(lines).lower()
    if "no space left" in text:
        return "the disk is full; free some space, then run make again."
    last = next((line for line in reversed(lines) if "error" in line.lower() or "caused by" in line.lower()), "")
    last = last or (lines[-1] if lines else "no output")
    if any(word in text for word in offline):
        return f"the package registry is out of reach ({last}); check network and certificates, then run make again."
    return last


def has_pip(python: Path) -> bool:
    """Whether `.venv` is whole; an interrupted set-up leaves one without pip."""
    if not python.exists():
        return False
    command = [str(python), SAFE, "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def make_environment() -> None:
    """Create `.venv` with uv (itself installed with pip), install the pinned packages and fetch Delta's jars."""
    python = VENV / "bin" / "python"
    if not has_pip(python):
        run("creating .venv", sys.executable, SAFE, "-m", "venv", "--clear", str(VENV))
    run("installing uv", str(python), SAFE, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    run(
        "installing packages (about 1.4 GB, a minute or two)",
        *(str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(python)),
        *("--constraint", "constraints.txt", "--editable", ".[sandbox,dev]"),
    )
    run("fetching Delta Lake's jars (12 MB)", str(python), SAFE, "-m", "sandbox", "fetch")


def main() -> int:
    """Set up once; a second call finds the stamp and returns at once."""
    digest = fingerprint()
    if STAMP.exists() and STAMP.read_text() == digest:
        return 0
    try:
        check_machine()
        make_environment()
        STAMP.write_text(digest)
    except (SetupError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return ENVIRONMENT_ERROR
    except KeyboardInterrupt:
        print("setup: interrupted; run make again to go on.", file=sys.stderr)
        return INTERRUPTED
    print(f"setup: done, {os.path.relpath(VENV)} is ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
