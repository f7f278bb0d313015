"""The bundle as far as it is loaded, and the call that loads it."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from sandbox.standin.diagnostics import BundleError, Diagnostic
from sandbox.standin.http import Client
from sandbox.standin.logs import Log
from sandbox.standin.node import Location, Node

ROOT_FILES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")


@dataclass(frozen=True)
class Surroundings:
    """Where the program was called."""

    env: Mapping[str, str]
    cwd: Path
    out: TextIO
    err: TextIO
    is_old: bool = False


@dataclass(frozen=True)
class Call:
    """One call of the program: what it was given and where it writes."""

    options: argparse.Namespace
    around: Surroundings
    log: Log
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """What is to be closed when the call ends."""

    @property
    def env(self) -> Mapping[str, str]:
        """Return the environment."""
        return self.around.env

    @property
    def out(self) -> TextIO:
        """Return where results go."""
        return self.around.out

    @property
    def err(self) -> TextIO:
        """Return where everything else goes."""
        return self.around.err

    @property
    def is_old(self) -> bool:
        """Tell whether the texts of the oldest supported version are asked for."""
        return self.around.is_old

    def say(self, text: str = "") -> None:
        """Write a line of progress to stderr, at once."""
        print(text, file=self.err, flush=True)


@dataclass
class Bundle:
    """A configuration on its way from files to resources."""

    call: Call
    root: Path | None = None
    config: Node = field(default_factory=lambda: Node({}))
    target: str = ""
    has_own_root: bool = False
    """Whether the target itself says where it is deployed to."""
    user: dict[str, Any] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    connection: Client | None = None

    @property
    def name(self) -> str:
        """Return the name of the bundle, empty while it is not known."""
        return str(self.config.plain("bundle", "name") or "")

    @property
    def folder(self) -> Path:
        """Return the folder of the bundle."""
        if self.root is None:
            raise BundleError("the bundle has not been found yet")
        return self.root

    @property
    def client(self) -> Client:
        """Return the connection to the workspace."""
        if self.connection is None:
            raise BundleError("not connected to a workspace yet")
        return self.connection

    @property
    def local_state(self) -> Path:
        """Return the folder that keeps this target's state in the working copy."""
        return self.folder / ".databricks" / "bundle" / self.target

    @property
    def failed(self) -> bool:
        """Tell whether an error was found."""
        return any(diagnostic.severity == "Error" for diagnostic in self.diagnostics)

    def remote(self, kind: str) -> str:
        """Return a path in the workspace: `root`, `file`, `state`, `artifact` or `resource`."""
        return str(self.config.plain("workspace", f"{kind}_path") or "")

    def error(self, summary: str, *, paths: tuple[str, ...] = (), at: tuple[Location, ...] = ()) -> None:
        """Note an error."""
        self.diagnostics.append(Diagnostic("Error", summary, paths, at))

    def resources(self) -> list[tuple[str, str, Node]]:
        """Return type, name and node of every resource, sorted."""
        found = []
        for kind, group in sorted((self.config.get("resources") or Node({})).children()):
            if not isinstance(group.value, dict):
                continue
            found += [(str(kind), str(name), node) for name, node in sorted(group.children())]
        return found
