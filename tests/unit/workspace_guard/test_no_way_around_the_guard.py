"""Every place where the product could reach the workspace is listed here; what may lose something asks the guard first.

Whoever adds a call of the SDK, a switch of the CLI or a task has to say here what kind it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from diagnostics.models import Action
from workspace.guard import is_destructive

ROOT = Path(__file__).resolve().parents[3]
PRODUCT = ("workspace", "tasks", "flows", "operations", "bundleops", "deployments", "diagnostics", "knowledge")
READING = ("get", "list", "download")
"""How the last word of a call that changes nothing begins."""
HARMLESS = {
    "workspace/lock.py": {"workspace.mkdirs", "workspace.delete", "api_client.do POST"},
    "workspace/services/jobs.py": {"jobs.run_now", "jobs.repair_run", "jobs.cancel_run"},
    "workspace/services/monitors.py": {"quality_monitors.run_refresh"},
    "workspace/services/pipelines.py": {"pipelines.stop"},
    "workspace/services/rights.py": {"workspace.mkdirs", "workspace.delete", "api_client.do POST"},
}
"""Writes that lose nothing: starts and stops of runs, and files that are our own: the lock, what `doctor` tries."""
GUARDED = {
    "workspace/services/pipelines.py": {"pipelines.start_update"},
    "workspace/services/statements.py": {"api_client.do POST"},
}
"""Calls that may lose something; the function around each uses an approval up before it, where there is something."""
SWITCHES = {
    "--auto-approve",
    "--force",
    "--force-lock",
    "--full-refresh",
    "--full-refresh-all",
    "--refresh-all",
    "destroy",
}
"""Words on the CLI's command line that may lose something."""


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def reaching() -> Iterator[tuple[str, ast.Module]]:
    """The modules that have a client of the workspace: the adapters, and who gets one from them."""
    for module, tree in modules(*PRODUCT):
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        connects = any(node.module == "workspace.sdk" and "connect" in imported_names(node) for node in imports)
        if module.startswith("workspace/") or connects:
            yield module, tree


def imported_names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def chain(node: ast.AST) -> list[str]:
    """The words of `client.jobs.run_now`, empty when it is no such chain of names."""
    if isinstance(node, ast.Attribute):
        before = chain(node.value)
        return [*before, node.attr] if before else []
    return [node.id] if isinstance(node, ast.Name) else []


def after_client(node: ast.AST) -> list[str]:
    """What is taken from a client of the workspace: from `client`, `self._client` or `connect(…)`."""
    words = chain(node)
    for index, word in enumerate(words):
        if word in {"client", "_client"}:
            return words[index + 1 :]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
        return [node.attr] if chain(node.value.func)[-1:] in (["connect"], ["WorkspaceClient"]) else []
    return []


def used(scope: ast.AST) -> Iterator[tuple[str, int]]:
    """Everything that is taken from a client, with its line; each word that follows it is taken by itself."""
    inner = {id(node.value) for node in ast.walk(scope) if isinstance(node, ast.Attribute)}
    methods = {id(node.func): node for node in ast.walk(scope) if isinstance(node, ast.Call)}
    for node in ast.walk(scope):
        words = after_client(node) if isinstance(node, ast.Attribute) and id(node) not in inner else []
        if words[-1:] == ["do"]:
            verb = methods[id(node)].args[0] if id(node) in methods else None
            words[-1] = f"do {str(verb.value) if isinstance(verb, ast.Constant) else '?'}"
        if words and isinstance(node, ast.expr):
            yield ".".join(words), node.lineno


def is_reading(name: str) -> bool:
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    return name in {"api_client.do GET", "current_user.me"} or first == "config" or last.startswith(READING)


