from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.operation import Operation
from operations.store import StateStore

Call = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def prefect_is_loaded() -> None:
    """Prefect reads its settings when it is imported: from the usual environment, not from that of one test."""
    importlib.import_module("bundleops.foreground")


@pytest.fixture
def program(tmp_path: Path) -> Call:
    """Call the command line in a process of its own."""

    def call(*arguments: str, stdin: str = "", options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *options, "-m", "bundleops", *arguments]
        environment = os.environ | {"HOME": str(tmp_path)}
        return subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return call


def refused(end: Any, exit_code: int, words: str) -> None:
    """One clear message on stderr, nothing on stdout, and the exit code of its kind."""
    assert end.exit_code == exit_code, end.stderr
    assert words in end.stderr
    assert end.stdout == ""
    assert end.stderr.startswith("bundleops: ")


def test_a_folder_without_a_bundle_is_named(bundleops: Call, tmp_path: Path) -> None:
    end = bundleops("operate", str(tmp_path))
    refused(end, 2, f"{tmp_path} has no databricks.yml")


def test_operate_wants_a_bundle_or_an_operation_not_both(bundleops: Call) -> None:
    refused(bundleops("operate"), 2, "--resume")


@pytest.mark.parametrize("identity", ["20260101-000000-abcd", "../../etc"])
def test_an_unknown_operation_is_refused(bundleops: Call, identity: str) -> None:
    refused(bundleops("operate", "--resume", identity), 2, identity)


@pytest.mark.parametrize("identity", ["20260101-000000-abcd", "../../etc"])
def test_an_unknown_operation_is_refused_before_prefect_is_loaded(program: Call, identity: str) -> None:
    end = program("operate", "--resume", identity, options=("-X", "importtime"))
    assert (end.returncode, identity in end.stderr) == (2, True)
    assert " operations.store\n" in end.stderr, "the times of the imports are told"
    assert " prefect\n" not in end.stderr


def test_an_operation_of_another_kind_is_refused_with_its_own_command(
    bundleops: Call, operation: Operation, state: StateStore
) -> None:
    state.open(operation.id).write(operation.model_copy(update={"kind": "destroy"}))
    refused(bundleops("operate", "--resume", operation.id), 2, f"bundleops destroy --resume {operation.id}")


def test_a_mistyped_setting_is_named_with_the_nearest_one(bundleops: Call) -> None:
    refused(
        bundleops("questions", BUNDLEOPS_HEEL="safe"), 2, "BUNDLEOPS_HEEL is no setting. Did you mean BUNDLEOPS_HEAL"
    )


def test_a_value_that_is_not_allowed_names_its_variable(bundleops: Call) -> None:
    refused(bundleops("questions", BUNDLEOPS_HEAL="always"), 2, "BUNDLEOPS_HEAL")


def test_diagnose_wants_a_run_or_a_text(bundleops: Call) -> None:
    refused(bundleops("diagnose"), 2, "--run")


def test_an_empty_text_is_nothing_to_diagnose(bundleops: Call) -> None:
    refused(bundleops("diagnose", "--text", "-"), 2, "Standard input is empty")


def test_a_missing_text_file_is_named(bundleops: Call, tmp_path: Path) -> None:
    refused(bundleops("diagnose", "--text", str(tmp_path / "no.txt")), 2, "no.txt cannot be read")


def test_no_open_questions_is_said_in_words(program: Call) -> None:
    end = program("questions")
    assert (end.returncode, end.stdout, end.stderr) == (0, "No open questions.\n", "")


def test_no_open_questions_is_an_empty_list_in_json(bundleops: Call) -> None:
    assert json.loads(bundleops("questions", "--output", "json").stdout) == []


def test_a_known_error_text_is_diagnosed(bundleops: Call) -> None:
    end = bundleops("diagnose", "--text", "-", stdin="[DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE] Cannot")
    assert end.exit_code == 0
    assert end.stdout.startswith("merge-duplicate-source-rows: ")


def test_a_diagnosis_in_json_is_one_document(bundleops: Call) -> None:
    end = bundleops("diagnose", "--text", "-", "-o", "json", stdin="something that nobody has seen before")
    assert [one["code"] for one in json.loads(end.stdout)] == ["unknown-error"]


def test_a_refusal_of_the_program_is_one_message_and_no_traceback(program: Call) -> None:
    end = program("answer", "q-zzzzz", "approve")
    message = "bundleops: There is no question q-zzzzz; list the open questions to see their ids.\n"
    assert (end.returncode, end.stdout, end.stderr) == (2, "", message)


def test_terminal_controls_in_an_error_text_are_not_printed(bundleops: Call) -> None:
    end = bundleops("diagnose", "--text", "-", stdin="MERGE_CARDINALITY_VIOLATION \x1b]0;owned\x07\x1b[2J")
    assert end.exit_code == 0
    assert "\x1b" not in end.stdout
