from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.flows.program import Program
from tests.flows.services import ScriptedWorkspace, prefect_server
from tests.ui.prefect_ui import PrefectUi
from tests.ui.shops import Shop

CHROMIUM = Path(os.environ.get("BUNDLEOPS_CHROMIUM", "/usr/bin/chromium"))
PATIENCE = 30_000
"""Milliseconds: how long the UI may take to show something on a busy machine."""
PICTURES = os.environ.get("BUNDLEOPS_SCREENSHOTS")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(
            f"{CHROMIUM} is not there: run `make test-all`, which installs it, or name one in BUNDLEOPS_CHROMIUM"
        )
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # Chromium refuses its own sandbox to root, as which containers run; it sees no page but those of this machine.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Prefect server for all tests; its UI asks the server it came from, whatever its port is."""
    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_UI_API_URL", "/api")
        patch.setenv("PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT", "false")
        patch.setenv("PREFECT_HOME", str(home))
        with prefect_server(home) as api:
            patch.setenv("PREFECT_API_URL", api)
            yield api


@pytest.fixture(scope="session")
def one_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedWorkspace]:
    started = ScriptedWorkspace(tmp_path_factory.mktemp("workspace") / "sandbox")
    with pytest.MonkeyPatch.context() as patch:
        # For the tests' own deploys; what is served gets an environment of its own.
        patch.setenv("DATABRICKS_HOST", started.host)
        patch.setenv("DATABRICKS_TOKEN", started.token)
        yield started
    started.stop()


@pytest.fixture(autouse=True)
def workspace(one_workspace: ScriptedWorkspace) -> ScriptedWorkspace:
    """The scripted workspace, in which everything succeeds until a test says otherwise."""
    one_workspace.play()
    return one_workspace


@pytest.fixture
def ui(browser: Browser, prefect_api: str) -> Iterator[PrefectUi]:
    """A fresh browser window on Prefect's UI."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="UTC")
    context.set_default_timeout(PATIENCE)
    pictures = Path(PICTURES).absolute() if PICTURES else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    yield PrefectUi(context.new_page(), prefect_api.removesuffix("/api"), pictures)
    context.close()


@pytest.fixture(scope="module")
def open_shop(one_workspace: ScriptedWorkspace, prefect_api: str) -> Iterator[Callable[..., Shop]]:
    """Make a bundle and serve its deployments, with these environment variables, until the module's tests are done."""
    with ExitStack() as stack:

        def made(name: str, **environment: str) -> Shop:
            # The folder is seen in the pictures, so its name is short.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lakehouse-")))
            shop = Shop(one_workspace, prefect_api, folder, name)
            stack.enter_context(shop.serving(environment))
            return shop

        yield made


@pytest.fixture
def terminal(workspace: ScriptedWorkspace, prefect_api: str, tmp_path: Path) -> Callable[[Shop], Program]:
    """A person's terminal, on the state directory of the shop's deployments."""
    return lambda shop: Program(workspace, prefect_api, tmp_path).on(shop.state)
