from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from drills.fault import Fault, FaultError, apply_fault, load_fault, load_faults

ROOT = Path(__file__).parents[3]
FAULTS = load_faults()
VALID = {
    "title": "A title",
    "mistake": "Somebody did something.",
    "edits": [{"path": "a.yml", "find": "one", "replace": "two"}],
    "code": "some-code",
    "end": "verified",
}


def fault(tmp_path: Path, **changed: object) -> Fault:
    file = tmp_path / "some-fault.yaml"
    file.write_text(yaml.safe_dump({**VALID, **changed}), encoding="utf-8")
    return load_fault(file)


@pytest.mark.parametrize("shipped", FAULTS, ids=lambda one: one.name)
def test_every_shipped_fault_changes_the_demo_bundle(shipped: Fault, tmp_path: Path) -> None:
    original = ROOT / "sandbox/bundles/flights"
    bundle = Path(shutil.copytree(original, tmp_path / "flights"))

    for file in apply_fault(shipped, bundle):
        assert file.read_text() != (original / file.relative_to(bundle)).read_text()
        if file.suffix == ".yml":
            assert yaml.safe_load(file.read_text())


@pytest.mark.parametrize("shipped", FAULTS, ids=lambda one: one.name)
def test_every_shipped_fault_names_a_known_code(shipped: Fault) -> None:
    assert list((ROOT / "knowledge/patterns").glob(f"*/{shipped.code}.md"))


def test_a_fault_that_does_not_end_verified_is_shipped() -> None:
    assert {one.end for one in FAULTS} == {"verified", "escalated"}


def test_a_text_that_occurs_twice_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "a.yml").write_text("one one")

    with pytest.raises(FaultError, match=r"some-fault: text to find in a\.yml occurs 2 times, not once: 'one'"):
        apply_fault(fault(tmp_path), bundle)
    assert (bundle / "a.yml").read_text() == "one one"


def test_two_edits_of_one_file_build_on_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("one")
    edits = [{"path": "a.yml", "find": "one", "replace": "two"}, {"path": "a.yml", "find": "two", "replace": "three"}]

    assert apply_fault(fault(tmp_path, edits=edits), tmp_path) == (tmp_path / "a.yml",)
    assert (tmp_path / "a.yml").read_text() == "three"


def test_an_edit_outside_of_the_bundle_is_refused(tmp_path: Path) -> None:
    outside = fault(tmp_path, edits=[{"path": "../a.yml", "find": "one", "replace": "two"}])

    with pytest.raises(FaultError, match=r"\.\./a\.yml lies outside of the bundle"):
        apply_fault(outside, tmp_path)


def test_an_edit_of_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match=r"has no file a\.yml"):
        apply_fault(fault(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": "Not A Code"}, "code: String should match"),
        ({"end": "fixed"}, "end: Input should be"),
        ({"edits": []}, "edits: Tuple should have at least 1 item"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    with pytest.raises(FaultError, match=rf"some-fault\.yaml: {words}"):
        fault(tmp_path, **changed)


@pytest.mark.parametrize(("text", "words"), [("a: [", "not valid YAML"), ("- a", "expected a mapping")])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "broken.yaml").write_text(text)

    with pytest.raises(FaultError, match=words):
        load_fault(tmp_path / "broken.yaml")
