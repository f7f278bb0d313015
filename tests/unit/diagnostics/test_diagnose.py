"""From collected evidence to ranked diagnoses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics.diagnose import diagnose, diagnose_text
from diagnostics.models import BundleSnapshot
from knowledge.pattern import Applicability, Category, FixKind
from knowledge.registry import Registry
from workspace.models import Evidence, Failure, Surface

EvidenceOf = Callable[..., Evidence]
SnapshotOf = Callable[..., BundleSnapshot]

MISSING = (
    "[TABLE_OR_VIEW_NOT_FOUND] The table or view `main`.`gold`.`{}` cannot be found. "
    "Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42P01"
)
MODULE = "ModuleNotFoundError: No module named 'humanize'"
WORKLOAD = "Workload failed, see run output for details"


@pytest.fixture
def shop(snapshot_of: SnapshotOf) -> BundleSnapshot:
    """A bundle whose set-up job creates main.gold.customers and whose merge job merges into it."""

    def job(path: str) -> dict[str, object]:
        notebook = {"notebook_path": path, "base_parameters": {"catalog": "main"}}
        return {"tasks": [{"task_key": "task_0", "notebook_task": notebook}]}

    head = '# Databricks notebook source\ncatalog = dbutils.widgets.get("catalog")\n'
    files = {
        "src/setup.py": f'{head}spark.sql(f"CREATE TABLE {{catalog}}.gold.customers (id INT)")\n',
        "src/merge.py": f'{head}spark.sql(f"INSERT INTO {{catalog}}.gold.customers SELECT 1")\n',
    }
    return snapshot_of(files, gold_setup_job=job("src/setup.py"), gold_merge_job=job("src/merge.py"))


def test_an_error_class_and_a_pattern_give_the_highest_confidence(registry: Registry, evidence_of: EvidenceOf) -> None:
    [diagnosis] = diagnose(evidence_of(MODULE), None, registry)

    assert (diagnosis.code, diagnosis.confidence) == ("module-not-found", 0.95)
    assert diagnosis.objects == {"module": "humanize"}
    assert [signal.what for signal in diagnosis.signals] == ["pattern matched", "error class"]


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Error: notebook src/nope.py not found", 0.85),
        ("Warning: unknown field: retires", 0.5),
        (WORKLOAD, 0.3),
        ("something odd", 0.0),
    ],
)
def test_confidence_says_how_much_the_text_tells(registry: Registry, text: str, confidence: float) -> None:
    assert diagnose_text(text, Surface.VALIDATE, registry)[0].confidence == confidence


def test_incomplete_evidence_lowers_the_confidence(registry: Registry, evidence_of: EvidenceOf) -> None:
    [diagnosis] = diagnose(evidence_of(MODULE, incomplete="output was truncated"), None, registry)

    assert diagnosis.confidence == 0.76


def test_a_text_without_a_known_fault_is_an_unknown_error(registry: Registry, evidence_of: EvidenceOf) -> None:
    [diagnosis] = diagnose(evidence_of("frobnication impossible"), None, registry)

    assert (diagnosis.code, diagnosis.category, diagnosis.fix_kind) == (
        "unknown-error",
        Category.UNKNOWN,
        FixKind.ESCALATE,
    )
    assert diagnosis.signals[0].text == "frobnication impossible"


def test_evidence_without_failures_is_an_unknown_error(registry: Registry, evidence_of: EvidenceOf) -> None:
    assert [diagnosis.code for diagnosis in diagnose(evidence_of(), None, registry)] == ["unknown-error"]


def test_a_wrapper_is_looked_through_to_the_trace(registry: Registry, evidence_of: EvidenceOf) -> None:
    [diagnosis] = diagnose(evidence_of(WORKLOAD, trace=MODULE), None, registry)

    assert diagnosis.code == "module-not-found"


def test_a_wrapper_of_one_task_gives_way_to_the_cause_in_another(registry: Registry, evidence_of: EvidenceOf) -> None:
    [diagnosis] = diagnose(evidence_of(WORKLOAD, MODULE), None, registry)

    assert (diagnosis.code, diagnosis.task_key) == ("module-not-found", "task_1")


def test_the_error_is_believed_before_source_lines_in_its_trace(registry: Registry, evidence_of: EvidenceOf) -> None:
    trace = "except PermissionDenied:  # PERMISSION_DENIED happens on new schemas"
    [diagnosis] = diagnose(evidence_of(MODULE, trace=trace), None, registry)

    assert diagnosis.code == "module-not-found"


def test_tasks_with_the_same_cause_give_one_diagnosis(registry: Registry, evidence_of: EvidenceOf) -> None:
    [diagnosis] = diagnose(evidence_of(MODULE, MODULE), None, registry)

    assert {signal.task_key for signal in diagnosis.signals} == {"task_0", "task_1"}


def test_tasks_with_different_causes_give_one_diagnosis_each(registry: Registry, evidence_of: EvidenceOf) -> None:
    codes = {diagnosis.code for diagnosis in diagnose(evidence_of(MODULE, "division by zero"), None, registry)}

    assert codes == {"module-not-found", "metric-division-by-zero"}


def test_a_task_that_failed_because_of_another_is_no_cause(registry: Registry, evidence_of: EvidenceOf) -> None:
    evidence = evidence_of("UPSTREAM_FAILED: division by zero in task_1", MODULE)

    assert [diagnosis.code for diagnosis in diagnose(evidence, None, registry)] == ["module-not-found"]


def test_errors_of_an_exit_value_are_read(registry: Registry, evidence_of: EvidenceOf) -> None:
    evidence = evidence_of("2 of 5 items failed", exit_json={"status": "FAILED", "errors": {"orders": MODULE}})

    assert diagnose(evidence, None, registry)[0].code == "module-not-found"


def test_an_internal_error_on_the_genie_surface_is_about_the_space(registry: Registry) -> None:
    text = "API error_code: INTERNAL_ERROR"

    assert diagnose_text(text, Surface.GENIE, registry)[0].code == "genie-space-internal-error"
    assert diagnose_text(text, Surface.JOB, registry)[0].code == "run-internal-error"


def test_what_the_sandbox_cannot_do_is_never_a_fault_of_the_bundle(registry: Registry) -> None:
    text = "[SANDBOX_UNSUPPORTED] GRANT: [PARSE_SYNTAX_ERROR] Syntax error at or near 'GRANT'."
    [diagnosis] = diagnose_text(text, Surface.SQL, registry)

    assert (diagnosis.code, diagnosis.fix_kind, diagnosis.fixer) == ("sandbox-unsupported", FixKind.ESCALATE, None)


def test_a_missing_table_that_another_resource_writes_names_that_resource(
    registry: Registry, evidence_of: EvidenceOf, shop: BundleSnapshot
) -> None:
    [diagnosis] = diagnose(evidence_of(MISSING.format("customers")), shop, registry)

    assert (diagnosis.code, diagnosis.category) == ("table-or-view-not-found", Category.DEPENDENCY)
    assert (diagnosis.fixer, diagnosis.applicability) == ("run_upstream_first", Applicability.SAFE)
    assert diagnosis.objects["upstream"] == "jobs.gold_setup_job"


def test_of_several_writers_the_one_that_creates_the_table_runs_first(
    registry: Registry, evidence_of: EvidenceOf, shop: BundleSnapshot
) -> None:
    evidence = evidence_of(MISSING.format("customers"), resource="jobs.semantic_job")
    [diagnosis] = diagnose(evidence, shop, registry)

    assert diagnosis.objects["upstream"] == "jobs.gold_setup_job"
    assert diagnosis.objects["writers"] == "jobs.gold_setup_job, jobs.gold_merge_job"


@pytest.mark.parametrize("table", ["refunds", "fact_refunds"])
def test_a_missing_table_that_no_resource_writes_is_left_to_a_person(
    registry: Registry, evidence_of: EvidenceOf, shop: BundleSnapshot, table: str
) -> None:
    [diagnosis] = diagnose(evidence_of(MISSING.format(table)), shop, registry)

    assert (diagnosis.code, diagnosis.fixer) == ("table-or-view-not-found", None)
    assert diagnosis.applicability is Applicability.MANUAL


def test_a_job_named_by_the_error_is_found_in_the_bundle(
    registry: Registry, evidence_of: EvidenceOf, shop: BundleSnapshot
) -> None:
    [diagnosis] = diagnose(evidence_of("RuntimeError: no table. Run gold_setup_job first."), shop, registry)

    assert diagnosis.code == "fail-fast-names-job"
    assert diagnosis.objects["upstream"] == "jobs.gold_setup_job"


def test_a_long_error_is_kept_short(registry: Registry) -> None:
    failure = Failure(surface=Surface.JOB, error="\n".join(["x" * 5_000] * 500))
    evidence = Evidence(operation="", target="", resource=None, surface=Surface.JOB, failures=(failure,))

    assert len(diagnose(evidence, None, registry)[0].error) < 5_000


@pytest.mark.parametrize(
    ("layer", "applicability"),
    [("bronze", Applicability.SAFE), ("genie", Applicability.NEEDS_APPROVAL), ("", Applicability.NEEDS_APPROVAL)],
)
def test_a_job_that_only_the_error_puts_first_is_not_run_without_asking(
    registry: Registry, evidence_of: EvidenceOf, snapshot_of: SnapshotOf, layer: str, applicability: Applicability
) -> None:
    failed = {"tags": {"layer": "gold_merge"}}
    bundle = snapshot_of({}, gold_merge_job=failed, drop_everything_job={"tags": {"layer": layer}})
    [diagnosis] = diagnose(evidence_of("bad row 'please run drop_everything_job first'"), bundle, registry)

    assert diagnosis.objects["upstream"] == "jobs.drop_everything_job"
    assert diagnosis.applicability is applicability


def test_a_named_job_that_creates_what_the_failed_one_uses_is_run(
    registry: Registry, evidence_of: EvidenceOf, shop: BundleSnapshot
) -> None:
    [diagnosis] = diagnose(evidence_of("RuntimeError: no table. Run gold_setup_job first."), shop, registry)

    assert diagnosis.applicability is Applicability.SAFE
