"""Which source files a resource runs, and the parameter values that it hands them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from diagnostics.models import BundleSnapshot
from workspace.models import Model, Resource

_SUFFIXES = ("", ".py", ".sql", ".ipynb")


class Program(Model):
    """One source file as one task or pipeline runs it."""

    path: str
    """Relative to the bundle root."""
    text: str
    task_key: str | None = None
    values: Mapping[str, str] = {}
    """Widget values of a notebook, or the configuration of a pipeline."""
    modules: tuple[str, ...] = ()
    """Texts of the plain modules beside it, whose functions it may call."""
    namespace: tuple[str, ...] = ()
    """Catalog and schema that complete the names of a pipeline's datasets."""


def programs(resource: Resource, snapshot: BundleSnapshot) -> tuple[Program, ...]:
    """Return the files of the bundle that this resource runs; files outside of it are left out."""
    if resource.type == "jobs":
        return tuple(_job_programs(resource, snapshot))
    if resource.type == "pipelines":
        return tuple(_pipeline_programs(resource, snapshot))
    return ()


def tasks(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the tasks of a job, those inside of for_each tasks as well."""
    for task in config.get("tasks") or ():
        yield task
        inner = (task.get("for_each_task") or {}).get("task")
        if inner:
            yield inner


def _job_programs(resource: Resource, snapshot: BundleSnapshot) -> Iterator[Program]:
    defaults = {entry["name"]: str(entry.get("default", "")) for entry in resource.config.get("parameters") or ()}
    for task in tasks(resource.config):
        notebook = task.get("notebook_task") or {}
        path = (
            notebook.get("notebook_path")
            or (task.get("spark_python_task") or {}).get("python_file")
            or ((task.get("sql_task") or {}).get("file") or {}).get("path")
        )
        local = local_path(str(path), resource, snapshot) if path else None
        if local:
            given = {name: str(value) for name, value in (notebook.get("base_parameters") or {}).items()}
            values = _resolved({**given, **defaults})
            yield Program(
                path=local,
                text=snapshot.files[local],
                task_key=task.get("task_key"),
                values=values,
                modules=_modules_beside(local, snapshot),
            )


def _resolved(values: Mapping[str, str]) -> Mapping[str, str]:
    """Leave out values that are still references: they are unknown, not texts."""
    return {name: value for name, value in values.items() if "${" not in value}


def _modules_beside(path: str, snapshot: BundleSnapshot) -> tuple[str, ...]:
    """Return the modules of the same folder that the program imports."""
    text, folder = snapshot.files[path], posixpath.dirname(path)
    return tuple(
        module
        for name, module in sorted(snapshot.files.items())
        if name.endswith(".py")
        and posixpath.dirname(name) == folder
        and f"from {posixpath.basename(name).removesuffix('.py')} import" in text
        and not is_notebook(name, module)
    )


def _pipeline_programs(resource: Resource, snapshot: BundleSnapshot) -> Iterator[Program]:
    config = resource.config
    namespace = tuple(
        str(part) for part in (config.get("catalog"), config.get("schema") or config.get("target")) if part
    )
    values = _resolved({name: str(value) for name, value in (config.get("configuration") or {}).items()})
    for library in config.get("libraries") or ():
        path = (library.get("notebook") or library.get("file") or {}).get("path")
        pattern = (library.get("glob") or {}).get("include")
        local = local_path(str(path), resource, snapshot) if path else None
        found = [local] if local else _globbed(str(pattern), resource, snapshot) if pattern else []
        for name in found:
            yield Program(path=name, text=snapshot.files[name], values=values, namespace=namespace)


def local_path(path: str, resource: Resource, snapshot: BundleSnapshot) -> str | None:
    """Return the bundle's file that a configured path means, or None. The CLI resolves paths to the workspace."""
    for candidate in _candidates(path, resource):
        for suffix in _SUFFIXES:
            if candidate + suffix in snapshot.files:
                return candidate + suffix
    return None


def _candidates(path: str, resource: Resource) -> Iterator[str]:
    if "/files/" in path:
        yield path.partition("/files/")[2]
    yield posixpath.normpath(path)
    if resource.location:
        yield posixpath.normpath(posixpath.join(posixpath.dirname(resource.location.path), path))


def _globbed(pattern: str, resource: Resource, snapshot: BundleSnapshot) -> list[str]:
    wanted = [candidate.replace("**", "*") for candidate in _candidates(pattern, resource)]
    return sorted(
        name
        for name in snapshot.files
        if name.endswith((".py", ".sql")) and any(fnmatchcase(name, candidate) for candidate in wanted)
    )


def file_named(path: str, declared_in: str, snapshot: BundleSnapshot) -> str | None:
    """Return the bundle's file that a path in the YAML file `declared_in` means, or None."""
    path = path.removeprefix("${workspace.file_path}/")
    if not path:
        return None
    for base in (posixpath.dirname(declared_in), ""):
        candidate = posixpath.normpath(posixpath.join(base, path))
        for suffix in _SUFFIXES:
            if candidate + suffix in snapshot.files:
                return candidate + suffix
    return None


def is_notebook(path: str, text: str) -> bool:
    """Tell a Databricks notebook from a plain file: by its first line, or by its extension."""
    first = text.partition("\n")[0].strip()
    return path.endswith(".ipynb") or first in ("# Databricks notebook source", "-- Databricks notebook source")
