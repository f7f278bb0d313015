"""The command line: which command is meant, usage texts, exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from sandbox.standin import commands, rest
from sandbox.standin.bundle import Call, Surroundings
from sandbox.standin.diagnostics import AlreadyReportedError, BundleError
from sandbox.standin.flags import COMMANDS, GLOBAL, Flag, UsageError, parse, usage
from sandbox.standin.logs import Log
from sandbox.standin.versions import CLI_VERSION, OLD_VERSION, SWITCH

_VERSIONS = {version.removesuffix("-standin"): version for version in (CLI_VERSION, OLD_VERSION)}
_HELP = "Usage:\n  databricks bundle [command]\n\nAvailable Commands:\n" + "".join(
    f"  {name:<11} {text}\n" for name, (text, _) in COMMANDS.items()
)


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
    env = os.environ if env is None else env
    version = _VERSIONS.get(env.get(SWITCH) or "1.14.0")
    if version is None:
        err.write(f"Error: {SWITCH} must be {' or '.join(_VERSIONS)}, but is {env[SWITCH]}\n")
        return 1
    words = list(arguments)
    if words in (["--version"], ["-v"], ["version"]):
        out.write(f"Databricks CLI v{version}\n")
        return 0
    if words and words[0] in rest.GROUPS:
        return rest.main(words, env, out, err)
    place = (cwd or Path.cwd()).resolve()
    return _bundle(words, Surroundings(env, place, out, err, is_old=version == OLD_VERSION))


def _bundle(words: list[str], around: Surroundings) -> int:
    out, err = around.out, around.err
    group, name, others = _split(words)
    if group not in ("", "bundle"):
        err.write(f'Error: unknown command "{group}" for "databricks"\n')
        return 1
    if not group or name not in COMMANDS:
        out.write(_HELP)
        return 0
    text, own = COMMANDS[name]
    try:
        options = _options(name, others, own)
    except UsageError as error:
        err.write(f"Error: {error}\n\n{usage(name, own)}\n")
        return 1
    if options.help:
        out.write(f"{text}.\n\n{usage(name, own)}")
        return 0
    return _run(name, Call(options, around, Log(around.env, around.cwd, err, debug=options.debug)))


def _options(name: str, words: list[str], own: Sequence[Flag]) -> argparse.Namespace:
    options, others = parse(words, (*own, *GLOBAL))
    if others and name != "run":
        raise UsageError(f'unknown command "{others[0]}" for "databricks bundle {name}"')
    options.words = others
    return options


def _split(words: list[str]) -> tuple[str, str, list[str]]:
    """Return group, command and the words that follow; flags may stand before them."""
    takes_value = {f"--{flag.name}" for flag in GLOBAL if flag.form != "switch"} | {"-o", "-p", "-t"}
    names: list[str] = []
    others: list[str] = []
    for index, word in enumerate(words):
        is_value = index > 0 and words[index - 1] in takes_value
        (others if len(names) == len(("bundle", "plan")) or word.startswith("-") or is_value else names).append(word)
    group, name = [*names, "", ""][:2]
    return group, name, others


def _run(name: str, call: Call) -> int:
    call.log.write("INFO", "start")
    code = 1
    try:
        with call.closing:
            code = commands.COMMANDS[name](call)
    except AlreadyReportedError:
        pass
    except BundleError as error:
        call.err.write(f"Error: {error}\n" + ("\n" if error.detail else ""))
    call.log.write("INFO", "completed execution")
    return code
