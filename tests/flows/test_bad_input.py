from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.flows.bundle_maker import Job, make_bundle
from tests.flows.program import End, Program


@dataclass(frozen=True)
class Places:
    """What the calls are about: bundles, programs that are no CLI, and hosts."""

    folder: Path
    dead: str
    silent: str

    def bundle(self, name: str, content: bytes | None = None) -> str:
        made = make_bundle(self.folder, name, {"load": Job("bronze")})
        if content is not None:
            (made.folder / "databricks.yml").write_bytes(content)
        return str(made.folder)

    def script(self, name: str, text: str) -> str:
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(0o755)
        return str(file)


@dataclass(frozen=True)
class Refusal:
    """A call of operate that is refused: its exit code, and words of the message: what, where, what to do."""

    exit_code: int
    words: tuple[str, ...]
    arguments: tuple[str, ...] = ("BUNDLE",)
    variables: dict[str, str] = field(default_factory=dict)


BOMB = b"bundle: {name: bomb}\na0: &a0 [x, x]\n" + b"".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n".encode() for level in range(1, 10)
)
"""Each line has ten times the values of the one above."""
HANGING = "case $1 in *version) echo 'Databricks CLI v1.0.0';; *) exec sleep 600;; esac"
REFUSALS = {
    "no-folder": Refusal(2, ("/nowhere does not exist", "Name the folder of a bundle"), ("/nowhere",)),
    "no-bundle": Refusal(2, ("EMPTY has no databricks.yml", "databricks bundle init"), ("EMPTY",)),
    "unknown-target": Refusal(2, ("prod", "no such target", "Available targets: dev"), ("BUNDLE", "-t", "prod")),
    "unknown-operation": Refusal(
        2, ("There is no operation 20260101-000000-abcd",), ("--resume", "20260101-000000-abcd")
    ),
    "broken-yaml": Refusal(3, ("cannot be loaded", "databricks.yml:1", "Correct it"), ("BROKEN",)),
    "include-outside": Refusal(3, ("databricks.yml:2", "../shared/*.yml lies outside of the bundle"), ("OUTSIDE",)),
    "yaml-bomb": Refusal(3, ("databricks.yml:", "more than 500000 values", "Split the bundle"), ("BOMB",)),
    "no-utf-8": Refusal(3, ("databricks.yml", "Correct it"), ("LATIN",)),
    "no-address": Refusal(
        5, ("no address of a workspace", "DATABRICKS_HOST"), variables={"DATABRICKS_HOST": "https://h:abc"}
    ),
    "no-cli": Refusal(5, ("/nowhere/databricks", "Install it"), variables={"BUNDLEOPS_CLI": "/nowhere/databricks"}),
    "old-cli": Refusal(5, ("0.200.0", "0.278.0 or newer is needed", "Install it"), variables={"BUNDLEOPS_CLI": "OLD"}),
    "hanging-cli": Refusal(
        5,
        ("bundle validate", "no end within 1 s", "host does not answer"),
        variables={"BUNDLEOPS_CLI": "HANGING", "BUNDLEOPS_CLI_VALIDATE_TIMEOUT_SECONDS": "1"},
    ),
    "dead-host": Refusal(5, ("DEAD is not reachable", "Check the host"), variables={"DATABRICKS_HOST": "DEAD"}),
    "silent-host": Refusal(
        5,
        ("SILENT gave no answer within 0.5 s", "Check the host"),
        variables={"DATABRICKS_HOST": "SILENT", "BUNDLEOPS_PROBE_TIMEOUT_SECONDS": "0.5"},
    ),
    "wrong-token": Refusal(5, ("refuses the credentials", "logs in again"), variables={"DATABRICKS_TOKEN": "wrong"}),
    "unknown-profile": Refusal(5, ("nobody", "profile"), ("BUNDLE", "--profile", "nobody")),
    "unknown-profile-alone": Refusal(
        5,
        ("nobody", "profile"),
        ("BUNDLE", "--profile", "nobody"),
        {"DATABRICKS_HOST": "", "DATABRICKS_TOKEN": ""},
    ),
    "no-prefect": Refusal(
        5, ("DEAD/api does not answer", "PREFECT_API_URL"), variables={"PREFECT_API_URL": "DEAD/api"}
    ),
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the words in capitals stand for."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "empty").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, and nobody answers
        addresses = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in (closed, silent)]
        places = Places(folder, *addresses)
        yield {
            "BUNDLE": places.bundle("whole"),
            "BROKEN": places.bundle("broken", b"bundle:\n  name: [broken\n"),
            "LATIN": places.bundle("latin", b"bundle:\n  name: caf\xe9\n"),
            "OUTSIDE": places.bundle("outside", b"bundle: {name: outside}\ninclude: [../shared/*.yml]\n"),
            "BOMB": places.bundle("bomb", BOMB),
            "EMPTY": str(folder / "empty"),
            "OLD": places.script("old", "echo 'Databricks CLI v0.200.0'"),
            "HANGING": places.script("hanging", HANGING),
            "DEAD": places.dead,
            "SILENT": places.silent,
        }


def filled(text: str, names: dict[str, str]) -> str:
    word = text.partition(" ")[0].partition("/")[0]
    return text.replace(word, names[word], 1) if word in names else text


@pytest.fixture(scope="module")
def ends(names: dict[str, str], program_in: Callable[[str], Program]) -> dict[tuple[str, str], End]:
    """All calls, two at a time: each in text and in JSON."""

    def call(case: str, form: str) -> End:
        one = REFUSALS[case]
        arguments = [filled(argument, names) for argument in one.arguments]
        variables = {name: filled(value, names) for name, value in one.variables.items()}
        return program_in(f"{case}-{form}").run("operate", *arguments, "--output", form, **variables)

    wanted = [(case, "json") for case in REFUSALS] + [(case, "text") for case in IN_TEXT]
    with ThreadPoolExecutor(max_workers=2) as two:
        return dict(zip(wanted, two.map(lambda each: call(*each), wanted), strict=True))


IN_TEXT = ("no-folder", "broken-yaml")
"""One that is refused before there is an operation, and one after that; the others would only take time."""


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_input_ends_with_the_exit_code_of_its_kind(ends: dict[tuple[str, str], End], case: str) -> None:
    end = ends[case, "json"]
    assert end.exit_code == REFUSALS[case].exit_code, end


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_input_is_told_in_one_message(ends: dict[tuple[str, str], End], names: dict[str, str], case: str) -> None:
    message = ends[case, "json"].stderr
    missing = [word for word in REFUSALS[case].words if filled(word, names) not in message]
    assert not missing, message
    assert message.startswith("bundleops: ")
    assert message.count("bundleops: ") == 1
    assert "Traceback" not in message


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_input_is_told_in_one_json_document(ends: dict[tuple[str, str], End], case: str) -> None:
    end = ends[case, "json"]
    assert (end.document["verdict"], end.document["exit_code"]) == ("failed", end.exit_code)
    assert end.document["reason"] in end.stderr


@pytest.mark.parametrize("case", IN_TEXT)
def test_in_text_the_message_is_on_stderr_and_nowhere_else(ends: dict[tuple[str, str], End], case: str) -> None:
    assert ends[case, "text"].stdout == ""
    assert ends[case, "text"].stderr == ends[case, "json"].stderr
