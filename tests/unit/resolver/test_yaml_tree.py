"""YAML is read as the CLI reads it, and within limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workspace.errors import BundleInvalidError
from workspace.resolver.yaml_tree import MAX_BYTES, MAX_DEPTH, read_tree


def read(folder: Path, text: str | bytes) -> Any:
    file = folder / "a.yml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_tree(file, "conf/a.yml").plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("True", True),
        ("~", None),
        ("", None),
        ("010", 10),
        ("0x10", 16),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_scalar_has_the_type_that_the_cli_gives_it(tmp_path: Path, text: str, value: object) -> None:
    assert read(tmp_path, f"a: {text}\n") == {"a": value}


def test_of_a_key_that_stands_twice_the_last_counts(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 1\na: 2\n") == {"a": 2}


def test_own_keys_win_over_merged_ones_and_of_several_merged_maps_the_last(tmp_path: Path) -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  c: 3\n  <<: [*x, *y]\n"
    assert read(tmp_path, text)["z"] == {"a": 1, "b": 2, "c": 3}


def test_only_the_first_document_counts(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 1\n---\na: 2\n") == {"a": 1}


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing\n") == {}


def test_json_is_yaml_too(tmp_path: Path) -> None:
    assert read(tmp_path, '{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}


def test_each_value_knows_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("a:\n  b:\n    - c: 1\n")
    tree = read_tree(file, "conf/a.yml")
    assert [str(node.place) for node in (tree.value["a"], tree.get("a", "b", 0, "c")) if node] == [
        "conf/a.yml:1:1",
        "conf/a.yml:3:10",
    ]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, ("conf/a.yml:", "more than 500000 values", "Split the bundle")),
        ("a: &a [*a]\n", ("conf/a.yml:1:8", "*a stands inside of what it stands for")),
        ("a: *b\n", ("conf/a.yml:1:4", "*b has no anchor above it")),
        ("a: " + "[" * 5000, ("conf/a.yml:1:", f"more than {MAX_DEPTH} levels")),
        ("a: [1\nb: 2\n", ("conf/a.yml:2:", "this is no YAML", "Correct it")),
        ("a:\n\tb: 1\n", ("conf/a.yml:2:", "cannot start any token")),
        ("a: \x00\n", ("conf/a.yml", "this is no YAML")),
        (b"a: caf\xe9\n", ("conf/a.yml is no UTF-8 text (byte 6)",)),
        ("[1]: 2\n", ("conf/a.yml:1:1", "a key has to be a plain text")),
        ("a:\n  <<: 1\n", ("conf/a.yml:2:7", "`<<` takes a mapping")),
        (b"a: " + b"x" * MAX_BYTES, ("conf/a.yml is larger than 5 MB", "Split it")),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place_and_what_to_do(
    tmp_path: Path, text: str | bytes, words: tuple[str, ...]
) -> None:
    with pytest.raises(BundleInvalidError) as error:
        read(tmp_path, text)
    assert [word for word in words if word not in str(error.value)] == []


def test_a_large_file_within_the_limits_is_read(tmp_path: Path) -> None:
    text = "".join(f"k{number}: {{a: 1, b: [x, y]}}\n" for number in range(20_000))
    assert len(read(tmp_path, text)) == 20_000


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleInvalidError, match=r"conf/a\.yml cannot be read"):
        read_tree(tmp_path / "nothing.yml", "conf/a.yml")
