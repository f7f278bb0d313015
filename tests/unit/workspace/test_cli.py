from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workspace.cli import BundleCli, CliTimeouts, failure_of
from workspace.errors import (
    AuthenticationError,
    BundleInvalidError,
    CliMissingError,
    CliTimeoutError,
    CliTooOldError,
    PlanChangedError,
    WorkspaceRequestError,
)

PLAN = {"plan_version": 2, "serial": 3, "plan": {"resources.jobs.a": {"action": "create", "new_state": {"value": 1}}}}
MakeCli = Callable[..., BundleCli]


@pytest.fixture
def make_cli(tmp_path: Path) -> MakeCli:
    """A program that runs the given Python text, with `arguments` as its words."""

    def make(body: str, *, version: str = "1.14.0", target: str | None = None, **limits: float) -> BundleCli:
        program = tmp_path / "databricks"
        version_line = f"if arguments == ['--version']:\n    print('Databricks CLI v{version}')\n    sys.exit()\n"
        head = f"#!{sys.executable}\nimport json, os, sys, time\narguments = sys.argv[1:]\n"
        program.write_text(f"{head}{version_line}{body}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return BundleCli(str(program), tmp_path, target, None, CliTimeouts(**limits))

    return make


def printing(document: Any) -> str:
    return f"print({json.dumps(json.dumps(document))})"


def test_a_missing_program_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CliMissingError, match=r"no-such-program.*BUNDLEOPS_CLI"):
        BundleCli("no-such-program", tmp_path).version()


def test_the_version_is_read(make_cli: MakeCli) -> None:
    assert make_cli("", version="1.14.0-dev+abc").version() == (1, 14, 0)


def test_a_program_older_than_supported_is_refused(make_cli: MakeCli) -> None:
    with pytest.raises(CliTooOldError, match=r"0\.277\.9; 0\.278\.0 or newer"):
        make_cli("", version="0.277.9").version()


def test_a_program_that_is_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CliMissingError, match="names no version"):
        BundleCli("true", tmp_path).version()


def test_a_command_line_is_a_program_too(make_cli: MakeCli, tmp_path: Path) -> None:
    make_cli("")
    assert BundleCli(f"{sys.executable} {tmp_path / 'databricks'}", tmp_path).version() == (1, 14, 0)


def test_validate_is_strict_and_asks_for_locations(make_cli: MakeCli) -> None:
    outcome = make_cli("print(json.dumps({'words': arguments}))", target="dev").validate()
    assert outcome.document == {
        "words": ["bundle", "validate", "--strict", "--include-locations", "-o", "json", "-t", "dev"]
    }


def test_a_failed_validate_keeps_the_document_and_the_diagnostics(make_cli: MakeCli) -> None:
    body = (
        "print('{\"bundle\": {}}'); print('Error: reference does not exist: ${var.nope}', file=sys.stderr); sys.exit(1)"
    )
    outcome = make_cli(body).validate()
    assert (outcome.ok, outcome.exit_code, outcome.document) == (False, 1, {"bundle": {}})
    assert [one.summary for one in outcome.errors] == ["reference does not exist: ${var.nope}"]


def test_text_that_only_looks_like_json_is_no_document(make_cli: MakeCli) -> None:
    outcome = make_cli("print('{not json')").validate()
    assert outcome.document is None
    assert outcome.stdout == "{not json\n"


def test_a_hanging_program_is_stopped_with_its_children(make_cli: MakeCli, tmp_path: Path) -> None:
    child = "import subprocess; child = subprocess.Popen(['sleep', '60']); open('pid', 'w').write(str(child.pid))"
    begun = time.monotonic()
    with pytest.raises(CliTimeoutError, match=r"bundle validate.*1 s.*printed nothing"):
        make_cli(f"{child}; time.sleep(60)", read=1).validate()
    assert time.monotonic() - begun < 20
    assert not _runs(int((tmp_path / "pid").read_text()))


