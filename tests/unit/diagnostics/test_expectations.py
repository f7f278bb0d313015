from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics.expectations import declared_expectations
from diagnostics.models import BundleSnapshot

Make = Callable[..., BundleSnapshot]


def declared(snapshot_of: Make, path: str, text: str) -> set[str]:
    snapshot = snapshot_of({path: text}, silver={"libraries": [{"file": {"path": path}}]})
    return set(declared_expectations(snapshot.resolved.resources[0], snapshot))


@pytest.mark.parametrize("action", ["", "ON VIOLATION DROP ROW", "ON VIOLATION FAIL UPDATE"])
def test_constraints_of_sql_are_declared(snapshot_of: Make, action: str) -> None:
    text = """CREATE OR REFRESH STREAMING TABLE clean (
        CONSTRAINT has_id EXPECT (id IS NOT NULL) [action],
        CONSTRAINT pk PRIMARY KEY (id)
    ) AS SELECT * FROM STREAM raw; -- CONSTRAINT no EXPECT (x)"""
    assert declared(snapshot_of, "src/clean.sql", text.replace("[action]", action)) == {"has_id"}


@pytest.mark.parametrize("module", ["dlt", "dp"])
def test_decorators_of_python_are_declared(snapshot_of: Make, module: str) -> None:
    text = f"""
@{module}.table
@{module}.expect("has_id", "id IS NOT NULL")
@{module}.expect_all_or_drop({{"positive": "amount > 0"}})
def clean():
    return spark.readStream.table("raw")
"""
    assert declared(snapshot_of, "src/clean.py", text) == {"has_id", "positive"}


def test_rules_that_are_loaded_when_it_runs_are_declared_without_a_name(snapshot_of: Make) -> None:
    text = "@dp.expect_all(rules_of('clean'))\ndef clean(): ...\n"
    assert declared(snapshot_of, "src/clean.py", text) == {"*"}


def test_a_source_without_expectations_or_that_cannot_be_read_declares_none(snapshot_of: Make) -> None:
    assert declared(snapshot_of, "src/clean.py", "def expect(): ...\n") == set()
    assert declared(snapshot_of, "src/clean.py", "def (") == set()
