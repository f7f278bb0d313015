"""`bundleops doctor`: is everything here that an operation needs, and how is it mended?"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from bundleops.options import Output, OutputOption, ProfileOption, SandboxOption, use
from bundleops.prefect_api import check_prefect
from operations.plain_text import for_terminal
from operations.store import StateStore
from workspace.cli import PLAN_FILE_SINCE, BundleCli, CliTimeouts
from workspace.errors import OperatorError, SetupError, StateError
from workspace.settings import settings

ENVIRONMENT_FAULT = 5
LEAST_FREE_BYTES = 200 * 1024**2
"""With less, a working copy or the journal may not fit."""


@dataclass(frozen=True)
class Result:
    """What one check came to."""

    check: str
    ok: bool
    text: str
    """What was found, or what is wrong and how it is mended."""
    needed: bool = True
    """False for what an operation can do without."""


def doctor(profile: ProfileOption = None, sandbox: SandboxOption = False, output: OutputOption = Output.TEXT) -> None:
    """Check CLI, credentials, rights, warehouse, state directory, knowledge and Prefect; say how to mend what fails."""
    results = run_checks(
        {
            "workspace": lambda: _workspace(profile, sandbox=sandbox),
            "rights": _rights,
            "warehouse": _warehouse,
            "databricks CLI": _cli,
            "state directory": _state,
            "knowledge": _knowledge,
            "prefect": _prefect,
        }
    )
    if output is Output.JSON:
        print(json.dumps([asdict(one) for one in results]))
    else:
        for one in results:
            _show(one)
    raise typer.Exit(0 if all(one.ok for one in results if one.needed) else ENVIRONMENT_FAULT)


def run_checks(checks: Mapping[str, Callable[[], str]]) -> list[Result]:
    """Run the checks in order. What needs the workspace is left out where that cannot be reached."""
    results: list[Result] = []
    for name, check in checks.items():
        if name in _IN_WORKSPACE and not results[0].ok:
            results.append(Result(name, ok=False, text="not checked: see workspace", needed=False))
            continue
        try:
            results.append(Result(name, ok=True, text=check(), needed=name not in _OPTIONAL))
        except OperatorError as error:
            results.append(Result(name, ok=False, text=str(error), needed=name not in _OPTIONAL))
    return results


_IN_WORKSPACE = {"rights", "warehouse"}
_OPTIONAL = {"warehouse"}


def _show(one: Result) -> None:
    word = "ok" if one.ok else "FAIL" if one.needed else "warn"
    first, *rest = for_terminal(one.text).splitlines() or [""]
    print(f"{word:4} {one.check:16} {first}")
    for line in rest:
        print(f"{'':22}{line}")


def _workspace(profile: str | None, *, sandbox: bool) -> str:
    from workspace.sdk import check_connection, connect  # noqa: PLC0415 - the SDK takes two seconds

    use(profile, sandbox=sandbox)
    found = check_connection(settings().profile)
    way = connect(settings().profile).config.auth_type
    return f"{found.host} as {found.user} (workspace {found.workspace_id}, credentials: {way})"


def _rights() -> str:
    from workspace.sdk import check_connection, connect  # noqa: PLC0415 - as above
    from workspace.services.rights import try_writing  # noqa: PLC0415 - as above

    user = check_connection(settings().profile).user
    return f"may write below {try_writing(connect(settings().profile), user)}"


def _warehouse() -> str:
    from workspace.sdk import connect  # noqa: PLC0415 - as above
    from workspace.services.rights import visible_warehouse  # noqa: PLC0415 - as above

    return visible_warehouse(connect(settings().profile), settings().warehouse)


def _cli() -> str:
    current = settings()
    version = BundleCli(current.cli, Path.cwd(), timeouts=CliTimeouts.from_settings(current)).version()
    plans = "yes" if version >= PLAN_FILE_SINCE else f"no, from {'.'.join(map(str, PLAN_FILE_SINCE))} on"
    return f"{current.cli} {'.'.join(map(str, version))}; deploys saved plans: {plans}"


def _state() -> str:
    store = StateStore(settings().state_dir)
    if not os.access(store.root, os.W_OK | os.X_OK):
        raise SetupError(f"{store.root} cannot be written. Give its owner the right, or set BUNDLEOPS_STATE_DIR.")
    free = shutil.disk_usage(store.root).free
    if free < LEAST_FREE_BYTES:
        least = LEAST_FREE_BYTES // 1024**2
        raise SetupError(
            f"Only {free // 1024**2} MB are free for {store.root}, which needs {least} MB. Free some, or set "
            "BUNDLEOPS_STATE_DIR to a folder on another disk."
        )
    return f"{store.root}, {len(store.list())} operations, {free / 1024**3:.1f} GB free"


def _knowledge() -> str:
    from knowledge.registry import load_registry  # noqa: PLC0415 - reads all pages

    registry = load_registry()
    if registry.problems:
        raise StateError("\n".join(str(problem) for problem in registry.problems))
    return f"{len(registry.patterns)} error patterns"


def _prefect() -> str:
    return f"{importlib.metadata.version('prefect')}, {check_prefect()}"
