"""`bundleops doctor`: is everything here that an operation needs, and how is it mended?"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path

import typer

from bundleops.options import Output, OutputOption, ProfileOption, SandboxOption, use
from bundleops.prefect_api import check_prefect
from operations.plain_text import for_terminal
from operations.store import StateStore
from workspace.cli import BundleCli, CliTimeouts
from workspace.errors import OperatorError, StateError
from workspace.settings import settings

ENVIRONMENT_FAULT = 5


def doctor(profile: ProfileOption = None, sandbox: SandboxOption = False, output: OutputOption = Output.TEXT) -> None:
    """Check CLI, workspace and credentials, state directory, knowledge and Prefect; say how to mend what fails."""
    checks: dict[str, Callable[[], str]] = {
        "workspace": lambda: _workspace(profile, sandbox=sandbox),
        "databricks CLI": _cli,
        "state directory": _state,
        "knowledge": _knowledge,
        "prefect": _prefect,
    }
    results = [(name, *_outcome(check)) for name, check in checks.items()]
    if output is Output.JSON:
        print(json.dumps([{"check": name, "ok": ok, "text": text} for name, ok, text in results]))
    else:
        for name, ok, text in results:
            first, *rest = for_terminal(text).splitlines() or [""]
            print(f"{'ok  ' if ok else 'FAIL'} {name:16} {first}")
            for line in rest:
                print(f"{'':22}{line}")
    raise typer.Exit(0 if all(ok for _, ok, _ in results) else ENVIRONMENT_FAULT)


def _outcome(check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, check()
    except OperatorError as error:
        return False, str(error)


def _workspace(profile: str | None, *, sandbox: bool) -> str:
    from workspace.sdk import check_connection  # noqa: PLC0415 - the SDK takes two seconds

    use(profile, sandbox=sandbox)
    found = check_connection(settings().profile)
    return f"{found.host} as {found.user} (workspace {found.workspace_id})"


def _cli() -> str:
    current = settings()
    version = BundleCli(current.cli, Path.cwd(), timeouts=CliTimeouts.from_settings(current)).version()
    return f"{current.cli} {'.'.join(map(str, version))}"


def _state() -> str:
    store = StateStore(settings().state_dir)
    return f"{store.root}, {len(store.list())} operations"


def _knowledge() -> str:
    from knowledge.registry import load_registry  # noqa: PLC0415 - reads all pages

    registry = load_registry()
    if registry.problems:
        raise StateError("\n".join(str(problem) for problem in registry.problems))
    return f"{len(registry.patterns)} error patterns"


def _prefect() -> str:
    return f"{importlib.metadata.version('prefect')}, {check_prefect()}"
