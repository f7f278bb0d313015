from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from workspace.errors import SetupError, WorkspaceRequestError
from workspace.git_source import GitSource, fetch

SECRET = "s3cr3t-access-token"


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=pat", "-c", "user.email=pat@example.com"]
    command = ["git", *author, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(repository: Path, text: str) -> str:
    """Commit a bundle with this text and return the commit's id."""
    (repository / "bundles" / "sales").mkdir(parents=True, exist_ok=True)
    (repository / "bundles" / "sales" / "databricks.yml").write_text(text, encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "change")
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "--initial-branch=main")
    commit(folder, "bundle: {name: one}")
    return folder


def source(repository: Path, **more: str) -> GitSource:
    return GitSource(url=repository.as_uri(), **more)


def test_the_folder_of_the_bundle_is_returned_and_the_commit_is_recorded(repository: Path, tmp_path: Path) -> None:
    checkout = fetch(source(repository, subfolder="bundles/sales"), tmp_path / "sources")
    assert (Path(checkout.folder) / "databricks.yml").read_text(encoding="utf-8") == "bundle: {name: one}"
    record = next((tmp_path / "sources").glob("repository-*.json"))
    assert git(repository, "rev-parse", "HEAD") in record.read_text(encoding="utf-8")


def test_a_later_fetch_brings_the_same_folder_up_to_the_ref(repository: Path, tmp_path: Path) -> None:
    first = fetch(source(repository), tmp_path / "sources")
    (Path(first.folder) / "left-over.txt").write_text("x", encoding="utf-8")
    newest = commit(repository, "bundle: {name: two}")
    second = fetch(source(repository), tmp_path / "sources")
    assert (second.folder, second.commit) == (first.folder, newest)
    assert not (Path(second.folder) / "left-over.txt").exists()


def test_each_ref_has_a_folder_of_its_own(repository: Path, tmp_path: Path) -> None:
    git(repository, "tag", "v1")
    tagged = fetch(source(repository, ref="v1"), tmp_path / "sources")
    assert fetch(source(repository), tmp_path / "sources").folder != tagged.folder


def test_a_commit_can_be_named_by_its_id(repository: Path, tmp_path: Path) -> None:
    old = git(repository, "rev-parse", "HEAD")
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit(repository, "bundle: {name: two}")
    assert fetch(source(repository, ref=old), tmp_path / "sources").commit == old


@pytest.mark.parametrize("missing", [{"ref": "nowhere"}, {"subfolder": "bundles/none"}])
def test_a_ref_or_folder_that_is_not_there_is_named(repository: Path, tmp_path: Path, missing: dict[str, str]) -> None:
    with pytest.raises(SetupError, match=next(iter(missing.values()))):
        fetch(source(repository, **missing), tmp_path / "sources")


def test_a_folder_that_is_a_symlink_out_of_the_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    (repository / "escape").symlink_to("/etc")
    commit(repository, "bundle: {name: two}")
    with pytest.raises(SetupError, match="has no folder 'escape'"):
        fetch(source(repository, subfolder="escape"), tmp_path / "sources")


def test_a_host_that_does_not_answer_may_answer_later(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceRequestError) as caught:
        fetch(GitSource(url="https://127.0.0.1:9/sales.git"), tmp_path / "sources", SECRET)
    assert caught.value.transient
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("subfolder", ["/etc", "../outside", "a/../../b", "~/x", "a\\b"])
def test_a_folder_outside_the_repository_is_no_folder(subfolder: str) -> None:
    with pytest.raises(ValidationError, match="folder inside the repository"):
        GitSource(url="https://git.example.com/sales.git", subfolder=subfolder)


@pytest.mark.parametrize(
    "url",
    [
        "-u./evil", "--upload-pack=touch", "ext::sh -c touch%20x", "http://git.example.com/x", "fd::17",
        "https://user:pw@git.example.com/x", "https://git.example.com/x\ny", "ssh://-oProxyCommand=x/y",
        "git@-oProxyCommand=x:y", "relative/path", "/absolute/path", "file://host/x", "https://git.example.com/?x=1",
    ],
)  # fmt: skip
def test_an_address_that_is_no_plain_https_ssh_or_file_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="no address that is fetched from"):
        GitSource(url=url)


@pytest.mark.parametrize("ref", ["-x", "--upload-pack=x", "a..b", "a b", "main:evil", "+main", "a^{}", "x.lock", ""])
def test_a_ref_that_is_more_than_a_name_is_refused(ref: str) -> None:
    with pytest.raises(ValidationError):
        GitSource(url="https://git.example.com/x", ref=ref)


def test_the_token_is_in_no_argument_and_no_file(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    wrapper.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\nenv | grep ^GIT_CONFIG >> {calls}.env\n'
        f'[ "$1" = fetch ] && exec {real} fetch --quiet {repository.as_uri()} main\nexec {real} "$@"\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o700)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    checkout = fetch(GitSource(url="https://git.example.com/sales.git"), tmp_path / "sources", SECRET)
    assert "http.https://git.example.com/.extraHeader" in Path(f"{calls}.env").read_text(encoding="utf-8")
    assert SECRET not in calls.read_text(encoding="utf-8")
    kept = [path.read_bytes() for path in Path(checkout.folder).rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content or b"extraHeader" in content for content in kept)
