"""Requirements of environments whose paths are those of the workspace."""

from __future__ import annotations

from pathlib import Path

from sandbox.spark.paths import Mounts
from sandbox.spark.requirements import arguments_of, identity_of


def test_paths_and_option_lines_become_arguments_of_pip(tmp_path: Path) -> None:
    lines = ("roman>=4 ; python_version > '3'", "/Workspace/a.whl", "-r /Workspace/requirements.txt")
    assert arguments_of(lines, Mounts({"/Workspace": tmp_path})) == [
        "roman>=4 ; python_version > '3'",
        f"{tmp_path}/a.whl",
        "-r",
        f"{tmp_path}/requirements.txt",
    ]


def test_a_file_of_other_content_is_another_environment(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    seen = set()
    for content in (b"1", b"2", b"1"):
        wheel.write_bytes(content)
        seen.add(identity_of([str(wheel)]))
    assert len(seen) == 2


def test_the_order_of_requirements_counts() -> None:
    assert identity_of(["a", "b"]) != identity_of(["b", "a"])
