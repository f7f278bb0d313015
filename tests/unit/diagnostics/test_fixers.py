"""What all fixers have in common, and the two that only propose an action."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics import fixers
from diagnostics.models import Action, BundleSnapshot, Diagnosis
from diagnostics.planning import plan_fix
from knowledge.pattern import Applicability
from workspace.models import Evidence

EvidenceOf = Callable[..., Evidence]
SnapshotOf = Callable[..., BundleSnapshot]
DiagnosisOf = Callable[..., Diagnosis]


def test_fixers_are_found_by_their_names() -> None:
    assert fixers.names() == (
        "add_package",
        "deduplicate_merge_source",
        "rename_task_parameters",
        "rename_task_type",
        "retry_later",
        "run_upstream_first",
    )
    assert all(name == fixers.find(name).NAME for name in fixers.names())


@pytest.mark.parametrize(("iteration", "seconds"), [(1, "30"), (2, "60"), (3, "120"), (9, "300")])
def test_waiting_takes_twice_as_long_with_each_iteration(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf, iteration: int, seconds: str
) -> None:
    evidence = evidence_of("503").model_copy(update={"iteration": iteration})
    plan = plan_fix(diagnosis_of(fixer="retry_later", transient=True), evidence, snapshot_of({}), frozenset())

    assert plan is not None
    assert plan.actions == (Action(kind="wait", parameters={"seconds": seconds}),)
    assert plan.applicability is Applicability.SAFE


def test_a_fault_that_is_to_be_waited_out_once_is_not_waited_out_twice(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf
) -> None:
    diagnosis = diagnosis_of(fixer="retry_later", transient=True, repeats=1)
    first = plan_fix(diagnosis, evidence_of("x"), snapshot_of({}), frozenset())

    assert first is not None
    second = evidence_of("x").model_copy(update={"iteration": 2})
    assert plan_fix(diagnosis, second, snapshot_of({}), frozenset((first.digest,))) is None


def test_a_fault_that_does_not_pass_by_itself_is_not_waited_for(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf
) -> None:
    assert plan_fix(diagnosis_of(fixer="retry_later"), evidence_of("x"), snapshot_of({}), frozenset()) is None


def test_the_upstream_resource_is_run_first(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf
) -> None:
    diagnosis = diagnosis_of(fixer="run_upstream_first", objects={"upstream": "jobs.setup", "table": "a.b"})
    plan = plan_fix(diagnosis, evidence_of("x"), snapshot_of({}, setup={}), frozenset())

    assert plan is not None
    assert plan.title == "Run jobs.setup first"
    assert plan.actions == (Action(kind="run_resource", parameters={"resource": "jobs.setup"}),)


@pytest.mark.parametrize("objects", [{}, {"upstream": "jobs.elsewhere"}, {"upstream": "jobs.gold_merge_job"}])
def test_nothing_is_run_when_the_bundle_has_no_other_such_resource(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf, objects: dict[str, str]
) -> None:
    diagnosis = diagnosis_of(fixer="run_upstream_first", objects=objects)

    assert plan_fix(diagnosis, evidence_of("x"), snapshot_of({}, gold_merge_job={}), frozenset()) is None


def test_a_plan_that_was_tried_is_not_proposed_again(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf
) -> None:
    diagnosis, evidence = diagnosis_of(fixer="retry_later", transient=True), evidence_of("x")
    plan = plan_fix(diagnosis, evidence, snapshot_of({}), frozenset())

    assert plan is not None
    assert plan_fix(diagnosis, evidence, snapshot_of({}), frozenset((plan.digest,))) is None


def test_the_stricter_applicability_counts(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf
) -> None:
    diagnosis = diagnosis_of(fixer="retry_later", transient=True, applicability=Applicability.NEEDS_APPROVAL)
    plan = plan_fix(diagnosis, evidence_of("x"), snapshot_of({}), frozenset())

    assert plan is not None
    assert plan.applicability is Applicability.NEEDS_APPROVAL


@pytest.mark.parametrize("fixer", [None, "not_written_yet"])
def test_a_diagnosis_without_a_fixer_has_no_plan(
    evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf, fixer: str | None
) -> None:
    assert plan_fix(diagnosis_of(fixer=fixer), evidence_of("x"), snapshot_of({}), frozenset()) is None
