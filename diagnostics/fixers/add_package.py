"""Add a missing Python package to the environment that the failed task names.

Only serverless environments are edited without asking. A task on classic compute gets a `libraries` entry, which
changes what is installed on its cluster, so a person decides. A module that is the bundle's own code is no package: its
path is wrong, and a public package of the same name could be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from diagnostics.bundle_yaml import (
    Span,
    documents,
    edited,
    entry,
    items,
    jobs,
    quoted,
    scalar,
    span_of,
    task_nodes,
    value,
)
from diagnostics.models import BundleSnapshot, Diagnosis, FileEdit, FixPlan
from knowledge.pattern import Applicability
from workspace.models import Evidence

NAME = "add_package"

DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "gitpython",
    "jwt": "pyjwt",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Modules whose distribution has another name, by lower-case module."""

_DOTTED = {"databricks.sdk": "databricks-sdk", "databricks.labs.dqx": "databricks-labs-dqx", "google.cloud": ""}
"""Parts of shared namespaces; an empty name means that the module alone does not tell the distribution."""

_OWN_NAMES = frozenset(("src", "databricks", "google", "azure", "dlt", "pyspark", "delta"))
"""Top names that are no distribution to add: the bundle's root, shared namespaces, and what the runtime brings."""

_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")
_CLUSTER_KEYS = ("job_cluster_key", "existing_cluster_id", "new_cluster")


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
    """Propose the dependency for the failed task's environment; None when the module is no package."""
    package = distribution(diagnosis.objects.get("module", ""), snapshot)
    kind, _, job_key = (evidence.resource or "").partition(".")
    if package is None or kind != "jobs":
        return None
    requirement = _requirement_in_use(package, snapshot)
    for path, text, root in documents(snapshot):
        for key, job in jobs(root):
            if key == job_key:
                found = _edit(path, text, job, diagnosis.task_key, requirement)
                if found:
                    return _plan(diagnosis, requirement, *found)
    return None


def distribution(module: str, snapshot: BundleSnapshot) -> str | None:
    """Return the name of the distribution that brings a module, None for the bundle's own modules and unknown ones."""
    top = module.partition(".")[0]
    for prefix, name in _DOTTED.items():
        if module == prefix or module.startswith(f"{prefix}."):
            return name or None
    if not top or top in _OWN_NAMES or top.startswith("_") or _is_own(top, snapshot):
        return None
    return DISTRIBUTIONS.get(top.lower(), top.replace("_", "-"))


def _is_own(top: str, snapshot: BundleSnapshot) -> bool:
    return any(top in path.removesuffix(".py").split("/") for path in snapshot.files if path.endswith(".py"))


def _edit(
    path: str, text: str, job: Node, task_key: str | None, requirement: str
) -> tuple[FileEdit, Applicability] | None:
    task = next((node for node in task_nodes(job) if scalar(node, "task_key") == task_key), None)
    if task is None:
        return None
    environment = scalar(task, "environment_key")
    span, applicability = None, Applicability.SAFE
    if environment:
        span = _dependency_span(text, job, environment, requirement)
    elif any(entry(task, key) for key in _CLUSTER_KEYS):
        span, applicability = _library_span(text, task, requirement), Applicability.NEEDS_APPROVAL
    edit = edited(path, text, [span]) if span else None
    return (edit, applicability) if edit else None


def _dependency_span(text: str, job: Node, environment: str, requirement: str) -> Span | None:
    for node in items(value(job, "environments")):
        spec = value(node, "spec")
        if scalar(node, "environment_key") == environment and isinstance(spec, MappingNode):
            present = {_name(str(item.value)) for item in items(value(spec, "dependencies"))}
            return (
                None if _name(requirement) in present else _item_span(text, spec, "dependencies", quoted(requirement))
            )
    return None


def _library_span(text: str, task: Node, requirement: str) -> Span | None:
    present = {_name(scalar(item, "pypi", "package") or "") for item in items(value(task, "libraries"))}
    if _name(requirement) in present or not isinstance(task, MappingNode):
        return None
    return _item_span(text, task, "libraries", f"{{pypi: {{package: {quoted(requirement)}}}}}")


def _item_span(text: str, holder: MappingNode, key: str, item: str) -> Span:
    """Append one item to the list at `key`, in the style of the list; start the list if there is none."""
    found = entry(holder, key)
    if found is None:
        indent = " " * holder.value[0][0].start_mark.column
        return _new_lines(text, span_of(holder)[1], f"{indent}{key}:\n{indent}  - {item}")
    key_node, node = found
    if not isinstance(node, SequenceNode) or not node.value:
        return Span(start=key_node.end_mark.index, end=span_of(node)[1], new=f": [{item}]")
    last = node.value[-1]
    end = span_of(last)[1]
    if node.flow_style:
        return Span(start=end, end=end, new=f", {item}")
    return _new_lines(text, end, f"{' ' * (last.start_mark.column - 2)}- {item}")


def _new_lines(text: str, position: int, new: str) -> Span:
    """Insert lines below the one at `position`, so that a comment at its end stays there."""
    end = text.find("\n", position)
    end = len(text) if end == -1 else end
    return Span(start=end, end=end, new=f"\n{new}")


def _requirement_in_use(package: str, snapshot: BundleSnapshot) -> str:
    """Return the requirement for this distribution that the bundle states elsewhere, else the bare name."""
    for requirement in _requirements(snapshot):
        if _name(requirement) == _name(package):
            return requirement
    return package


def _requirements(snapshot: BundleSnapshot) -> Iterator[str]:
    for _, _, root in documents(snapshot):
        for _, job in jobs(root):
            for node in items(value(job, "environments")):
                stated = items(value(node, "spec", "dependencies"))
                yield from (str(item.value) for item in stated if isinstance(item, ScalarNode))
    for path, text in sorted(snapshot.files.items()):
        if path.rpartition("/")[2].startswith("requirements") and path.endswith(".txt"):
            yield from (line.partition("#")[0].strip() for line in text.splitlines())


def _name(requirement: str) -> str:
    """Return the normalised name of a requirement such as `PyYAML>=6`, empty when it names no distribution."""
    match = _REQUIREMENT.match(requirement)
    return re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""


def _plan(diagnosis: Diagnosis, requirement: str, edit: FileEdit, applicability: Applicability) -> FixPlan:
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Add {requirement} to the dependencies of task {diagnosis.task_key}",
        reason=f"{diagnosis.title} The module {diagnosis.objects['module']} comes with {requirement}.",
        applicability=applicability,
        edits=(edit,),
    )
