"""Asks at the terminal of a foreground run what the operation waits to hear; an answer from elsewhere ends it.

It reads whole lines and leaves the terminal in its usual mode, so there is nothing to restore, and Ctrl-C reaches the
operation as ever.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bundleops.commands.answer import answer_from_terminal
from bundleops.options import Output
from bundleops.progress_view import TerminalView, View
from operations.approval_policy import how_to_approve
from operations.events import Event, JournalEvent
from operations.operation import Operation
from operations.plain_text import for_terminal
from operations.question import Question
from operations.questions import QuestionStore
from tasks.toolbox import journal_of, questions_of
from tasks.wait_for_answers import PAUSED
from workspace.errors import OperatorError

LOOK_SECONDS = 0.5
MAX_LINE_BYTES = 4096
MAX_LINES = 60
"""Lines of a question that are shown; the whole is one command away."""


@contextmanager
def prompting(work: Operation, view: View, output: Output) -> Iterator[None]:
    """Ask here while the block runs, if a person sits at this terminal."""
    person_is_here = isinstance(view, TerminalView) and sys.stdin.isatty() and output is Output.TEXT
    if not person_is_here or not isinstance(view, TerminalView):
        yield
        return
    prompt = Prompt(work, questions_of(work), view, sys.stdin.fileno())
    stop_listening = journal_of(work).subscribe(prompt.hear)
    try:
        yield
    finally:
        stop_listening()
        prompt.stop()


class Prompt:
    """Asks the questions of one wait after the other, in a thread of its own.

    Args:
        work: The operation.
        store: Where its questions are.
        view: What shows the operation meanwhile.
        keyboard: File descriptor of the terminal.
    """

    def __init__(self, work: Operation, store: QuestionStore, view: TerminalView, keyboard: int) -> None:
        self._work = work
        self._store = store
        self._view = view
        self._keyboard = keyboard
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def hear(self, event: JournalEvent) -> None:
        """Begin to ask when the operation begins to wait."""
        if event.event == Event.PERSON_AWAITED and event.data["how"] == PAUSED:
            self._stop_asking()
            self._stopped.clear()
            self._thread = threading.Thread(target=self._ask_all, args=(event.data["questions"],), daemon=True)
            self._thread.start()
        elif event.event not in {Event.PERSON_AWAITED, Event.NOTE}:
            self._stop_asking()

    def stop(self) -> None:
        """Ask no more."""
        self._stop_asking()

    def _stop_asking(self) -> None:
        self._stopped.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
            self._thread = None

    def _ask_all(self, identifiers: Sequence[str]) -> None:
        with self._view.stepping_aside():
            for identifier in identifiers:
                question = self._store.get(identifier)
                self._say("", *_shown(question))
                self._ask(question)

    def _ask(self, question: Question) -> None:
        """Ask until there is an answer, or the person leaves it open."""
        options = [option.id for option in question.options]
        while True:
            said = self._line(question, f"Your answer (1-{len(options)}; Enter leaves it open): ")
            if said is None:
                return
            if not said:
                self._say("It stays open. The operation waits on; Ctrl-C ends it, and nothing is lost.")
                return
            option = options[int(said) - 1] if said.isdigit() and 0 < int(said) <= len(options) else said
            if option not in options:
                self._say(f"Say a number from 1 to {len(options)}, or one of: {', '.join(options)}.")
                continue
            note = self._line(question, "A note for the report (Enter for none): ")
            if note is None or self._give(question, option, note):
                return

    def _give(self, question: Question, option: str, note: str) -> bool:
        """Store the answer; false when it was refused and can be given in another way."""
        try:
            self._say(answer_from_terminal(self._work, self._store, question, option, note))
        except OperatorError as error:
            self._say(str(error))
            return self._store.answer_to(question.id) is not None
        return True

    def _line(self, question: Question, text: str) -> str | None:
        """Return the next line of the keyboard, None when the question is answered elsewhere or nobody waits."""
        self._view.write(text)
        while not self._stopped.is_set():
            elsewhere = self._store.answer_to(question.id)
            if elsewhere is not None:
                self._say("", f"{question.id} was answered elsewhere: {elsewhere.option}, by {elsewhere.by}.")
                return None
            if select.select([self._keyboard], [], [], LOOK_SECONDS)[0]:
                # A terminal gives one line at a time; a buffered reader would hide the next one from select.
                line = os.read(self._keyboard, MAX_LINE_BYTES)
                if not line:
                    self._say("", "The keyboard is closed; the operation waits for an answer from elsewhere.")
                    return None
                return for_terminal(line.decode("utf-8", "replace")).strip()
        self._say("", "Nobody waits for the answer any more.")
        return None

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._view.write(f"{line}\n")


def _shown(question: Question) -> Iterator[str]:
    """Return a question as lines: what it is about, what happens on silence, and the answers by number."""
    yield f"{question.id}: {question.title}"
    yield ""
    lines = question.body.splitlines()
    yield from lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        yield f"… {len(lines) - MAX_LINES} more lines: bundleops questions {question.id}"
    yield ""
    yield f"{question.on_silence} {how_to_approve(question)}".rstrip()
    for number, option in enumerate(question.options, start=1):
        yield f"  {number}. {option.id:<10} {option.label}"
