"""Names: Unity Catalog's three levels on Spark's two.

The catalog `main` is Spark's `spark_catalog`. A schema of another catalog is a schema of `spark_catalog` whose name
tells both: `uc3_dev_gold` is `gold` of `dev`, 3 is the length of the catalog's name. There `_2d_` stands for `-`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

from sandbox.metastore import MAIN
from sandbox.privileges import principals
from sandbox.spark.rewrite.session import Session
from sandbox.spark.sqltext import Span, quoted, word, words

SPARK_CATALOG = "spark_catalog"
_ENCODED = r"uc(\d+)_(\w+)"
_BOTH = re.compile(rf"(`?){SPARK_CATALOG}\1\.(`?){_ENCODED}\2")
_ALONE = re.compile(rf"(?<![\w/])(`?){_ENCODED}\1(?!\.db\b)")
_SCHEMA_WORDS = ("SCHEMA", "DATABASE", "NAMESPACE", "SCHEMAS", "DATABASES")
_OBJECT_WORDS = (
    *("FROM", "JOIN", "INTO", "TABLE", "VIEW", "UPDATE", "USING", "DESCRIBE", "DESC", "EXTENDED", "DETAIL", "HISTORY"),
    *(
        "OPTIMIZE",
        "VACUUM",
        "REFERENCES",
        "FUNCTION",
        "OVERWRITE",
        "CLONE",
        "LIKE",
        "TBLPROPERTIES",
        "COLUMNS",
        "EXISTS",
    ),
)
"""A name of two parts behind one of these is one of an object, not of a column."""


def schema_to_spark(catalog: str, schema: str) -> str:
    """Return the name of a schema within `spark_catalog`."""
    if catalog.lower() == MAIN:
        return schema
    safe = catalog.lower().replace("-", "_2d_")
    return f"uc{len(safe)}_{safe}_{schema}"


def schema_from_spark(name: str) -> tuple[str, str]:
    """Return catalog and schema of a schema within `spark_catalog`."""
    found = re.fullmatch(_ENCODED, name)
    decoded = _decoded(found[1], found[2]) if found else None
    return decoded or (MAIN, name)


def to_spark(parts: Sequence[str], session: Session) -> str:
    """Return the quoted name of a table, view or function (one to three parts) as Spark knows it."""
    catalog, schema, name = ([session.catalog, session.schema][: 3 - len(parts)] + list(parts))[-3:]
    if len(parts) == 1:
        return _quote(name)
    return f"{SPARK_CATALOG}.{_quote(schema_to_spark(catalog, schema))}.{_quote(name)}"


def from_spark(text: str, *, cell: bool = False) -> str:
    """Return a text with the names that the user knows; `cell`: a schema that stands alone goes without its catalog."""

    def both(found: re.Match[str]) -> str:
        catalog, schema = _decoded(found[3], found[4]) or (MAIN, f"uc{found[3]}_{found[4]}")
        return f"{found[1]}{catalog}{found[1]}.{found[2]}{schema}{found[2]}"

    def alone(found: re.Match[str]) -> str:
        decoded, mark = _decoded(found[2], found[3]), found[1]
        return f"{mark}{decoded[0]}{mark}.{mark}{decoded[1]}{mark}" if decoded else found[0]

    if cell and re.fullmatch(_ENCODED, text):
        return schema_from_spark(text)[1]
    return _ALONE.sub(alone, _BOTH.sub(both, text)).replace(SPARK_CATALOG, MAIN)


def spans(sql: str, tokens: Sequence[Token], session: Session) -> Iterator[Span]:
    """Return what has to change in the names of a statement."""
    catalogs = session.catalogs()
    elsewhere = session.catalog != MAIN
    objects = _object_places(sql, tokens) if elsewhere else set()
    for index, last in _runs(tokens):
        parts = [tokens[at].text for at in range(index, last + 1, 2)]
        if parts[0].lower() in catalogs and _with_catalog(tokens, index, len(parts)):
            yield _span(tokens, index, parts[0].lower(), parts[1])
        elif elsewhere and len(parts) == 2 and (index in objects or word(tokens, last + 1) == "("):
            yield _span(tokens, index, session.catalog, parts[0], own=False)
        elif elsewhere and len(parts) == 1 and _schema_place(tokens, index):
            spark = schema_to_spark(session.catalog, parts[0])
            yield Span(tokens[index].start, tokens[index].end + 1, f"{SPARK_CATALOG}.{spark}")


def current_functions(tokens: Sequence[Token], session: Session) -> Iterator[Span]:
    """Answer current_catalog(), current_user(), is_member('group') and the like for this session."""
    values = {"CURRENT_CATALOG": session.catalog, "CURRENT_SCHEMA": session.schema, "CURRENT_DATABASE": session.schema}
    values |= {"CURRENT_USER": session.user, "SESSION_USER": session.user}
    for index in range(len(tokens)):
        name = word(tokens, index)
        if name in values and words(tokens, index + 1, 2) == ("(", ")"):
            alias = f" AS `{name.lower()}()`" if _is_column(tokens, index, index + 3) else ""
            yield Span(tokens[index].start, tokens[index + 2].end + 1, quoted(values[name]) + alias)
        elif name in ("IS_MEMBER", "IS_ACCOUNT_GROUP_MEMBER") and word(tokens, index + 3) == ")":
            member = tokens[index + 2].text in principals(session.user)
            yield Span(tokens[index].start, tokens[index + 3].end + 1, str(member).lower())


def objects(tokens: Sequence[Token]) -> Iterator[list[str]]:
    """Return the names (their parts) that stand where a table, view or function is named."""
    for index, last in _runs(tokens):
        if word(tokens, index - 1) in _OBJECT_WORDS and word(tokens, index) not in (*_OBJECT_WORDS, "IF", "("):
            yield [tokens[at].text for at in range(index, last + 1, 2)]


def dotted(text: str) -> list[str]:
    """Return the parts of a name in text form, without their quotes."""
    found = re.findall(r"`((?:[^`]|``)*)`|([^.`]+)", text.strip())
    return [(quoted_part or part).replace("``", "`").strip() for quoted_part, part in found]


def _decoded(length: str, rest: str) -> tuple[str, str] | None:
    count = int(length)
    if len(rest) <= count or rest[count] != "_":
        return None
    return rest[:count].replace("_2d_", "-"), rest[count + 1 :]


def _quote(part: str) -> str:
    return f"`{part.replace('`', '``')}`"


def _is_column(tokens: Sequence[Token], first: int, behind: int) -> bool:
    """Whether an expression is a column of its own in a SELECT, without an alias."""
    quoted_alias = behind < len(tokens) and tokens[behind].token_type == TokenType.IDENTIFIER
    if quoted_alias or word(tokens, behind) not in (",", "FROM", ")", ""):
        return False
    depth = 0
    for index in range(first - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(word(tokens, index), 0)
        if depth < 0:
            return False
        if depth == 0 and word(tokens, index) == "SELECT":
            return word(tokens, first - 1) in ("SELECT", ",")
    return False


def _runs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Dotted names: index of the first and of the last part."""
    index = 0
    while index < len(tokens):
        last = index
        while word(tokens, last + 1) == "." and last + 2 < len(tokens):
            last += 2
        if tokens[index].token_type != TokenType.STRING and word(tokens, index - 1) not in (".", ":"):
            yield index, last
        index = last + 1


