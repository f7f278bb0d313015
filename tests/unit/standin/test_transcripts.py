from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures" / "cli-transcripts"
TRANSCRIPTS = [json.loads(line) for line in (FIXTURES / "transcripts.jsonl").read_text(encoding="utf-8").splitlines()]
CASES = [transcript["case"] for transcript in TRANSCRIPTS]


def edit_before(case: str, folder: Path) -> None:
    """Make the edits that were made while the transcripts were recorded."""
    if case == "plan after edit of nightly and load.py":
        jobs = folder / "resources" / "jobs.yml"
        jobs.write_text(jobs.read_text().replace("timezone_id: UTC", "timezone_id: Europe/Berlin"))
        (folder / "src" / "load.py").write_text("print('hello again')\n")
    if case == "plan with pipeline removed":
        (folder / "resources" / "pipeline.yml").unlink()


def normalised(text: str, host: str, folder: Path) -> str:
    text = text.replace(host, "HTTP_HOST").replace(str(folder), "DIR")
    for pattern, name in (
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "TIME"),
        (r"\b\d{18,20}\b", "ID"),
        (r"1\.14\.0-\w+", "VERSION"),
    ):
        text = re.sub(pattern, name, text)
    return text


def request_shape(request: list[Any]) -> str:
    method, url, status = request
    url = url.replace("?&", "?").rstrip("?").replace("workspace_id", "")
    url = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", url)
    return f"{method} {re.sub(r'=[0-9]{18,20}', '=ID', url)} {status}"


@pytest.fixture(scope="module")
def replayed(
    in_workspace: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the stand-in did in every case, called in the order of the recording."""
    folder = tmp_path_factory.mktemp("transcripts")
    shutil.copytree(FIXTURES / "bundles", folder, dirs_exist_ok=True)
    (folder / "nothing").mkdir()
    program, found = in_workspace(folder), {}
    for transcript in TRANSCRIPTS:
        edit_before(transcript["case"], folder / transcript["bundle"])
        program.workspace.requests.clear()
        program.folder = folder / transcript["bundle"]
        result = program(*transcript["args"])
        found[transcript["case"]] = {
            "exit": result.exit,
            "stdout": normalised(result.stdout, program.workspace.host, folder),
            "stderr": normalised(result.stderr, program.workspace.host, folder),
            "requests": Counter(request_shape(list(request)) for request in program.workspace.requests),
        }
    return found


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=CASES)
def test_stand_in_prints_and_returns_what_the_official_cli_did(
    transcript: dict[str, Any], replayed: dict[str, dict[str, Any]]
) -> None:
    ours = replayed[transcript["case"]]
    nothing = Path("/nonexistent")
    assert ours["stdout"] == normalised(transcript["stdout"], "HTTP_HOST", nothing)
    assert ours["stderr"] == normalised(transcript["stderr"], "HTTP_HOST", nothing)
    assert ours["exit"] == transcript["exit"]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=CASES)
def test_stand_in_sends_the_requests_that_the_official_cli_sent(
    transcript: dict[str, Any], replayed: dict[str, dict[str, Any]]
) -> None:
    theirs = Counter(request_shape(request) for request in transcript["requests"])
    assert replayed[transcript["case"]]["requests"] == theirs
