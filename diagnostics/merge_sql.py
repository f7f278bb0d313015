"""Find MERGE statements in SQL text and write their source without duplicate keys.

The text is parsed by sqlglot only to understand it. The rewrite replaces the span of the USING source, so everything
else keeps its letters and layout.

One row stays for every combination of key values that the source had, so the set of merge keys is the same before and
after. Rows with a NULL key match nothing and cannot be duplicates of each other; all of them stay. A WHEN clause that
asks for values of the source may still treat the newest row otherwise than an older one: `depends_on_row` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import Token, TokenType, exp

NUMBER_COLUMN = "_row_of_key"
"""Name of the row number; a source that has it was rewritten before."""

# The WHEN of a CASE is none of the MERGE's own.
_OPENS = (TokenType.L_PAREN, TokenType.CASE)
_CLOSES = (TokenType.R_PAREN, TokenType.END)

_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class MergeStatement:
    """One MERGE with the spans and names that a rewrite needs. Offsets count from the start of the text."""

    start: int
    end: int
    source_start: int
    source_end: int
    on_start: int
    on_end: int
    source: exp.Expr
    alias: str
    has_alias: bool
    target: str
    keys: tuple[str, ...]
    """Source side of each comparison of the ON clause."""
    nullable_keys: tuple[str, ...]
    """Those compared with `=`, for which NULL matches nothing."""
    columns: frozenset[str]
    """Source columns that the statement names, in lower case."""
    takes_all_columns: bool
    """`UPDATE SET *` or `INSERT *`: then the source has every column of the target."""
    depends_on_row: bool
    """A WHEN clause deletes, asks for values of the source, or adds to what the target has: then it matters which rows
    of a key are kept."""

    @property
    def is_deduplicated(self) -> bool:
        """True when the source numbers its rows by key already."""
        return any(name.name.lower() == NUMBER_COLUMN for name in self.source.find_all(exp.Identifier))


def merge_statements(text: str) -> Iterator[MergeStatement]:
    """Yield each MERGE of the text that is understood: one source with a name, joined by comparisons of columns."""
    try:
        tokens = sqlglot.Dialect.get_or_raise("databricks").tokenize(text)
    except sqlglot.errors.TokenError:
        return
    for position, token in enumerate(tokens):
        if token.token_type is TokenType.MERGE:
            statement = _read(text, list(_until_end(tokens, position)))
            if statement:
                yield statement


def deduplicated_source(
    source: str, merge: MergeStatement, order_columns: tuple[str, ...], line_break: str | None
) -> str:
    """Return the new text of the USING source: the newest row per key.

    Args:
        source: the text of the source as it stands in the file; it is kept letter by letter.
        merge: the statement.
        order_columns: columns that tell which row is newer, the most telling first; without any, content decides.
        line_break: what stands between two lines of the statement, indent included, or None to write one line.
    """
    alias = _quoted(merge.alias)
    newest = [f"{alias}.{_quoted(column)} DESC" for column in order_columns]
    # Rows of the same age are told apart by their content, so that a repeated run chooses the same row.
    order = ", ".join([*newest, f"to_json(struct({alias}.*)) DESC"])
    number = f"ROW_NUMBER() OVER (PARTITION BY {', '.join(merge.keys)} ORDER BY {order}) AS {NUMBER_COLUMN}"
    kept = " OR ".join([f"{NUMBER_COLUMN} = 1", *(f"{key} IS NULL" for key in merge.nullable_keys)])
    all_columns = f"SELECT * EXCEPT ({NUMBER_COLUMN})"
    if line_break is None:
        parts = ["(", all_columns, " FROM (", f"SELECT *, {number}", f" FROM {source}", f") AS {alias}"]
        return "".join([*parts, f" WHERE {kept}", f") AS {alias}"])
    lines = [
        "(",
        f"  {all_columns}",
        "  FROM (",
        f"    SELECT *, {number}",
        f"    FROM {source}",
        f"  ) AS {alias}",
        f"  WHERE {kept}",
        f") AS {alias}",
    ]
    return line_break.join(lines)


def same_but_source(before: MergeStatement, after: MergeStatement) -> bool:
    """Tell whether `after` is `before` with its source wrapped: all other clauses are the same, and so are the keys."""
    old, new = before.source.parent, after.source.parent
    if not isinstance(old, exp.Merge) or not isinstance(new, exp.Merge) or not after.is_deduplicated:
        return False
    restored = new.copy()
    restored.set("using", before.source.copy())
    return restored == old and any(node == before.source for node in after.source.walk())


def _quoted(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else f"`{name.replace('`', '``')}`"


def _until_end(tokens: list[Token], position: int) -> Iterator[Token]:
    for token in tokens[position:]:
        if token.token_type is TokenType.SEMICOLON:
            return
        yield token


def _read(text: str, tokens: list[Token]) -> MergeStatement | None:
    start, end = tokens[0].start, tokens[-1].end + 1
    using, on, when = (_clause(tokens, kind) for kind in (TokenType.USING, TokenType.ON, TokenType.WHEN))
    try:
        merge = sqlglot.parse_one(text[start:end], dialect="databricks")
    except sqlglot.errors.SqlglotError:
        return None
    if not isinstance(merge, exp.Merge) or using is None or on is None or not using < on - 1 or when is None:
        return None
    source, target, condition = merge.args["using"], merge.this, merge.args["on"]
    alias = str(source.alias_or_name)
    keys = _keys(condition, alias)
    if not alias or not keys:
        return None
    return MergeStatement(
        start=start,
        end=end,
        source_start=tokens[using + 1].start,
        source_end=tokens[on - 1].end + 1,
        on_start=tokens[on].start,
        on_end=tokens[when].start,
        source=source,
        alias=alias,
        has_alias=bool(source.alias),
        target=".".join(part.name for part in target.parts).lower() if isinstance(target, exp.Table) else "",
        keys=tuple(keys),
        nullable_keys=tuple(key for key, null_safe in keys.items() if not null_safe),
        columns=frozenset(c.name.lower() for c in merge.find_all(exp.Column) if _is_of(c, alias)),
        takes_all_columns=any(_takes_all(clause) for clause in merge.find_all(exp.When)),
        depends_on_row=any(_depends_on_row(clause, target.alias_or_name, alias) for clause in merge.find_all(exp.When)),
    )


def _clause(tokens: list[Token], kind: TokenType) -> int | None:
    depth = 0
    for position, token in enumerate(tokens):
        depth += (token.token_type in _OPENS) - (token.token_type in _CLOSES)
        if depth == 0 and token.token_type is kind:
            return position
    return None


def _keys(condition: exp.Expr, alias: str) -> dict[str, bool]:
    """Return the source side of each comparison, and whether it is null-safe; nothing when it is used otherwise."""
    keys: dict[str, bool] = {}
    for part in _conjuncts(condition):
        columns = list(part.find_all(exp.Column))
        if any(not column.table for column in columns):
            return {}  # It may be a column of the source, and then rows would be lost by grouping without it.
        if not any(_is_of(column, alias) for column in columns):
            continue
        sides = [part.left, part.right] if isinstance(part, exp.EQ | exp.NullSafeEQ) else []
        own = [side for side in sides if _is_only_of(side, alias)]
        other = [side for side in sides if side not in own]
        if len(own) != 1 or not _is_of_others(other[0], alias):
            return {}
        keys[own[0].sql(dialect="databricks")] = isinstance(part, exp.NullSafeEQ)
    return keys


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    inner = condition.unnest()
    if isinstance(inner, exp.And):
        yield from _conjuncts(inner.left)
        yield from _conjuncts(inner.right)
    else:
        yield inner


def _is_of(column: exp.Column, alias: str) -> bool:
    return column.table.lower() == alias.lower()


def _is_only_of(side: exp.Expr, alias: str) -> bool:
    columns = list(side.find_all(exp.Column))
    return bool(columns) and all(_is_of(column, alias) for column in columns)


def _is_of_others(side: exp.Expr, alias: str) -> bool:
    """Tell whether a side has columns and none is of the source: only a comparison with such a side is a key."""
    columns = list(side.find_all(exp.Column))
    return bool(columns) and not any(_is_of(column, alias) for column in columns)


def _takes_all(when: exp.When) -> bool:
    then = when.args.get("then")
    if isinstance(then, exp.Update | exp.Insert):
        return any(isinstance(part, exp.Star) for part in (then.this, *(then.args.get("expressions") or ())))
    return False


def _depends_on_row(when: exp.When, target: str, alias: str) -> bool:
    """Tell whether the clause may do one thing for the newest row of a key and another for an older one."""
    condition, then = when.args.get("condition"), when.args.get("then")
    columns = condition.find_all(exp.Column) if condition else ()
    deletes = isinstance(then, exp.Var) and then.name.upper() == "DELETE"
    return deletes or _adds_up(then, alias) or any(not _is_of(column, target) for column in columns)


def _adds_up(then: exp.Expr | None, alias: str) -> bool:
    """Tell whether an assigned value is made of more than the source row, as in `SET t.n = t.n + s.n`.

    Then every row of a key may have been meant to count, and keeping the newest would lose what the others add.
    """
    if not isinstance(then, exp.Update):
        return False
    values = [part.expression for part in then.args.get("expressions") or () if isinstance(part, exp.EQ)]
    return any(not _is_of(column, alias) for value in values for column in value.find_all(exp.Column))
