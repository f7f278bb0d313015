"""Score diagnoses against labelled error messages: how many are answered, how many of the answers are right.

Where the label names a standard cause an answer is right when its kind of fix is accepted; no answer is wrong too.
Where the label is `unknown` an answer is wrong when it proposes a fix that is not accepted: there `unknown` is what a
person needs to hear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from diagnostics.diagnose import diagnose_text, surface_of
from knowledge.pattern import Category, FixKind
from knowledge.registry import Registry
from workspace.models import Model

BIN_EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)
"""Edges of the confidence bins of the reliability table; a bin holds its upper edge."""


class Message(Model):
    """One published error message with its label."""

    id: str
    surface: str
    """One of `Surface`, or `bundle`."""
    text: str
    category: Category
    fix_kind: tuple[FixKind, ...]
    """Accepted kinds of fix, the preferred one first."""
    transient: bool
    source: str
    note: str


class Answer(Model):
    """What the diagnosis said of one message."""

    message: Message
    code: str
    category: Category
    fix_kind: FixKind
    transient: bool
    confidence: float

    @property
    def has_cause(self) -> bool:
        """Whether the label names a standard cause."""
        return self.message.category is not Category.UNKNOWN

    @property
    def answered(self) -> bool:
        """Whether the diagnosis names a cause."""
        return self.category is not Category.UNKNOWN

    @property
    def category_right(self) -> bool:
        """Whether the category is the label's."""
        return self.category is self.message.category

    @property
    def fix_right(self) -> bool:
        """Whether the kind of fix is accepted; without an answer it is right only where there is no standard cause."""
        return self.fix_kind in self.message.fix_kind and (self.answered or not self.has_cause)


class Bin(Model):
    """One line of the reliability table."""

    low: float
    high: float
    messages: int
    confidence: float
    """Mean confidence of the answers."""
    accuracy: float
    """Share of the answers whose kind of fix is right."""


class Scores(Model):
    """Everything that is counted on one set of messages. Ratios are 0 to 1, and 0 where there is nothing to count."""

    messages: int
    with_cause: int
    coverage: float
    """Share of the messages with a standard cause that got an answer."""
    category_accuracy: float
    """Share of the messages with a standard cause whose category is right."""
    fix_kind_accuracy: float
    """Share of the messages with a standard cause whose kind of fix is right."""
    transient_accuracy: float
    """Share of the answered messages with a standard cause for which `transient` is right."""
    without_cause: int
    wrong_without_cause: float
    """Share of the messages without a standard cause for which a fix was proposed that is not accepted."""
    confusion: dict[str, dict[str, int]]
    """Count of messages by category of the label and of the answer."""
    reliability: tuple[Bin, ...]


def answer(message: Message, registry: Registry) -> Answer:
    """Diagnose one message as if its text were all that is known of the failure."""
    diagnosis = diagnose_text(message.text, surface_of(message.surface), registry)[0]
    return Answer(
        message=message,
        code=diagnosis.code,
        category=diagnosis.category,
        fix_kind=diagnosis.fix_kind,
        transient=diagnosis.transient,
        confidence=diagnosis.confidence,
    )


def scores(answers: Sequence[Answer]) -> Scores:
    """Count what the answers got right."""
    with_cause = [one for one in answers if one.has_cause]
    without_cause = [one for one in answers if not one.has_cause]
    answered = [one for one in with_cause if one.answered]
    return Scores(
        messages=len(answers),
        with_cause=len(with_cause),
        coverage=_share(with_cause, lambda one: one.answered),
        category_accuracy=_share(with_cause, lambda one: one.category_right),
        fix_kind_accuracy=_share(with_cause, lambda one: one.fix_right),
        transient_accuracy=_share(answered, lambda one: one.transient == one.message.transient),
        without_cause=len(without_cause),
        wrong_without_cause=_share(without_cause, lambda one: not one.fix_right),
        confusion=_confusion(answers),
        reliability=_reliability([one for one in answers if one.answered]),
    )


def wrong(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return the answers with a kind of fix that is not accepted or, where there is a cause, another category."""
    return tuple(one for one in answers if not one.fix_right or (one.has_cause and not one.category_right))


def _share(answers: Sequence[Answer], holds: Callable[[Answer], bool]) -> float:
    return sum(map(holds, answers)) / len(answers) if answers else 0.0


def _confusion(answers: Sequence[Answer]) -> dict[str, dict[str, int]]:
    counts = Counter((one.message.category, one.category) for one in answers)
    return {
        label.value: {said.value: counts[label, said] for said in Category if counts[label, said]}
        for label in Category
        if any(counts[label, said] for said in Category)
    }


def _reliability(answers: Sequence[Answer]) -> tuple[Bin, ...]:
    bins = []
    for low, high in pairwise(BIN_EDGES):
        inside = [one for one in answers if low < one.confidence <= high]
        if inside:
            mean = sum(one.confidence for one in inside) / len(inside)
            accuracy = _share(inside, lambda one: one.fix_right)
            bins.append(Bin(low=low, high=high, messages=len(inside), confidence=mean, accuracy=accuracy))
    return tuple(bins)
