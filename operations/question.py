"""What a person is asked, what they said, and the trail of both."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from workspace.models import Model

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
ON_SILENCE = "Nothing is done without an answer; the operation ends and can be resumed."
REFUSED = "refused"
"""What the trail calls an answer that was not taken because nobody proved to be allowed to give it."""
WRONG_CODE = "wrong code"
"""What it calls one that was refused because of its one-time code; these are counted."""


class QuestionKind(StrEnum):
    """What an answer means."""

    APPROVAL = "approval"
    """Whether exactly one act may be done, once."""
    ESCALATION = "escalation"
    """How the operation goes on with a resource that it cannot heal."""
    CHOICE = "choice"
    """Which of several ways to take; the store takes such questions, and no step asks one yet."""


class QuestionStatus(StrEnum):
    """Where a question stands. It leaves `open` once, and only an answered approval can be consumed."""

    OPEN = "open"
    ANSWERED = "answered"
    CONSUMED = "consumed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Option(Model):
    """One answer that a question offers."""

    id: str
    label: str


APPROVE = "approve"
APPROVAL_OPTIONS = (Option(id=APPROVE, label="Do exactly this, once"), Option(id="reject", label="Do not do it"))
ESCALATION_OPTIONS = (
    Option(id="run_again", label="I fixed it, run again"),
    Option(id="skip", label="Skip this and what needs it"),
    Option(id="stop", label="Stop the operation"),
)


def question_id() -> str:
    """Return a new id, short enough to be typed."""
    return "q-" + "".join(secrets.choice(_LETTERS) for _ in range(5))


def _now() -> datetime:
    return datetime.now(UTC)


class Question(Model):
    """What a person is asked. An approval is bound to the digest of exactly what would be done."""

    id: str = Field(default_factory=question_id, pattern=r"^q-[a-z0-9]{5}$")
    operation: str
    resource: str | None
    """Resource key, or `bundle`."""
    kind: QuestionKind
    title: str
    body: str
    """Markdown, with all workspace text made safe."""
    options: tuple[Option, ...] = ()
    """Empty: the options of the kind."""
    action: str = ""
    """What an approval allows."""
    digest: str = ""
    """Identifies exactly what would be done."""
    created_at: AwareDatetime = Field(default_factory=_now)
    deadline: AwareDatetime
    """After it nothing can be answered, and an approval can no longer be consumed."""
    on_silence: str = ON_SILENCE
    needs_verified: bool = False
    """Whether only a verified person can approve; every other option can be chosen by anybody."""
    approvers: tuple[str, ...] = ()
    """User names or e-mail addresses of those who can approve; empty: every verified person."""
    operator: str = ""
    """Databricks user that the operation works as, as far as it is known when it asks."""
    status: QuestionStatus = QuestionStatus.OPEN

    @model_validator(mode="before")
    @classmethod
    def _options_of_the_kind(cls, values: object) -> object:
        if isinstance(values, dict) and not values.get("options"):
            defaults = {QuestionKind.APPROVAL: APPROVAL_OPTIONS, QuestionKind.ESCALATION: ESCALATION_OPTIONS}
            return {**values, "options": defaults.get(values.get("kind", ""), ())}
        return values

    @model_validator(mode="after")
    def _is_answerable(self) -> Self:
        offered = [option.id for option in self.options]
        if not offered or len(set(offered)) != len(offered):
            raise ValueError("a question offers options with different ids")
        if self.kind is QuestionKind.APPROVAL and (APPROVE not in offered or not self.action or not self.digest):
            raise ValueError("an approval offers `approve` and names the action and the digest that it allows")
        return self


class Answer(Model):
    """What a person said."""

    question: str
    option: str
    note: str = ""
    by: str
    """Who answered, as far as the source tells."""
    verified: bool = False
    """Whether there is proof that it was this person."""
    proof: str = ""
    """What the proof is, in a few words."""
    why_unverified: str = ""
    """What kept the proof from being given, in a line."""
    source: Literal["terminal", "prefect-ui", "prefect-api"]
    place: str = ""
    """Account and machine that it came from, as they call themselves."""
    at: AwareDatetime = Field(default_factory=_now)


class AuditRow(Model):
    """One change of one question."""

    question: str
    at: AwareDatetime
    change: str
    """asked, code sent, refused, wrong code, or the new status."""
    by: str
    source: str
    digest: str
    detail: str = ""
