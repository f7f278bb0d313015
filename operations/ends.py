"""How a resource and a layer can end, and what a person is asked about an end."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from operations.question import ON_SILENCE
from workspace.models import Model

BUNDLE = "bundle"
"""Key under which failures of validate, plan and deploy are counted."""


class QuestionDraft(Model):
    """A question before it has an id and a deadline."""

    resource: str
    """Resource key, or `bundle`."""
    kind: Literal["approval", "escalation"]
    title: str
    body: str
    """Markdown, with all workspace text made safe."""
    action: str
    """What an approval allows: `apply_fix` or a `DestructiveAction`; `escalation` otherwise."""
    digest: str
    """Identifies exactly what would be done."""
    on_silence: str = ON_SILENCE
    """What becomes of it when nobody answers; never that it is done."""


class ResourceEnd(Model):
    """How bringing up one resource ended: verified, skipped by a person, or with a question for one."""

    key: str
    verified: bool
    skipped: bool = False
    question: QuestionDraft | None = None

    @property
    def passes(self) -> bool:
        """True when nothing of this resource keeps the next layer from starting."""
        return self.verified or self.skipped


class LayerEnd(StrEnum):
    """Whether the next layer may start."""

    PASSED = "passed"
    STOPPED = "stopped"
    WAITING = "waiting"


class Decision(Model):
    """What the answers of a person mean for a layer."""

    end: LayerEnd
    run_again: tuple[str, ...] = ()
    person_changed_something: bool = False
