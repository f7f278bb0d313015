from __future__ import annotations

import pytest

from workspace.source_location import bundle_path, locate, names_only_a_cell

ROOT = "/Workspace/Users/me@example.com/.bundle/sample/dev/files"
FILES = ("databricks.yml", "src/load.py", "src/lib/helpers.py", "src/views.sql", "notebooks/report.ipynb")


@pytest.mark.parametrize(
    "trace",
    [
        f'Traceback (most recent call last):\n  File "{ROOT}/src/load.py", line 12, in <module>\n    x\nNameError: x',
        f"NameError: name 'x'\nFile {ROOT}/src/load.py:12\n     11 a\n---> 12 x",
        f"File {ROOT}/src/load.py:12, in main()\n     10 def main():",
        'Traceback:\n  File "/Users/me@example.com/.bundle/sample/dev/files/src/load", line 12, in <module>',
        f"  File {ROOT}/src/load, line 12, in silver",
        'File "src/load.py", line 12',
    ],
)
def test_each_form_of_a_trace_leads_to_the_line(trace: str) -> None:
    assert str(locate(trace, ROOT, FILES)) == "src/load.py:12"


def test_the_innermost_place_in_the_bundle_counts() -> None:
    trace = (
        f'  File "{ROOT}/src/load.py", line 3, in <module>\n'
        f'  File "{ROOT}/src/lib/helpers.py", line 40, in read\n'
        '  File "/databricks/spark/python/pyspark/sql/session.py", line 99, in table\n'
    )
    assert str(locate(trace, ROOT, FILES)) == "src/lib/helpers.py:40"


@pytest.mark.parametrize(
    "trace",
    [
        "",
        "NameError: no place here",
        'File "/databricks/python/lib/x.py", line 3',
        f'File "{ROOT}/src/gone.py", line 3',
        f'File "{ROOT}-other/src/load.py", line 3',
        'File "../src/load.py", line 3',
    ],
)
def test_a_trace_without_a_place_in_the_bundle_has_no_location(trace: str) -> None:
    assert locate(trace, ROOT, FILES) is None


def test_a_cells_line_is_no_line_of_the_file() -> None:
    assert names_only_a_cell("File <command-1234567890>:5\n      3 a")
    assert not names_only_a_cell(f"File {ROOT}/src/load.py:12")


@pytest.mark.parametrize(
    ("deployed", "own"),
    [("src/load", "src/load.py"), ("src/views", "src/views.sql"), ("notebooks/report", "notebooks/report.ipynb")],
)
def test_a_notebook_is_found_without_its_suffix(deployed: str, own: str) -> None:
    assert bundle_path(f"{ROOT}/{deployed}", ROOT, FILES) == own


def test_a_very_long_hostile_trace_is_read_in_time() -> None:
    assert locate("File /" + "a:" * 300_000, ROOT, FILES) is None
