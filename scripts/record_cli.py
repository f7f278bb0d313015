"""Plays the stories of tests/fixtures/cli-contract with an official CLI and records what it does.

    python scripts/record_cli.py /path/to/databricks ['part of a story's name' …]

The recording is what the sandbox's stand-in is tested against. It is made again when the stories change, or to follow a
newer CLI; what differs then is a finding.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from databricks.sdk import WorkspaceClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.contract.cli_stories import CONTRACT, STORIES, Player, Result, program_at, stand_in


def record(program: str, parts: list[str], place: Path) -> dict[str, list[Result]]:
    """Play the stories whose names have one of the parts; all without any."""
    state = place / "sandbox"
    sandbox = [sys.executable, "-m", "sandbox"]
    subprocess.run([*sandbox, "start", "--compute", "scripted", "--port", "0", "--state-dir", str(state)], check=True)
    try:
        found = subprocess.run([*sandbox, "env", "--state-dir", str(state)], check=True, capture_output=True, text=True)
        env = json.loads(found.stdout)
        client = WorkspaceClient(host=env["DATABRICKS_HOST"], token=env["DATABRICKS_TOKEN"])
        recorded = {}
        for index, name in enumerate(name for name in STORIES if not parts or any(part in name for part in parts)):
            folder = place / str(index)
            folder.mkdir()
            is_ours = program == "stand-in"
            call, executable = (stand_in, env["cli"]) if is_ours else (program_at(program), program)
            recorded[name] = Player(call, executable, client, folder).play(name)
            print(f"{name}: {len(recorded[name])} calls", flush=True)
        return recorded
    finally:
        subprocess.run([*sandbox, "stop", "--state-dir", str(state)], check=True)


if __name__ == "__main__":
    target = CONTRACT / "recorded.json"
    with tempfile.TemporaryDirectory() as temporary:
        made = record(sys.argv[1], sys.argv[2:], Path(temporary))
    before = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    known = {name: results for name, results in (before | made).items() if name in STORIES}
    target.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
