"""How often each fault was diagnosed, from the journals of all operations of a state directory."""

from __future__ import annotations

from collections import Counter

from operations.journal import Event
from operations.store import StateStore
from workspace.errors import StateError


def seen_codes(store: StateStore) -> tuple[Counter[str], tuple[str, ...]]:
    """Return how often each code was the first diagnosis, and what is wrong with the journals that cannot be read."""
    seen: Counter[str] = Counter()
    unread = []
    for folder in store.list():
        try:
            events = folder.journal.events()
        except StateError as error:
            unread.append(str(error))
            continue
        found = (event.data.get("diagnosis") for event in events if event.event == Event.FAILURE_DIAGNOSED)
        seen.update(str(diagnosis["code"]) for diagnosis in found if diagnosis and "code" in diagnosis)
    return seen, tuple(unread)
