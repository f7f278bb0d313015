"""Reads the statements that are not Spark's, word by word."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Token, TokenType

from sandbox.spark.rewrite.session import StatementError
from sandbox.spark.sqltext import word, words


class Reader:
    """A place within the tokens of a statement."""

    def __init__(self, sql: str, tokens: Sequence[Token], at: int = 0) -> None:
        self.sql, self.tokens, self.at = sql, tokens, at

    def take(self, *expected: str) -> bool:
        """Go past words if they come next."""
        if words(self.tokens, self.at, len(expected)) != expected:
            return False
        self.at += len(expected)
        return True

    def need(self, *expected: str) -> None:
        """Go past words that have to come next."""
        if not self.take(*expected):
            raise self.error()

    def one_of(self, *expected: str) -> str:
        """Go past one of several words; empty if none comes next."""
        current = word(self.tokens, self.at)
        if current not in expected:
            return ""
        self.at += 1
        return current

    def word(self) -> str:
        """Go past one word."""
        current = word(self.tokens, self.at)
        if not current:
            raise self.error()
        self.at += 1
        return current

    def name(self) -> list[str]:
        """Go past a name and return its parts."""
        parts = [self._part()]
        while word(self.tokens, self.at) == ".":
            self.at += 1
            parts.append(self._part())
        return parts

    def text(self) -> str:
        """Go past a string and return its value."""
        if not self.is_text():
            raise self.error()
        self.at += 1
        return self.tokens[self.at - 1].text

    def is_text(self) -> bool:
        """Whether a string comes next."""
        return self.at < len(self.tokens) and self.tokens[self.at].token_type == TokenType.STRING

    def principal(self) -> str:
        """Go past the name of a user or group: `quoted`, 'text', or one word."""
        if self.at >= len(self.tokens):
            raise self.error()
        first = last = self.tokens[self.at]
        self.at += 1
        if first.token_type in (TokenType.IDENTIFIER, TokenType.STRING):
            return first.text
        while self.at < len(self.tokens) and self.tokens[self.at].start == last.end + 1:
            last = self.tokens[self.at]
            self.at += 1
        return self.sql[first.start : last.end + 1]

    def done(self) -> bool:
        """Whether nothing is left but a semicolon."""
        left = self.tokens[self.at :]
        return not left or all(token.token_type == TokenType.SEMICOLON for token in left)

    def end(self) -> None:
        """Refuse what is left."""
        if not self.done():
            raise self.error()

    def error(self) -> StatementError:
        """The place where the statement cannot be read on."""
        near = self.tokens[self.at].text if self.at < len(self.tokens) else "end of input"
        line = self.tokens[min(self.at, len(self.tokens) - 1)].line
        return StatementError("PARSE_SYNTAX_ERROR", f"Syntax error at or near '{near}' (line {line}).", "42601")

    def _part(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at].token_type == TokenType.STRING:
            raise self.error()
        self.at += 1
        return self.tokens[self.at - 1].text
