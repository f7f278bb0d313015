"""Fixers that edit YAML keep the style in which a person wrote it: lists, aliases, comments, line ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from diagnostics.planning import plan_fix
from diagnostics.task_parameters import named_values
from knowledge.pattern import Applicability
from workspace.models import Evidence

EvidenceOf = Callable[..., Evidence]
SnapshotOf = Callable[..., BundleSnapshot]
DiagnosisOf = Callable[..., Diagnosis]
Plan = Callable[..., FixPlan | None]

HEAD = """resources:
  jobs:
    gold_merge_job:
      tasks:
        - task_key: task_0
          environment_key: default
"""
ENVIRONMENT = (
    HEAD + "      environments:\n        - environment_key: default\n          spec:\n            client: '2'  # why\n"
)
FLAGS = """resources:
  jobs:
    gold_merge_job:
      tasks:
        - task_key: task_0
          notebook_task:
            notebook_path: ../src/a.py
"""


@pytest.fixture
def plan(evidence_of: EvidenceOf, snapshot_of: SnapshotOf, diagnosis_of: DiagnosisOf) -> Plan:
    """Plan with a fixer on files; a lone text is resources/gold.yml. Planning on the result must propose nothing."""

    def run(fixer: str, files: str | dict[str, str], resource: str | None = "jobs.gold_merge_job") -> FixPlan | None:
        files = {"resources/gold.yml": files} if isinstance(files, str) else files
        diagnosis = diagnosis_of(fixer=fixer, objects={"module": "humanize"})
        found = plan_fix(diagnosis, evidence_of("x", resource=resource), snapshot_of(files), frozenset())
        if found is not None:
            after = {**files, **{edit.path: edit.after for edit in found.edits}}
            assert plan_fix(diagnosis, evidence_of("x", resource=resource), snapshot_of(after), frozenset()) is None
        return found

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dependencies:\n              -   a\n", "dependencies:\n              -   a\n              -   humanize\n"),
        ("dependencies:\n            - a\n", "dependencies:\n            - a\n            - humanize\n"),
        (
            "dependencies:\n              - a\n              # then\n              - b  # last\n            # end\n",
            "dependencies:\n              - a\n              # then\n              - b  # last\n            # end\n".replace(  # noqa: E501 - one text
                "# last\n", "# last\n              - humanize\n"
            ),
        ),
        ("dependencies: [a, 'b' ]  # c\n", "dependencies: [a, 'b', humanize ]  # c\n"),
        ("dependencies: [\n    a,\n    b,  # c\n  ]\n", "dependencies: [\n    a,\n    b, humanize,  # c\n  ]\n"),
        ("dependencies: [ ]\n", "dependencies: [humanize]\n"),
        ("dependencies: &none []\n", "dependencies: &none [humanize]\n"),
        ("dependencies: [  # none\n  ]\n", "dependencies: [  # none\n  humanize]\n"),
        ("dependencies:  # none\n", "dependencies: [humanize]  # none\n"),
        ("dependencies: ~\n", "dependencies: [humanize]\n"),
        ("dependencies: &d\n              - a\n", "dependencies: &d\n              - a\n              - humanize\n"),
        (
            "dependencies:\n              - >-\n                a\n\n",
            "dependencies:\n              - >-\n                a\n              - humanize\n\n",
        ),
    ],
)
def test_a_package_is_added_in_the_style_of_the_list(plan: Plan, before: str, after: str) -> None:
    found = plan("add_package", f"{ENVIRONMENT}            {before}      max_concurrent_runs: 1\n")

    assert found is not None
    assert found.edits[0].after == f"{ENVIRONMENT}            {after}      max_concurrent_runs: 1\n"
    assert found.applicability is Applicability.SAFE


def test_a_list_whose_style_is_not_understood_is_left_alone(plan: Plan) -> None:
    assert plan("add_package", f"{ENVIRONMENT}            dependencies:\n              -\n                a\n") is None


def test_an_alias_as_last_item_shows_how_items_are_written(plan: Plan) -> None:
    text = f"pins:\n- &pd pandas==2\n{ENVIRONMENT}            dependencies:\n              -  a\n              -  *pd\n"
    found = plan("add_package", text)

    assert found is not None
    assert found.edits[0].after == f"{text}              -  humanize\n"


def test_a_list_in_flow_style_that_ends_with_an_alias_is_continued(plan: Plan) -> None:
    text = f"pins: [&pd pandas==2]\n{ENVIRONMENT}            dependencies: [a, *pd]\n"
    found = plan("add_package", text)

    assert found is not None
    assert found.edits[0].after == text.replace("*pd]", "*pd, humanize]")


def test_an_environment_in_flow_style_gets_the_list_inside(plan: Plan) -> None:
    text = f"{HEAD}      environments: [{{environment_key: default, spec: {{client: '2'}}}}]\n"
    found = plan("add_package", text)

    assert found is not None
    assert found.edits[0].after == text.replace("client: '2'", "client: '2', dependencies: [humanize]")


SHARED = HEAD + (
    "          new: 1\n"
    "      environments:\n"
    "        - environment_key: default\n"
    "          spec: {dependencies: *packages}\n"
    "        - environment_key: other\n"
    "          spec: {dependencies: *packages}\n"
)


def test_a_list_that_several_tasks_share_gets_the_package_once(plan: Plan) -> None:
    text = f"x-packages: &packages\n- a\n{SHARED}"
    found = plan("add_package", text)

    assert found is not None
    assert found.edits[0].after == text.replace("- a\n", "- a\n- humanize\n", 1)
    assert found.applicability is Applicability.SAFE


def test_a_list_that_another_job_shares_is_changed_after_approval(plan: Plan) -> None:
    other = "    other_job:\n      environments:\n        - spec: {dependencies: *packages}\n"
    found = plan("add_package", f"x-packages: &packages [a]\n{SHARED}{other}")

    assert found is not None
    assert found.applicability is Applicability.NEEDS_APPROVAL
    assert "shared with resources.jobs.other_job" in found.reason


def test_a_list_that_comes_by_a_merge_key_is_not_hidden(plan: Plan) -> None:
    text = ENVIRONMENT.replace("            client", "            <<: *base\n            client")

    assert plan("add_package", f"x: &base\n  dependencies: [a]\n{text}") is None


def test_windows_line_ends_stay(plan: Plan) -> None:
    text = f"{ENVIRONMENT}            dependencies:\n              - a  # c\n      x: 1\n".replace("\n", "\r\n")
    found = plan("add_package", text)

    assert found is not None
    assert found.edits[0].after == text.replace("# c\r\n", "# c\r\n              - humanize\r\n")


@pytest.mark.parametrize("name", ["targets", "files"])
def test_only_what_the_target_uses_is_edited(plan: Plan, name: str) -> None:
    task = FLAGS.replace("../src/a.py", "../src/a.py\n            parameters: [--a, b]")
    nested = "targets:\n  prod:\n" + "".join(f"    {line}\n" for line in task.splitlines())
    files = {"databricks.yml": "include: [resources/*.yml]\n", "resources/old/gold.yml": task}

    assert plan("rename_task_parameters", nested if name == "targets" else files) is None
    assert plan("rename_task_parameters", {**files, "resources/gold.yml": task}) is not None


def test_a_failed_job_gets_no_edits_in_other_jobs(plan: Plan) -> None:
    text = FLAGS.replace("../src/a.py", "../src/a.py\n            parameters: [--a, b]")

    assert plan("rename_task_parameters", text, "jobs.other_job") is None
    found = plan("rename_task_parameters", text, None)
    assert found is not None
    assert found.title == "Write the parameters of gold_merge_job.task_0 as base_parameters"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """parameters:  # flags
              # which catalog
              - --catalog  # name
              # not main
              - dev  # value
              - --limit=1  # few
              - --full  # all
            # end
