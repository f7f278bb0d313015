"""Secrets do not survive redaction, and what is no secret does."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace.redaction import MARKER, SHORTEST_SECRET, Redactor, redact, redact_json

SECRETS = (
    st.text(min_size=SHORTEST_SECRET, max_size=40)
    .map(str.strip)
    .filter(lambda secret: len(secret) >= SHORTEST_SECRET and secret not in MARKER)
)


@given(secret=SECRETS, before=st.text(), after=st.text())
@settings(max_examples=300, deadline=None)
def test_a_registered_secret_never_survives_in_text(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.register(secret)
    assert secret not in redactor.redact(before + secret + after)


@given(secret=SECRETS, key=st.text(max_size=5), ascii_only=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_registered_secret_never_survives_across_json(secret: str, key: str, *, ascii_only: bool) -> None:
    redactor = Redactor()
    redactor.register(secret)
    value = {key: [secret, {secret: f"x{secret}y"}], "n": 1}
    spelled = json.dumps(value, ensure_ascii=ascii_only)
    own_spelling = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    assert own_spelling not in redactor.redact(spelled)
    assert own_spelling not in json.dumps(redactor.redact_json(value), ensure_ascii=ascii_only)


def test_a_registered_number_does_not_survive_as_a_json_number() -> None:
    redactor = Redactor()
    redactor.register("12345678")
    assert redactor.redact_json({"pin": 12345678, "count": 7}) == {"pin": MARKER, "count": 7}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token dapi" + "0123456789abcdef" * 2 + " used", "dapi0123"),
        ("secret dose" + "0123456789abcdef" * 2, "dose0123"),
        ("Authorization: Bearer abc-123", "abc-123"),
        ("sent bearer tok-12345678", "tok-12345678"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIi"),
        ("jdbc://h?user=a&password=hunter2&x=1", "hunter2"),
        ('{"client_secret": "hunter\\"2"}', 'hunter\\"2'),
        ('{"body": "{\\"password\\": \\"hunter2\\"}"}', "hunter2"),
        ("DATABRICKS_TOKEN='abcdefgh'", "abcdefgh"),
        ("git clone https://user:pa:ss@host/repo", "pa:ss"),
        ("password = hunter2", "hunter2"),
        ("db.password : hunter", "hunter"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "wJalrXUtn"),
        ("token: abcd1234efgh", "abcd1234"),
        ("secret: Zx9-aaaa-1111", "Zx9"),
        ("api_key: " + "sk-" + "proj-abcdef1234567890abcd", "abcdef12"),
        ("databricks auth --token abcd1234", "abcd1234"),
        ("databricks auth --token=abcd1234", "abcd1234"),
        ("--client-secret hunter", "hunter"),
        ("spark.hadoop.fs.azure.account.key.a1.dfs.core.windows.net QUJDREVGR0hJSktMTU5P==", "QUJDREVG"),
        ("fs.azure.account.key.a1.dfs.core.windows.net=QUJDREVGR0hJSktMTU5P==", "QUJDREVG"),
        ("posted with xox" + "b-123456789012-abcdef", "123456789012"),
        ("loaded hf_" + "AbCdEfGhIjKlMnOpQr", "AbCdEf"),
        ("key AKIA" + "ABCDEFGH12345678", "AKIAABCD"),
        ("https://acc.blob.core.windows.net/c?sv=1&sig=aB%2Fc&se=2", "aB%2Fc"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_redacted_once_and_for_all(text: str, secret: str) -> None:
    redacted = redact(text)
    assert secret not in redacted
    assert MARKER in redacted
    assert redact(redacted) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "[PARSE_SYNTAX_ERROR] unexpected token: SELECT",
        "A column, variable, or function parameter with name `secret` cannot be resolved",
        "idempotency_token=20261123-211502-k7fd:jobs.gold:1",
        "abfss://container@account.dfs.core.windows.net/path",
        'password: "{{secrets/scope/key}}"',
        "token = dbutils.secrets.get(scope='a', key='b')",
        "bearer authentication is needed",
        "token: unexpected",
        "[PARSE_SYNTAX_ERROR] Syntax error at or near token: orders2024.",
        "mismatched input 'x' expecting token: IDENTIFIER",
        "token = None",
        "password = getpass.getpass()",
        "the secret: do not panic",
        "token: ${var.token}",
        "secret: {{secrets/scope/key}}",
        "page_token: abcd1234abcd1234",
        "pip install sk-learn-contrib-extensions",
        "a task-level-setting-with-a-long-name",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_a_member_whose_name_tells_a_secret_is_redacted_whatever_it_holds() -> None:
    assert redact_json({"db_password": "a", "idempotency_token": "b"}) == {
        "db_password": MARKER,
        "idempotency_token": "b",
    }


def test_redaction_time_grows_no_faster_than_the_text() -> None:
    line = '26/11/23 21:15:02 INFO token=abcdef12 https://user:pw@host eyJ eyJ "password": "\n'

    def seconds(count: int) -> float:
        text = line * count
        began = time.perf_counter()
        redact(text)
        return time.perf_counter() - began

    seconds(100)
    assert seconds(20_000) < 60 * max(seconds(2_000), 0.001)
