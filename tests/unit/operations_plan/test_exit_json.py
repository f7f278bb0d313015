from __future__ import annotations

import json

import pytest

from operations.exit_json import read_exit_value


@pytest.mark.parametrize("text", [None, "", "SUCCESS", "done, 3 rows", "[1, 2]", "{broken"])
def test_what_is_no_report_passes(text: str | None) -> None:
    assert read_exit_value(text).passed


@pytest.mark.parametrize("text", ["FAILED", " failure ", "error"])
def test_plain_text_that_says_failed_fails(text: str) -> None:
    assert not read_exit_value(text).passed


@pytest.mark.parametrize("total", ["total", "total_items"])
def test_a_status_failed_fails_in_both_forms(total: str) -> None:
    report = read_exit_value(json.dumps({"status": "FAILED", total: 4, "failed": 4}))
    assert not report.passed
    assert report.reason == "exit JSON says FAILED: 4 of 4 items failed"


@pytest.mark.parametrize(
    ("total", "failed", "passes"),
    [
        (30, 3, True),
        (30, 4, False),
        (10, 1, True),
        (8, 1, True),
        (8, 2, False),
        (4, 1, False),
        (5, 1, True),
        (0, 1, False),
    ],
)
def test_partial_success_passes_from_nine_of_ten_or_with_one_failure_of_few(
    total: int, failed: int, *, passes: bool
) -> None:
    value = {"status": "PARTIAL_SUCCESS", "total": total, "failed": failed}
    assert read_exit_value(json.dumps(value)).passed is passes


@pytest.mark.parametrize(("share", "passes"), [(0.7, True), (0.8, False), (1, False)])
def test_the_share_that_must_succeed_can_be_another_one(share: float, *, passes: bool) -> None:
    value = json.dumps({"status": "PARTIAL_SUCCESS", "total": 30, "failed": 9})
    assert read_exit_value(value, share).passed is passes


def test_where_all_must_succeed_no_failure_of_few_passes() -> None:
    value = json.dumps({"status": "PARTIAL_SUCCESS", "total": 8, "failed": 1})
    assert (read_exit_value(value, 0.95).passed, read_exit_value(value, 1).passed) == (True, False)


def test_failed_items_are_counted_where_no_number_is_given() -> None:
    report = read_exit_value(json.dumps({"status": "PARTIAL_SUCCESS", "total_items": 3, "failed_items": ["a", "b"]}))
    assert (report.passed, report.failed_items) == (False, ("a", "b"))


def test_the_names_in_errors_are_the_failed_items() -> None:
    report = read_exit_value(json.dumps({"status": "FAILED", "total": 1, "failed": 1, "errors": {"m1": "no grant"}}))
    assert report.failed_items == ("m1",)


@pytest.mark.parametrize(
    "text",
    [
        "FAILED: no rows",
        "Failed to load planes",
        "error - 3 tables",
        '"FAILED"',
        '"{\\"status\\": \\"FAILED\\"}"',
        '{"status": "failed: 3 of 4"}',
        '{"status": "ERROR", "total": 4}',
        '{"status": "SUCCESS", "total": 4, "failed": "3"}',
        '{"total": 4, "errors": ["planes: no grant"]}',
        '{"total": 4, "errors": "planes: no grant"}',
        '{"total": 4, "failed": ["planes"]}',
        '{"total": 4, "failed_items": 2}',
        '{"total": "4", "successful": "2"}',
    ],
)
def test_a_notebook_that_tells_of_failure_in_its_own_way_fails(text: str) -> None:
    assert not read_exit_value(text).passed


@pytest.mark.parametrize(
    "text",
    [
        "failed: 0",
        "Error-free",
        "errors 0",
        "0 failed",
        '{"status": "SUCCESS", "failed": "0", "errors": [], "failed_items": ""}',
        '{"status": "SUCCESS", "total": 3, "failed": false, "errors": null}',
        '{"status": "SUCCESS", "total": 1e400, "failed": -1}',
    ],
)
def test_a_notebook_that_counts_no_failure_passes(text: str) -> None:
    assert read_exit_value(text).passed


def test_one_failed_item_that_is_named_by_text_is_one_item() -> None:
    report = read_exit_value(json.dumps({"status": "PARTIAL_SUCCESS", "total": 6, "failed_items": "planes"}))
    assert (report.passed, report.failed_items) == (True, ("planes",))


def test_a_failed_item_that_is_an_object_is_called_by_the_texts_in_it() -> None:
    report = read_exit_value(json.dumps({"total": 1, "errors": [{"table": "planes", "error": "no grant", "at": {}}]}))
    assert report.failed_items == ("planes no grant",)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_cut_and_breaks_nothing(depth: int) -> None:
    text = '{"status": "SUCCESS", "more": ' + "[" * depth + "]" * depth + "}"
    assert read_exit_value(text).passed
