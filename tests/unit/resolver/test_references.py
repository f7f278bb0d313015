"""What `${…}` stands for, and what stays."""

from __future__ import annotations

import pytest

from tests.unit.resolver.conftest import Resolve
from workspace.errors import BundleInvalidError

DECLARED = "variables:\n  v: {default: declared}\n  w: {default: '${var.v}-${bundle.target}'}\n"


def description(resolve: Resolve, text: str, main: str) -> object:
    job = f"resources: {{jobs: {{a: {{name: a, description: '{text}'}}}}}}\n"
    return resolve(main + job).resolved.resource("jobs.a").config["description"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${var.v}", "declared"),
        ("a ${var.w} b", "a declared-dev b"),
        ("${var.${bundle.target}_v}", "nested"),
        ("${bundle.name}/${bundle.mode}", "shop/"),
        ("/Workspace${workspace.root_path}", "/Workspace/Shared/x"),
        ("${workspace.file_path}", "/Workspace/Shared/x/files"),
        ("${var.list[1].a}", 7),
        ("n${var.number}${var.flag}", "n5true"),
        ("${resources.jobs.a.id}", "${resources.jobs.a.id}"),
        ("${catalog} $${plain}", "${catalog} $${plain}"),
        ("${workspace.current_user.userName}!", "${workspace.current_user.userName}!"),
    ],
)
def test_a_reference_stands_for_its_value(resolve: Resolve, text: str, value: object) -> None:
    main = DECLARED + (
        "  dev_v: {default: nested}\n  number: {default: 5}\n  flag: {default: true}\n"
        "  list: {type: complex, default: [{a: 1}, {a: 7}]}\n"
        "targets: {dev: {workspace: {root_path: /Shared/x}}}\n"
    )
    assert description(resolve, text, main) == value


@pytest.mark.parametrize(
    ("environment", "overrides", "target", "value"),
    [
        ("outside", '{"v": "file"}', "v: target", "outside"),
        (None, '{"v": "file"}', "v: target", "file"),
        (None, "{}", "v: target", "target"),
        (None, "{}", "v: {default: target, description: d}", "target"),
        (None, "{}", "", "declared"),
    ],
)
def test_a_variable_is_given_by_environment_file_target_or_default(
    resolve: Resolve,
    monkeypatch: pytest.MonkeyPatch,
    environment: str | None,
    overrides: str,
    target: str,
    value: str,
) -> None:
    if environment:
        monkeypatch.setenv("BUNDLE_VAR_v", environment)
    main = DECLARED + f"targets: {{dev: {{variables: {{{target}}}}}}}\n"
    files = {".databricks/bundle/dev/variable-overrides.json": overrides}
    job = "resources: {jobs: {a: {name: '${var.v}'}}}\n"
    assert resolve(main + job, files).resolved.resources[0].name == value


def test_a_complex_variable_is_replaced_by_the_target_not_merged(resolve: Resolve) -> None:
    main = (
        "variables: {c: {type: complex, default: {a: 1, b: 2}}}\n"
        "targets: {dev: {variables: {c: {a: 3}}}}\n"
        "resources: {jobs: {j: {name: j, tags: '${var.c}'}}}\n"
    )
    assert resolve(main).resolved.resource("jobs.j").tags == {"a": "3"}


def test_what_the_files_do_not_tell_stays_and_is_listed_with_reason_and_place(resolve: Resolve) -> None:
    main = (
        "variables:\n  w: {lookup: {warehouse: Big}}\n  n: {description: no value}\n  unused: {lookup: {cluster: c}}\n"
        "workspace: {root_path: '/Users/${workspace.current_user.userName}/x'}\n"
        "resources: {jobs: {a: {name: '${var.w}', description: '${var.w} ${var.n} ${resources.jobs.none.id}'}}}\n"
    )
    first, *others = resolve(main).unresolved
    assert first == (
        "${workspace.current_user.userName}: only the workspace tells it; "
        "used in workspace.root_path (databricks.yml:6)"
    )
    assert [line.partition(": ")[0] for line in others] == [
        "${var.w}",
        "${var.n}",
        "${var.unused}",
        "${resources.jobs.none.id}",
    ]
    assert "the id of the warehouse 'Big' is looked up in the workspace (databricks.yml:3)" in others[0]
    assert "used in resources.jobs.a.name (databricks.yml:7) and 1 more" in others[0]
    assert "no value is assigned to it; set BUNDLE_VAR_n, or give it a default (databricks.yml:4)" in others[1]
    assert "the bundle has no such resource; used in resources.jobs.a.description" in others[3]


def test_a_value_from_outside_makes_a_lookup_needless(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE_VAR_w", "abc")
    assert resolve("variables: {w: {lookup: {warehouse: Big}}}\n").unresolved == ()


def test_python_and_scripts_are_named_and_not_run(resolve: Resolve) -> None:
    main = "python: {resources: ['r:load']}\nexperimental: {scripts: {preinit: 'touch /tmp/never'}}\n"
    assert resolve(main).unresolved == (
        "python.resources: r:load (databricks.yml:2) is Python code and not run here",
        "experimental.scripts.preinit (databricks.yml:3) is not run",
    )


def test_a_complex_variable_that_holds_itself_is_left_as_it_is(resolve: Resolve) -> None:
    main = "variables: {c: {type: complex, default: {a: '${var.c}'}}}\n"
    assert resolve(main + "resources: {jobs: {j: {name: j}}}\n").resolved.resource("jobs.j").name == "j"


LAUGHS = "variables:\n  v0: {default: 'ha ha ha ha'}\n" + "".join(
    f"  v{number}: {{default: '{f'${{var.v{number - 1}}}' * 10}'}}\n" for number in range(1, 9)
)
ROW = "variables:\n  v0: {default: x}\n" + "".join(
    f"  v{number}: {{default: '${{var.v{number - 1}}}'}}\n" for number in range(199, 0, -1)
)


@pytest.mark.parametrize(
    ("main", "words"),
    [
        (DECLARED + "bundle: {name: '${var.none}'}\n", ("databricks.yml:5:", "${var.none}", "declared are: v, w")),
        ("variables: {a: {default: '${var.b}'}, b: {default: '${var.a}'}}\n", ("lead in a circle", "Break it")),
        ("targets: {dev: {variables: {x: 1}}}\n", ("databricks.yml:2:", "x gets a value here and is not declared")),
        (DECLARED + "targets: {dev: {mode: '${var.v.deep}'}}\n", ("mode",)),
        (LAUGHS, ("databricks.yml:", "grows over 1000000 characters")),
        (ROW, ("more than 60 variables name one another",)),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_with_its_place(
    resolve: Resolve, main: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(BundleInvalidError) as error:
        resolve(main)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": ' * 3000])
def test_a_damaged_overrides_file_is_told(resolve: Resolve, text: str) -> None:
    with pytest.raises(BundleInvalidError, match=r"variable-overrides\.json"):
        resolve(DECLARED + "targets: {dev: {}}\n", {".databricks/bundle/dev/variable-overrides.json": text})
