"""Which source files a resource runs, and the parameter values that it hands them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.bundle_paths import file_named, globbed, is_notebook, local_path, local_paths
from diagnostics.imports import imported, included, named_files
from diagnostics.models import BundleSnapshot
from diagnostics.parameters import Parameters
from diagnostics.source_text import python_source
from diagnostics.table_use import ANY
from diagnostics.wheels import entry_point
from workspace.models import Model, Resource

__all__ = ["Program", "file_named", "is_notebook", "local_path", "programs", "source_paths", "tasks"]


class Program(Model):
    """One source file as one task or pipeline runs it."""

    path: str
    """Relative to the bundle root."""
    text: str
    task_key: str | None = None
    values: Mapping[str, str] = {}
    """Widget values of a notebook, or the configuration of a pipeline."""
    arguments: tuple[str, ...] = ()
    """Arguments of the command line."""
    entry: str | None = None
    """The one function that is called; None when the file runs as a whole."""
    included: tuple[str, ...] = ()
    """Texts of the notebooks that it runs."""
    modules: tuple[str, ...] = ()
    """Texts of the modules that it imports."""
    named_files: Mapping[str, str] = {}
    """SQL and YAML files that it names, path -> text."""
    namespace: tuple[str, ...] = ()
    """Catalog and schema that complete the names of a pipeline's datasets."""


class DbtProject(Model):
    """A dbt project as one task builds it."""

    folder: str
    namespace: tuple[str, str]
    """Catalog and schema of its models."""


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


def source_paths(resource: Resource) -> tuple[str, ...]:
    """Return the paths of sources as they are configured, without what stands before the bundle's files."""
    found: list[str] = []
    if resource.type == "jobs":
        found = [path for task in tasks(resource.config) if (path := _path_of(task))]
    elif resource.type == "pipelines":
        found = [path for library in resource.config.get("libraries") or () for path in _library_paths(library)]
    return tuple(path.rpartition("/files/")[2] for path in found)


def _path_of(task: Mapping[str, Any]) -> str | None:
    sql_file = (task.get("sql_task") or {}).get("file") or {}
    path = (
        (task.get("notebook_task") or {}).get("notebook_path")
        or (task.get("spark_python_task") or {}).get("python_file")
        or sql_file.get("path")
    )
    return str(path) if path else None


def _library_paths(library: Mapping[str, Any]) -> Iterator[str]:
    for kind, field in (("notebook", "path"), ("file", "path"), ("glob", "include")):
        path = (library.get(kind) or {}).get(field)
        if path:
            yield str(path)


def _job_programs(resource: Resource, snapshot: BundleSnapshot) -> Iterator[Program]:
    parameters = Parameters(snapshot.resolved)
    of_job = parameters.of_job(resource.config)
    for task in tasks(resource.config):
        given = parameters.of_task(task, of_job)
        path = _path_of(task)
        wheel = task.get("python_wheel_task")
        if wheel:
            found = entry_point(str(wheel.get("package_name", "")), str(wheel.get("entry_point", "")), snapshot.files)
            if found is not None:
                yield _program(found[0], snapshot, task, given.values, given.arguments, entry=found[1])
        elif path:
            local = local_path(path, resource, snapshot)
            if local is not None:
                yield _program(local, snapshot, task, given.values, given.arguments)


def _program(
    path: str,
    snapshot: BundleSnapshot,
    task: Mapping[str, Any],
    values: Mapping[str, str],
    arguments: tuple[str, ...] = (),
    *,
    entry: str | None = None,
) -> Program:
    files = snapshot.files
    text = python_source(path, files[path])
    beside = included(path, text, files)
    modules = imported(path, "\n".join((text, *beside.values())), files)
    texts = (text, *beside.values(), *modules.values())
    return Program(
        path=path,
        text=text,
        task_key=task.get("task_key"),
        values=values,
        arguments=arguments,
        entry=entry,
        included=tuple(beside.values()),
        modules=tuple(modules.values()),
        named_files={} if path.endswith(".sql") else named_files(texts, files),
    )


def _pipeline_programs(resource: Resource, snapshot: BundleSnapshot) -> Iterator[Program]:
    config = resource.config
    parameters = Parameters(snapshot.resolved)
    names = (config.get("catalog"), config.get("schema") or config.get("target"))
    namespace = tuple(parameters.text(str(part)) for part in names if part)
    values = parameters.resolved(config.get("configuration") or {})
    for library in config.get("libraries") or ():
        for path in _library_paths(library):
            exact = None if "*" in path else local_path(path, resource, snapshot)
            for name in [exact] if exact else globbed(path, resource, snapshot):
                program = _program(name, snapshot, {}, values)
                yield program.model_copy(update={"namespace": namespace})


def dbt_projects(resource: Resource, snapshot: BundleSnapshot) -> Iterator[DbtProject]:
    """Yield the dbt projects of the bundle that a job builds."""
    parameters = Parameters(snapshot.resolved)
    for task in tasks(resource.config) if resource.type == "jobs" else ():
        part = task.get("dbt_task") or {}
        path = part.get("project_directory")
        for folder in local_paths(str(path), resource, snapshot) if path else ():
            if any(name.startswith(f"{folder}/") for name in snapshot.files):
                catalog, schema = (parameters.text(str(part.get(key) or ANY)) for key in ("catalog", "schema"))
                yield DbtProject(folder=folder, namespace=(catalog, schema))
                break


def missing_sources(resource: Resource, snapshot: BundleSnapshot) -> Iterator[str]:
    """Yield the configured paths that lie in the bundle and lead to no file of it."""
    if resource.type == "jobs" and not resource.config.get("git_source"):
        for task in tasks(resource.config):
            path = _path_of(task)
            from_git = "GIT" in json.dumps(
                [(task.get(kind) or {}).get("source") for kind in ("notebook_task", "sql_task")]
            )
            if (
                path
                and not from_git
                and local_paths(path, resource, snapshot)
                and not local_path(path, resource, snapshot)
            ):
                yield path
