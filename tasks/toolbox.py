"""What tasks need besides their arguments, made from the operation: journal, CLI, questions, guard."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from diagnostics.models import BundleSnapshot
from operations.journal import Event, Journal
from operations.operation import Operation
from operations.progress import progress
from operations.questions import QuestionStore
from operations.records import Records
from operations.standing import ResourceProgress
from operations.stop_switch import StopSwitch
from workspace.cli import BundleCli, CliTimeouts
from workspace.guard import Guard
from workspace.models import Evidence, Failure, Layer, Resource, Surface
from workspace.settings import settings
from workspace.working_copy import read_text_files


def require_not_stopped(work: Operation) -> None:
    """Refuse to go on while somebody has stopped all operations; call it right before something is changed.

    Raises:
        StoppedError: the stop switch is on.
    """
    StopSwitch(Path(work.state_dir)).require_off(work.resume_command)


def journal_of(work: Operation) -> Journal:
    """Return the operation's journal, the same object for the whole process so that observers hear every event."""
    return _journal(work.folder / "journal.jsonl")


@cache
def _journal(path: Path) -> Journal:
    return Journal(path)


def questions_of(work: Operation) -> QuestionStore:
    """Return the question store of the operation's state directory."""
    return _questions(Path(work.state_dir))


@cache
def _questions(state_dir: Path) -> QuestionStore:
    return QuestionStore(state_dir / "questions.sqlite3")


def guard_of(work: Operation) -> Guard:
    """Return the guard, which looks answers up in the question store and nowhere else."""
    return Guard(questions_of(work))


def records_of(work: Operation) -> Records:
    """Return the operation's records."""
    return Records(work)


def cli_of(work: Operation) -> BundleCli:
    """Return the CLI for the operation's working copy and target."""
    timeouts = CliTimeouts.from_settings(settings())
    return BundleCli(work.cli, Path(work.working_copy), work.target, work.profile, timeouts)


def snapshot_of(work: Operation) -> BundleSnapshot:
    """Return the bundle as fixers read it: resolved form and text files of the working copy."""
    return BundleSnapshot(resolved=records_of(work).bundle(), files=read_text_files(Path(work.working_copy)))


def progress_of(work: Operation, key: str) -> ResourceProgress:
    """Return how far one resource has come, replayed from the journal."""
    return progress(journal_of(work).events()).of(key)


def note_evidence(
    work: Operation, resource: Resource, surface: Surface, iteration: int, failures: tuple[Failure, ...]
) -> Evidence:
    """Write down what was collected about a resource of which there is no run, and return it."""
    evidence = Evidence(
        operation=work.id,
        target=work.target,
        resource=resource.key,
        resource_name=resource.name,
        surface=surface,
        layer=layer_of(work, resource.key),
        iteration=iteration,
        url=resource.url or "",
        failures=failures,
    )
    journal_of(work).append(Event.EVIDENCE_COLLECTED, resource.key, iteration, evidence=evidence)
    return evidence


def layer_of(work: Operation, key: str) -> Layer:
    """Return the layer of a resource as it was planned; none for what does not run by itself."""
    planned = records_of(work).plan().resources if records_of(work).has_plan() else ()
    return next((one.layer for one in planned if one.key == key), Layer.NONE)
