"""The stand-in does in every story what the official CLI did, and the official CLI does it still.

BUNDLEOPS_CONTRACT_CLI names a `databricks` program to be tried instead of the stand-in. Texts are those of the recorded
version (tests/fixtures/cli-contract/README.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.cli_stories import CONTRACT, STORIES, Player, Result, program_at, stand_in

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

RECORDED: dict[str, list[Result]] = json.loads((CONTRACT / "recorded.json").read_text(encoding="utf-8"))
CALLS = [(name, index) for name, results in RECORDED.items() for index in range(len(results))]
CLI = os.environ.get("BUNDLEOPS_CONTRACT_CLI", "")


def _words(step: Any) -> str:
    if isinstance(step, list):
        return " ".join(map(str, step))
    return _words(step.get("call") or (step.get("kill") or {}).get("call") or ["(looking)"])


def _id(name: str, index: int) -> str:
    calls = [
        step for step in STORIES[name]["steps"] if isinstance(step, list) or {"call", "kill", "running"} & step.keys()
    ]
    return f"{name}: {index + 1} {_words(calls[index])}"


@pytest.fixture(scope="module")
def played(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Result]]:
    """Play a story once."""
    done: dict[str, list[Result]] = {}

    def play(name: str) -> list[Result]:
        if name not in done:
            executable = CLI or str(sandbox.state_dir / "bin" / "databricks")
            place = tmp_path_factory.mktemp("story")
            program = program_at(CLI) if CLI else stand_in
            player = Player(program, executable, sandbox.client, Path(place))
            done[name] = player.play(name)
        return done[name]

    return play


@pytest.mark.parametrize(("name", "index"), CALLS, ids=[_id(name, index) for name, index in CALLS])
def test_a_call_returns_and_prints_what_the_official_cli_did(
    name: str, index: int, played: Callable[[str], list[Result]]
) -> None:
    assert played(name)[index] == RECORDED[name][index]


def test_every_story_is_recorded() -> None:
    assert STORIES.keys() == RECORDED.keys()
