"""A bundle's file that cannot be read here is left to validate, and no address of a workspace breaks anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.bundle_files import main_document
from workspace.bundle_host import declared_host
from workspace.errors import SetupError
from workspace.hosts import host_of, normal_host, profile_for_host
from workspace.lock_setting import enable_lock
from workspace.working_copy import prepare

TARGETS = "bundle: {name: b}\ntargets:\n  dev: {mode: development}\n"
UNREADABLE = {
    "date": b"when: 2024-13-45\n",
    "number": b"n: !!int abc\n",
    "huge number": b"n: " + b"9" * 5000 + b"\n",
    "timestamp": b"n: !!timestamp soon\n",
    "nesting": b"a: " + b"[" * 3000 + b"]" * 3000 + b"\n",
    "encoding": b"name: \xff\xfe\n",
    "binary": b"a: \0\n",
    "no yaml": b"a: [b\n",
    "key twice": b"a: 1\na: 2\n",
}


def bundle(folder: Path, content: bytes) -> Path:
    folder.mkdir()
    (folder / "databricks.yml").write_bytes(content)
    return folder


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_here_is_copied_as_it_is(tmp_path: Path, content: bytes) -> None:
    root = bundle(tmp_path / "b", content)
    copy = prepare(root, tmp_path / "copies", "dev", "https://h")
    assert (copy / "databricks.yml").read_bytes() == content
    assert (main_document(root), declared_host(root, "dev")) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "include: 5\n",
        "include: {a: b}\n",
        "include: [5, null]\n",
        'include: [""]\n',
        "include: ['resources/**.yml', '[', '\\0']\n",
        'include: ["a\\0b"]\n',
        "targets: hello\n",
        "targets: {dev: hello}\n",
        "targets: {dev: [a]}\n",
        "targets: {dev: {bundle: [a]}}\n",
        "targets: {dev: {bundle: {deployment: 5}}}\n",
        "targets: {dev: {bundle: {deployment: {lock: no}}}}\n",
        "- a list\n",
        "",
    ],
)
def test_a_value_of_the_wrong_kind_stays_for_validate_to_report(tmp_path: Path, text: str) -> None:
    copy = bundle(tmp_path / "b", text.encode())
    assert enable_lock(copy, "dev") is None
    assert (copy / "databricks.yml").read_text() == text


@pytest.mark.parametrize("pattern", ["resources/*.yml", "resources/**.yml", "**/*.yml"])
def test_a_target_in_an_included_file_gets_its_lock_as_the_cli_finds_the_file(tmp_path: Path, pattern: str) -> None:
    copy = bundle(tmp_path / "b", f"include: ['{pattern}']\n".encode())
    (copy / "resources").mkdir()
    (copy / "resources" / "targets.yml").write_text(TARGETS)
    assert enable_lock(copy, "dev") == "resources/targets.yml"
    assert "enabled: true" in (copy / "resources" / "targets.yml").read_text()


BROKEN = ["https://h:abc", "http://[::bad", "https://", "http://a b\n", "https://h:99999999"]


@pytest.mark.parametrize("host", BROKEN)
def test_what_is_no_address_is_named_with_the_places_to_look_at(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match=r"is no address of a workspace\. .* DATABRICKS_HOST, in the profile"):
        normal_host(host)
    monkeypatch.setenv("DATABRICKS_HOST", host)
    with pytest.raises(SetupError):
        host_of(None)


def test_a_broken_profile_does_not_hide_the_one_that_fits() -> None:
    profiles = {"broken": {"host": "http://[::bad"}, "good": {"host": "https://h/"}}
    assert profile_for_host("https://h", profiles) == "good"
