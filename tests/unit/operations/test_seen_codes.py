"""What happened is counted from the journals."""

from __future__ import annotations

from pathlib import Path

from operations.journal import Event
from operations.seen_codes import seen_codes
from operations.store import StateStore


def journal_of(store: StateStore, name: str) -> Path:
    """Make the folder of an operation and return its journal's path."""
    folder = store.root / "operations" / name
    folder.mkdir(parents=True)
    return folder / "journal.jsonl"


def test_diagnoses_of_all_operations_are_counted(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    for name, codes in (("20260101-000000-aaaa", ["one", "two"]), ("20260102-000000-bbbb", ["one"])):
        path = journal_of(store, name)
        for code in codes:
            store.open(name).journal.append(Event.FAILURE_DIAGNOSED, "jobs.x", 1, diagnosis={"code": code})
        assert path.exists()

    seen, unread = seen_codes(store)

    assert (dict(seen), unread) == ({"one": 2, "two": 1}, ())


def test_a_damaged_journal_is_named_and_the_others_count(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    journal_of(store, "20260101-000000-aaaa").write_text("damaged\n{}\n", encoding="utf-8")
    journal_of(store, "20260102-000000-bbbb")
    store.open("20260102-000000-bbbb").journal.append(Event.FAILURE_DIAGNOSED, "x", 1, diagnosis={"code": "one"})

    seen, unread = seen_codes(store)

    assert dict(seen) == {"one": 1}
    assert "Line 1" in unread[0]
