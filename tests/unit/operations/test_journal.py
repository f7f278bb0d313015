"""The journal keeps every line, in order, whoever writes and whenever a writer dies."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from operations.journal import Event, Journal, JournalEvent
from workspace.errors import StateError

WRITER = """
import sys
from pathlib import Path
from operations.journal import Event, Journal
journal = Journal(Path(sys.argv[1]))
for number in range(30):
    journal.append(Event.NOTE, text=sys.argv[2], number=number)
"""


def test_a_line_that_was_appended_is_read_back(journal: Journal) -> None:
    written = journal.append(Event.RUN_STARTED, "jobs.gold", 2, adopted=True)
    assert journal.events() == (written,)


def test_an_observer_hears_of_a_line_that_is_on_disk(journal: Journal) -> None:
    seen: list[int] = []
    end = journal.subscribe(lambda _event: seen.append(len(journal.events())))
    journal.append(Event.NOTE, text="one")
    end()
    journal.append(Event.NOTE, text="two")
    assert seen == [1]


def test_a_broken_observer_stops_neither_the_operation_nor_the_others(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[JournalEvent] = []

    def broken(event: JournalEvent) -> None:
        heard.append(event.data["missing"])

    journal.subscribe(broken)
    journal.subscribe(heard.append)
    journal.append(Event.NOTE, text="one")
    assert len(heard) == 1
    assert "An observer of the journal failed" in caplog.text


def test_a_secret_never_reaches_the_disk(journal: Journal) -> None:
    secret = "dapi" + "0123456789abcdef" * 2
    journal.append(Event.NOTE, text=f"used {secret}", nested=[{"password": "hunter2"}])
    content = journal.path.read_text()
    assert secret not in content
    assert "hunter2" not in content


def test_the_idempotency_token_of_a_run_survives_redaction(journal: Journal) -> None:
    journal.append(Event.RUN_INTENDED, "jobs.gold", 1, idempotency_token="20261123-211502-k7fd-1")
    assert journal.events()[0].data["idempotency_token"] == "20261123-211502-k7fd-1"


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_a_crash_cut_off_is_set_aside_and_noted(journal: Journal, cut: int) -> None:
    journal.append(Event.NOTE, text="whole")
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + whole[:cut])
    assert len(journal.events()) == 1
    journal.append(Event.NOTE, text="next")
    texts = [event.data["text"] for event in journal.events()]
    assert texts[:2] == ["whole", "next"]
    assert "was set aside" in texts[2]
    assert journal.torn_path.read_bytes().rstrip(b"\n") == whole[:cut]


def test_a_damaged_line_in_the_middle_is_named_and_not_skipped(journal: Journal) -> None:
    journal.append(Event.NOTE, text="one")
    with journal.path.open("ab") as file:
        file.write(b"{damaged}\n")
    journal.append(Event.NOTE, text="two")
    with pytest.raises(StateError, match="Line 2 of"):
        journal.events()


def test_an_event_that_nobody_knows_is_not_written(journal: Journal) -> None:
    with pytest.raises(ValueError, match="run_startet"):
        journal.append("run_startet")
    assert journal.events() == ()


def test_no_line_is_lost_when_threads_append_at_once(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.append(Event.NOTE, text="x" * 500, number=number), range(200)))
    assert sorted(event.data["number"] for event in journal.events()) == list(range(200))


def test_no_line_is_lost_when_processes_append_at_once(journal: Journal) -> None:
    root = Path(__file__).parents[3]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(journal.path), name], cwd=root) for name in ("a", "b")
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    written = [(event.data["text"], event.data["number"]) for event in journal.events()]
    assert sorted(written) == [(name, number) for name in ("a", "b") for number in range(30)]


def test_a_journal_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(StateError, match="then resume the operation"):
        Journal(tmp_path / "journal.jsonl").append(Event.NOTE, text="x")
