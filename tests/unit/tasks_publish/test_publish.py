from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from operations.events import Event
from operations.operation import Operation
from operations.store import StateStore
from tasks import publish
from tasks.toolbox import journal_of
from workspace.redaction import register_secret

SECRET = "dapi0123456789abcdef0123456789abcdef"


@pytest.fixture
def work(tmp_path: Path) -> Operation:
    store = StateStore(tmp_path / "state")
    operation = Operation(
        id="20261123-211502-k7fd",
        bundle=str(tmp_path / "bundle"),
        target="dev",
        working_copy=str(store.copies_dir / "bundle"),
        state_dir=str(store.root),
    )
    store.create(operation)
    return operation


def operate(work: Operation) -> None:
    """Do what an operation does as far as the publisher can see it."""
    with publish.publishing(work):
        journal_of(work).append(Event.OPERATION_STARTED, bundle=work.bundle, target=work.target, dry_run=False)
        journal_of(work).append(Event.OPERATION_ENDED, verdict="verified", exit_code=0, reason="")


def words(work: Operation) -> list[str]:
    return [event.event for event in journal_of(work).events()]


def test_an_operation_does_not_notice_that_prefect_is_out_of_reach(
    work: Operation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    register_secret(SECRET)

    def refuse(*_: object) -> None:
        raise ConnectionError(f"no route \x1b[31mwith {SECRET}\nto Prefect")

    monkeypatch.setattr(publish, "emit", refuse)
    monkeypatch.setattr(publish, "beat", refuse)
    with caplog.at_level(logging.WARNING):
        operate(work)
    assert words(work) == [Event.OPERATION_STARTED, Event.OPERATION_ENDED]
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "ConnectionError: no route" in warning
    assert SECRET not in warning
    assert not {"\x1b", "\n"} & set(warning)


def test_an_operation_does_not_wait_for_a_prefect_that_hangs(work: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(publish, "beat", lambda *_: answers.wait())
    monkeypatch.setattr(publish, "FLUSH_SECONDS", 0.01)
    operate(work)
    assert words(work)[-1] == Event.OPERATION_ENDED
    answers.set()


def test_a_publisher_that_cannot_keep_up_leaves_out_what_the_journal_has(
    work: Operation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publish, "QUEUE_LIMIT", 1)
    publisher = publish.Publisher(work, None)
    journal_of(work).subscribe(publisher.hear)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            journal_of(work).append(Event.NOTE, text="again")
    assert words(work) == [Event.NOTE] * 3
    assert [record.getMessage() for record in caplog.records] == [
        "Prefect takes events too slowly; some are left out. The journal has them all."
    ]
