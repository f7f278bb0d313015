from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from workspace.errors import BundleInvalidError, StateError, UsageError
from workspace.lock_setting import own_location
from workspace.models import SourceLocation
from workspace.working_copy import find_bundle, prepare, read_text_files

HOST = "https://a.example"
CONFIG = """\
bundle:
  name: sample  # the name

include:
  - resources/*.yml

targets:
  dev:
    mode: development
    default: true
  prod:
    mode: production
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    write(root / "databricks.yml", CONFIG)
    write(root / "src" / "load.py", "print(1)\n")
    return root


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    return tmp_path / "state" / "copies"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")


def test_a_bundle_is_found_from_below(bundle: Path) -> None:
    assert find_bundle(bundle / "src" / "load.py") == bundle
    assert find_bundle(bundle) == bundle


def test_a_place_without_bundle_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no databricks.yml.*bundle init"):
        find_bundle(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        find_bundle(tmp_path / "gone")


def test_the_copy_has_the_files_and_no_caches(bundle: Path, copies: Path) -> None:
    for skipped in (".git/config", ".venv/x.py", "src/__pycache__/a.pyc", ".databricks/x", "env/pyvenv.cfg"):
        write(bundle / skipped, "x")
    copy = prepare(bundle, copies, "dev", HOST)
    assert set(read_text_files(copy)) == {"databricks.yml", "src/load.py"}
    assert not (copy / ".git").exists()


def test_the_persons_checkout_is_not_touched(bundle: Path, copies: Path) -> None:
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    prepare(bundle, copies, "dev", HOST)
    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before


def test_bundle_target_and_host_each_have_their_own_copy(bundle: Path, copies: Path) -> None:
    made = {prepare(bundle, copies, target, host) for target in ("dev", "prod") for host in (HOST, "https://b.example")}
    assert len(made) == 4


def test_two_checkouts_of_one_bundle_share_the_copy(bundle: Path, copies: Path, tmp_path: Path) -> None:
    write(tmp_path / "second" / "databricks.yml", CONFIG)
    assert prepare(bundle, copies, "dev", HOST) == prepare(tmp_path / "second", copies, "dev", HOST)


def test_an_unchanged_bundle_is_not_written_again(bundle: Path, copies: Path) -> None:
    copy = prepare(bundle, copies, "dev", HOST)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()}
    before.pop(copy / ".databricks/bundleops/lock-setting.json")
    prepare(bundle, copies, "dev", HOST)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_changed_and_removed_files_follow_the_checkout(bundle: Path, copies: Path) -> None:
    write(bundle / "old" / "gone.py", "x")
    copy = prepare(bundle, copies, "dev", HOST)
    (bundle / "old" / "gone.py").unlink()
    write(bundle / "src" / "load.py", "print(2)\n")
    prepare(bundle, copies, "dev", HOST)
    assert read_text_files(copy)["src/load.py"] == "print(2)\n"
    assert not (copy / "old").exists()


def test_a_file_that_goes_back_in_time_gets_a_new_time(bundle: Path, copies: Path) -> None:
    copy = prepare(bundle, copies, "dev", HOST)
    edited = copy / "src" / "load.py"
    write(edited, "print('edited')\n")
    uploaded = edited.stat().st_mtime_ns
    os.utime(bundle / "src" / "load.py", (1, 1))
    prepare(bundle, copies, "dev", HOST)
    assert edited.read_text() == "print(1)\n"
    assert edited.stat().st_mtime_ns > uploaded


def test_the_clis_own_records_are_kept(bundle: Path, copies: Path) -> None:
    copy = prepare(bundle, copies, "dev", HOST)
    write(copy / ".databricks" / "bundle" / "dev" / "resources.json.wal", "wal")
    prepare(bundle, copies, "dev", HOST)
    assert (copy / ".databricks/bundle/dev/resources.json.wal").read_text() == "wal"


def test_a_file_that_became_a_folder_follows(bundle: Path, copies: Path) -> None:
    copy = prepare(bundle, copies, "dev", HOST)
    (bundle / "src" / "load.py").unlink()
    write(bundle / "src" / "load.py" / "inner.py", "x")
    prepare(bundle, copies, "dev", HOST)
    assert (copy / "src" / "load.py" / "inner.py").read_text() == "x"


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_the_deploy_lock_is_on_in_the_copy(bundle: Path, copies: Path, target: str) -> None:
    text = (prepare(bundle, copies, target, HOST) / "databricks.yml").read_text()
    assert "enabled: true" in text.partition(f"  {target}:")[2]
    assert text.count("enabled: true") == 1
    assert "name: sample  # the name" in text


def test_a_target_in_an_included_file_gets_the_lock_there(bundle: Path, copies: Path) -> None:
    write(bundle / "resources" / "targets.yml", "targets:\n  qa:\n    mode: development\n")
    copy = prepare(bundle, copies, "qa", HOST)
    assert "enabled: true" in (copy / "resources" / "targets.yml").read_text()
    assert (copy / "databricks.yml").read_text() == CONFIG


@pytest.mark.parametrize(
    "config", ["bundle:\n\tname: x\n", "bundle: [\n", CONFIG.replace("dev:", "other:"), "just text"]
)
def test_what_the_cli_will_refuse_is_copied_as_it_is(bundle: Path, copies: Path, config: str) -> None:
    write(bundle / "databricks.yml", config)
    assert (prepare(bundle, copies, "dev", HOST) / "databricks.yml").read_text() == config


def test_a_target_without_content_gets_the_lock(bundle: Path, copies: Path) -> None:
    write(bundle / "databricks.yml", "bundle:\n  name: s\ntargets:\n  dev:\n")
    assert "enabled: true" in (prepare(bundle, copies, "dev", HOST) / "databricks.yml").read_text()


def test_readers_of_the_copy_see_the_persons_text(bundle: Path, copies: Path) -> None:
    copy = prepare(bundle, copies, "dev", HOST)
    assert (copy / "databricks.yml").read_text() != CONFIG
    assert read_text_files(copy)["databricks.yml"] == CONFIG


def test_lines_are_counted_in_the_persons_file(bundle: Path, copies: Path) -> None:
    copy = prepare(bundle, copies, "dev", HOST)
    lines = (copy / "databricks.yml").read_text().splitlines()
    there = SourceLocation(path="databricks.yml", line=lines.index("    mode: production") + 1, column=5)
    assert own_location(copy, there).line == CONFIG.splitlines().index("    mode: production") + 1
    elsewhere = SourceLocation(path="src/load.py", line=3)
    assert own_location(copy, elsewhere) == elsewhere


def test_a_symlink_that_leaves_the_bundle_is_refused(bundle: Path, copies: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret.txt", "s")
    (bundle / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(BundleInvalidError, match=r"link.txt.*leaves the bundle"):
        prepare(bundle, copies, "dev", HOST)


def test_a_symlink_to_nowhere_is_refused(bundle: Path, copies: Path) -> None:
    (bundle / "loop").symlink_to("loop")
    with pytest.raises(BundleInvalidError, match="leads nowhere"):
        prepare(bundle, copies, "dev", HOST)


def test_a_symlink_within_the_bundle_stays_within_the_copy(bundle: Path, copies: Path) -> None:
    (bundle / "link.py").symlink_to(bundle / "src" / "load.py")
    copy = prepare(bundle, copies, "dev", HOST)
    assert (copy / "link.py").resolve() == (copy / "src" / "load.py").resolve()


def test_a_pipe_is_refused(bundle: Path, copies: Path) -> None:
    os.mkfifo(bundle / "pipe")
    with pytest.raises(BundleInvalidError, match="neither file nor folder"):
        prepare(bundle, copies, "dev", HOST)


def test_a_full_disk_is_told_with_what_to_do(bundle: Path, copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("workspace.working_copy.shutil.copyfile", full)
    with pytest.raises(StateError, match=r"cannot be written: .*No space left on device.*Check space and rights"):
        prepare(bundle, copies, "dev", HOST)


def test_too_large_a_file_is_refused(bundle: Path, copies: Path) -> None:
    with (bundle / "big.bin").open("wb") as stream:
        stream.truncate(501 * 1024 * 1024)
    with pytest.raises(BundleInvalidError, match=r"big.bin has 501 MB"):
        prepare(bundle, copies, "dev", HOST)


def test_copies_inside_the_bundle_are_refused(bundle: Path) -> None:
    with pytest.raises(UsageError, match="BUNDLEOPS_STATE_DIR"):
        prepare(bundle, bundle / "state", "dev", HOST)


def test_binary_and_large_files_are_no_text(bundle: Path) -> None:
    (bundle / "data.bin").write_bytes(b"a\0b")
    (bundle / "latin.txt").write_bytes(b"\xe4")
    write(bundle / "large.csv", "x" * (1024 * 1024 + 1))
    assert set(read_text_files(bundle)) == {"databricks.yml", "src/load.py"}


def test_line_ends_are_read_as_they_are(bundle: Path) -> None:
    write(bundle / "dos.sql", "a\r\nb\r\n")
    assert read_text_files(bundle)["dos.sql"] == "a\r\nb\r\n"


def test_a_damaged_record_is_named(bundle: Path, copies: Path) -> None:
    copy = prepare(bundle, copies, "dev", HOST)
    write(copy / ".databricks/bundleops/lock-setting.json", "{")
    with pytest.raises(StateError, match=r"lock-setting.json is not readable"):
        read_text_files(copy)
