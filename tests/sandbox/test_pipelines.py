from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.compute import PipelineEvent, StatementResult, UpdateRequest, UpdateResult
from sandbox.spark.engine import Engine
from sandbox.spark.pipelines import run_update

RunSql = Callable[..., StatementResult]
pytestmark = pytest.mark.engine

PYTHON_SOURCE = """
from pyspark import pipelines as dp

@dp.table
@dp.expect("small", "id < 8")
@dp.expect_or_drop("even", "id % 2 = 0")
def numbers():
    return spark.readStream.table(f"main.{spark.conf.get('source')}.raw")
"""
SQL_SOURCE = """
CREATE OR REFRESH MATERIALIZED VIEW totals (CONSTRAINT known EXPECT (amount IS NOT NULL) ON VIOLATION DROP ROW)
AS SELECT count(*) AS amount FROM numbers;
"""


@dataclass
class Pipeline:
    """A pipeline with a schema and a source table of its own."""

    engine: Engine
    folder: Path
    schema: str
    run_sql: RunSql
    events: list[PipelineEvent] = field(default_factory=list)

    def update(
        self, sources: Mapping[str, str], *, cancel: threading.Event | None = None, **options: Any
    ) -> UpdateResult:
        self.events.clear()
        for name, text in sources.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        request = UpdateRequest(
            pipeline_id="p",
            update_id=uuid.uuid4().hex[:8],
            name="numbers",
            catalog="main",
            schema=self.schema,
            libraries=tuple((self.folder / name, f"/Workspace/src/{name}") for name in sources),
            workspace_root=self.folder,
            root_path=None,
            configuration={"source": self.schema},
            storage=self.folder / "storage",
            **options,
        )
        return run_update(self.engine, request, self.events.append, cancel or threading.Event())

    def deliver(self, *ids: int) -> None:
        """Add rows to the source table."""
        rows = ", ".join(f"({one})" for one in ids)
        statement = f"INSERT INTO main.{self.schema}.raw VALUES {rows}"  # noqa: S608 - the test's own words
        assert self.run_sql(statement).state == "SUCCEEDED"

    def value(self, expression: str, table: str) -> str | None:
        """Return a figure of a table of the pipeline's schema."""
        statement = f"SELECT {expression} FROM main.{self.schema}.{table}"  # noqa: S608 - the test's own words
        return self.run_sql(statement).rows[0][0]

    def flow(self, name: str, status: str) -> PipelineEvent:
        flow = f"main.{self.schema}.{name}"
        wanted = {"status": status}
        return next(
            event
            for event in self.events
            if event.flow_name == flow and wanted.items() <= event.details["flow_progress"].items()
        )

    def states(self) -> list[str]:
        return [e.details["update_progress"]["state"] for e in self.events if e.event_type == "update_progress"]

    def errors(self) -> list[PipelineEvent]:
        return [event for event in self.events if event.level == "ERROR"]


@pytest.fixture
def pipeline(engine: Engine, tmp_path: Path, run_sql: RunSql) -> Pipeline:
    schema = f"p_{uuid.uuid4().hex[:8]}"
    assert run_sql(f"CREATE SCHEMA main.{schema}").state == "SUCCEEDED"
    assert run_sql(f"CREATE TABLE main.{schema}.raw (id BIGINT)").state == "SUCCEEDED"
    pipeline = Pipeline(engine, tmp_path, schema, run_sql)
    pipeline.deliver(*range(10))
    return pipeline


def test_an_update_of_python_and_sql_sources_writes_its_tables(pipeline: Pipeline) -> None:
    result = pipeline.update({"numbers.py": PYTHON_SOURCE, "totals.sql": SQL_SOURCE})

    assert result.state == "COMPLETED", result.message
    assert pipeline.value("amount", "totals") == "5"
    assert pipeline.states() == [
        *("WAITING_FOR_RESOURCES", "INITIALIZING", "SETTING_UP_TABLES", "RUNNING", "COMPLETED"),
    ]
    totals = pipeline.flow("totals", "COMPLETED").details["flow_progress"]
    assert totals["data_quality"]["expectations"][0]["passed_records"] == 1


def test_expectations_are_counted_and_rows_dropped(pipeline: Pipeline) -> None:
    pipeline.update({"numbers.py": PYTHON_SOURCE})

    progress = pipeline.flow("numbers", "COMPLETED").details["flow_progress"]
    assert progress["metrics"] == {"num_output_rows": 5}
    assert progress["data_quality"] == {
        "dropped_records": 5,
        "expectations": [
            {"name": "small", "dataset": "numbers", "passed_records": 8, "failed_records": 2},
            {"name": "even", "dataset": "numbers", "passed_records": 5, "failed_records": 5},
        ],
    }


