"""Leaves out values of the wrong shape, a mapping where a list belongs, as the CLI does with a warning."""

from __future__ import annotations

from typing import Any

from workspace.resolver.tree import Node, Step, node_of

_TASK: dict[str, Any] = {
    "task_key": "",
    "depends_on": [{"task_key": ""}],
    "libraries": [{}],
    "notebook_task": {"notebook_path": "", "base_parameters": {"*": ""}},
    "spark_python_task": {"python_file": "", "parameters": [""]},
    "python_wheel_task": {"package_name": "", "entry_point": "", "parameters": [""], "named_parameters": {"*": ""}},
    "sql_task": {"file": {"path": ""}, "query": {}, "dashboard": {}, "alert": {}, "parameters": {"*": ""}},
    "dbt_task": {"project_directory": "", "commands": [""], "catalog": "", "schema": ""},
    "run_job_task": {"job_id": "", "job_parameters": {"*": ""}},
    "pipeline_task": {"pipeline_id": ""},
    "condition_task": {},
    "alert_task": {},
    "dashboard_task": {},
}
_JOB: dict[str, Any] = {
    "name": "",
    "tags": {"*": ""},
    "parameters": [{"name": "", "default": ""}],
    "job_clusters": [{}],
    "environments": [{"spec": {"dependencies": [""]}}],
    "trigger": {"table_update": {"table_names": [""]}},
    "tasks": [{**_TASK, "for_each_task": {"task": _TASK}}],
}
_PIPELINE: dict[str, Any] = {
    "name": "",
    "catalog": "",
    "schema": "",
    "target": "",
    "root_path": "",
    "tags": {"*": ""},
    "configuration": {"*": ""},
    "clusters": [{}],
    "libraries": [{"notebook": {"path": ""}, "file": {"path": ""}, "glob": {"include": ""}}],
    "ingestion_definition": {"objects": [{"table": {}, "schema": {}, "report": {}}]},
}
SHAPES: dict[str, Any] = {
    "bundle": {"name": "", "target": "", "mode": "", "git": {}},
    "workspace": {"root_path": "", "file_path": "", "state_path": "", "host": ""},
    "presets": {"name_prefix": "", "tags": {"*": ""}},
    "resources": {
        "*": {"*": {}},
        "jobs": {"*": _JOB},
        "pipelines": {"*": _PIPELINE},
        "alerts": {"*": {"display_name": "", "query_text": "", "file_path": ""}},
        "dashboards": {"*": {"display_name": "", "file_path": ""}},
        "genie_spaces": {"*": {"title": "", "file_path": ""}},
        "quality_monitors": {"*": {"table_name": "", "output_schema_name": ""}},
    },
}
"""What is read of a configuration: `{}` is a mapping, `[]` a list, `""` a scalar that is read as text."""
_WORDS: dict[type, str] = {dict: "a mapping", list: "a list", str: "a text"}


def shaped(node: Node, ignored: list[str], shape: Any = None) -> Node | None:
    """Return the node with only what has the expected shape, None when it has another one itself.

    Args:
        node: a part of the configuration.
        ignored: gets one line for each value that is left out.
        shape: what is expected; the whole configuration when it is left out.
    """
    expected = SHAPES if shape is None else shape
    value = node.value
    if value is None or (isinstance(value, str) and value.startswith("${") and value.endswith("}")):
        return node
    if expected == "":
        return _text(node, ignored)
    if not isinstance(value, type(expected)):
        ignored.append(_mismatch(node, type(expected)))
        return None
    if isinstance(value, list):
        return node_of([done for one in value if (done := _below(one, ignored, expected, 0))], node.place)
    entries = {key: done for key, one in value.items() if (done := _below(one, ignored, expected, key))}
    return node_of(entries, node.place)


def _below(node: Node, ignored: list[str], shape: Any, step: Step) -> Node | None:
    inner = shape[0] if isinstance(shape, list) and shape else None
    if isinstance(shape, dict):
        inner = shape.get(step, shape.get("*"))
    return node if inner is None else shaped(node, ignored, inner)


def _text(node: Node, ignored: list[str]) -> Node | None:
    if isinstance(node.value, dict | list):
        ignored.append(_mismatch(node, str))
        return None
    if isinstance(node.value, bool):
        return Node("true" if node.value else "false", node.place)
    return Node(str(node.value), node.place)


def _mismatch(node: Node, expected: type) -> str:
    found = _WORDS.get(type(node.value), "a scalar")
    return f"{node.place}: expected {_WORDS[expected]}, found {found}; the CLI ignores it"
