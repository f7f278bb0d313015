"""What the members of dbutils have in common, and how user code ends early."""

from __future__ import annotations

from typing import Any

from sandbox.spark.errors import UnsupportedError


class NotebookExit(BaseException):
    """Carries the value of `dbutils.notebook.exit` out of the notebook."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class PythonRestart(BaseException):
    """`dbutils.library.restartPython`: the next cell begins in a new interpreter."""


class Area:
    """One member of dbutils; what it lacks is refused by name."""

    name = ""

    def __getattr__(self, member: str) -> Any:
        if member.startswith("__"):
            raise AttributeError(member)
        raise UnsupportedError(f"dbutils.{self.name}.{member}".replace("..", "."))