def test_a_second_update_reads_only_new_rows(pipeline: Pipeline) -> None:
    pipeline.update({"numbers.py": PYTHON_SOURCE})
    pipeline.deliver(20, 22, 23)

    pipeline.update({"numbers.py": PYTHON_SOURCE})
    again = pipeline.flow("numbers", "COMPLETED").details["flow_progress"]["metrics"]
    pipeline.update({"numbers.py": PYTHON_SOURCE}, full_refresh=True)
    full = pipeline.flow("numbers", "COMPLETED").details["flow_progress"]["metrics"]

    assert (again["num_output_rows"], full["num_output_rows"]) == (2, 7)


def test_a_missing_upstream_table_is_an_error_event_with_its_place(pipeline: Pipeline) -> None:
    source = PYTHON_SOURCE.replace(".raw", ".absent")

    result = pipeline.update({"numbers.py": source, "totals.sql": SQL_SOURCE})

    failed = pipeline.flow("numbers", "FAILED")
    assert result.state == "FAILED"
    assert f"[TABLE_OR_VIEW_NOT_FOUND] The table or view `main`.`{pipeline.schema}`.`absent`" in failed.message
    assert failed.exceptions[-1]["stack"][0]["file_name"] == "/Workspace/src/numbers.py"
    assert pipeline.flow("totals", "SKIPPED").level == "WARN"


def test_validation_creates_nothing(pipeline: Pipeline, run_sql: RunSql) -> None:
    result = pipeline.update({"numbers.py": PYTHON_SOURCE, "totals.sql": SQL_SOURCE}, validate_only=True)

    assert result.state == "COMPLETED", result.message
    tables = run_sql(f"SHOW TABLES IN main.{pipeline.schema}").rows
    assert [row[1] for row in tables] == ["raw"]


def test_a_failing_expectation_fails_the_update_in_databricks_words(pipeline: Pipeline) -> None:
    result = pipeline.update({"numbers.py": PYTHON_SOURCE.replace("expect_or_drop", "expect_or_fail")})

    failed = pipeline.flow("numbers", "FAILED")
    assert result.state == "FAILED"
    assert "has FAILED fatally" in failed.message
    assert failed.exceptions[-1]["message"].startswith("[EXPECTATION_VIOLATION.VERBOSITY_ALL] Flow 'main.")
    assert "Violated expectations: 'even'" in failed.exceptions[-1]["message"]
    with pytest.raises(StopIteration):
        pipeline.flow("numbers", "COMPLETED")


@pytest.mark.parametrize(
    ("source", "name", "place"),
    [
        ("import surely_absent\n", "ModuleNotFoundError: No module named 'surely_absent'", "line 1"),
        ("x = 1\ndef broken(:\n", "SyntaxError", "line 2"),
    ],
)
def test_an_error_in_a_source_names_file_and_line(pipeline: Pipeline, source: str, name: str, place: str) -> None:
    result = pipeline.update({"numbers.py": source})

    outer, inner = pipeline.errors()[0].exceptions
    assert result.state == "FAILED"
    assert f"/Workspace/src/numbers.py, {place}" in outer["message"]
    assert inner["message"].startswith(name)


def test_the_older_dlt_module_works(pipeline: Pipeline) -> None:
    source = """
import dlt

@dlt.table(name="doubled")
@dlt.expect_all_or_drop({"small": "id < 3"})
def anything():
    return dlt.read("raw").selectExpr("id", "2 * id AS twice")
"""

    result = pipeline.update({"doubled.py": source})

    assert result.state == "COMPLETED", result.message
    assert pipeline.value("sum(twice)", "doubled") == "6"
    quality = pipeline.flow("doubled", "COMPLETED").details["flow_progress"]["data_quality"]
    assert quality["dropped_records"] == 7


def test_only_selected_tables_are_refreshed(pipeline: Pipeline) -> None:
    sources = {"numbers.py": PYTHON_SOURCE, "totals.sql": SQL_SOURCE}
    pipeline.update(sources)

    pipeline.update(sources, refresh_selection=("totals",))

    assert pipeline.flow("totals", "COMPLETED")
    with pytest.raises(StopIteration):
        pipeline.flow("numbers", "COMPLETED")


def test_a_canceled_update_ends_soon(pipeline: Pipeline) -> None:
    endless = """
from pyspark import pipelines as dp

@dp.materialized_view
def endless():
    return spark.sql("SELECT sum(a.id * b.id) AS n FROM range(10000000) a CROSS JOIN range(10000000) b")
"""
    cancel = threading.Event()
    timer = threading.Timer(8, cancel.set)
    timer.start()

    result = pipeline.update({"endless.py": endless}, cancel=cancel)

    assert result.state == "CANCELED"
    assert pipeline.states()[-1] == "CANCELED"