def _with_catalog(tokens: Sequence[Token], index: int, parts: int) -> bool:
    return parts > 2 or (parts == 2 and _schema_place(tokens, index))


def _schema_place(tokens: Sequence[Token], index: int) -> bool:
    """Whether a schema is named here."""
    before = word(tokens, index - 1)
    if word(tokens, index) in ("EXTENDED", "IF"):
        return False
    if before == "EXISTS":
        return any(word(tokens, at) in _SCHEMA_WORDS for at in range(1, 4))
    if before in ("IN", "FROM"):
        return word(tokens, 0) == "SHOW" and word(tokens, 1) != "COLUMNS"
    return before in _SCHEMA_WORDS or (before == "EXTENDED" and word(tokens, index - 2) in _SCHEMA_WORDS)


def _span(tokens: Sequence[Token], index: int, catalog: str, schema: str, *, own: bool = True) -> Span:
    """Replace the catalog (if `own`, it stands there) and the schema; those of `main` keep their spelling."""
    if own and catalog == MAIN:
        return Span(tokens[index].start, tokens[index].end + 1, SPARK_CATALOG)
    last = tokens[index + 2] if own else tokens[index]
    return Span(tokens[index].start, last.end + 1, f"{SPARK_CATALOG}.{schema_to_spark(catalog, schema)}")


def _object_places(sql: str, tokens: Sequence[Token]) -> set[int]:
    """Indexes of the first tokens of names of tables, views and functions."""
    found = {index for index in range(len(tokens)) if word(tokens, index - 1) in _OBJECT_WORDS}
    starts = {token.start: index for index, token in enumerate(tokens)}
    for table in _tables(sql):
        first = next((part for part in (table.args.get("catalog"), table.args.get("db")) if part), None)
        if isinstance(first, exp.Identifier) and first.meta.get("start") in starts:
            found.add(starts[first.meta["start"]])
    return found


def _tables(sql: str) -> list[exp.Table]:
    try:
        parsed = sqlglot.parse(sql, dialect="databricks")
    except SqlglotError:
        return []  # what sqlglot cannot read, Spark may; the words before the names decide alone
    return [table for tree in parsed if tree is not None for table in tree.find_all(exp.Table)]
