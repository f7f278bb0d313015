"""What tasks other than a plain notebook do, and what they find in their process."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.compute import TaskRequest, TaskResult
from sandbox.spark.compute import SparkCompute
from tests.sandbox.conftest import RunNotebook

pytestmark = pytest.mark.engine

HEADER = "# Databricks notebook source\n"
FILES = "/Workspace/Users/ann/bundle/files"
RunTask = Callable[..., TaskResult]


@pytest.fixture
def src(workspace: Path) -> Path:
    return workspace / "Users/ann/bundle/files/src"


@pytest.fixture
def run_task(compute: SparkCompute, workspace: Path) -> RunTask:
    def run(kind: Any, path: str = "", **request: Any) -> TaskResult:
        source = workspace / path.removeprefix("/Workspace/")
        settings = {"task_run_id": 1, "job_name": "load", "task_key": "load", **request}
        task = TaskRequest(kind=kind, source=source, workspace_path=path, workspace_root=workspace, **settings)
        return compute.run_task(task, threading.Event())

    return run


def make_wheel(path: Path, code: str) -> None:
    """A wheel as a build makes it: one module, and an entry point in its metadata."""
    info = "reports-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("reports/__init__.py", code)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: reports\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\nmain = reports:main\n")
        wheel.writestr(f"{info}/RECORD", "")


def test_a_python_file_has_its_arguments_and_a_session(run_task: RunTask, src: Path) -> None:
    (src / "helper.py").write_text("NAME = 'helper'\n", encoding="utf-8")
    (src / "job.py").write_text(
        "import sys\nimport helper\nfrom pyspark.sql import SparkSession\n\nif __name__ == '__main__':\n"
        "    rows = SparkSession.builder.getOrCreate().range(3).count()\n"
        "    print(sys.argv, __file__, helper.NAME, rows, spark.range(1).count())\n    sys.exit(0)\n",
        encoding="utf-8",
    )
    done = run_task("python_file", f"{FILES}/src/job.py", arguments=("--day", "2026-01-01"))
    path = f"{FILES}/src/job.py"
    assert (done.state, done.logs.strip()) == ("SUCCESS", f"['{path}', '--day', '2026-01-01'] {path} helper 3 1")


def test_a_python_file_that_fails_names_its_line(run_task: RunTask, src: Path) -> None:
    (src / "job.py").write_text("import sys\nsys.exit(3)\n", encoding="utf-8")
    done = run_task("python_file", f"{FILES}/src/job.py")
    assert (done.state, done.error) == ("FAILED", "SystemExit: 3")
    assert f"File {FILES}/src/job.py, line 2" in (done.error_trace or "")


def test_a_wheel_is_installed_and_its_entry_point_called(run_task: RunTask, workspace: Path) -> None:
    wheel = workspace / "Users/ann/reports-1.0-py3-none-any.whl"
    request: dict[str, Any] = {
        "entry_point": ("reports", "main"),
        "arguments": ("a",),
        "parameters": {"day": "1"},
        "dependencies": (f"/Workspace/Users/ann/{wheel.name}",),
    }
    for version in ("first", "second"):  # built again with the same version, as during development
        make_wheel(wheel, f"import sys\n\ndef main():\n    print({version!r}, sys.argv[1:])\n")
        done = run_task("python_wheel", **request)
        assert (done.state, done.logs.strip()) == ("SUCCESS", f"{version} ['a', '--day=1']"), done.error


def test_a_wheel_that_is_not_there_is_named_with_its_path_in_the_workspace(run_task: RunTask) -> None:
    path = "/Workspace/Users/ann/gone-1.0-py3-none-any.whl"
    done = run_task("python_wheel", entry_point=("gone", "main"), dependencies=(path,))
    assert f"No such file or directory: '{path}'" in (done.error or "")


def test_paths_of_workspace_and_volumes_lead_to_files(run_notebook: RunNotebook, src: Path) -> None:
    (src / "config.json").write_text('{"a": 1}', encoding="utf-8")
    (src.parent / "shared").mkdir()
    (src.parent / "shared" / "lib.py").write_text("ANSWER = 42\n", encoding="utf-8")
    done = run_notebook(
        "import json, os, shutil, sys\nfrom pathlib import Path\nimport pandas as pd",
        f"config = json.load(open('{FILES}/src/config.json'))\nsys.path.append('{FILES}/shared')\nimport lib",
        "volume = Path('/Volumes/main/bronze/landing')\nvolume.mkdir(parents=True, exist_ok=True)\n"
        "pd.DataFrame({'n': [1, 2]}).to_csv(volume / 'in.csv', index=False)\n"
        "shutil.copy(volume / 'in.csv', volume / 'copy.csv')\n"
        "rows = len(pd.read_csv('/Volumes/main/bronze/landing/copy.csv'))",
        "dbutils.fs.cp('/Volumes/main/bronze/landing/in.csv', 'dbfs:/tmp/in.csv')\n"
        "listed = [one.path for one in dbutils.fs.ls('dbfs:/tmp')]\nhead = dbutils.fs.head('/tmp/in.csv', 1)",
        "names = sorted(p.name for p in Path('.').glob('*.json'))\n"
        "dbutils.notebook.exit(json.dumps([config, lib.ANSWER, rows, listed, head, os.getcwd(), names]))",
    )
    assert done.error is None
    assert json.loads(done.exit_value or "") == [
        {"a": 1},
        42,
        2,
        ["dbfs:/tmp/in.csv"],
        "n",
        f"{FILES}/src",
        ["config.json"],
    ]


def test_run_shares_names_and_passes_parameters(run_notebook: RunNotebook, src: Path) -> None:
    (src / "setup.py").write_text(f"{HEADER}day = dbutils.widgets.get('day')\ndbutils.notebook.exit('x')\n", "utf-8")
    done = run_notebook('# MAGIC %run ./setup $day="2026"', "dbutils.notebook.exit(f'{day} again')")
    assert (done.error, done.exit_value) == (None, "2026 again")


def test_a_notebook_that_run_does_not_find_is_named(run_notebook: RunNotebook) -> None:
    done = run_notebook("# MAGIC %run ./nowhere")
    assert "Notebook not found: ./nowhere. Notebooks can be specified via a relative path" in (done.error or "")


def test_another_notebook_runs_with_parameters_of_its_own(run_notebook: RunNotebook, src: Path) -> None:
    (src / "child.py").write_text(
        f"{HEADER}n = dbutils.widgets.get('n')\nif n == '0':\n    raise ValueError('no rows')\n"
        "if n == '1':\n    import time\n    time.sleep(60)\ndbutils.notebook.exit(str(spark.range(int(n)).count()))\n",
        encoding="utf-8",
    )
    done = run_notebook(
        "import json\nfound = [dbutils.notebook.run('child', 0, {'n': 3})]",
        "for arguments in (('child', 0, {'n': 0}), ('./child', 1, {'n': 1})):\n    try:\n"
        "        dbutils.notebook.run(*arguments)\n    except Exception as error:\n        found.append(str(error))",
        "dbutils.notebook.exit(json.dumps(found))",
    )
    assert done.error is None
    value, failed, late = json.loads(done.exit_value or "")
    assert value == "3"
    assert failed.endswith("ValueError: no rows")
    assert late == "com.databricks.NotebookExecutionException: TIMEDOUT"


def test_packages_of_pip_are_the_notebooks_own_and_a_restart_forgets_names(run_notebook: RunNotebook) -> None:
    done = run_notebook(
        "before = 1\ndbutils.widgets.text('day', 'x')\ndbutils.jobs.taskValues.set('rows', 3)",
        "# MAGIC %pip install -q roman\n# MAGIC %restart_python",
        "import roman\ndbutils.notebook.exit(f\"{roman.toRoman(4)} {'before' in dir()} {dbutils.widgets.get('day')}\")",
    )
    assert (done.error, done.exit_value, dict(done.task_values)) == (None, "IV False x", {"rows": 3})
    assert run_notebook("import roman").error == "ModuleNotFoundError: No module named 'roman'"


def test_task_values_go_from_task_to_task_even_if_one_fails(run_notebook: RunNotebook) -> None:
    first = run_notebook("dbutils.jobs.taskValues.set(key='rows', value=[1, 2])\nraise ValueError('late')")
    assert (first.state, first.task_values) == ("FAILED", {"rows": [1, 2]})
    done = run_notebook(
        "values = dbutils.jobs.taskValues\nrows = values.get(taskKey='first', key='rows', debugValue=0)",
        "dbutils.notebook.exit(f\"{rows} {values.get('first', 'nothing', default='none')}\")",
        task_values={"first": first.task_values},
    )
    assert done.exit_value == "[1, 2] none"


def test_what_only_the_runtime_has_is_importable(run_notebook: RunNotebook) -> None:
    done = run_notebook(
        "from databricks.sdk.runtime import dbutils as mine, spark as same\nfrom pyspark.dbutils import DBUtils\n"
        "from databricks.connect import DatabricksSession\nimport os",
        "assert mine is dbutils and DBUtils(spark) is dbutils\n"
        "assert same is spark and DatabricksSession.builder.serverless(True).getOrCreate() is spark\n"
        "path = dbutils.notebook.entry_point.getDbutils().notebook().getContext().notebookPath().get()",
        "found = [os.environ[name] for name in ('DATABRICKS_HOST', 'DATABRICKS_RUNTIME_VERSION')]\n"
        "dbutils.notebook.exit(' '.join([path, *found]))",
        variables={"DATABRICKS_HOST": "http://127.0.0.1:1", "DATABRICKS_TOKEN": "dapi0"},
    )
    assert done.error is None
    assert done.exit_value == "/Users/ann/bundle/files/src/load http://127.0.0.1:1 client.4.0"


def test_shell_cells_print_and_fail_only_if_asked(run_notebook: RunNotebook) -> None:
    done = run_notebook("# MAGIC %sh\n# MAGIC echo hello; false", "# MAGIC %sh -e\n# MAGIC false\n# MAGIC echo never")
    assert (done.state, "hello" in done.logs, "never" in done.logs) == ("FAILED", True, False)
