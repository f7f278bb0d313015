"""Paths of a workspace in user code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.spark.filesystem import ExecutionError, FileSystem
from sandbox.spark.paths import Mounts


@pytest.fixture
def mounts(tmp_path: Path) -> Mounts:
    for name in ("workspace", "volumes", "dbfs"):
        (tmp_path / name).mkdir()
    return Mounts.of({"workspace_root": str(tmp_path / "workspace"), "state_dir": str(tmp_path)})


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("/Workspace/a", "workspace/a"),
        ("dbfs:/Volumes/c/s/v", "volumes/c/s/v"),
        ("/Volumes/c", "volumes/c"),
        ("dbfs:/in/x", "dbfs/in/x"),
        ("/in/x", "dbfs/in/x"),
        ("file:/Workspace/a", "workspace/a"),
    ],
)
def test_urls_lead_to_folders_of_the_sandbox(mounts: Mounts, tmp_path: Path, url: str, place: str) -> None:
    assert mounts.of_url(url) == str(tmp_path / place)


def test_a_file_url_is_the_machines_own_and_other_schemes_are_unknown(mounts: Mounts) -> None:
    assert mounts.of_url("file:/etc/hosts") == "/etc/hosts"
    assert mounts.of_url("s3://bucket/x") is None


def test_a_name_that_only_begins_like_a_mount_is_none(mounts: Mounts) -> None:
    assert mounts.local("/Workspaces/a") == "/Workspaces/a"


def test_places_are_shown_as_they_are_known(mounts: Mounts, tmp_path: Path) -> None:
    assert mounts.shown(str(tmp_path / "volumes" / "c")) == "/Volumes/c"
    assert mounts.shown_text(f"no file {tmp_path}/workspace/x here") == "no file /Workspace/x here"


def test_pythons_own_functions_follow_the_mounts(tmp_path: Path) -> None:
    code = f"""
import os, shutil, sys
from pathlib import Path
from sandbox.spark.paths import Mounts
Path({str(tmp_path)!r}, "workspace").mkdir()
Mounts.of({{"workspace_root": {str(tmp_path / "workspace")!r}, "state_dir": {str(tmp_path)!r}}}).install()
folder = Path("/Workspace/lib")
os.makedirs(folder / "deep")
(folder / "mod.py").write_text("X = 1")
os.rename("/Workspace/lib/mod.py", "/Workspace/lib/mod2.py")
shutil.copytree("/Workspace/lib", "/Volumes/c")
os.chdir("/Workspace/lib")
sys.path.append(os.path.abspath("."))
import mod2
shutil.rmtree("/Volumes/c/deep")
print(os.getcwd(), sorted(os.listdir("/Volumes/c")), mod2.X, os.path.realpath("/Workspace/lib"))
print(Path("mod2.py").exists(), open("mod2.py").read())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() == "/Workspace/lib ['mod2.py'] 1 /Workspace/lib\nTrue X = 1"


def test_dbutils_copies_moves_and_removes_files(mounts: Mounts, tmp_path: Path) -> None:
    fs = FileSystem(mounts)
    fs.put("dbfs:/a/b.txt", "hello")
    fs.cp("dbfs:/a", "/Volumes/c", recurse=True)
    fs.mv("/Volumes/c/b.txt", "file:" + str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_text() == "hello"
    assert [(one.path, one.name, one.size) for one in fs.ls("dbfs:/a")] == [("dbfs:/a/b.txt", "b.txt", 5)]
    assert [one.name for one in fs.ls("dbfs:/")] == ["a/"]
    assert (fs.rm("dbfs:/a", recurse=True), fs.rm("dbfs:/a")) == (True, False)
    assert fs.ls("/Volumes/c") == []


def test_a_file_that_is_there_is_not_overwritten_unasked(mounts: Mounts) -> None:
    fs = FileSystem(mounts)
    fs.put("/x.txt", "1")
    with pytest.raises(FileExistsError):
        fs.put("/x.txt", "2")
    fs.put("/x.txt", "2", overwrite=True)
    assert fs.head("/x.txt") == "2"


def test_what_is_not_there_is_named_as_java_does(mounts: Mounts) -> None:
    with pytest.raises(ExecutionError, match=r"java.io.FileNotFoundException: No such file or directory: /gone"):
        FileSystem(mounts).ls("/gone")
