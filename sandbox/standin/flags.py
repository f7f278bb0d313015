"""Flags of the commands, read as the official CLI reads them and refused in its words."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Form = Literal["switch", "count", "text", "texts", "pairs", "output"]
_PLACEHOLDERS = {
    "text": " string",
    "texts": " strings",
    "pairs": " stringToString",
    "output": " type",
    "count": " count",
}
_TRUTHS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


class UsageError(Exception):
    """The command line cannot be read."""


@dataclass(frozen=True)
class Flag:
    """One flag of a command."""

    name: str
    form: Form
    help: str
    short: str = ""

    @property
    def label(self) -> str:
        """Return the flag as messages name it."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


def _switch(name: str, text: str) -> Flag:
    return Flag(name, "switch", text)


GLOBAL = (
    _switch("debug", "write a log to stderr"),
    Flag("output", "output", "output type: text or json (default text)", "o"),
    Flag("profile", "text", "profile of ~/.databrickscfg", "p"),
    Flag("target", "text", "target of the bundle", "t"),
    Flag("var", "texts", 'value of a variable of the bundle: --var="name=value"'),
)
_APPROVE = _switch("auto-approve", "ask nothing before something is deleted")
_FORCE_LOCK = _switch("force-lock", "take the deploy lock from whoever holds it")
_QUIET = Flag("quiet", "count", "print less: -q only the summary, -qq only warnings and errors", "q")
_SELECT = Flag("select", "texts", "only this resource (my_job or jobs.my_job); may be repeated")
_CLUSTER = Flag("cluster-id", "text", "cluster to use instead of the configured one", "c")
_FORCE = _switch("force", "deploy from another Git branch than the configured one")
_OF_TASKS: tuple[tuple[str, Form, str], ...] = (
    ("dbt-commands", "texts", "commands of dbt tasks"),
    ("jar-params", "texts", "parameters of JAR tasks"),
    ("notebook-params", "pairs", "parameters of notebook tasks"),
    ("pipeline-params", "pairs", "parameters of pipeline tasks"),
    ("python-named-params", "pairs", "named parameters of wheel tasks"),
    ("python-params", "texts", "parameters of Python tasks"),
    ("spark-submit-params", "texts", "parameters of spark-submit tasks"),
    ("sql-params", "pairs", "parameters of SQL tasks"),
)

COMMANDS: dict[str, tuple[str, tuple[Flag, ...]]] = {
    "deploy": (
        "Deploy the bundle",
        (
            *(_APPROVE, _CLUSTER, _switch("fail-on-active-runs", "fail while jobs or pipelines run"), _FORCE),
            *(_FORCE_LOCK, Flag("plan", "text", "plan of 'bundle plan -o json' to carry out"), _QUIET, _SELECT),
        ),
    ),
    "destroy": ("Destroy what the bundle has deployed", (_APPROVE, _FORCE_LOCK, _QUIET)),
    "plan": ("Show what a deploy would do", (_CLUSTER, _FORCE, _QUIET, _SELECT)),
    "run": (
        "Run a job or a pipeline of the bundle",
        (
            Flag("only", "texts", "keys of the tasks to run; +key with those before it, key+ with those after it"),
            Flag("params", "pairs", "job parameters: name=value, separated by commas"),
            *(Flag(*facts) for facts in _OF_TASKS),
            Flag("full-refresh", "texts", "tables of a pipeline to empty and fill again"),
            _switch("full-refresh-all", "empty and fill all tables of a pipeline"),
            Flag("refresh", "texts", "tables of a pipeline to update"),
            _switch("refresh-all", "update all tables of a pipeline"),
            _switch("validate-only", "check a pipeline's graph and change nothing"),
            _switch("no-wait", "return when the run has started"),
            _switch("restart", "cancel what runs first"),
        ),
    ),
    "summary": (
        "Show the bundle's resources and where they are",
        (_switch("force-pull", "read the state from the workspace"), _switch("include-locations", "show places")),
    ),
    "validate": (
        "Check the configuration",
        (_switch("strict", "treat warnings as errors"), _switch("include-locations", "show places")),
    ),
}
"""What each command is for, and its own flags."""


def parse(words: Sequence[str], flags: Sequence[Flag]) -> tuple[argparse.Namespace, list[str]]:
    """Return the values of the flags, and the words that are none; all that follows `--` is none.

    Raises:
        UsageError: A flag is unknown or has no proper value.
    """
    return _Reader(flags).read(list(words))


