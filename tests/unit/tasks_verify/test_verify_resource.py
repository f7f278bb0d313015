"""What is deployed and never runs is checked as an iteration of its own, and fails as a run would."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.models import BundleSnapshot
from operations.operation import Operation
from operations.progress import progress
from operations.standing import ResourceStatus
from operations.store import StateStore
from tasks import verify_resource
from tasks.toolbox import journal_of
from workspace.check_models import Check, Fault
from workspace.models import ResolvedBundle, Resource, Surface

KEY = "dashboards.sales"
GOOD = Check(details=("dataset days runs",), findings=("dataset weeks was not tried",))
BAD = Check(faults=(Fault(about="days", text="[UNRESOLVED_COLUMN] x"),))


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operation:
    store = StateStore(tmp_path / "state")
    operation = Operation(
        id="20261123-211502-k7fd",
        bundle=str(tmp_path / "bundle"),
        target="dev",
        working_copy=str(tmp_path / "copy"),
        state_dir=str(store.root),
    )
    store.create(operation)
    dashboard = Resource(key=KEY, type="dashboards", name="Sales", config={}, id="d-1", url="https://ws/d-1")
    bundle = ResolvedBundle(
        name="shop",
        target="dev",
        mode="development",
        root="",
        remote_root="",
        user="me",
        variables={},
        resources=(dashboard,),
    )
    monkeypatch.setattr(verify_resource, "snapshot_of", lambda _work: BundleSnapshot(resolved=bundle, files={}))
    monkeypatch.setattr(verify_resource, "connect", lambda _profile: None)
    return operation


def checked(work: Operation, monkeypatch: pytest.MonkeyPatch, *found: Check) -> list[object]:
    """Check the dashboard so many times, with these results."""
    results = iter(found)
    monkeypatch.setattr(verify_resource, "check_resource", lambda *_arguments: next(results))
    return [verify_resource.verify_resource.fn(work, KEY) for _ in found]


def test_a_check_without_a_fault_verifies_the_resource(work: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(work, monkeypatch, GOOD) == [None]
    now = progress(journal_of(work).events()).of(KEY)
    assert (now.status, now.iterations) == (ResourceStatus.VERIFIED, 1)
    notes = [event.data["text"] for event in journal_of(work).events() if event.event == "note"]
    assert notes == [f"{KEY}: dataset weeks was not tried"]


def test_each_failed_check_is_an_iteration_with_its_evidence(work: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = checked(work, monkeypatch, BAD, BAD)
    now = progress(journal_of(work).events()).of(KEY)
    assert (now.status, now.iterations_used, now.open_run) == (ResourceStatus.FAILED, 2, None)
    assert first == now.attempts[0].evidence
    assert second == now.attempts[1].evidence
    assert now.attempts[0].evidence is not None
    assert now.attempts[0].evidence.surface is Surface.DASHBOARD
    assert [failure.text for failure in now.attempts[0].evidence.failures] == ["[UNRESOLVED_COLUMN] x"]


@pytest.mark.parametrize(("good", "bad", "passes"), [(9, 1, True), (8, 2, False), (4, 1, True), (0, 1, False)])
def test_of_many_queries_a_few_may_fail(good: int, bad: int, *, passes: bool) -> None:
    check = Check(details=("runs",) * good, faults=(Fault(about="a", text="b"),) * bad)
    assert verify_resource.passes(check, 0.9) is passes


def test_a_resource_without_an_id_was_not_deployed() -> None:
    resource = Resource(key=KEY, type="dashboards", name="Sales", config={})
    bundle = ResolvedBundle(
        name="", target="", mode=None, root="", remote_root="", user="", variables={}, resources=(resource,)
    )
    snapshot = BundleSnapshot(resolved=bundle, files={})
    check = verify_resource.check_resource(None, resource, snapshot, lambda: "")
    assert "was not deployed" in check.faults[0].text
