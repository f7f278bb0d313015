"""Takes secrets out of text where it comes in: values that were registered, and shapes that are secrets by themselves.

Everything works on UTF-8 bytes with RE2, because logs come in megabytes and their text is hostile.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import re2

MARKER = "[REDACTED]"
SHORTEST_SECRET = 6
"""Shorter values stand in every text; replacing them would destroy it."""

_MARKER = MARKER.encode()
_NAMES = (
    r"password|passwd|pwd|passphrase|secret|token|authorization|api[_-]?key|access[_-]?key|account[_-]?key"
    r"|private[_-]?key|secret[_-]?key|shared[_-]?key|amz-signature|sharedaccesssignature|sharedaccesskey"
)
_HARMLESS_NAMES = frozenset({"idempotency_token", "page_token", "next_page_token", "prev_page_token"})
_HARMLESS_VALUES = frozenset({b"none", b"null", b"true", b"false"})
_REFERENCES = (b"{{secrets/", b"${", b"$(", b"<", b"***", _MARKER[:-1])
"""How a value starts that only points at a secret, or is redacted already."""

_SENSITIVE_KEY = re2.compile(rf"(?i)(?:^|[_.-]|[a-z0-9])(?:{_NAMES})$")


def _keep_first_group(match: Any) -> bytes:
    """Keep what stands before the secret."""
    kept: bytes = match.group(1)
    return kept + _MARKER


def _bearer(match: Any) -> bytes:
    """Redact a bearer token, but not prose such as `bearer authentication`."""
    whole: bytes = match.group(0)
    token: bytes = match.group(2)
    return whole if token.isalpha() and len(token) < 16 else _keep_first_group(match)


def _authorization(match: Any) -> bytes:
    """Redact the value of an Authorization header; a scheme alone is all that redaction left of one."""
    whole: bytes = match.group(0)
    return whole if match.group(2).lower() in {b"basic", b"bearer", b"digest"} else _keep_first_group(match)


def _assignment(match: Any) -> bytes:
    """Redact the value of `name=value`, unless name or value is known to be no secret."""
    name, lead, value, close = (part or b"" for part in match.groups())
    bare = value.lower()
    if name.decode().lower() in _HARMLESS_NAMES or bare in _HARMLESS_VALUES or value.startswith(_REFERENCES):
        whole: bytes = match.group(0)
        return whole
    return bytes(name + lead + _MARKER + close)


def _looks_random(value: bytes) -> bool:
    """Tell a secret from a word: letters and digits mixed in eight characters or more, or a long mix of cases."""
    if len(value) < 8 or b"(" in value:
        return False
    has_digit, has_letter = any(48 <= byte < 58 for byte in value), any(chr(byte).isalpha() for byte in value)
    mixed = value != value.lower() and value != value.upper()
    return (has_digit and has_letter) or (len(value) >= 20 and mixed)


def _spaced(match: Any) -> bytes:
    """Redact `name = value` and `name: value`, which may as well be prose or code.

    Parsers say `unexpected token: x1`; a password may look like a word, everything else has to look random.
    """
    whole: bytes = match.group(0)
    said, name, lead, value = (part or b"" for part in match.groups())
    is_password = name.lower().endswith((b"password", b"passwd", b"passphrase", b"client_secret", b"client-secret"))
    reference = value.lower() in _HARMLESS_VALUES or value.startswith(_REFERENCES) or b"(" in value
    if said or reference or name.decode().lower() in _HARMLESS_NAMES or not (is_password or _looks_random(value)):
        return whole
    return bytes(name + lead + _MARKER)


def _option(match: Any) -> bytes:
    """Redact the value of `--token value`."""
    value: bytes = match.group(2)
    whole: bytes = match.group(0)
    return whole if value.startswith((b"-", *_REFERENCES)) else _keep_first_group(match)


def _key_with_digits(match: Any) -> bytes:
    """Redact `sk-…`, unless it is a name of words only."""
    whole: bytes = match.group(0)
    return _MARKER if any(48 <= byte < 58 for byte in whole) else whole


def _assignments(lead: str, value: str, close: str = "") -> Any:
    """Compile one form of `name=value`; RE2 knows no back references, so each kind of quote is its own form."""
    name = rf"([A-Za-z0-9_.-]{{0,60}}(?:{_NAMES}))"
    return re2.compile(rf"(?i){name}({lead})({value})({close})".encode())


_SHAPES: tuple[tuple[Any, bytes | Callable[[Any], bytes]], ...] = (
    (re2.compile(rb"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)"), _MARKER),
    (re2.compile(rb"dapi[0-9A-Za-z]{16,}(?:-\d+)?"), _MARKER),
    (re2.compile(rb"(?:dose|dosr|dkea|dsat)[0-9a-fA-F]{16,}(?:-\d+)?"), _MARKER),
    (re2.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), _MARKER),
    (re2.compile(rb"(?:gh[pousr]_\w{20,}|github_pat_\w{20,})"), _MARKER),
    (re2.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), _MARKER),
    (re2.compile(rb"(?i)(\bauthorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:(?:basic|bearer|digest)\s+)?)([^\s\"'\\,\[]+)"),
     _authorization),
    (re2.compile(rb"(?i)(\bbearer\s+)([\w.~+/=-]{8,})"), _bearer),
    (re2.compile(rb"(\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s/:@\"'\[]*:[^\s/\"']*@"), rb"\1" + _MARKER + b"@"),
    # Without a colon only web addresses carry a token there; in abfss://container@account it is the container.
    (re2.compile(rb"(?i)(\bhttps?://)[^\s/:@\"'\[]+@"), rb"\1" + _MARKER + b"@"),
    (re2.compile(rb"(?i)([?&;]sig=)[^&\s\"'\[]+"), _keep_first_group),
    (_assignments(r'\\*["\']?\s*[:=]\s*"', r'(?:[^"\\]|\\.)+', '"'), _assignment),
    (_assignments(r"\\*[\"']?\s*[:=]\s*'", r"(?:[^'\\]|\\.)+", "'"), _assignment),
    (_assignments(r'\\*["\']?\s*[:=]\s*\\+"', r'[^"\\]+', r'\\*"'), _assignment),
    (_assignments(r"=", r"[^\s\"'&,;)}\]]+"), _assignment),
    (re2.compile(rb"\bsk-[\w-]{16,}"), _key_with_digits),
    (re2.compile(rb"\b(?:xox[abeoprs]-[\w-]{8,}|hf_[A-Za-z0-9]{16,})"), _MARKER),
    (re2.compile(rb"(?i)(\baccount\.key\.[\w.-]+[ \t]*[=:]?[ \t]*[\"']?)[A-Za-z0-9+/=]{16,}"), _keep_first_group),
    (re2.compile(rf"(?i)(--(?:[a-z]+-)?(?:{_NAMES})[ \t]+)([^\s\"']+)".encode()), _option),
    (re2.compile(rf"(?i)(\b(?:unexpected|expecting|invalid|near|at)[ \t]+)?\b([\w.-]{{0,60}}(?:{_NAMES}))"
                 rf"([ \t]*:[ \t]+|[ \t]*=[ \t]+|[ \t]+[=:][ \t]*)([^\s\"'&,;)}}\]]+)".encode()), _spaced),
)  # fmt: skip
_HINT = re2.compile(
    rf"(?i)dapi|dose|dosr|dkea|dsat|eyJ|gh[pousr]_|github_pat|AKIA|ASIA|sk-|xox|hf_|account\.key|private key|bearer|://"
    rf"|sig=|(?:{_NAMES})".encode()
)
"""Text without any of these holds no shape; most lines of a log hold none."""


def _spellings(secret: str) -> set[bytes]:
    """Return the secret as text, JSON strings, Python reprs and URLs spell it."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    forms |= {quote(secret, safe="", errors="replace"), quote(secret, errors="replace")}
    return {form.encode("utf-8", "replace") for form in forms if form not in MARKER}


