"""The command line, called as a person calls it, with a state directory of its own and no workspace in reach."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bundleops.__main__ import main
from operations.operation import Operation
from operations.questions import QuestionStore
from operations.store import StateStore
from tests.unit.operations.question_maker import OPERATION

NOBODY_LISTENS = "http://127.0.0.1:9"


@dataclass(frozen=True)
class End:
    """How a call ended."""

    exit_code: object
    stdout: str
    stderr: str


Call = Callable[..., End]


@pytest.fixture(autouse=True)
def environment(tmp_path: Path) -> Iterator[None]:
    """Commands turn the whole process to a workspace: what they change is taken back."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith(("DATABRICKS_", "ARM_", "BUNDLEOPS_"))]:
        del os.environ[name]
    os.environ["BUNDLEOPS_STATE_DIR"] = str(tmp_path / "state")
    os.environ["DATABRICKS_CONFIG_FILE"] = str(tmp_path / "no-configuration")
    os.environ["DATABRICKS_HOST"] = NOBODY_LISTENS
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def bundleops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in this process, which is faster than a process for each call."""

    def call(*arguments: str, stdin: str = "", **variables: str) -> End:
        monkeypatch.setattr(sys, "argv", ["bundleops", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return End(ended.value.code or 0, told.out, told.err)

    return call


@pytest.fixture
def state(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "state")


@pytest.fixture
def questions(state: StateStore) -> QuestionStore:
    return QuestionStore(state.questions_path)


@pytest.fixture
def operation(state: StateStore, tmp_path: Path) -> Operation:
    """The operation that asks; it began on a workspace that cannot be reached now."""
    begun = Operation(
        id=OPERATION,
        bundle=str(tmp_path / "bundle"),
        target="dev",
        working_copy=str(state.copies_dir / "bundle"),
        state_dir=str(state.root),
        host=NOBODY_LISTENS,
    )
    state.create(begun)
    return begun
