"""An edit of YAML is proposed only when its data differs by exactly what was intended, and all comments are there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.yaml_changes import Change, Span, proven_edit
from diagnostics.yaml_data import Data, Scalar, comments, load, same

TEXT = "a:  # first\n  b: [x]\n  c: 1\n"


def at(found: str, new: str, text: str = TEXT) -> Span:
    return Span(start=text.index(found), end=text.index(found) + len(found), new=new)


def test_an_edit_that_does_what_it_intends_is_proposed() -> None:
    edit = proven_edit("a.yml", TEXT, [Change((at("[x]", "[x, y]"),), (("a", "b"),), appended=("y",))])

    assert edit is not None
    assert edit.after == TEXT.replace("[x]", "[x, y]")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[x]", "[x, z]"),
        ("[x]", "[y, x]"),
        ("[x]\n  c: 1", "[x, y]\n  c: 2"),
        ("[x]\n  c: 1", '[x, y]\n  c: "1"'),
        ("b: [x]\n  c: 1", "c: 1\n  b: [x, y]"),
        ("  # first\n  b: [x]", "\n  b: [x, y]"),
        ("[x]", "[x, y"),
        ("[x]", "[x]"),
    ],
)
def test_an_edit_that_does_anything_else_is_not_proposed(old: str, new: str) -> None:
    assert proven_edit("a.yml", TEXT, [Change((at(old, new),), (("a", "b"),), appended=("y",))]) is None


def test_a_change_behind_a_shared_anchor_has_to_be_intended_at_each_place() -> None:
    text = "a: &l [x]\nb: *l\n"
    spans = (at("[x]", "[x, y]", text),)

    assert proven_edit("a.yml", text, [Change(spans, (("a",),), appended=("y",))]) is None
    assert proven_edit("a.yml", text, [Change(spans, (("a",), ("b",)), appended=("y",))]) is not None


def test_a_key_that_is_renamed_keeps_its_place() -> None:
    edit = proven_edit("a.yml", TEXT, [Change((at("b:", "d:"),), (("a",),), renamed={"b": "d"})])

    assert edit is not None


def test_a_value_that_a_merge_key_brings_is_not_hidden_by_a_new_one() -> None:
    text = "x: &x\n  b: [1]\na:\n  <<: *x\n  c: 1\n"
    span = Span(start=len(text), end=len(text), new="  b: [y]\n")

    assert proven_edit("a.yml", text, [Change((span,), (("a",),), added={"b": ["y"]})]) is None


def test_spans_that_overlap_are_refused() -> None:
    change = Change((at("[x]", "[x, y]"), at("x]", "y]")), (("a", "b"),), appended=("y",))

    assert proven_edit("a.yml", TEXT, [change]) is None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5_000,
        "{a: " * 5_000,
        "- " * 5_000,
        "a: " + "[" * 100 + "]" * 100,
        "\n".join(f"{' ' * n}a:" for n in range(300)),
        "k: v\n" * 100_000,
        "a: &a [*a]\n",
        "a: &a\n  <<: *a\n",
        "a: &a [x]\n" + "\n".join(f"{n}: &{n} [*a, *a]" for n in range(3)) + "\nb: &a [y]\n",
        "a: 1\na: 2\n",
        "? [a]\n: b\n",
        "a: \ud800\n",
        "a: \0\n",
        "--- a\n--- b\n",
    ],
)
def test_text_that_is_too_deep_too_long_or_unclear_has_no_data(text: str) -> None:
    assert load(text) is None


@pytest.mark.parametrize("line", ["{new}: &{new} [*{old}, *{old}]", "{new}: &{new} {{<<: [*{old}, *{old}]}}"])
def test_aliases_that_multiply_are_given_up(line: str) -> None:
    lines = ["x0: &x0 {a: 1}", *(line.format(new=f"x{n + 1}", old=f"x{n}") for n in range(40))]

    assert load("\n".join(lines)) is None


def test_scalars_keep_their_types() -> None:
    assert load("[a, '1', 1, null, ~, yes]") == [
        "a",
        "1",
        Scalar("tag:yaml.org,2002:int", "1"),
        Scalar("tag:yaml.org,2002:null", "null"),
        Scalar("tag:yaml.org,2002:null", "~"),
        Scalar("tag:yaml.org,2002:bool", "yes"),
    ]


def test_comments_are_told_from_text() -> None:
    text = "# one\na: 'x # no'  # two\nb: |  # three\n  # no\nc: [d,  # four\n  e]\n#five"

    assert comments(text) == ["# four", "# one", "# three", "# two", "#five"]


TREES = st.recursive(
    st.text("ab:#'\" ", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner),
    max_leaves=6,
)


@given(TREES, TREES)
def test_two_trees_are_the_same_only_when_they_are_written_the_same(one: Data, two: Data) -> None:
    assert same(one, one)
    assert same(one, two) == (repr(one) == repr(two))
