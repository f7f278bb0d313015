"""The command line: flags, usage texts, exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from sandbox.standin import commands
from sandbox.standin.bundle import Call
from sandbox.standin.diagnostics import AlreadyReportedError, BundleError

VERSION = "1.14.0-standin"
_HELP = """Usage:
  databricks bundle [command]

Available Commands:
  deploy      Deploy the bundle
  destroy     Destroy what the bundle has deployed
  plan        Show what a deploy would do
  run         Run a job or a pipeline of the bundle
  summary     Show the bundle's resources and where they are
  validate    Check the configuration

Flags:
  -h, --help            help
  -o, --output type     output type: text or json (default text)
  -p, --profile string  ~/.databrickscfg profile
  -t, --target string   bundle target to use
      --var strings     set values for variables: --var="name=value"
"""


class _UsageError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(message)


def main(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Run one command and return its exit code."""
    out, err = out or sys.stdout, err or sys.stderr
    words = list(arguments)
    if words in (["--version"], ["-v"], ["version"]):
        out.write(f"Databricks CLI v{VERSION}\n")
        return 0
    try:
        options, unknown = _parser().parse_known_args(words)
        _refuse(unknown, options)
    except _UsageError as error:
        err.write(f"Error: {error}\n\n{_HELP}\n")
        return 1
    if options.group is None or options.help or options.command not in commands.COMMANDS:
        out.write(_HELP)
        return 0
    return _run(Call(options, os.environ if env is None else env, (cwd or Path.cwd()).resolve(), out, err))


def _run(call: Call) -> int:
    try:
        with call.closing:
            return commands.COMMANDS[call.options.command](call)
    except AlreadyReportedError:
        return 1
    except BundleError as error:
        call.err.write(f"Error: {error}\n" + ("\n" if error.detail else ""))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="databricks", add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("group", nargs="?")
    add("command", nargs="?")
    add("key", nargs="?")
    add("-h", "--help", action="store_true")
    add("-t", "--target")
    add("-p", "--profile")
    add("-o", "--output", choices=["text", "json"], default="text")
    add("--var", action="append")
    for flag in ("--strict", "--include-locations", "--auto-approve", "--force-lock", "--force", "--no-wait"):
        add(flag, action="store_true")
    for flag in ("--fail-on-active-runs", "--restart", "--refresh-all", "--full-refresh-all", "--validate-only"):
        add(flag, action="store_true")
    add("-q", "--quiet", action="count", default=0)
    add("--plan")
    add("--params", action="append")
    return parser


def _refuse(unknown: list[str], options: argparse.Namespace) -> None:
    if options.group not in (None, "bundle"):
        raise _UsageError(f'unknown command "{options.group}" for "databricks"')
    for word in unknown:
        if word.startswith("-"):
            kind = "flag" if word.startswith("--") else "shorthand flag"
            raise _UsageError(f"unknown {kind}: {word.partition('=')[0]}")
        raise _UsageError(f'unknown command "{word}" for "databricks bundle {options.command}"')
