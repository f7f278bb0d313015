from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.errors import ApiError
from sandbox.files import WorkspaceFiles


@pytest.fixture
def files(tmp_path: Path) -> WorkspaceFiles:
    (tmp_path / "workspace" / "Shared").mkdir(parents=True)
    return WorkspaceFiles(tmp_path / "workspace")


@pytest.mark.parametrize("path", ["/Shared/../../secret", "/../secret", "Shared/a", "/Shared/a\0b"])
def test_a_path_that_is_not_inside_the_workspace_is_refused(files: WorkspaceFiles, path: str) -> None:
    with pytest.raises(ApiError) as refused:
        files.local(path)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_link_that_leads_out_of_the_workspace_is_refused(files: WorkspaceFiles, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (files.root / "Shared" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ApiError, match="leads out of the workspace"):
        files.status("/Shared/link")


def test_both_forms_of_a_path_name_the_same_object(files: WorkspaceFiles) -> None:
    files.write("/Shared/a.txt", b"x", overwrite=False)
    assert files.status("/Workspace/Shared/a.txt") == files.status("/Shared/a.txt")


def test_a_glob_expands_to_sources_at_any_depth(files: WorkspaceFiles) -> None:
    files.make_folder("/Shared/src/deep")
    for name in ("/Shared/src/a.py", "/Shared/src/deep/b.sql", "/Shared/src/readme.md"):
        files.write(name, b"", overwrite=False)
    assert [place.name for place in files.expand("/Workspace/Shared/src/**")] == ["a.py", "b.sql"]


def test_a_folder_with_content_is_deleted_only_if_asked(files: WorkspaceFiles) -> None:
    files.make_folder("/Shared/full/deep")
    with pytest.raises(ApiError) as refused:
        files.delete("/Shared/full", recursive=False)
    assert refused.value.error_code == "DIRECTORY_NOT_EMPTY"