def _runs(pid: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True


def test_a_program_that_asks_gets_no_input(make_cli: MakeCli) -> None:
    assert make_cli("print(repr(sys.stdin.read()))").validate().stdout == "''\n"


def test_the_callers_bundle_variables_do_not_reach_the_program(
    make_cli: MakeCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_BUNDLE_TARGET", "prod")
    monkeypatch.setenv("BUNDLE_VAR_catalog", "c1")
    body = "print(json.dumps({name: value for name, value in os.environ.items() if 'BUNDLE_' in name}))"
    assert make_cli(body).validate().document == {"BUNDLE_VAR_catalog": "c1"}


def test_output_is_redacted(make_cli: MakeCli) -> None:
    outcome = make_cli("print('Error: used dapi0123456789abcdef0123456789abcdef', file=sys.stderr)").validate()
    assert "0123456789abcdef" not in outcome.stderr + outcome.diagnostics[0].summary


def test_a_plan_has_changes_and_a_digest(make_cli: MakeCli) -> None:
    outcome = make_cli(printing(PLAN)).plan()
    assert outcome.plan is not None
    assert [(one.resource, one.action) for one in outcome.plan.changes] == [("jobs.a", "create")]


def test_a_saved_plan_is_readable_by_its_owner_only(make_cli: MakeCli, tmp_path: Path) -> None:
    make_cli(printing(PLAN)).plan(save_to=tmp_path / "plans" / "plan.json")
    file = tmp_path / "plans" / "plan.json"
    assert json.loads(file.read_text()) == PLAN
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_plan_of_the_direct_engine_is_deployed_as_it_is(make_cli: MakeCli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(PLAN))
    outcome = make_cli("print(' '.join(arguments))").deploy(plan)
    assert outcome.stdout == f"bundle deploy --plan {plan}\n"


@pytest.mark.parametrize("document", [PLAN, {"plan": PLAN["plan"]}])
def test_an_older_program_deploys_when_the_plan_is_still_the_same(
    make_cli: MakeCli, tmp_path: Path, document: dict[str, Any]
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({**document, "serial": 1}))
    again = f"print({json.dumps(json.dumps(PLAN))}) if 'plan' in arguments else print(' '.join(arguments))"
    assert make_cli(again, version="0.280.0").deploy(plan).stdout == "bundle deploy\n"


def test_an_older_program_deploys_nothing_when_the_plan_changed(make_cli: MakeCli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"plan": {"resources.jobs.a": {"action": "delete"}}}))
    body = f"open('called', 'a').write(arguments[1] + ' '); {printing(PLAN)}"
    with pytest.raises(PlanChangedError, match="Nothing was deployed"):
        make_cli(body, version="0.280.0").deploy(plan)
    assert (tmp_path / "called").read_text() == "plan "


def test_a_summary_that_fails_is_an_error_with_the_clis_words(make_cli: MakeCli) -> None:
    with pytest.raises(BundleInvalidError, match=r"reading what is deployed.*no such target"):
        make_cli("print('Error: nope: no such target.', file=sys.stderr); sys.exit(1)").summary()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Error: Token expired (401 UNAUTHENTICATED)", AuthenticationError),
        ("Error: default auth: cannot configure default credentials, please check", AuthenticationError),
        ("Error: slow down (429 REQUEST_LIMIT_EXCEEDED)", WorkspaceRequestError),
        ("Error: notebook src/nope.py not found", BundleInvalidError),
    ],
)
def test_a_failure_has_the_kind_of_its_cause(make_cli: MakeCli, line: str, kind: type[Exception]) -> None:
    outcome = make_cli(f"print({line!r}, file=sys.stderr); sys.exit(1)").validate()
    assert type(failure_of(outcome, "validating")) is kind


def test_a_working_directory_that_is_gone_is_an_error_without_traceback(tmp_path: Path) -> None:
    with pytest.raises(CliMissingError, match="cannot be started"):
        BundleCli(sys.executable, tmp_path / "gone").version()


def test_the_program_runs_in_the_bundle(make_cli: MakeCli, tmp_path: Path) -> None:
    assert make_cli("print(os.getcwd())").validate().stdout.strip() == os.fspath(tmp_path.resolve())
