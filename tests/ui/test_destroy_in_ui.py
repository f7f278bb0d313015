from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from operations.events import Event
from tests.flows.program import Program
from tests.ui.prefect_ui import PrefectUi
from tests.ui.shops import Shop

BOTH = ["load", "orders"]


def asked(ui: PrefectUi, shop: Shop) -> None:
    """Start the destroy and open the form in which it asks."""
    ui.quick_run("destroy-bundle", shop.name)
    ui.reaches("Paused")
    ui.open_questions()


@pytest.fixture(scope="module")
def served(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop("outlet")


@pytest.fixture
def outlet(served: Shop) -> Shop:
    """A bundle that is deployed, whatever another test did to it."""
    served.deploy()
    return served


def test_a_destroy_rejected_in_the_form_deletes_nothing(ui: PrefectUi, outlet: Shop) -> None:
    destroys = outlet.destroys
    asked(ui, outlet)
    ui.choose("reject")
    ui.send()
    ui.reaches("Failed")
    ui.open_tab("Details")
    expect(ui.page.get_by_text("a person said not to destroy this")).to_be_visible()
    ui.picture("destroy-rejected", height=1400)
    assert (outlet.jobs, outlet.destroys, outlet.story.verdict) == (BOTH, destroys, "rejected")


def test_a_destroy_is_approved_at_the_terminal_and_the_paused_run_goes_on(
    ui: PrefectUi, outlet: Shop, terminal: Callable[[Shop], Program]
) -> None:
    destroys = outlet.destroys
    asked(ui, outlet)
    (question,) = outlet.story.open_questions
    assert ui.offered() == ["reject", "later"]
    expect(ui.dialog.get_by_text(f"bundleops answer {question.id} approve")).to_be_visible()
    ui.picture("destroy-question", ui.dialog, height=1800)
    ui.cancel()
    end = terminal(outlet).run("answer", question.id, "approve")
    assert end.exit_code == 0, end
    ui.reaches("Completed")
    ui.open_tab("Details")
    ui.picture("destroy-completed", height=1400)
    assert (outlet.jobs, outlet.destroys, outlet.story.verdict) == ([], destroys + 1, "destroyed")


def test_where_no_proof_is_asked_for_the_form_approves_exactly_one_destroy(
    ui: PrefectUi, open_shop: Callable[..., Shop], outlet: Shop
) -> None:
    shop = open_shop("emptied", BUNDLEOPS_VERIFIED_APPROVALS="never")
    asked(ui, shop)
    assert ui.offered() == ["approve", "reject", "later"]
    ui.choose("approve")
    ui.send()
    ui.reaches("Completed")
    assert (shop.jobs, shop.destroys, shop.story.verdict) == ([], 1, "destroyed")
    assert outlet.jobs == BOTH, "the neighbour is still there"
    assert shop.story.all(Event.QUESTION_ANSWERED)[0]["by"] == "unverified (Prefect UI)"


def test_a_destroy_that_nobody_answers_deletes_nothing_and_is_seen_as_not_done(
    ui: PrefectUi, open_shop: Callable[..., Shop]
) -> None:
    shop = open_shop("silent", BUNDLEOPS_ANSWER_WAIT_SECONDS="5")
    ui.quick_run("destroy-bundle", shop.name)
    ui.reaches("Failed")
    ui.open_tab("Details")
    expect(ui.page.get_by_text("has not answered yet; nothing is destroyed until then")).to_be_visible()
    ui.picture("destroy-unanswered", height=1400)
    assert (shop.jobs, shop.destroys, shop.story.verdict) == (BOTH, 0, "waiting")