def guards(function: ast.FunctionDef) -> list[int]:
    """Lines of a function on which an approval is used up."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if chain(call.func)[-1:] in (["use"], ["_use"])]


def test_every_call_of_the_workspace_only_reads_is_known_to_lose_nothing_or_asks_the_guard() -> None:
    unknown = {
        f"{module}:{line} {name}"
        for module, tree in reaching()
        for name, line in used(tree)
        if not is_reading(name) and name not in HARMLESS.get(module, set()) | GUARDED.get(module, set())
    }
    assert not unknown


def test_a_client_of_the_workspace_is_called_client_wherever_it_is_kept() -> None:
    for module, tree in reaching():
        for node in ast.walk(tree):
            made = isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and chain(node.value.func)[-1:]
            if isinstance(node, ast.Assign) and made in (["connect"], ["WorkspaceClient"]):
                assert [ast.unparse(target) for target in node.targets] == ["client"], module


def test_the_lists_name_nothing_that_is_gone() -> None:
    found = {(module, name) for module, tree in modules("workspace") for name, _ in used(tree)}
    listed = {(module, name) for known in (HARMLESS, GUARDED) for module, names in known.items() for name in names}
    assert listed <= found


def test_what_may_lose_something_uses_an_approval_up_first() -> None:
    seen = set()
    for module, tree in modules("workspace"):
        for function in functions(tree):
            for name, line in used(function):
                if name in GUARDED.get(module, set()):
                    assert any(guard < line for guard in guards(function)), f"{module}: {function.name}"
                    seen.add(name)
    assert seen == {name for names in GUARDED.values() for name in names}


def test_only_files_of_our_own_are_deleted_in_the_workspace() -> None:
    deleted = [
        ast.unparse(node)
        for _, tree in modules(*PRODUCT)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and after_client(node.func) == ["workspace", "delete"]
    ]
    assert set(deleted) == {"self._client.workspace.delete(self.path)", "client.workspace.delete(own_file)"}


def test_only_the_adapter_starts_the_cli_and_only_after_the_guard_with_a_dangerous_switch() -> None:
    found = set()
    for module, tree in modules(*PRODUCT):
        for function in functions(tree):
            for line, word in command_words(function):
                assert module == "workspace/cli.py", f"{module}:{line} {word}"
                assert any(guard < line for guard in guards(function)), f"{function.name}: {word}"
                found.add(word)
    assert found == {"--auto-approve", "--force-lock", "destroy"}


def command_words(function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    """Dangerous words in lists, which is what a command line is, and in what is added to one."""
    for node in ast.walk(function):
        if isinstance(node, ast.List):
            words = node.elts
        elif isinstance(node, ast.Call) and chain(node.func)[-1:] in (["append"], ["extend"]):
            words = node.args
        else:
            continue
        for word in words:
            if isinstance(word, ast.Constant) and word.value in SWITCHES:
                yield word.lineno, str(word.value)


def test_nothing_else_starts_programs_or_opens_connections_to_the_workspace() -> None:
    allowed = {
        "subprocess": {"workspace/cli_process.py", "deployments/local_services.py", "bundleops/detached.py"},
        "httpx": {"workspace/hosts.py", "deployments/local_services.py"},
        "requests": {"workspace/sdk.py"},
        "urllib.request": set(),
        "http.client": set(),
        "aiohttp": set(),
    }
    found = {
        (name, module)
        for module, tree in modules(*PRODUCT)
        for node in ast.walk(tree)
        for name in imported(node)
        if name in allowed
    }
    assert found == {(name, module) for name, places in allowed.items() for module in places}


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_a_task_that_uses_approvals_is_never_repeated() -> None:
    seen = 0
    for module, tree in modules("tasks", "flows"):
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names = {name for node in imports for name in imported_names(node)}
        if not names & {"Permission", "guard_of"} or module == "tasks/toolbox.py":
            continue
        for function in functions(tree):
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and chain(decorator.func) == ["task"]:
                    policies = [ast.unparse(one.value) for one in decorator.keywords if one.arg is None]
                    assert policies == ["NEVER"], f"{module}: {function.name}"
                    seen += 1
    assert seen >= 3


@pytest.mark.parametrize("kind", get_args(Action.model_fields["kind"].annotation))
def test_a_fix_plan_can_name_no_act_that_may_lose_something(kind: str) -> None:
    assert not is_destructive(kind)


def test_a_fix_plan_can_name_known_acts_only() -> None:
    with pytest.raises(ValueError, match="run_resource"):
        Action.model_validate({"kind": "delete_monitor"})
