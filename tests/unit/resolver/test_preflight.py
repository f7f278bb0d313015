"""Before an operation: what would harm, and what its copy of the bundle could not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.errors import BundleInvalidError, BundleTooLargeError
from workspace.resolver.preflight import check_bundle

LAUGHS = "variables:\n  v0: {default: 'ha ha ha ha'}\n" + "".join(
    f"  v{number}: {{default: '{f'${{var.v{number - 1}}}' * 10}'}}\n" for number in range(1, 9)
)


def check(folder: Path, text: str) -> None:
    (folder / "databricks.yml").write_text(f"bundle: {{name: shop}}\n{text}", encoding="utf-8")
    check_bundle(folder, "dev")


@pytest.mark.parametrize(
    "text",
    [
        "targets: {dev: {}}\ninclude: [conf/*.yml]\nsync: {paths: [.]}\n",
        "include: [none.yml]\n",
        "variables: [\n",
        "targets: {prod: {}}\n",
        "targets: {dev: {}}\nresources: {jobs: {a: {name: '${var.none}'}}}\n",
    ],
)
def test_a_sound_bundle_passes_and_faults_are_left_to_validate(tmp_path: Path, text: str) -> None:
    check(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("include: [../common/*.yml]\n", r"^databricks\.yml:2:11: the include \.\./common/\*\.yml lies outside"),
        (
            "sync: {paths: [., ../common]}\n",
            r"^databricks\.yml:2:19: the folder \.\./common of sync\.paths lies outside",
        ),
    ],
)
def test_files_outside_of_the_bundle_are_refused_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BundleInvalidError, match=words):
        check(tmp_path, text)


@pytest.mark.parametrize("text", [f"targets: {{dev: {{}}}}\n{LAUGHS}", "a: " + "[" * 500])
def test_what_grows_without_bounds_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BundleTooLargeError):
        check(tmp_path, text)