""",
            """base_parameters:  # flags
              # which catalog
              # name
              # not main
              catalog: dev  # value
              limit: "1"  # few
              full: "true"  # all
            # end
""",
        ),
        (
            "parameters: [  # flags\n --catalog, dev,  # value\n --full\n            ]  # end\n",
            'base_parameters:  # flags\n              catalog: dev  # value\n              full: "true"  # end\n',
        ),
    ],
)
def test_comments_inside_of_flags_stay(plan: Plan, before: str, after: str) -> None:
    found = plan("rename_task_parameters", f"{FLAGS}            {before}")

    assert found is not None
    assert found.edits[0].after == f"{FLAGS}            {after}"


def test_flags_whose_comment_has_no_place_are_left_alone(plan: Plan) -> None:
    task = "          notebook_task: {parameters: [--a,  # why\n            b]}\n"

    assert plan("rename_task_parameters", FLAGS.partition("          notebook_task")[0] + task) is None


def test_flags_that_two_tasks_share_are_written_out_for_both(plan: Plan) -> None:
    text = f"x: &flags [--a, b]\n{FLAGS}            parameters: *flags\n"
    found = plan("rename_task_parameters", text)

    assert found is not None
    assert found.edits[0].after == text.replace("parameters: *flags\n", "base_parameters:\n              a: b\n")


@pytest.mark.parametrize(
    "flags",
    ["['--where', \"x = 'a b'\"]", "[--sep, ' ']", "[--sep=, --x, 'a:b # c']", "['--where a=b']"],
)
def test_values_are_passed_letter_by_letter(plan: Plan, flags: str) -> None:
    found = plan("rename_task_parameters", f"{FLAGS}            parameters: {flags}\n")

    assert found is not None
    task = yaml.safe_load(found.edits[0].after)["resources"]["jobs"]["gold_merge_job"]["tasks"][0]
    assert task["notebook_task"]["base_parameters"] in (
        {"where": "x = 'a b'"},
        {"sep": " "},
        {"sep": "", "x": "a:b # c"},
        {"where": "a=b"},
    )


@pytest.mark.parametrize("flags", ["[--a, 1.50]", "[--a, 010]", "[--a, 1_000]", "[--a, null]", "[--a, 2026-01-01]"])
def test_a_value_that_may_not_be_passed_as_it_is_written_is_left_to_a_person(plan: Plan, flags: str) -> None:
    assert plan("rename_task_parameters", f"{FLAGS}            parameters: {flags}\n") is None


def test_a_task_type_shared_with_a_right_task_is_left_alone(plan: Plan) -> None:
    text = (
        "x: &body {python_file: ../src/a.py}\n"
        "resources:\n  jobs:\n    gold_merge_job:\n      tasks:\n"
        "        - {task_key: one, python_task: *body}\n        - {task_key: two, spark_python_task: *body}\n"
    )

    assert plan("rename_task_type", {"resources/a.yml": text, "src/a.py": "# Databricks notebook source\n"}) is None


@pytest.mark.parametrize("fixer", ["rename_task_type", "rename_task_parameters", "add_package"])
@pytest.mark.parametrize(
    "text", ["[" * 5_000, "a: " + "{b: " * 5_000, "- " * 5_000, "a: &a [*a]\n", "a: &x 1\nb: &x 2\n", "\ud800", "\0"]
)
def test_bad_yaml_beside_a_good_file_does_no_harm(plan: Plan, fixer: str, text: str) -> None:
    assert plan(fixer, {"bad.yml": text, "resources/gold.yml": "resources: {}\n"}) is None


BROKEN = st.lists(st.sampled_from(["[", "]", "{", "}", "- ", "a: ", "&x ", "*x", "\n", "  ", "#", "|", "'", "<<: "]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(parts=BROKEN)
def test_no_text_ends_a_diagnosis(plan: Plan, parts: list[str]) -> None:
    text = f"{ENVIRONMENT}            dependencies: [a]\n"
    found = plan("add_package", {"bad.yml": "".join(parts), "resources/gold.yml": text})

    assert found is not None


NAMES = st.text("abcdefgh_", min_size=1, max_size=5)
VALUES = st.text("ab :#'\"{}[]&*!|>%@`,-\\é\u2028\t\n", max_size=6).filter(lambda text: not text.startswith("--"))
STYLES = st.sampled_from(["block", "wide", "flow"])


def written(flags: list[str], style: str) -> str:
    items = [yaml.safe_dump(flag, default_style='"', allow_unicode=False, width=999).strip() for flag in flags]
    if style == "flow":
        return f" [{', '.join(items)}]"
    return "".join(
        f"\n              -{'   ' if style == 'wide' else ' '}{item}  # c{n}" for n, item in enumerate(items)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(values=st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), style=STYLES)
def test_any_flags_become_the_same_values_and_no_comment_is_lost(
    plan: Plan, values: dict[str, str], style: str
) -> None:
    flags = [part for name, value in values.items() for part in (f"--{name}", value)]
    text = f"{FLAGS}            parameters:{written(flags, style)}\n"
    found = plan("rename_task_parameters", text)

    assert found is not None
    after = found.edits[0].after
    task = yaml.safe_load(after)["resources"]["jobs"]["gold_merge_job"]["tasks"][0]
    assert task["notebook_task"]["base_parameters"] == values
    assert all(f"# c{n}\n" in after for n in range(len(flags))) or style == "flow"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(packages=st.lists(NAMES, max_size=4, unique=True), style=STYLES, rest=st.sampled_from(["", "\n", "\n\n# end\n"]))
def test_a_package_becomes_the_last_of_any_list(plan: Plan, packages: list[str], style: str, rest: str) -> None:
    text = f"{ENVIRONMENT}            dependencies:{written(packages, style)}{rest}"
    found = plan("add_package", text)

    assert found is not None
    job = yaml.safe_load(found.edits[0].after)["resources"]["jobs"]["gold_merge_job"]
    assert job["environments"][0]["spec"]["dependencies"] == [*packages, "humanize"]
    assert [line for line in text.splitlines() if line not in found.edits[0].after.splitlines()] == (
        [text.splitlines()[10]] if style == "flow" or not packages else []
    )


@given(st.lists(st.text("-ab= ", max_size=4)))
def test_named_values_use_up_every_flag(flags: list[str]) -> None:
    values = named_values(flags)

    assert values is None or sum(value.items for value in values) == len(flags)
