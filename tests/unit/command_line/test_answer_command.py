"""`bundleops answer` takes each answer once, in time, among those that are offered, and records who gave it."""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from operations.operation import Operation
from operations.question import Option, Question, QuestionStatus
from operations.questions import QuestionStore
from operations.store import StateStore
from tests.unit.command_line.conftest import NOBODY_LISTENS
from tests.unit.operations.question_maker import ACT, LONG_AGO, OPERATION, answered, question
from workspace.errors import ApprovalRequiredError

pytestmark = pytest.mark.usefixtures("operation")


@contextmanager
def workspace_of(user: str, requests: list[str] | None = None) -> Iterator[str]:
    """A workspace on loopback that says who the caller is; to it the environment is turned."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if requests is not None:
                requests.append(self.path)
            content = json.dumps({"userName": user, "workspace_id": "900800700600"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Databricks-Org-Id", "900800700600")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        host = f"http://127.0.0.1:{server.server_port}"
        os.environ.update(DATABRICKS_HOST=host, DATABRICKS_TOKEN="dapi-loopback-0123456789")
        yield host
        server.shutdown()


def profiles(**hosts: str) -> None:
    """Write the configuration file: one profile for each host."""
    sections = [f"[{name}]\nhost = {host}\ntoken = dapi-loopback-0123456789\n" for name, host in hosts.items()]
    Path(os.environ["DATABRICKS_CONFIG_FILE"]).write_text("\n".join(sections), encoding="utf-8")


def began_on(host: str, operation: Operation, state: StateStore) -> None:
    state.open(operation.id).write(operation.model_copy(update={"host": host}))


def refused(end: Any, words: str) -> None:
    """One message, nothing on stdout, and the exit code of bad usage."""
    assert (end.exit_code, end.stdout) == (2, "")
    assert end.stderr.startswith("bundleops: ")
    assert words in end.stderr


def test_an_answer_is_stored_with_note_and_source(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    end = bundleops("answer", asked.id, "approve", "--note", "I read the diff")
    assert (end.exit_code, end.stderr) == (0, "")
    given = questions.answer_to(asked.id)
    assert given is not None
    assert (given.option, given.note, given.source) == ("approve", "I read the diff", "terminal")
    assert questions.consume(**ACT) == given


def test_the_end_says_what_was_answered_and_how_to_go_on(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    told = bundleops("answer", asked.id, "reject").stdout.splitlines()
    by = f"by {getpass.getuser()} (unverified: {NOBODY_LISTENS} is not reachable"
    assert told[0].startswith(f"{asked.id} answered: reject (Do not do it), {by}")
    assert told[1:] == [f"If nobody waits for it any more: bundleops operate --resume {OPERATION}"]


def test_a_destroy_goes_on_with_its_own_command(
    bundleops: Any, questions: QuestionStore, operation: Operation, state: StateStore
) -> None:
    state.open(operation.id).write(operation.model_copy(update={"kind": "destroy"}))
    told = bundleops("answer", questions.ask(question()).id, "reject").stdout.splitlines()
    assert told[-1].endswith(f": bundleops destroy --resume {OPERATION}")


def test_escapes_in_a_label_are_not_sent_to_the_terminal(bundleops: Any, questions: QuestionStore) -> None:
    options = (Option(id="approve", label="Do \x1b[2Jit\u202e"), Option(id="no", label="Do not"))
    asked = questions.ask(question(options=options))
    assert bundleops("answer", asked.id, "approve").stdout.startswith(f"{asked.id} answered: approve (Do it), by ")


def test_an_answer_is_verified_by_the_workspace_that_the_operation_began_on(
    bundleops: Any, questions: QuestionStore, operation: Operation, state: StateStore
) -> None:
    asked = questions.ask(question())
    with workspace_of("ann@example.com") as host:
        began_on(host, operation, state)
        end = bundleops("answer", asked.id, "approve")
    given = questions.answer_to(asked.id)
    assert given is not None
    assert (given.by, given.verified) == ("ann@example.com", True)
    assert end.stdout.splitlines()[0].endswith("by ann@example.com.")


def test_another_workspace_proves_nothing_about_who_answers(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    with workspace_of("ann@example.com") as host:
        end = bundleops("answer", asked.id, "approve")
    given = questions.answer_to(asked.id)
    assert given is not None
    assert not given.verified
    assert f"by ann@example.com (unverified: the credentials lead to {host}, and the" in end.stdout.splitlines()[0]


def test_a_profile_that_is_named_counts_whatever_the_environment_says(
    bundleops: Any, questions: QuestionStore, operation: Operation, state: StateStore
) -> None:
    asked = questions.ask(question())
    with workspace_of("ann@example.com") as host, workspace_of("eve@example.com"):
        profiles(mine=host)
        began_on(host, operation, state)
        assert bundleops("answer", asked.id, "approve", "--profile", "mine").exit_code == 0
    given = questions.answer_to(asked.id)
    assert given is not None
    assert (given.by, given.verified) == ("ann@example.com", True)


def test_the_one_profile_for_the_workspace_is_found_without_being_named(
    bundleops: Any, questions: QuestionStore, operation: Operation, state: StateStore
) -> None:
    asked = questions.ask(question())
    with workspace_of("ann@example.com") as host:
        for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
            del os.environ[name]
        profiles(DEFAULT=NOBODY_LISTENS, mine=host)
        began_on(host, operation, state)
        bundleops("answer", asked.id, "approve")
    given = questions.answer_to(asked.id)
    assert given is not None
    assert (given.by, given.verified) == ("ann@example.com", True)


@pytest.mark.parametrize("choice", [("--profile", "mistyped"), ("--sandbox",)])
def test_credentials_that_are_named_and_cannot_be_used_answer_nothing(
    bundleops: Any, questions: QuestionStore, choice: tuple[str, ...], tmp_path: Path
) -> None:
    profiles(other=NOBODY_LISTENS)
    asked = questions.ask(question())
    end = bundleops("answer", asked.id, "reject", *choice, XDG_STATE_HOME=str(tmp_path / "none"))
    assert (end.exit_code, end.stdout) == (5, "")
    assert "mistyped" in end.stderr or "bundleops sandbox start" in end.stderr
    assert questions.get(asked.id).status is QuestionStatus.OPEN


def test_a_named_profile_of_another_workspace_answers_nothing(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    with workspace_of("ann@example.com") as host:
        profiles(elsewhere=host)
        end = bundleops("answer", asked.id, "reject", "--profile", "elsewhere")
    refused(end, f"Nothing was answered: the credentials lead to {host}, and the operation runs on {NOBODY_LISTENS}.")
    assert questions.get(asked.id).status is QuestionStatus.OPEN


def test_an_unverified_approval_of_a_risky_act_is_refused_and_the_question_stays_open(
    bundleops: Any, questions: QuestionStore
) -> None:
    asked = questions.ask(question(needs_verified=True))
    end = bundleops("answer", asked.id, "approve")
    refused(end, f"Question {asked.id} was not approved and stays open: nobody proved to be {getpass.getuser()}")
    assert f"{NOBODY_LISTENS} is not reachable" in end.stderr
    assert f"bundleops answer {asked.id} approve --profile YOUR_PROFILE" in end.stderr
    assert questions.get(asked.id).status is QuestionStatus.OPEN
    assert [row.change for row in questions.audit(asked.id)] == ["asked", "refused"]


def test_a_verified_person_approves_a_risky_act(
    bundleops: Any, questions: QuestionStore, operation: Operation, state: StateStore
) -> None:
    asked = questions.ask(question(needs_verified=True, approvers=("ann@example.com",)))
    with workspace_of("ann@example.com") as host:
        began_on(host, operation, state)
        assert bundleops("answer", asked.id, "approve").exit_code == 0
    assert questions.consume(**ACT).by == "ann@example.com"


def test_the_trail_names_account_and_machine(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    bundleops("answer", asked.id, "reject")
    assert questions.audit(asked.id)[-1].source == f"terminal ({getpass.getuser()}@{socket.gethostname()})"


@pytest.mark.parametrize(("identity", "option"), [("q-zzzzz", "approve"), ("q-aaaaa", "yes"), ("q-bbbbb", "reject")])
def test_no_workspace_is_asked_about_an_answer_that_cannot_be_given(
    bundleops: Any, questions: QuestionStore, identity: str, option: str
) -> None:
    questions.ask(question(id="q-aaaaa"))
    answered(questions, id="q-bbbbb", resource="jobs.silver")
    requests: list[str] = []
    with workspace_of("ann@example.com", requests):
        assert bundleops("answer", identity, option).exit_code == 2
    assert requests == []


def test_without_a_workspace_the_login_name_is_recorded_unverified(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    bundleops("answer", asked.id, "approve")
    given = questions.answer_to(asked.id)
    assert given is not None
    assert (given.by, given.verified) == (getpass.getuser(), False)


def test_escapes_in_a_user_name_are_not_sent_to_the_terminal(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    with workspace_of("ann\x1b[2J\u202e@example.com"):
        end = bundleops("answer", asked.id, "approve")
    assert "by ann@example.com (unverified: " in end.stdout
    assert {"\x1b", "\u202e"}.isdisjoint(end.stdout)


def test_a_secret_in_a_note_is_not_kept(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    bundleops("answer", asked.id, "approve", "--note", "used password=hunter2secret for it")
    given = questions.answer_to(asked.id)
    assert given is not None
    assert given.note == "used password=[REDACTED] for it"


def test_an_unknown_question_cannot_be_answered(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(id="q-aaaaa"))
    refused(bundleops("answer", "q-zzzzz", "approve"), "There is no question q-zzzzz")
    assert questions.answer_to(asked.id) is None


@pytest.mark.parametrize(
    ("kind", "offered"), [("approval", "approve, reject"), ("escalation", "run_again, skip, stop")]
)
def test_an_option_that_is_not_offered_is_refused_with_those_that_are(
    bundleops: Any, questions: QuestionStore, kind: str, offered: str
) -> None:
    asked = questions.ask(question(kind=kind))
    refused(bundleops("answer", asked.id, "yes"), f"does not offer 'yes'; it offers: {offered}.")
    assert questions.get(asked.id).status is QuestionStatus.OPEN


def test_a_second_answer_is_refused_and_the_first_one_stays(bundleops: Any, questions: QuestionStore) -> None:
    asked = answered(questions, "reject")
    refused(bundleops("answer", asked.id, "approve"), f"Question {asked.id} is answered already.")
    with pytest.raises(ApprovalRequiredError, match="answered 'reject'"):
        questions.consume(**ACT)


def test_an_answer_after_the_deadline_is_refused_with_the_way_on(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(created_at=LONG_AGO))
    words = f"Question {asked.id} expired at 2020-01-01T01:00:00.000000+00:00; resume the operation to be asked anew."
    refused(bundleops("answer", asked.id, "approve"), words)
    assert questions.answer_to(asked.id) is None


def _consumed(questions: QuestionStore) -> Question:
    asked = answered(questions)
    questions.consume(**ACT)
    return asked


def test_an_approval_that_was_used_cannot_be_renewed(bundleops: Any, questions: QuestionStore) -> None:
    asked = _consumed(questions)
    refused(bundleops("answer", asked.id, "approve"), "is answered already, and what it allowed was done.")
    assert questions.get(asked.id).status is QuestionStatus.CONSUMED


def test_a_replaced_question_cannot_be_answered(bundleops: Any, questions: QuestionStore) -> None:
    older = questions.ask(question())
    questions.ask(question(digest="d2"))
    refused(bundleops("answer", older.id, "approve"), f"Question {older.id} was replaced or taken back")


def test_a_question_of_an_operation_that_is_gone_is_not_answered(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question(operation="20200101-000000-aaaa"))
    refused(bundleops("answer", asked.id, "approve"), "There is no operation 20200101-000000-aaaa")
    assert questions.get(asked.id).status is QuestionStatus.OPEN


def test_an_answer_without_an_option_is_bad_usage(bundleops: Any, questions: QuestionStore) -> None:
    asked = questions.ask(question())
    end = bundleops("answer", asked.id)
    assert (end.exit_code, end.stdout) == (2, "")
    assert "Missing argument 'option'" in end.stderr
