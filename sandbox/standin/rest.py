"""The few commands outside of bundles that operators of pipelines and jobs call; they print the API's JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from sandbox.standin.credentials import find_credentials
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.flags import GLOBAL, Flag, UsageError, parse
from sandbox.standin.http import ApiError, Client
from sandbox.standin.output import sorted_json

_FINAL = {"TERMINATED", "SKIPPED", "INTERNAL_ERROR"}
_UNAUTHENTICATED, _FORBIDDEN = 401, 403
_NO_WAIT = Flag("no-wait", "switch", "do not wait for the end")
Act = Callable[[Client, Any, list[str]], Any]


@dataclass(frozen=True)
class Command:
    """One command: the words that it needs, its flags, and what it asks of the workspace."""

    needs: tuple[str, ...]
    act: Act
    flags: tuple[Flag, ...] = field(default=(_NO_WAIT,))


def _run_now(client: Client, options: Any, words: list[str]) -> Any:
    if not words[0].isdigit():
        raise BundleError(f"invalid JOB_ID: {words[0]}")
    started = client.post("/api/2.2/jobs/run-now", {"job_id": int(words[0])})
    if options.no_wait:
        return started
    while True:
        run = _get_run(client, options, [str(started["run_id"])])
        if run["state"]["life_cycle_state"] in _FINAL:
            return run
        time.sleep(1)


def _get_run(client: Client, _options: Any, words: list[str]) -> Any:
    return client.get("/api/2.2/jobs/runs/get", {"run_id": words[0]})


def _start_update(client: Client, options: Any, words: list[str]) -> Any:
    asked = {"full_refresh": options.full_refresh, "validate_only": options.validate_only}
    body = {name: value for name, value in asked.items() if value}
    return client.post(f"/api/2.0/pipelines/{words[0]}/updates", body)


def _stop(client: Client, options: Any, words: list[str]) -> Any:
    path = f"/api/2.0/pipelines/{words[0]}"
    client.post(f"{path}/stop", {})
    while True:
        found = client.get(path)
        if options.no_wait or found.get("state") in {"IDLE", "FAILED"}:
            return found
        time.sleep(0.5)


def _events(client: Client, _options: Any, words: list[str]) -> Any:
    found: list[Any] = []
    query = {"max_results": "100"}
    while True:
        page = client.get(f"/api/2.0/pipelines/{words[0]}/events", query)
        found += page.get("events") or []
        if not page.get("next_page_token"):
            return found
        query["page_token"] = page["next_page_token"]


def _api(client: Client, options: Any, words: list[str]) -> Any:
    method, path = words
    if method == "get":
        return client.get(path)
    try:
        body = json.loads(options.json or "{}")
    except ValueError as error:
        raise BundleError(f"--json is no JSON: {error}") from error
    return client.post(path, body, method.upper())


GROUPS: dict[str, dict[str, Command]] = {
    "api": {
        name: Command(("PATH",), _api, (Flag("json", "text", "body"),)) for name in ("get", "post", "put", "delete")
    },
    "current-user": {"me": Command((), lambda client, _options, _words: client.get("/api/2.0/preview/scim/v2/Me"))},
    "jobs": {
        "get-run": Command(("the canonical identifier of the run for which to retrieve the metadata",), _get_run),
        "run-now": Command(("the ID of the job to be executed",), _run_now),
    },
    "pipelines": {
        "get": Command(("the pipeline id",), lambda client, _options, words: client.get(_pipeline(words))),
        "get-update": Command(
            ("the ID of the pipeline", "the ID of the update"),
            lambda client, _options, words: client.get(f"{_pipeline(words)}/updates/{words[1]}"),
        ),
        "list-pipeline-events": Command(("the pipeline to return events for",), _events),
        "start-update": Command(
            ("the pipeline id",),
            _start_update,
            (Flag("full-refresh", "switch", "reset all tables"), Flag("validate-only", "switch", "change nothing")),
        ),
        "stop": Command(("the pipeline id",), _stop),
    },
}


def _pipeline(words: list[str]) -> str:
    return f"/api/2.0/pipelines/{words[0]}"


def main(words: Sequence[str], env: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Run one command and return its exit code."""
    group, name, *others = [*words, "", ""][: max(2, len(words))]
    command = GROUPS[group].get(name)
    if command is None:
        out.write(f"Usage:\n  databricks {group} [command]\n\nAvailable Commands:\n")
        out.writelines(f"  {known}\n" for known in GROUPS[group])
        return 0
    try:
        options, given = _parsed(others, command)
        out.write(sorted_json(_ask(command, options, env, [name, *given] if group == "api" else given)))
    except (UsageError, BundleError) as error:
        err.write(f"Error: {error.summary if isinstance(error, BundleError) else error}")
        return 1
    return 0


def _parsed(words: list[str], command: Command) -> tuple[Any, list[str]]:
    options, given = parse(words, (*command.flags, *GLOBAL))
    if len(given) != len(command.needs):
        raise UsageError(f"expected to have {' and '.join(command.needs)}")
    return options, given


def _ask(command: Command, options: Any, env: Mapping[str, str], words: list[str]) -> Any:
    client = Client(*find_credentials(env, options.profile))
    try:
        return command.act(client, options, words)
    except ApiError as error:
        advice = _advice(client.host) if error.status in {_UNAUTHENTICATED, _FORBIDDEN} else ""
        raise BundleError(error.message + advice) from error
    finally:
        client.close()


def _advice(host: str) -> str:
    return (
        f"\n\nHost:      {host}\nAuth type: Personal Access Token (pat)\n\nNext steps:\n"
        "  - Regenerate your access token\n  - Check your identity: databricks auth describe\n"
        "  - Consider setting up a profile: databricks auth login --profile <name>"
    )
