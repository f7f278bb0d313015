"""A MERGE whose source has several rows per key gets the newest of them, and keeps everything else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlglot

from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from diagnostics.planning import plan_fix
from knowledge.pattern import Applicability
from workspace.models import Evidence, SourceLocation, TableShape

EvidenceOf = Callable[..., Evidence]
SnapshotOf = Callable[..., BundleSnapshot]
DiagnosisOf = Callable[..., Diagnosis]
PlanMerge = Callable[..., FixPlan | None]

ORDERS = TableShape(name="main.silver.orders", columns=("order_id", "amount", "processed_timestamp"))
MERGE = (
    "MERGE INTO main.gold.orders AS t\n"
    "USING main.silver.orders AS s\n"
    "ON t.order_id = s.order_id\n"
    "WHEN MATCHED THEN UPDATE SET *\n"
    "WHEN NOT MATCHED THEN INSERT *"
)
NEWEST = (
    "USING (\n"
    "  SELECT * EXCEPT (_row_of_key)\n"
    "  FROM (\n"
    "    SELECT *, ROW_NUMBER() OVER (PARTITION BY s.order_id ORDER BY s.processed_timestamp DESC, "
    "to_json(struct(s.*)) DESC) AS _row_of_key\n"
    "    FROM main.silver.orders AS s\n"
    "  ) AS s\n"
    "  WHERE _row_of_key = 1 OR s.order_id IS NULL\n"
    ") AS s\n"
)


@pytest.fixture
def plan_merge(evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf) -> PlanMerge:
    """Plan for one source file of the failed job."""

    def plan(
        text: str,
        path: str = "src/merge.py",
        *,
        tables: tuple[TableShape, ...] = (ORDERS,),
        error: str = "multiple source rows matched",
        location: SourceLocation | None = None,
    ) -> FixPlan | None:
        job = {"tasks": [{"task_key": "task_0", "notebook_task": {"notebook_path": path}}]}
        diagnosis = diagnosis_of(fixer="deduplicate_merge_source", location=location)
        evidence = evidence_of(error, tables=tables)
        return plan_fix(diagnosis, evidence, snapshot_of({path: text}, gold_merge_job=job), frozenset())

    return plan


def test_the_newest_row_per_key_is_merged_and_nothing_else_changes(plan_merge: PlanMerge) -> None:
    text = f"-- Databricks notebook source\nSELECT 1;\n\n-- why\n{MERGE};\nSELECT 2;\n"
    plan = plan_merge(text, "src/merge.sql")

    assert plan is not None
    assert plan.applicability is Applicability.SAFE
    assert plan.edits[0].after == text.replace("USING main.silver.orders AS s\n", NEWEST)


def test_the_new_statement_is_valid_and_joins_on_the_same_keys(plan_merge: PlanMerge) -> None:
    plan = plan_merge(MERGE, "src/merge.sql")

    assert plan is not None
    merge = sqlglot.parse_one(plan.edits[0].after, dialect="databricks")
    assert merge.args["on"] == sqlglot.parse_one(MERGE, dialect="databricks").args["on"]


@pytest.mark.parametrize(
    ("before", "path"),
    [
        (f"{MERGE}\n", "src/merge.sql"),
        (f'spark.sql("""\n{MERGE}\n""")\n', "src/merge.py"),
        (f'spark.sql(f"""{MERGE}""".replace("main.", f"{{catalog}}."))\n', "src/merge.py"),
        ("# MAGIC %sql\n# MAGIC " + MERGE.replace("\n", "\n# MAGIC ") + "\n", "src/merge.py"),
        ('spark.sql("' + MERGE.replace("\n", " ") + '")\n', "src/merge.py"),
    ],
    ids=["sql", "string", "chained", "magic", "one-line"],
)
def test_a_second_plan_on_the_result_proposes_nothing(plan_merge: PlanMerge, before: str, path: str) -> None:
    plan = plan_merge(before, path)

    assert plan is not None
    assert plan.edits[0].after != before
    assert plan_merge(plan.edits[0].after, path) is None


def test_placeholders_of_an_f_string_stay(plan_merge: PlanMerge) -> None:
    text = 'spark.sql(f"""' + MERGE.replace("main.", "{catalog}.") + '""")\n'
    plan = plan_merge(text)

    assert plan is not None
    assert "    FROM {catalog}.silver.orders AS s\n" in plan.edits[0].after
    assert plan.edits[0].after.startswith('spark.sql(f"""MERGE INTO {catalog}.gold.orders AS t\nUSING (\n')
    assert plan.applicability is Applicability.SAFE


def test_a_cell_of_a_python_notebook_stays_a_cell(plan_merge: PlanMerge) -> None:
    text = "# MAGIC %sql\n# MAGIC " + MERGE.replace("\n", "\n# MAGIC ") + "\n"
    plan = plan_merge(text)

    assert plan is not None
    assert all(line.startswith("# MAGIC ") for line in plan.edits[0].after.splitlines())


def test_a_query_as_source_is_wrapped_whole(plan_merge: PlanMerge) -> None:
    query = "(SELECT order_id, amount, _ingest_ts FROM main.bronze.raw WHERE amount > 0)"
    plan = plan_merge(MERGE.replace("main.silver.orders", query), "src/merge.sql", tables=())

    assert plan is not None
    assert f"FROM {query} AS s" in plan.edits[0].after
    assert "ORDER BY s._ingest_ts DESC" in plan.edits[0].after


def test_a_source_without_an_alias_gets_its_own_name(plan_merge: PlanMerge) -> None:
    text = "MERGE INTO main.gold.o t USING main.silver.orders ON t.k = orders.k WHEN MATCHED THEN UPDATE SET *"
    plan = plan_merge(text, "src/merge.sql")

    assert plan is not None
    assert ") AS orders ON t.k = orders.k" in plan.edits[0].after


@pytest.mark.parametrize(
    ("columns", "order"),
    [(("order_id", "amount"), "to_json(struct(s.*)) DESC"), (("order_id", "departure_ts"), "s.departure_ts DESC")],
)
def test_a_person_decides_when_no_column_surely_tells_which_row_is_newer(
    plan_merge: PlanMerge, columns: tuple[str, ...], order: str
) -> None:
    shape = TableShape(name="main.silver.orders", columns=columns)
    plan = plan_merge(MERGE, "src/merge.sql", tables=(shape,))

    assert plan is not None
    assert plan.applicability is Applicability.NEEDS_APPROVAL
    assert f"ORDER BY {order}" in plan.edits[0].after


def test_a_null_safe_key_is_one_group(plan_merge: PlanMerge) -> None:
    plan = plan_merge(MERGE.replace("ON t.order_id = s", "ON t.order_id <=> s"), "src/merge.sql")

    assert plan is not None
    assert "WHERE _row_of_key = 1\n" in plan.edits[0].after


@pytest.mark.parametrize(
    "text",
    [
        MERGE.replace("t.order_id = s.order_id", "t.order_id = s.order_id AND s.amount > t.amount"),
        MERGE.replace("t.order_id = s.order_id", "1 = 1"),
        MERGE.replace("AS s\n", "AS {alias}\n"),
        "MERGE INTO nonsense",
        "SELECT 1",
        "",
    ],
)
def test_a_statement_that_is_not_understood_is_left_alone(plan_merge: PlanMerge, text: str) -> None:
    assert plan_merge(text, "src/merge.sql") is None


def test_of_two_merges_the_one_at_the_failing_line_is_changed(plan_merge: PlanMerge) -> None:
    other = MERGE.replace("orders", "refunds")
    text = f'spark.sql("""{MERGE}""")\nspark.sql("""{other}""")\n'
    plan = plan_merge(text, location=SourceLocation(path="src/merge.py", line=6))

    assert plan is not None
    assert plan.edits[0].after.startswith(text[: text.index("USING main.silver.refunds")])


def test_of_two_merges_the_one_whose_table_is_named_is_changed(plan_merge: PlanMerge) -> None:
    text = f"{MERGE};\n{MERGE.replace('orders', 'refunds')};\n"
    plan = plan_merge(text, "src/merge.sql", error="multiple source rows matched while merging refunds")

    assert plan is not None
    assert plan.edits[0].after.startswith(MERGE)


def test_of_two_merges_none_is_changed_when_it_cannot_be_told_which_fails(plan_merge: PlanMerge) -> None:
    assert plan_merge(f"{MERGE};\n{MERGE.replace('orders', 'refunds')};\n", "src/merge.sql") is None


@pytest.mark.parametrize(
    ("clause", "applicability"),
    [
        ("WHEN NOT MATCHED AND s.is_valid THEN INSERT *", Applicability.NEEDS_APPROVAL),
        ("WHEN MATCHED AND is_valid THEN UPDATE SET *", Applicability.NEEDS_APPROVAL),
        ("WHEN MATCHED AND s.kind = 'A' THEN DELETE", Applicability.NEEDS_APPROVAL),
        ("WHEN NOT MATCHED BY SOURCE THEN DELETE", Applicability.NEEDS_APPROVAL),
        ("WHEN MATCHED AND t.is_open THEN UPDATE SET *", Applicability.SAFE),
        ("WHEN MATCHED THEN UPDATE SET t.amount = t.amount + s.amount", Applicability.NEEDS_APPROVAL),
        ("WHEN MATCHED THEN UPDATE SET t.amount = coalesce(s.amount, t.amount)", Applicability.NEEDS_APPROVAL),
        ("WHEN MATCHED THEN UPDATE SET t.amount = amount + s.amount", Applicability.NEEDS_APPROVAL),
        ("WHEN MATCHED THEN UPDATE SET t.amount = s.amount * 2, t.at = current_timestamp()", Applicability.SAFE),
    ],
)
def test_a_person_decides_when_a_clause_may_treat_an_older_row_otherwise(
    plan_merge: PlanMerge, clause: str, applicability: Applicability
) -> None:
    plan = plan_merge(f"{MERGE.partition('WHEN')[0]}{clause}", "src/merge.sql")

    assert plan is not None
    assert plan.applicability is applicability
    assert ("an older row may have been meant" in plan.reason) is (applicability is Applicability.NEEDS_APPROVAL)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/merge.py", 'spark.sql(f"""' + MERGE.replace("order_id", "{key}") + '""")\n'),
        ("src/merge.py", 'spark.sql(f"""' + MERGE.replace("order_id", "{prefix}_id") + '""")\n'),
        ("src/merge.py", 'spark.sql("""' + MERGE.replace("order_id", "{key}") + '""".format(key=key))\n'),
        ("src/merge.sql", MERGE.replace("order_id", "${key}")),
        ("src/merge.sql", MERGE.replace("AS s", "AS ${a}_s").replace("s.", "${a}_s.")),
        ("src/merge.sql", MERGE.replace("s.order_id", "s.order_id AND kind = 'A'")),
        ("src/merge.sql", MERGE.replace("s.order_id", "s.order_id AND s.kind = 'A'")),
        ("src/merge.sql", MERGE.replace("s.order_id", "s.order_id AND s.day = t.day + s.shift")),
        ("src/merge.sql", MERGE.replace("s.order_id", "s.order_id AND t.updated < s.updated")),
    ],
)
def test_no_key_is_written_that_is_not_surely_known(plan_merge: PlanMerge, path: str, text: str) -> None:
    assert plan_merge(text, path) is None


def test_a_source_over_several_lines_of_a_cell_keeps_their_prefix(plan_merge: PlanMerge) -> None:
    source = "(\n  SELECT order_id, processed_timestamp FROM main.silver.orders\n)"
    text = "# MAGIC %sql\n# MAGIC " + MERGE.replace("main.silver.orders", source).replace("\n", "\n# MAGIC ") + "\n"
    plan = plan_merge(text)

    assert plan is not None
    assert all(line.startswith("# MAGIC ") for line in plan.edits[0].after.splitlines())


def test_the_source_of_a_one_line_statement_is_kept_letter_by_letter(plan_merge: PlanMerge) -> None:
    query = "(SELECT order_id, processed_timestamp, '( a )' AS v FROM main.silver.orders)"
    text = 'spark.sql("' + MERGE.replace("main.silver.orders", query).replace("\n", " ") + '")\n'
    plan = plan_merge(text)

    assert plan is not None
    assert f"FROM {query} AS s) AS s WHERE" in plan.edits[0].after


def test_an_alias_in_backticks_stays_quoted(plan_merge: PlanMerge) -> None:
    plan = plan_merge(MERGE.replace("AS s", "AS `new rows`").replace("= s.", "= `new rows`."), "src/merge.sql")

    assert plan is not None
    assert ") AS `new rows`\nON t.order_id = `new rows`.order_id" in plan.edits[0].after
    assert "ORDER BY `new rows`.processed_timestamp DESC" in plan.edits[0].after


@pytest.mark.parametrize("break_of_others", ["\u2028", "\x0c", "\x85", "\x1c"])
def test_characters_that_only_some_take_for_line_breaks_move_nothing(
    plan_merge: PlanMerge, break_of_others: str
) -> None:
    text = f'# a{break_of_others}b\nspark.sql("""\n{MERGE}\n""")\n'
    plan = plan_merge(text)

    assert plan is not None
    assert plan.edits[0].after == text.replace("USING main.silver.orders AS s\n", NEWEST)


def test_windows_line_ends_stay(plan_merge: PlanMerge) -> None:
    text = f'spark.sql("""\n{MERGE}\n""")\n'.replace("\n", "\r\n")
    plan = plan_merge(text)

    assert plan is not None
    assert plan.edits[0].after == text.replace("USING main.silver.orders AS s\r\n", NEWEST.replace("\n", "\r\n"))


def test_a_notebook_that_is_no_python_is_left_alone(plan_merge: PlanMerge) -> None:
    assert plan_merge("# MAGIC %sql\n# MAGIC " + MERGE.replace("\n", "\n# MAGIC ") + "\ndef broken(:\n") is None