@dataclass
class _Reader:
    flags: Sequence[Flag]
    values: dict[str, Any] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def read(self, words: list[str]) -> tuple[argparse.Namespace, list[str]]:
        while words:
            word = words.pop(0)
            if word == "--":
                self.rest += words
                break
            if word.startswith("--"):
                self._long(word, words)
            elif word.startswith("-") and len(word) > 1:
                self._short(word, words)
            else:
                self.rest.append(word)
        empty: dict[str, Any] = {"switch": False, "count": 0, "text": None, "texts": [], "pairs": {}, "output": "text"}
        given = {flag.name.replace("-", "_"): self.values.get(flag.name, empty[flag.form]) for flag in self.flags}
        return argparse.Namespace(**given, help="help" in self.values), self.rest

    def _long(self, word: str, words: list[str]) -> None:
        name, assigned, value = word[2:].partition("=")
        flag = next((flag for flag in self.flags if flag.name == name), None)
        if flag is None:
            if name != "help":
                raise UsageError(f"unknown flag: --{name}")
            self.values["help"] = True
        elif assigned:
            self._set(flag, value)
        elif flag.form in {"switch", "count"}:
            self._set(flag, None)
        elif words:
            self._set(flag, words.pop(0))
        else:
            raise UsageError(f"flag needs an argument: --{name}")

    def _short(self, word: str, words: list[str]) -> None:
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            flag = next((flag for flag in self.flags if flag.short == letter), None)
            if flag is None:
                if letter != "h":
                    raise UsageError(f"unknown shorthand flag: '{letter}' in {word}")
                self.values["help"] = True
            elif letters.startswith("="):
                self._set(flag, letters[1:])
                return
            elif flag.form in {"switch", "count"}:
                self._set(flag, None)
            elif letters or words:
                self._set(flag, letters or words.pop(0))
                return
            else:
                raise UsageError(f"flag needs an argument: '{letter}' in {word}")

    def _set(self, flag: Flag, value: str | None) -> None:
        if flag.form == "switch":
            self.values[flag.name] = True if value is None else _truth(flag, value)
        elif flag.form == "count":
            self.values[flag.name] = self.values.get(flag.name, 0) + 1 if value is None else _number(flag, value)
        elif flag.form == "texts":
            self.values.setdefault(flag.name, []).extend(_split(value or ""))
        elif flag.form == "pairs":
            self.values.setdefault(flag.name, {}).update(_pairs(flag, value or ""))
        elif flag.form == "output" and value not in {"json", "text"}:
            raise _refusal(flag, value, "accepted arguments are json and text")
        else:
            self.values[flag.name] = value


def _refusal(flag: Flag, value: str | None, reason: str) -> UsageError:
    return UsageError(f'invalid argument "{value}" for "{flag.label}" flag: {reason}')


def _truth(flag: Flag, value: str) -> bool:
    if value.lower() not in _TRUTHS:
        raise _refusal(flag, value, f'strconv.ParseBool: parsing "{value}": invalid syntax')
    return _TRUTHS[value.lower()]


def _number(flag: Flag, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise _refusal(flag, value, f'strconv.ParseInt: parsing "{value}": invalid syntax') from error


def _split(value: str) -> list[str]:
    return next(csv.reader([value]), [])


def _pairs(flag: Flag, value: str) -> Iterator[tuple[str, str]]:
    # With one `=` the whole value belongs to the pair, commas and all.
    for item in [value] if value.count("=") == 1 else _split(value):
        name, assigned, text = item.partition("=")
        if not assigned:
            raise _refusal(flag, value, f"{item} must be formatted as key=value")
        yield name, text


def usage(command: str, own: Sequence[Flag]) -> str:
    """Return how a command is called."""
    flags = [*sorted(own, key=lambda flag: flag.name), Flag("help", "switch", f"help for {command}", "h")]
    key = " [KEY]" if command == "run" else ""
    head = f"Usage:\n  databricks bundle {command} [flags]{key}\n\n"
    return f"{head}Flags:\n{_lines(flags)}\nGlobal Flags:\n{_lines(GLOBAL)}"


def _lines(flags: Sequence[Flag]) -> str:
    names = [
        f"{f'-{flag.short}, ' if flag.short else '    '}--{flag.name}{_PLACEHOLDERS.get(flag.form, '')}"
        for flag in flags
    ]
    width = max(map(len, names))
    return "".join(f"  {name:<{width}}   {flag.help}\n" for name, flag in zip(names, flags, strict=True))
