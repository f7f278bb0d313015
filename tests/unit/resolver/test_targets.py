"""What a target changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.resolver.conftest import Resolve
from workspace.errors import BundleInvalidError, UsageError

JOB = """
resources:
  jobs:
    a:
      name: a
      tags: {layer: bronze, team: one}
      parameters: [{name: p, default: x}, {name: q, default: y}]
      tasks:
        - {task_key: two, depends_on: [{task_key: one}], notebook_task: {notebook_path: n.py}}
        - {task_key: one, timeout_seconds: 5, notebook_task: {notebook_path: m.py}}
"""
OVERRIDE = """
targets:
  prod:
    resources:
      jobs:
        a:
          tags: {team: two}
          parameters: [{name: q, default: z}]
          tasks:
            - {task_key: one, timeout_seconds: 9}
            - {task_key: three, notebook_task: {notebook_path: o.py}}
        b: {name: b}
"""


def config(resolve: Resolve, main: str, key: str = "jobs.a", target: str | None = None) -> Any:
    return resolve(main, target=target).resolved.resource(key).config


def test_maps_are_merged_and_lists_by_their_keys(resolve: Resolve) -> None:
    found = config(resolve, JOB + OVERRIDE, target="prod")
    assert found["tags"] == {"layer": "bronze", "team": "two"}
    assert found["parameters"] == [{"name": "p", "default": "x"}, {"name": "q", "default": "z"}]
    assert [(task["task_key"], task.get("timeout_seconds")) for task in found["tasks"]] == [
        ("one", 9),
        ("three", None),
        ("two", None),
    ]


def test_a_target_may_add_resources(resolve: Resolve) -> None:
    assert config(resolve, JOB + OVERRIDE, "jobs.b", "prod")["name"] == "b"


@pytest.mark.parametrize(
    ("targets", "wanted", "chosen"),
    [
        ("", None, "default"),
        ("targets: {only: }\n", None, "only"),
        ("targets: {dev: {}, prod: {default: true}}\n", None, "dev"),
        ("targets: {test: {}, prod: {default: true}}\n", None, "prod"),
        ("targets: {dev: {}, prod: {default: true}}\n", "prod", "prod"),
        ("environments: {old: {}}\n", None, "old"),
    ],
)
def test_the_target_is_the_wanted_one_else_dev_else_the_default(
    resolve: Resolve, targets: str, wanted: str | None, chosen: str
) -> None:
    assert resolve(targets, target=wanted).resolved.target == chosen


@pytest.mark.parametrize(
    ("targets", "wanted", "words"),
    [
        ("targets: {a: {}, b: {}}\n", "c", "c: no such target. Available targets: a, b."),
        ("targets: {a: {}, b: {}}\n", None, "several targets and no default: a, b."),
        ("", "dev", "dev: no such target. Available targets: default."),
    ],
)
def test_a_target_that_cannot_be_chosen_is_told_with_those_there_are(
    resolve: Resolve, targets: str, wanted: str | None, words: str
) -> None:
    with pytest.raises(UsageError) as error:
        resolve(targets, target=wanted)
    assert words in str(error.value)


def test_an_unknown_mode_is_told(resolve: Resolve) -> None:
    with pytest.raises(BundleInvalidError, match=r"databricks\.yml:2:23: the mode is 'develop'"):
        resolve("targets: {dev: {mode: develop}}\n")


def test_development_prefixes_names_and_tags_with_the_user_who_stays_a_reference(resolve: Resolve) -> None:
    text = "targets: {dev: {mode: development}}\nresources: {jobs: {a: {name: a}}, schemas: {s: {name: s}}}\n"
    found = resolve(text)
    user = "${workspace.current_user.short_name}"
    assert [one.name for one in found.resolved.resources] == [f"[dev {user}] a", f"dev_{user}_s"]
    assert found.resolved.resource("jobs.a").tags == {"dev": user}
    assert found.unresolved == ()
    assert not found.resolved.is_production


def test_presets_prefix_names_and_add_tags_that_a_resource_does_not_set(resolve: Resolve) -> None:
    text = (
        "targets: {dev: {presets: {name_prefix: '[t] ', tags: {a: 1, b: 2}}}}\n"
        "resources:\n  jobs: {j: {name: j, tags: {b: own}}}\n  schemas: {s: {name: s}}\n"
        "  experiments: {e: {name: /Shared/e}}\n"
    )
    resolved = resolve(text).resolved
    assert [one.name for one in resolved.resources] == ["[t] j", "t_s", "/Shared/[t] e"]
    assert resolved.resource("jobs.j").tags == {"a": "1", "b": "own"}


def test_paths_count_from_the_file_in_which_they_are_written(resolve: Resolve) -> None:
    files = {
        "conf/jobs/a.yml": "resources:\n  jobs:\n    a:\n      name: a\n      tasks:\n"
        "        - {task_key: t, notebook_task: {notebook_path: ../../src/a.py}}\n"
        "        - {task_key: u, notebook_task: {notebook_path: /Workspace/x}}\n"
        "  pipelines:\n    p: {name: p, libraries: [{glob: {include: ../../src/**}}]}\n"
    }
    resolved = resolve("include: [conf/jobs/*.yml]\n", files).resolved
    paths = [task["notebook_task"]["notebook_path"] for task in resolved.resource("jobs.a").config["tasks"]]
    assert paths == ["src/a.py", "/Workspace/x"]
    assert resolved.resource("pipelines.p").config["libraries"] == [{"glob": {"include": "src/**"}}]
    assert str(resolved.resource("pipelines.p").location) == "conf/jobs/a.yml:9:5"


def test_folders_of_sync_count_from_their_file_too(resolve: Resolve) -> None:
    assert resolve("sync: {paths: [., ../common]}\n").sync_paths == (".", "../common")
