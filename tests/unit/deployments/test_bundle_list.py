from __future__ import annotations

from pathlib import Path

import pytest

from deployments.bundle_list import BUNDLES_FILE, MAX_BYTES, BundleList, read_bundle_list
from workspace.errors import UsageError

SMALLEST = """
bundles:
  - name: sales
    path: bundles/sales
    targets:
      - name: prod
"""


def read(folder: Path, text: str) -> BundleList:
    file = folder / "bundles.yaml"
    file.write_text(text, encoding="utf-8")
    return read_bundle_list(file)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def test_the_shipped_list_names_the_flights_bundle_of_the_sandbox() -> None:
    bundle = read_bundle_list(BUNDLES_FILE).bundles[0]
    assert (bundle.name, bundle.path, bundle.targets[0].name) == ("flights", "sandbox/bundles/flights", "dev")


def test_a_target_needs_nothing_but_its_name(tmp_path: Path) -> None:
    target = read(tmp_path, SMALLEST).bundles[0].targets[0]
    assert (target.schedule, target.paused, target.when_busy) == (None, False, "ENQUEUE")


def test_health_is_checked_every_hour_unless_the_list_says_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, SMALLEST).bundles[0].targets[0].health
    assert read(tmp_path, f"{SMALLEST}        health: null\n").bundles[0].targets[0].health is None


def test_a_mistyped_key_is_one_line_with_file_and_place(tmp_path: Path) -> None:
    said = refusal(tmp_path, f"{SMALLEST}        shedule: {{cron: '0 6 * * *'}}\n")
    assert said == "bundles.yaml: bundles[sales].targets[prod].shedule: unknown key"


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("{cron: 'every day'}", "schedule.cron: "),
        ("{cron: '0 6 * * *', timezone: Mars/Olympus}", "schedule.timezone: "),
    ],
)
def test_a_schedule_that_prefect_would_refuse_is_refused(tmp_path: Path, schedule: str, says: str) -> None:
    said = refusal(tmp_path, f"{SMALLEST}        schedule: {schedule}\n")
    assert said.startswith(f"bundles.yaml: bundles[sales].targets[prod].{says}")
    assert "\n" not in said


def test_a_bundle_has_a_path_or_a_repository_and_not_both(tmp_path: Path) -> None:
    both = SMALLEST.replace("targets:", "git: {url: https://git.example.com/sales.git}\n    targets:")
    assert "bundles[sales]: give either `path` or `git`" in refusal(tmp_path, both)
    assert "give either" in refusal(tmp_path, SMALLEST.replace("    path: bundles/sales\n", ""))


def test_two_entries_that_would_make_the_same_deployment_are_refused(tmp_path: Path) -> None:
    assert "bundle sales is named twice" in refusal(tmp_path, SMALLEST + SMALLEST.partition("bundles:\n")[2])


def test_of_two_equal_keys_none_is_silently_ignored(tmp_path: Path) -> None:
    assert "line 7: key name is given twice" in refusal(tmp_path, f"{SMALLEST}        name: dev\n")


def test_every_problem_has_its_own_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, f"{SMALLEST}        heal: always\n        paused: perhaps\n")
    assert [line.partition(": ")[2].partition(":")[0] for line in said.splitlines()] == [
        "bundles[sales].targets[prod].paused",
        "bundles[sales].targets[prod].heal",
    ]


def test_aliases_are_refused_because_they_grow_while_they_are_read(tmp_path: Path) -> None:
    assert "aliases are not allowed" in refusal(tmp_path, "a: &a [x]\nb: [*a, *a]\n")


def test_a_file_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    assert "larger than 256 KB" in refusal(tmp_path, "#" * (MAX_BYTES + 1))


@pytest.mark.parametrize("text", ["", "[]", "bundles: [", "- \x00"])
def test_what_is_no_list_at_all_is_a_clear_error_too(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).startswith("bundles.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml cannot be read: No such file"):
        read_bundle_list(tmp_path / "nowhere.yaml")