class Redactor:
    """A set of known secrets, and the way to take them and all secret shapes out of text and JSON values."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: set[bytes] = set()
        self._known: Any = None

    def register(self, secret: str | None) -> None:
        """Remember a value that must never be written anywhere; values under six characters are ignored."""
        secret = (secret or "").strip()
        if len(secret) < SHORTEST_SECRET:
            return
        with self._lock:
            self._spellings |= _spellings(secret)
            longest_first = sorted(self._spellings, key=lambda form: (-len(form), form))
            self._known = re2.compile(b"|".join(re2.escape(form) for form in longest_first)) if longest_first else None

    def redact(self, text: str) -> str:
        """Return the text with every known secret and every secret shape replaced by `[REDACTED]`."""
        before = text.encode("utf-8", "replace")
        after = self._without_known(before)
        if _HINT.search(after):
            for shape, replacement in _SHAPES:
                after = shape.sub(replacement, after)
            after = self._without_known(after)
        return text if after == before else after.decode("utf-8", "replace")

    def redact_json(self, value: Any) -> Any:
        """Return a copy of a JSON value with all its strings, keys and numbers redacted."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self.redact(str(key)): self._redact_member(str(key), member) for key, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.redact_json(member) for member in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if self._without_known(str(value).encode()) == str(value).encode() else MARKER
        return value

    def _redact_member(self, key: str, member: Any) -> Any:
        """Redact a member of an object; the name alone can make a text a secret."""
        is_reference = isinstance(member, str) and member.encode("utf-8", "replace").startswith(_REFERENCES)
        by_name = key.lower() not in _HARMLESS_NAMES and bool(_SENSITIVE_KEY.search(key))
        if by_name and isinstance(member, str) and member and not is_reference:
            return MARKER
        return self.redact_json(member)

    def _without_known(self, text: bytes) -> bytes:
        """Replace known secrets, again where the marker and its neighbours happen to spell one anew."""
        known = self._known
        for _ in range(4):
            if known is None or not known.search(text):
                break
            text = known.sub(_MARKER, text)
        return text


_default = Redactor()


def register_secret(value: str | None) -> None:
    """Remember a value that must never be written anywhere (tokens, client secrets, passwords)."""
    _default.register(value)


def redact(text: str) -> str:
    """Return the text with every known secret and every secret shape replaced by `[REDACTED]`."""
    return _default.redact(text)


def redact_json(value: Any) -> Any:
    """Return a copy of a JSON value with all its strings, keys and numbers redacted."""
    return _default.redact_json(value)
