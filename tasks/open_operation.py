"""Open an operation: a new one, or one that was interrupted and goes on."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.runtime import flow_run

from operations.operation import Heal, Kind, Limits, Operation
from operations.store import StateStore, operation_id
from tasks.retry_policies import LOCAL
from workspace.bundle_host import profile_of_bundle
from workspace.errors import UsageError
from workspace.resolver.preflight import check_bundle
from workspace.sdk import check_connection
from workspace.settings import Settings, settings
from workspace.working_copy import copy_folder, find_bundle


@task(task_run_name="open operation on {target}", **LOCAL)
def open_operation(
    bundle: str,
    target: str,
    operation: str | None,
    *,
    dry_run: bool = False,
    kind: Kind = "operate",
    heal: Heal | None = None,
) -> Operation:
    """Begin an operation, or go on with the one that has this id.

    An operation that exists goes on with its own bundle, target and working copy, edits included. A retried flow run
    goes on with the operation that it began.

    Raises:
        UsageError: there is no such bundle or operation, or the operation belongs to another bundle or target.
    """
    store = StateStore(settings().state_dir)
    begun = operation or _begun_by_flow_run(store)
    if begun is None:
        work = create_operation(store, bundle, target, dry_run=dry_run, kind=kind, heal=heal)
        _remember_flow_run(store, work)
        return work
    work = store.open(begun).request()
    if work.kind != kind:
        raise UsageError(f"Operation {work.id} does something else. Go on with it: {work.resume_command}")
    if find_bundle(Path(bundle)) != Path(work.bundle) or target != work.target:
        raise UsageError(
            f"Operation {work.id} is on {work.bundle}, target {work.target}; it cannot go on with {bundle}, "
            f"target {target}. Resume it with its own bundle and target, or start a new operation."
        )
    return work


def create_operation(
    store: StateStore,
    bundle: str,
    target: str,
    *,
    dry_run: bool = False,
    kind: Kind = "operate",
    heal: Heal | None = None,
) -> Operation:
    """Find the bundle and record the new operation; its working copy is made ready by `ready_copy`.

    `heal` goes before the setting of that name.
    """
    current = settings()
    root = find_bundle(Path(bundle))
    check_bundle(root, target)
    profile = current.profile or profile_of_bundle(root, target)
    host = check_connection(profile).host
    # A dry run has a copy of its own: it must not touch the edits of an operation that waits for a person.
    copies = store.copies_dir / "previews" if dry_run else store.copies_dir
    work = Operation(
        id=operation_id(),
        bundle=str(root),
        target=target,
        working_copy=str(copy_folder(root, copies, target, host)),
        host=host,
        state_dir=str(store.root),
        profile=profile,
        cli=current.cli,
        limits=_limits(current, heal),
        dry_run=dry_run,
        kind=kind,
    )
    store.create(work)
    return work


def _limits(current: Settings, heal: Heal | None) -> Limits:
    return Limits(
        max_iterations=current.max_iterations,
        heal=heal or current.heal,
        level=current.level,
        parallel_runs=current.parallel_runs,
        run_timeout_minutes=current.run_timeout_minutes,
        lock_wait_seconds=current.lock_wait_seconds,
        answer_wait_seconds=current.answer_wait_seconds,
        suspend_after_seconds=current.suspend_after_seconds,
        partial_success_share=current.partial_success_share,
        verify_tables=current.verify_tables,
        excluded=current.excluded,
        fixes_per_day=current.fixes_per_day,
        changed_lines_per_day=current.changed_lines_per_day,
    )


def _flow_run_file(store: StateStore) -> Path | None:
    identity = flow_run.id
    return store.root / "flow-runs" / str(identity) if identity else None


def _begun_by_flow_run(store: StateStore) -> str | None:
    file = _flow_run_file(store)
    return file.read_text(encoding="utf-8").strip() if file and file.is_file() else None


def _remember_flow_run(store: StateStore, work: Operation) -> None:
    file = _flow_run_file(store)
    if file:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(work.id, encoding="utf-8")
