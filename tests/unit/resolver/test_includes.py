"""Which files belong to a bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.resolver.conftest import Resolve
from workspace.errors import BundleInvalidError


def job(key: str, **fields: str) -> str:
    settings = {"name": key, **fields}
    return f"resources: {{jobs: {{{key}: {settings}}}}}\n"


def keys(resolve: Resolve, main: str, files: dict[str, str]) -> list[str]:
    return [one.key for one in resolve(main, files).resolved.resources]


def test_includes_are_read_in_their_order_each_file_once(resolve: Resolve) -> None:
    files = {"b/x.yml": job("x"), "a/y.yml": job("y"), "a/z.json": '{"resources": {"jobs": {"z": {"name": "z"}}}}'}
    assert keys(resolve, "include: [b/*.yml, '*/*.yml', a/z.json]\n", files) == ["jobs.x", "jobs.y", "jobs.z"]


def test_two_stars_mean_no_more_than_one(resolve: Resolve) -> None:
    files = {"a/x.yml": job("x"), "a/b/y.yml": job("y")}
    assert keys(resolve, "include: ['**/*.yml']\n", files) == ["jobs.x"]


def test_an_include_may_lie_outside_of_the_bundle(resolve: Resolve, folder: Path) -> None:
    (folder.parent / "common.yml").write_text("variables: {catalog: {default: main}}\n")
    found = resolve("include: [../common.yml]\n" + job("x", name="${var.catalog}"))
    assert found.resolved.resources[0].name == "main"


def test_files_that_include_one_another_do_not_loop(resolve: Resolve) -> None:
    found = resolve(
        "include: ['*.yml']\n", {"a.yml": "include: [b.yml, databricks.yml]\n", "b.yml": "include: [a.yml]\n"}
    )
    assert found.unresolved == (
        "a.yml:1:1: `include` counts in databricks.yml only; what it names here is not read",
        "b.yml:1:1: `include` counts in databricks.yml only; what it names here is not read",
    )


def test_a_glob_that_matches_nothing_is_no_fault(resolve: Resolve) -> None:
    assert keys(resolve, "include: [none/*.yml]\n", {}) == []


@pytest.mark.parametrize(
    ("include", "words"),
    [
        ("resources/none.yml", ("databricks.yml:2:11", "matches no file", "Correct the path")),
        ("/etc/a.yml", ("databricks.yml:2:11", "has to be relative")),
        ("'*.txt'", ("databricks.yml:2:11", "matches notes.txt", "neither YAML nor JSON", "sync.include")),
    ],
)
def test_an_include_that_cannot_be_read_names_its_place(resolve: Resolve, include: str, words: tuple[str, ...]) -> None:
    with pytest.raises(BundleInvalidError) as error:
        resolve(f"include: [{include}]\n", {"notes.txt": "x"})
    assert [word for word in words if word not in str(error.value)] == []


def test_a_fault_in_an_included_file_names_that_file(resolve: Resolve) -> None:
    with pytest.raises(BundleInvalidError, match=r"^conf/jobs\.yml:2:"):
        resolve("include: [conf/*.yml]\n", {"conf/jobs.yml": "resources:\n\tjobs: {}\n"})


def test_what_the_cli_does_not_know_is_left_out_and_told(resolve: Resolve) -> None:
    found = resolve("notebook: {a: 1}\nx-shared: &shared {a: 1}\nresources: {notebooks: {n: {}}, jobs: [1]}\n")
    assert found.resolved.resources == ()
    assert found.unresolved == (
        "databricks.yml:2:1: the CLI knows no `notebook` here and ignores it",
        "databricks.yml:4:13: the CLI knows no type of resource `notebooks` and ignores it",
        "databricks.yml:4:33: expected a mapping, found a list; the CLI ignores it",
    )


def test_a_bundle_without_resources_is_a_bundle(resolve: Resolve) -> None:
    assert resolve().resolved.resources == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("databricks.yml", "has no name")),
        ("- 1\n", ("databricks.yml: a bundle's main file has to be a mapping",)),
        ("bundle: {name: x}\nresources: {jobs: {a: }}\n", ("databricks.yml:2:", "jobs.a is not defined")),
        (
            "bundle: {name: x}\nresources: {jobs: {a: {}}, pipelines: {a: {}}}\n",
            ("databricks.yml:2:40", "pipelines.a has the key of jobs.a", "rename one"),
        ),
    ],
)
def test_a_main_file_that_is_no_bundle_is_told(
    resolve: Resolve, folder: Path, text: str, words: tuple[str, ...]
) -> None:
    del folder
    with pytest.raises(BundleInvalidError) as error:
        resolve(files={"databricks.yml": text})
    assert [word for word in words if word not in str(error.value)] == []
