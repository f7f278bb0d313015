from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from operations.events import Event
from tests.flows.services import ScriptedWorkspace
from tests.ui.prefect_ui import PrefectUi
from tests.ui.shops import Shop


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """A bundle whose questions suspend the flow run, as a long wait does."""
    return open_shop("shop", BUNDLEOPS_SUSPEND_AFTER_SECONDS="0")


def test_the_form_of_a_deployment_explains_its_parameters_and_starts_a_run(ui: PrefectUi, shop: Shop) -> None:
    ui.open_form("operate-bundle", shop.name)
    for meaning in ("Folder of the bundle", "Target of the bundle.", "Show the plan; deploy and run nothing."):
        expect(ui.page.get_by_text(meaning)).to_be_visible()
    ui.picture("start-form", height=1210)
    ui.submit_form()
    ui.reaches("Completed")
    assert (shop.story.verdict, len(shop.story.verified)) == ("verified", 2)


def test_a_run_shows_its_plan_and_its_report_as_artifacts(ui: PrefectUi, shop: Shop) -> None:
    ui.quick_run("operate-bundle", shop.name)
    ui.reaches("Completed")
    run_page = ui.page.url
    ui.open_tab("Artifacts")
    expect(ui.page.get_by_text("What runs, in which order and why")).to_be_visible()
    ui.picture("artifacts", height=1120)
    ui.open_artifact("plan-")
    expect(ui.page.get_by_role("cell", name="jobs.shop-orders").first).to_be_visible()
    expect(ui.page.get_by_text("What runs, in which order and why")).to_be_visible()
    ui.picture("plan")
    ui.page.goto(run_page)
    ui.open_artifact("report-")
    expect(ui.page.get_by_role("heading", name="verified: 2 resources verified")).to_be_visible()
    ui.picture("report")


def test_an_escalation_is_answered_in_the_form_and_the_run_goes_on(
    ui: PrefectUi, shop: Shop, workspace: ScriptedWorkspace
) -> None:
    workspace.fail("orders", "ValueError: the delivery is empty", 1)
    ui.quick_run("operate-bundle", shop.name)
    ui.reaches("Suspended")
    ui.open_tab("Details")
    ui.picture("run-suspended")
    ui.open_questions()
    expect(ui.dialog.get_by_role("heading", name="Likely cause")).to_be_visible()
    assert ui.offered() == ["run_again", "skip", "stop", "later"]
    ui.choose("run_again")
    ui.write_note("delivered anew")
    ui.picture("question", ui.dialog, height=2200)
    ui.send()
    ui.reaches("Completed")
    (answer,) = shop.story.all(Event.QUESTION_ANSWERED)
    assert (answer["by"], answer["note"]) == ("unverified (Prefect UI)", "delivered anew")
    assert shop.story.verdict == "verified"
