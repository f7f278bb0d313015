"""The `bundle` commands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from sandbox.standin.approvals import NOT_APPROVED
from sandbox.standin.bundle import Bundle, Call
from sandbox.standin.deploy import deploy
from sandbox.standin.destroy import destroy
from sandbox.standin.diagnostics import AlreadyReportedError, BundleError, count
from sandbox.standin.jobchecks import check_jobs
from sandbox.standin.layout import check_shared_root
from sandbox.standin.load import load
from sandbox.standin.output import (
    as_json,
    configuration,
    locations,
    report,
    sorted_json,
    summary,
    summary_json,
    validation,
)
from sandbox.standin.plan import make_plan
from sandbox.standin.planfile import plan_document, plan_text
from sandbox.standin.run_job import run_job
from sandbox.standin.run_pipeline import run_pipeline
from sandbox.standin.select import narrowed, resolve_selection
from sandbox.standin.state import pull, read_local_or_pull
from sandbox.standin.sync import ensure_remote_files_folder

_NOT_DEPLOYED = "resource not found or not yet deployed. Did you forget to run 'databricks bundle deploy'?"


@contextlib.contextmanager
def _reported(call: Call) -> Iterator[None]:
    """Write an error as a finding, which ends with an empty line."""
    try:
        yield
    except BundleError as error:
        call.err.write(str(error.diagnostic()))
        raise AlreadyReportedError from error


def _loaded(call: Call, *, checked: bool = False) -> Bundle:
    bundle = load(call)
    if checked and not bundle.failed:
        check_jobs(bundle)
    report(bundle)
    if bundle.failed:
        raise AlreadyReportedError
    return bundle


def _validate(call: Call) -> int:
    bundle = load(call)
    if not bundle.failed:
        check_jobs(bundle)
        check_shared_root(bundle)
    if not bundle.failed:
        ensure_remote_files_folder(bundle)
    report(bundle)
    if call.options.output == "json":
        document = configuration(bundle)
        extra = {"__locations": locations(bundle)} if call.options.include_locations else {}
        call.out.write(sorted_json(document | extra))
    else:
        call.out.write(validation(bundle))
    warnings = sum(diagnostic.severity == "Warning" for diagnostic in bundle.diagnostics)
    if call.options.strict and warnings and not bundle.failed:
        verb = "was" if warnings == 1 else "were"
        raise BundleError(f"{count(warnings, 'warning')} {verb} found. Warnings are not allowed in strict mode")
    return int(bundle.failed)


def _plan(call: Call) -> int:
    bundle = _loaded(call, checked=True)
    with _reported(call):
        selected = resolve_selection(bundle)
        state = pull(bundle, with_files=True)
        steps, omitted = narrowed(make_plan(bundle, state), selected)
    if call.options.output == "json":
        call.out.write(as_json(plan_document(steps, state)))
    else:
        call.out.write(plan_text(steps, call.options.quiet, omitted if selected else None))
    return 0


def _deploy(call: Call) -> int:
    bundle = _loaded(call, checked=True)
    check_shared_root(bundle)
    with _reported(call):
        deploy(bundle)
    return 0


def _summary(call: Call) -> int:
    bundle = _loaded(call)
    with _reported(call):
        ids = (pull(bundle) if call.options.force_pull else read_local_or_pull(bundle)).ids
    if not bundle.client.workspace_id:
        raise BundleError('strconv.ParseInt: parsing "": invalid syntax')
    is_json = call.options.output == "json"
    call.out.write(sorted_json(summary_json(bundle, ids)) if is_json else summary(bundle, ids))
    return 0


def _run(call: Call) -> int:
    bundle = _loaded(call)
    words = call.options.words
    if not words:
        raise BundleError("expected a KEY of the resource to run")
    key = words.pop(0)
    state = pull(bundle)
    kind, name = key.rpartition(".")[::2]
    found = [item for item in bundle.resources() if item[1] == name and kind in ("", item[0])]
    if not found:
        raise BundleError(f'resource with key "{key}" not found')
    kind, name, node = found[0]
    remote_id = state.ids.get(f"resources.{kind}.{name}")
    if remote_id is None:
        with _reported(call):
            raise BundleError(_NOT_DEPLOYED)
    if kind == "jobs":
        run_job(bundle, remote_id, node)
    elif kind == "pipelines":
        run_pipeline(bundle, remote_id)
    else:
        raise BundleError(f"resources of type {kind} cannot be run by the stand-in")
    return 0


def _destroy(call: Call) -> int:
    if not call.options.auto_approve:
        raise BundleError(NOT_APPROVED)
    bundle = _loaded(call)
    with _reported(call):
        destroy(bundle)
    return 0


COMMANDS: dict[str, Callable[[Call], int]] = {
    "deploy": _deploy,
    "destroy": _destroy,
    "plan": _plan,
    "run": _run,
    "summary": _summary,
    "validate": _validate,
}
