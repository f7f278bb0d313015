"""What an operation did, read from what it left behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.operate import operate_bundle
from operations.events import Event, JournalEvent
from operations.question import Answer, Question
from operations.questions import QuestionStore
from operations.store import StateStore
from tests.flows.bundle_maker import Bundle


class Story:
    """The journal and the questions of one operation."""

    def __init__(self, state: Path, operation: str) -> None:
        self.id = operation
        self.folder = StateStore(state).open(operation)
        self.store = QuestionStore(StateStore(state).questions_path)

    @property
    def events(self) -> tuple[JournalEvent, ...]:
        return self.folder.journal.events()

    @property
    def exit_code(self) -> int:
        return int(self.all(Event.OPERATION_ENDED)[-1]["exit_code"])

    @property
    def verdict(self) -> str:
        """The verdict of the newest attempt that ended; nothing while the first one goes on."""
        ended = self.all(Event.OPERATION_ENDED)
        return str(ended[-1]["verdict"]) if ended else ""

    @property
    def report(self) -> str:
        return Path(self.all(Event.REPORT_WRITTEN)[-1]["path"]).read_text(encoding="utf-8")

    @property
    def started(self) -> list[str]:
        """Keys of the resources in the order in which runs were started."""
        return [str(event.resource) for event in self.events if event.event == Event.RUN_STARTED]

    @property
    def verified(self) -> list[str]:
        return [str(event.resource) for event in self.events if event.event == Event.RUN_VERIFIED]

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return self.store.list(self.id)

    def all(self, event: Event) -> list[Mapping[str, Any]]:
        """The data of all events of a kind."""
        return [one.data for one in self.events if one.event == event]

    def answer(self, option: str, question: Question | None = None) -> None:
        """Answer as a person at a terminal would."""
        asked = question or self.open_questions[-1]
        self.store.answer(Answer(question=asked.id, option=option, by="pat", verified=True, source="terminal"))


def newest(state: Path) -> Story:
    """The operation that was begun last."""
    return Story(state, StateStore(state).list()[0].id)


def operate(state: Path, bundle: Bundle, **options: Any) -> Story:
    """Run the flow in this process to its end and return its story."""
    operate_bundle(str(bundle.folder), "dev", return_state=True, **options)
    return Story(state, options["operation"]) if options.get("operation") else newest(state)
