from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from workspace.errors import EditRefusedError, StateError
from workspace.file_edits import JOURNAL
from workspace.working_copy import apply_edits, prepare, read_text_files, undo_edits, write_patch

CONFIG = "bundle:\n  name: sample\ntargets:\n  dev:\n    mode: development\n"


@dataclass(frozen=True)
class Edit:
    path: str
    before: str
    after: str


A = Edit("src/a.py", "a = 1\n", "a = 2\n")
B = Edit("src/b.py", "b = 1\n", "b = 2\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (("databricks.yml", CONFIG), ("src/a.py", A.before), ("src/b.py", B.before)):
        (tmp_path / "bundle" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bundle" / name).write_text(text)
    return tmp_path / "bundle"


def texts(root: Path) -> tuple[str, str]:
    return (root / "src/a.py").read_text(), (root / "src/b.py").read_text()


def test_all_edits_are_applied(root: Path) -> None:
    apply_edits(root, [A, B])
    assert texts(root) == (A.after, B.after)
    assert not (root / JOURNAL).exists()


def test_all_edits_are_undone(root: Path) -> None:
    apply_edits(root, [A, B])
    undo_edits(root, [A, B])
    assert texts(root) == (A.before, B.before)


def test_one_edit_that_does_not_fit_refuses_all(root: Path) -> None:
    (root / "src/b.py").write_text("changed\n")
    with pytest.raises(EditRefusedError, match=r"src/b.py is not as it was"):
        apply_edits(root, [A, B])
    assert texts(root) == (A.before, "changed\n")


@pytest.mark.parametrize(
    "path", ["../out.py", "/etc/passwd", "src/../../x", "", ".git/config", ".databricks/x", "a\\b.py", "src"]
)
def test_edits_stay_inside_the_bundle(root: Path, path: str) -> None:
    with pytest.raises(EditRefusedError):
        apply_edits(root, [Edit(path, "", "x")])


@pytest.mark.parametrize(("link", "path"), [("src/link.py", "src/link.py"), ("dir", "dir/a.py")])
def test_edits_do_not_follow_symlinks(root: Path, link: str, path: str) -> None:
    target = root / "src" if link == "dir" else root / "src/a.py"
    (root / link).symlink_to(target)
    with pytest.raises(EditRefusedError, match="symlink"):
        apply_edits(root, [Edit(path, A.before, A.after)])
    assert texts(root)[0] == A.before


def test_a_file_is_created_and_undone(root: Path) -> None:
    new = Edit("resources/new.yml", "", "resources: {}\n")
    apply_edits(root, [new])
    assert (root / new.path).read_text() == new.after
    undo_edits(root, [new])
    assert not (root / new.path).exists()


def test_a_file_is_not_created_over_another(root: Path) -> None:
    with pytest.raises(EditRefusedError, match="is not as it was"):
        apply_edits(root, [Edit("src/a.py", "", "new")])


def test_one_step_names_each_file_once(root: Path) -> None:
    with pytest.raises(EditRefusedError, match="twice"):
        apply_edits(root, [A, Edit(A.path, A.after, "a = 3\n")])


def test_line_ends_and_rights_are_kept(root: Path) -> None:
    (root / "src/a.py").write_bytes(b"a = 1\r\n")
    (root / "src/a.py").chmod(0o755)
    apply_edits(root, [Edit("src/a.py", "a = 1\r\n", "a = 2\r\n")])
    assert (root / "src/a.py").read_bytes() == b"a = 2\r\n"
    assert (root / "src/a.py").stat().st_mode & 0o777 == 0o755


def interrupted(root: Path) -> None:
    """The state of a process that was killed after the first of two files."""
    steps = f'[{{"path":"src/a.py","before":"{A.before[:-1]}\\n","after":"{A.after[:-1]}\\n"}},'
    steps += f'{{"path":"src/b.py","before":"{B.before[:-1]}\\n","after":"{B.after[:-1]}\\n"}}]'
    (root / JOURNAL).parent.mkdir(parents=True)
    (root / JOURNAL).write_text(steps)
    (root / "src/a.py").write_text(A.after)


def test_a_step_that_a_crash_interrupted_is_rolled_back_on_the_next_read(root: Path) -> None:
    interrupted(root)
    assert read_text_files(root)["src/a.py"] == A.before
    assert not (root / JOURNAL).exists()


def test_a_step_that_a_crash_interrupted_can_be_applied_again(root: Path) -> None:
    interrupted(root)
    apply_edits(root, [A, B])
    assert texts(root) == (A.after, B.after)


def test_an_interrupted_step_over_which_somebody_wrote_is_not_guessed_at(root: Path) -> None:
    interrupted(root)
    (root / "src/b.py").write_text("somebody else\n")
    with pytest.raises(StateError, match=r"src/b.py was changed"):
        apply_edits(root, [A])
    assert (root / "src/b.py").read_text() == "somebody else\n"


def test_a_file_that_cannot_be_written_leaves_all_as_before(root: Path) -> None:
    (root / "src/.b.py.bundleops-tmp").mkdir()
    with pytest.raises(StateError, match="all files are as before"):
        apply_edits(root, [A, B])
    assert texts(root) == (A.before, B.before)


def test_an_edit_of_the_configuration_is_made_on_the_persons_text(root: Path, tmp_path: Path) -> None:
    copy = prepare(root, tmp_path / "copies", "dev", "https://a.example")
    edit = Edit("databricks.yml", CONFIG, CONFIG.replace("sample", "better"))
    apply_edits(copy, [edit])
    assert read_text_files(copy)["databricks.yml"] == edit.after
    assert "enabled: true" in (copy / "databricks.yml").read_text()


def test_an_edit_of_the_configuration_is_undone_with_the_lock_still_on(root: Path, tmp_path: Path) -> None:
    copy = prepare(root, tmp_path / "copies", "dev", "https://a.example")
    edit = Edit("databricks.yml", CONFIG, CONFIG.replace("sample", "better"))
    apply_edits(copy, [edit])
    undo_edits(copy, [edit])
    assert read_text_files(copy)["databricks.yml"] == CONFIG
    assert "enabled: true" in (copy / "databricks.yml").read_text()


def test_git_takes_the_patch(root: Path, tmp_path: Path) -> None:
    new = Edit("resources/new.yml", "", "resources: {}")
    write_patch([A, B, new], tmp_path / "out" / "fix.patch")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "apply", str(tmp_path / "out/fix.patch")], cwd=root, check=True)
    assert texts(root) == (A.after, B.after)
    assert (root / new.path).read_text() == new.after
