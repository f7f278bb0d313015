"""`python -m sandbox fault …`: makes faults happen in a sandbox that runs."""

from __future__ import annotations

import argparse
from typing import Any

import httpx

from sandbox.errors import SandboxError
from sandbox.layout import StateDir

_RULE = (
    "kind",
    "method",
    "route",
    "count",
    "skip",
    "when",
    "seconds",
    "status",
    "retry_after",
    "error_code",
    "message",
)


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser of the sandbox."""
    fault = commands.add_parser("fault", help="make requests fail, or kill the engine")
    actions = fault.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_rule(actions.add_parser("add", parents=[common], help="let the next requests meet a fault"))
    actions.add_parser("list", parents=[common], help="list the faults in force")
    clear = actions.add_parser("clear", parents=[common], help="end a fault, or all")
    clear.add_argument("number", type=int, nargs="?", help="which one (all)")
    actions.add_parser("kill-engine", parents=[common], help="kill the engine: work ends as with a lost cluster")


def run(options: argparse.Namespace, state: StateDir) -> int:
    """Carry the command out; the return value is the exit code."""
    from sandbox import daemon  # noqa: PLC0415  the server is not loaded for `--help`

    host, token = daemon.facts(state)["host"], state.token()
    with httpx.Client(
        base_url=f"{host}/sandbox", headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False
    ) as client:
        print(_ACTIONS[options.action](client, options))
    return 0


def _add_rule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "kind", choices=("latency", "error", "reset"), help="wait, answer an error, break the connection"
    )
    parser.add_argument("--route", help="shell pattern for the path, as '/api/*/jobs/runs/get' (any)")
    parser.add_argument("--method", help="GET, POST … (any)")
    parser.add_argument("--count", type=int, help="how many requests meet it (1; 0 for all until it is cleared)")
    parser.add_argument("--skip", type=int, help="how many fitting requests pass first (0)")
    parser.add_argument("--when", choices=("before", "after"), help="before or after the request took effect (before)")
    parser.add_argument("--seconds", type=float, help="how long a latency lasts (1)")
    parser.add_argument("--status", type=int, help="HTTP status of an error (503)")
    parser.add_argument("--retry-after", type=int, help="seconds in its header Retry-After (no header)")
    parser.add_argument("--error-code", help="error code in its body (that of the status)")
    parser.add_argument("--message", help="message in its body (that of the status)")


def _add(client: httpx.Client, options: argparse.Namespace) -> str:
    rule = {name: getattr(options, name) for name in _RULE if getattr(options, name) is not None}
    if rule.get("count") == 0:
        rule["count"] = None
    return f"Fault {_ask(client, 'POST', '/faults', rule)['id']} is in force."


def _list(client: httpx.Client, _options: argparse.Namespace) -> str:
    faults = _ask(client, "GET", "/faults")["faults"]
    return "\n".join(_line(fault) for fault in faults) or "No fault is in force."


def _clear(client: httpx.Client, options: argparse.Namespace) -> str:
    _ask(client, "DELETE", "/faults" if options.number is None else f"/faults/{options.number}")
    return "All faults are ended." if options.number is None else f"Fault {options.number} is ended."


def _kill_engine(client: httpx.Client, _options: argparse.Namespace) -> str:
    _ask(client, "POST", "/engine/kill")
    return "The engine is killed; it comes back by itself."


_ACTIONS = {"add": _add, "list": _list, "clear": _clear, "kill-engine": _kill_engine}


def _line(fault: dict[str, Any]) -> str:
    what = {"latency": f"{fault['seconds']:g} s", "error": str(fault["status"]), "reset": ""}[fault["kind"]]
    left = "until cleared" if fault["left"] is None else f"{fault['left']} left"
    return f"{fault['id']}  {fault['kind']} {what} {fault['when']} {fault['method']} {fault['route']}  {left}"


def _ask(client: httpx.Client, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        answer = client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise SandboxError(f"the sandbox at {client.base_url} does not answer: {error}") from error
    document: dict[str, Any] = answer.json()
    if answer.is_error:
        raise SandboxError(str(document.get("message")))
    return document
