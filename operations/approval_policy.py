"""Who may approve what: which questions need a verified person, and which answers count as that person's."""

from __future__ import annotations

import re
from datetime import datetime

from operations.ends import QuestionDraft
from operations.operation import Operation
from operations.question import APPROVE, Answer, Question, QuestionKind, QuestionStatus
from operations.records import Records
from workspace.errors import UsageError
from workspace.guard import is_destructive
from workspace.settings import VerifiedApprovals, settings

_EDITS = frozenset({"apply_fix"})
"""Acts on the operation's own copy of the bundle; what its deploy would delete is asked as an act of its own."""
_SERVICE_PRINCIPAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""The user name of a service principal is its application id; that of a person is an e-mail address."""


class AnswerRefusedError(UsageError):
    """An approving answer came from nobody who proved to be allowed to give it; the question stays open."""


def needs_verified_person(kind: QuestionKind, action: str, *, production: bool, rule: VerifiedApprovals) -> bool:
    """Tell whether only a verified person may approve.

    Args:
        kind: Only approvals allow anything; whoever answers an escalation or a choice approves nothing.
        action: What would be done.
        production: Whether it would be done to a production target; a target of unknown mode is one.
        rule: `always`, `never`, or `risky`: on production targets, and for whatever may lose something.
    """
    if kind is not QuestionKind.APPROVAL or rule == "never":
        return False
    return rule == "always" or production or (action not in _EDITS and is_destructive(action))


def question_of(draft: QuestionDraft, work: Operation, deadline: datetime, *, production: bool) -> Question:
    """Return the question that a draft becomes, with who may approve it by the settings of this process.

    Args:
        draft: What is asked.
        work: The operation that asks.
        deadline: Until when it can be answered, and an approval be used.
        production: `Records.is_production` of the operation.
    """
    current, records, kind = settings(), Records(work), QuestionKind(draft.kind)
    verified = needs_verified_person(kind, draft.action, production=production, rule=current.verified_approvals)
    return Question(
        operation=work.id,
        resource=draft.resource,
        kind=kind,
        title=draft.title,
        body=draft.body,
        action=draft.action,
        digest=draft.digest,
        deadline=deadline,
        on_silence=draft.on_silence,
        needs_verified=verified,
        approvers=current.approvers if verified else (),
        operator=records.bundle().user if records.has_bundle() else "",
    )


def approves(question: Question, answer: Answer, now: datetime) -> bool:
    """Tell whether an answer allows what its question asks for, now."""
    return (
        question.kind is QuestionKind.APPROVAL
        and question.status is QuestionStatus.ANSWERED
        and question.deadline > now
        and (answer.question, answer.option) == (question.id, APPROVE)
        and not refusal_of(question, answer)
    )


def refusal_of(question: Question, answer: Answer) -> str:
    """Return why an answer does not count, empty when it does. Whoever does not approve needs no proof."""
    if answer.question != question.id:
        return f"it answers another question, {answer.question}"
    if answer.option != APPROVE or not question.needs_verified:
        return ""
    if not answer.verified:
        who = answer.by if answer.source == "terminal" else "an approver"
        return f"nobody proved to be {who}" + (f" ({answer.why_unverified})" if answer.why_unverified else "")
    if question.approvers:
        allowed = {name.casefold() for name in question.approvers}
        return "" if answer.by.casefold() in allowed else f"{answer.by} is not among those who may approve it"
    return f"{answer.by} is a service principal and no person" if _SERVICE_PRINCIPAL.fullmatch(answer.by) else ""


def in_words(question: Question, answer: Answer) -> str:
    """Return what the trail says of an answer: what was said, and whether and how it is proven who said it."""
    because = f": {answer.why_unverified}" if answer.why_unverified else ""
    by_what = f": {answer.proof}" if answer.proof else ""
    proof = f"verified{by_what}" if answer.verified else f"unverified{because}"
    return f"{answer.option}, {proof}{', same identity as the operation' if is_operator(question, answer) else ''}"


def is_operator(question: Question, answer: Answer) -> bool:
    """Tell whether the answer came from the identity that the operation itself works as."""
    return answer.verified and bool(answer.by) and answer.by.casefold() == question.operator.casefold()


def approvers_of(question: Question) -> str:
    """Return in words who can approve."""
    if question.kind is not QuestionKind.APPROVAL:
        return "-"
    if not question.needs_verified:
        return "anybody"
    return f"verified: {', '.join(question.approvers)}" if question.approvers else "a verified person"


def how_to_approve(question: Question) -> str:
    """Return the sentence that tells a person how to approve as a verified one, empty where nobody has to."""
    if not question.needs_verified:
        return ""
    who = f"one of {', '.join(question.approvers)}" if question.approvers else "a person"
    return (
        f"Only {who} can approve this, with Databricks credentials of their own for the workspace of the operation: "
        f"bundleops answer {question.id} {APPROVE} --profile YOUR_PROFILE (on the built-in sandbox: --sandbox)."
    )
