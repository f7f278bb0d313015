"""What an operation keeps besides its journal is read back as it was written, by its owner only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnostics.models import FileEdit, FixPlan
from knowledge.pattern import Applicability
from operations.operation import Operation
from operations.records import AppliedFix, Records
from operations.run_plan import LeftOut, PlannedResource, RunPlan
from operations.store import StateStore
from workspace.errors import StateError
from workspace.models import Layer, ResolvedBundle, Resource

BUNDLE = ResolvedBundle(
    name="shop",
    target="dev",
    mode="development",
    root="/copies/shop",
    remote_root="/Workspace/shop",
    user="ann",
    variables={"catalog": "größe"},
    resources=(Resource(key="jobs.gold", type="jobs", name="gold", config={"tasks": [{"task_key": "merge"}]}),),
)


def plan(key: str = "jobs.gold") -> RunPlan:
    planned = PlannedResource(
        key=key, type="jobs", level="atomic", layer=Layer.GOLD_MERGE, order=1, needs=("jobs.silver",), why="its tag"
    )
    return RunPlan(resources=(planned,), left_out=(LeftOut(key="dashboards.d", why="does not run"),))


def fix(number: int = 1) -> AppliedFix:
    edit = FileEdit(path="src/gold.sql", before="SELECT 1\n", after=f"SELECT {number} AS größe\n")
    made = FixPlan(
        code="table-not-found",
        fixer="fix_sql",
        title=f"Fix {number}",
        reason="",
        applicability=Applicability.SAFE,
        edits=(edit,),
    )
    return AppliedFix(resource="jobs.gold", plan=made)


@pytest.fixture
def records(store: StateStore, request_of_operation: Operation) -> Records:
    store.create(request_of_operation)
    return Records(request_of_operation)


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Nothing but the product's own care keeps files private."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Run something in which the process dies when the new file is about to take the place of the old one."""

    def dies(_draft: Path, _target: Path) -> None:
        raise SystemExit("killed")

    def run(act: Callable[[], None]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", dies)
            with pytest.raises(SystemExit, match="killed"):
                act()

    return run


def test_bundle_plan_and_fix_are_read_back_by_a_later_process(
    records: Records, request_of_operation: Operation
) -> None:
    records.save_bundle(BUNDLE)
    records.save_plan(plan())
    records.save_fix(fix())
    later = Records(request_of_operation)
    assert (later.bundle(), later.plan(), later.fixes()) == (BUNDLE, plan(), (fix(),))


def test_the_newest_bundle_counts(records: Records) -> None:
    records.save_bundle(BUNDLE)
    newer = BUNDLE.model_copy(update={"user": "bob"})
    records.save_bundle(newer)
    assert records.bundle() == newer


def test_a_bundle_is_there_once_it_was_resolved(records: Records) -> None:
    assert not records.has_bundle()
    records.save_bundle(BUNDLE)
    assert records.has_bundle()


@pytest.mark.parametrize(("mode", "expected"), [("development", False), ("production", True), (None, True)])
def test_whatever_is_not_development_is_production(records: Records, mode: str | None, *, expected: bool) -> None:
    records.save_bundle(BUNDLE.model_copy(update={"mode": mode}))
    assert records.is_production is expected


def test_a_bundle_that_was_never_resolved_counts_as_production(records: Records) -> None:
    assert records.is_production


def test_fixes_come_back_in_the_order_in_which_they_were_applied(records: Records) -> None:
    for number in range(1, 13):
        records.save_fix(fix(number))
    assert [one.plan.title for one in records.fixes()] == [f"Fix {number}" for number in range(1, 13)]


def test_fixes_keep_their_order_from_the_hundredth_on(records: Records, request_of_operation: Operation) -> None:
    records.save_fix(fix(1))
    folder = request_of_operation.folder / "fixes"
    (folder / "01.json").rename(folder / "99.json")
    records.save_fix(fix(2))
    assert [path.name for path in sorted(folder.iterdir())] == ["100.json", "99.json"]
    assert [one.plan.title for one in records.fixes()] == ["Fix 1", "Fix 2"]


def test_an_operation_without_fixes_has_none(records: Records) -> None:
    assert records.fixes() == ()


@pytest.mark.parametrize(("name", "read"), [("bundle.json", Records.bundle), ("run-plan.json", Records.plan)])
def test_a_missing_record_says_that_the_operation_has_not_come_that_far(
    records: Records, request_of_operation: Operation, name: str, read: Callable[[Records], object]
) -> None:
    with pytest.raises(StateError) as refused:
        read(records)
    assert (
        str(refused.value) == f"{request_of_operation.folder / name} is missing: this operation has not come that far."
    )


@pytest.mark.parametrize("content", [b"", b'{"resources": [', b'{"resources": 1}', b"\xff\xfe"])
def test_a_broken_record_is_named_with_what_to_do(
    records: Records, request_of_operation: Operation, content: bytes
) -> None:
    path = request_of_operation.folder / "run-plan.json"
    path.write_bytes(content)
    with pytest.raises(StateError) as refused:
        records.plan()
    assert str(refused.value).startswith(f"{path} cannot be read (")
    assert str(refused.value).endswith("Start a new operation.")


def test_a_record_that_cannot_be_written_is_named_with_what_to_do(
    records: Records, request_of_operation: Operation
) -> None:
    path = request_of_operation.folder / "bundle.json"
    path.mkdir()
    with pytest.raises(StateError) as refused:
        records.save_bundle(BUNDLE)
    assert str(refused.value).startswith(f"{path} cannot be written (")
    assert str(refused.value).endswith("then resume the operation.")


def test_a_fix_that_has_no_folder_to_be_kept_in_is_refused(records: Records, request_of_operation: Operation) -> None:
    (request_of_operation.folder / "fixes").write_text("in the way")
    with pytest.raises(StateError, match=r"fixes/01\.json cannot be written"):
        records.save_fix(fix())


def test_a_broken_fix_is_not_skipped(records: Records, request_of_operation: Operation) -> None:
    records.save_fix(fix(1))
    records.save_fix(fix(2))
    (request_of_operation.folder / "fixes" / "01.json").write_text("{")
    with pytest.raises(StateError, match=r"fixes/01\.json cannot be read"):
        records.fixes()


@pytest.mark.usefixtures("no_umask")
def test_only_the_owner_can_read_records(records: Records, request_of_operation: Operation) -> None:
    records.save_bundle(BUNDLE)
    records.save_plan(plan())
    records.save_fix(fix())
    paths = ("bundle.json", "run-plan.json", "fixes/01.json", "fixes")
    modes = [(request_of_operation.folder / path).stat().st_mode & 0o777 for path in paths]
    assert modes == [0o600, 0o600, 0o600, 0o700]


def test_a_crash_before_the_new_plan_is_in_place_leaves_the_old_one(
    records: Records, crash: Callable[[Callable[[], None]], None]
) -> None:
    records.save_plan(plan("jobs.old"))
    crash(lambda: records.save_plan(plan("jobs.new")))
    assert records.plan() == plan("jobs.old")
    records.save_plan(plan("jobs.new"))
    assert records.plan() == plan("jobs.new")


def test_a_fix_whose_record_a_crash_interrupted_was_not_recorded(
    records: Records, crash: Callable[[Callable[[], None]], None]
) -> None:
    records.save_fix(fix(1))
    crash(lambda: records.save_fix(fix(2)))
    assert records.fixes() == (fix(1),)
    records.save_fix(fix(3))
    assert records.fixes() == (fix(1), fix(3))
