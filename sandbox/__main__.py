"""The command line of the sandbox: `python -m sandbox COMMAND`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox import fault_command
from sandbox.errors import SandboxError
from sandbox.layout import DEFAULT_PORT, USERS, StateDir, default_state_dir

_WARNING = "It is no isolation: the code of the bundles that you run here runs with your rights on this machine."
_TERMINATED = 128 + signal.SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the exit code."""
    options = _parser().parse_args(arguments)
    commands = {
        "start": _start,
        "stop": _stop,
        "status": _status,
        "reset": _reset,
        "env": _env,
        "fetch": _fetch,
        "fault": _fault,
        "serve": _serve,
    }
    try:
        code = commands[options.command](options)
        sys.stdout.flush()
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output has gone; Python's own flush at exit must not fail on it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    else:
        return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local workspace that stands in for Databricks."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state-dir", type=Path, default=default_state_dir(), help="where its state is kept (%(default)s)"
    )
    serving = argparse.ArgumentParser(add_help=False)
    serving.add_argument("--port", type=int, help=f"port to listen on ({DEFAULT_PORT}, or the next that is free)")
    serving.add_argument("--compute", choices=("spark", "scripted"), default="spark", help="real engines, or a script")
    serving.add_argument("--script", type=Path, help="script of the scripted compute mode (STATE_DIR/script.yml)")
    commands.add_parser("start", parents=[common, serving], help="start it and wait until it answers")
    commands.add_parser("stop", parents=[common], help="stop it; its state stays")
    commands.add_parser("status", parents=[common], help="say whether it runs, and with what")
    reset = commands.add_parser("reset", parents=[common], help="stop it and delete its state")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    env = commands.add_parser("env", parents=[common], help="print host, token and CLI for the operator")
    env.add_argument("--output", choices=("json", "shell"), default="json")
    who = "whose token: the administrator's, or that of a user without privileges, to try grants (%(default)s)"
    env.add_argument("--user", choices=tuple(USERS), default="developer", help=who)
    commands.add_parser("fetch", help="download what the engines need, once")
    fault_command.add_parser(commands, common)
    # For `start` only: the process that serves.
    commands.add_parser("serve", parents=[common, serving])
    return parser


def _state(options: argparse.Namespace) -> StateDir:
    return StateDir(options.state_dir.expanduser().absolute())


def _start(options: argparse.Namespace) -> int:
    from sandbox import daemon  # noqa: PLC0415  the server is not loaded for `--help`

    # As with Ctrl-C, a start that is told to end takes its half-started daemon with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    state = _state(options)
    given = ["--compute", options.compute]
    given += ["--port", str(options.port)] if options.port is not None else []
    given += ["--script", str(options.script.absolute())] if options.script else []
    about, new = daemon.start(state, given)
    print(f"The sandbox {'runs' if new else 'runs already'} at {about['host']} (compute: {about['compute']}).")
    if new:
        print(f'To use it:  eval "$(python -m sandbox env --output shell --state-dir {shlex.quote(str(state.root))})"')
        print(_WARNING)
    return 0


def _stop(options: argparse.Namespace) -> int:
    from sandbox import daemon  # noqa: PLC0415

    print("The sandbox has stopped." if daemon.stop(_state(options)) else "The sandbox was not running.")
    return 0


def _status(options: argparse.Namespace) -> int:
    from sandbox import daemon  # noqa: PLC0415

    state = _state(options)
    if not daemon.is_running(state):
        print(f"The sandbox is not running (state: {state.root}).")
        return 0
    about = daemon.facts(state)
    print(f"The sandbox runs at {about['host']} (process {about['pid']}, state: {state.root}).")
    for name, value in about["status"].items():
        print(f"  {name}: {value}")
    return 0


def _reset(options: argparse.Namespace) -> int:
    from sandbox import daemon  # noqa: PLC0415

    state = _state(options)
    if not options.yes:
        if not sys.stdin.isatty():
            raise SandboxError("reset deletes all tables, files and runs of the sandbox: add --yes to confirm")
        if input(f"Delete everything in {state.root}? [y/N] ").strip().lower() not in {"y", "yes"}:
            return 1
    daemon.reset(state)
    print(f"The state in {state.root} has been deleted.")
    return 0


def _env(options: argparse.Namespace) -> int:
    from sandbox import daemon  # noqa: PLC0415

    state = _state(options)
    host = daemon.facts(state)["host"]
    if options.output == "json":
        values = {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": state.token(options.user)}
        print(json.dumps(values | {"cli": str(state.launcher), "state_dir": str(state.root)}, indent=2))
    else:
        print(f"export DATABRICKS_HOST={shlex.quote(host)}")
        print(f"export DATABRICKS_TOKEN={shlex.quote(state.token(options.user))}")
        print(f'export PATH={shlex.quote(str(state.launcher.parent))}:"$PATH"')
    return 0


def _fetch(_options: argparse.Namespace) -> int:
    from sandbox.spark import jars  # noqa: PLC0415  the engines are an extra

    jars.fetch()
    return 0


def _fault(options: argparse.Namespace) -> int:
    return fault_command.run(options, _state(options))


def _serve(options: argparse.Namespace) -> int:
    from sandbox.serve import serve  # noqa: PLC0415

    return serve(_state(options), options.compute, options.port, options.script)


if __name__ == "__main__":
    sys.exit(main())
