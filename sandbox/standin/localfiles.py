"""Checks the files that resources name and turns their paths into paths of the workspace."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

from sandbox.standin.bundle import Bundle
from sandbox.standin.node import Node, Step, dotted

MARKERS = {
    ".py": "# Databricks notebook source",
    ".sql": "-- Databricks notebook source",
    ".scala": "// Databricks notebook source",
    ".r": "# Databricks notebook source",
}

_TASK_PATHS: tuple[tuple[tuple[Step, ...], str], ...] = (
    (("notebook_task", "notebook_path"), "notebook"),
    (("spark_python_task", "python_file"), "file"),
    (("sql_task", "file", "path"), "file"),
    (("dbt_task", "project_directory"), "directory"),
)
_LIBRARY_PATHS: tuple[tuple[tuple[Step, ...], str], ...] = (
    (("notebook", "path"), "notebook"),
    (("file", "path"), "file"),
    (("glob", "include"), "pattern"),
)


def translate_paths(bundle: Bundle) -> None:
    """Give every local path of jobs and pipelines its place in the workspace."""
    for kind, name, node in bundle.resources():
        base: tuple[Step, ...] = ("resources", kind, name)
        if kind == "jobs":
            if node.get("git_source") is not None:
                continue
            found = _job_paths(node)
        elif kind == "pipelines":
            found = _pipeline_paths(node)
        else:
            continue
        for path, leaf, form in found:
            _translate(bundle, dotted((*base, *path)), leaf, form)


def is_notebook(path: Path) -> bool:
    """Tell whether a file is a notebook: by its extension, or by the marker in its first line."""
    if path.suffix.lower() == ".ipynb":
        return True
    marker = MARKERS.get(path.suffix.lower())
    if marker is None:
        return False
    with path.open("rb") as file:
        first = file.readline(200)
    return first.decode("utf-8", errors="replace").lstrip("\ufeff").rstrip() == marker


def _job_paths(job: Node) -> Iterator[tuple[tuple[Step, ...], Node, str]]:
    for index, task in (job.get("tasks") or Node([])).children():
        yield from _below(task, ("tasks", index), _TASK_PATHS)
        nested = task.get("for_each_task", "task")
        if nested is not None:
            yield from _below(nested, ("tasks", index, "for_each_task", "task"), _TASK_PATHS)
    for index, environment in (job.get("environments") or Node([])).children():
        for number, leaf in (environment.get("spec", "dependencies") or Node([])).children():
            if isinstance(leaf.value, str) and leaf.value.startswith(("./", "../")):
                yield ("environments", index, "spec", "dependencies", number), leaf, "pattern"


def _pipeline_paths(pipeline: Node) -> Iterator[tuple[tuple[Step, ...], Node, str]]:
    for index, library in (pipeline.get("libraries") or Node([])).children():
        yield from _below(library, ("libraries", index), _LIBRARY_PATHS)
    root = pipeline.get("root_path")
    if root is not None:
        yield ("root_path",), root, "directory"


def _below(
    node: Node, prefix: tuple[Step, ...], table: tuple[tuple[tuple[Step, ...], str], ...]
) -> Iterator[tuple[tuple[Step, ...], Node, str]]:
    for steps, form in table:
        if node.plain(*steps[:-1], "source") == "GIT":
            continue
        leaf = node.get(*steps)
        if leaf is not None:
            yield (*prefix, *steps), leaf, form


def _translate(bundle: Bundle, where: str, leaf: Node, form: str) -> None:
    text = leaf.value
    if not isinstance(text, str) or not text or text.startswith("/") or ":/" in text or "${" in text:
        return
    folder = posixpath.dirname(leaf.location.file)
    relative = posixpath.normpath(posixpath.join(folder, text))
    if relative.startswith("../"):
        bundle.error(f"path {bundle.folder / relative} is not contained in sync root path")
        return
    local = bundle.folder / relative
    problem = _problem(where, local, relative, form)
    if problem:
        bundle.error(problem)
        return
    remote = posixpath.normpath(posixpath.join(bundle.remote("file"), relative))
    leaf.value = posixpath.splitext(remote)[0] if form == "notebook" else remote


def _problem(where: str, local: Path, relative: str, form: str) -> str:
    if form == "pattern":
        return ""
    if form == "directory":
        return "" if local.is_dir() else f"directory {relative} not found"
    if not local.is_file():
        return _missing(local, relative, form)
    if form == "notebook" and not is_notebook(local):
        return f'expected a notebook for "{where}" but got a file: file at {local} is not a notebook'
    if form == "file" and is_notebook(local):
        return f'expected a file for "{where}" but got a notebook: file at {local} is a notebook'
    return ""


def _missing(local: Path, relative: str, form: str) -> str:
    if form == "notebook" and not local.suffix:
        for extension in (*MARKERS, ".ipynb"):
            if local.with_suffix(extension).is_file():
                return (
                    f"notebook {relative} not found. Local notebook references are expected\n"
                    f"to contain one of the following file extensions: [.py, .r, .scala, .sql, .ipynb]"
                )
    return f"{form} {relative} not found"
