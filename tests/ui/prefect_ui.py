"""Prefect's UI as a person uses it: what is clicked, what is read, and pictures of it for the docs."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

SECONDS = 1000
SUBMITS = 4
LONG = 90 * SECONDS
"""For what a flow run does meanwhile: its process starts, deploys, runs and polls."""


class PrefectUi:
    """One browser page on one Prefect server.

    Args:
        page: a fresh page.
        address: of the server, without path.
        pictures: folder of the pictures, or None to take none.
    """

    def __init__(self, page: Page, address: str, pictures: Path | None) -> None:
        self.page, self._address, self._pictures = page, address, pictures
        # The UI's scripts also call home; a test reaches no other machine than this one.
        page.route(lambda url: urlsplit(url).netloc != urlsplit(address).netloc, _refuse)

    def open_deployment(self, flow: str, name: str) -> None:
        """Find a deployment in the list and open its page."""
        self.page.goto(f"{self._address}/v2/deployments")
        self.page.get_by_placeholder("Search deployments").fill(name)
        row = self.page.get_by_role("row").filter(has_text=flow).filter(has_text=name)
        # Not clicked: the list writes the search into the address a moment later, which would lead back to it.
        self._follow(row.get_by_role("link", name=name))
        expect(self.page.get_by_role("tab", name="Description")).to_be_visible()

    def open_form(self, flow: str, name: str) -> None:
        """Open the form with the parameters of a deployment."""
        self.open_deployment(flow, name)
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Custom run").click()
        expect(self.page.get_by_role("heading", name="Parameters")).to_be_visible()

    def submit_form(self) -> None:
        """Start what the form says and go to the page of the flow run."""
        self.page.get_by_role("button", name="Submit").click()
        self._view_run()

    def quick_run(self, flow: str, name: str) -> None:
        """Start a deployment as it is and go to the page of the flow run."""
        self.open_deployment(flow, name)
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Quick run").click()
        self.dialog.get_by_role("button", name="Run", exact=True).click()
        self._view_run()

    def _view_run(self) -> None:
        # The message that offers it would be in the pictures, so it is closed by going there anew.
        self._follow(self.page.get_by_role("link", name="View run"))
        expect(self.page.get_by_role("tab", name="Job Variables")).to_be_visible()

    def _follow(self, link: Locator) -> None:
        self.page.goto(f"{self._address}{link.get_attribute('href')}")

    def reaches(self, state: str) -> None:
        """Wait until the page of the flow run shows this state."""
        badge = self.page.locator("[data-slot=badge]").filter(has_text=re.compile(f"^{state}$"))
        expect(badge.first).to_be_visible(timeout=LONG)

    def open_tab(self, name: str) -> None:
        """Open a tab of the flow run's page."""
        self.page.get_by_role("tab", name=name).click()

    def open_artifact(self, heading: str) -> None:
        """Open the newest artifact of a kind that the flow run made; its card leads to all of that kind."""
        self.open_tab("Artifacts")
        self.page.get_by_role("link").filter(has_text=heading).first.click()
        versions = self.page.locator("a[href*='/artifacts/artifact/']")
        expect(versions.first).to_be_visible()
        self._follow(versions.first)

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog")

    def open_questions(self) -> None:
        """Open the form of a waiting flow run: Resume in the menu of its page."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name="Resume").click()
        expect(self.choice).to_be_visible()

    @property
    def choice(self) -> Locator:
        """The field of the form that takes the answer."""
        return self.dialog.get_by_role("button", name=re.compile("^Select q-"))

    def offered(self) -> list[str]:
        """Return the answers that the form offers."""
        self.choice.click()
        options = self.page.get_by_role("option")
        expect(options.first).to_be_visible()
        found = options.all_inner_texts()
        self.page.keyboard.press("Escape")
        expect(options.first).to_be_hidden()
        return found

    def choose(self, option: str) -> None:
        """Choose one of the answers."""
        self.choice.click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def write_note(self, text: str) -> None:
        """Fill in the note."""
        self.dialog.get_by_role("textbox").fill(text)

    def send(self) -> None:
        """Submit the form; a server whose database is busy says so, and a person presses the button again."""
        for _ in range(SUBMITS):
            self.dialog.get_by_role("button", name="Resume", exact=True).click()
            with suppress(PlaywrightTimeoutError):
                self.dialog.wait_for(state="hidden", timeout=20 * SECONDS)
                return
        expect(self.dialog).to_be_hidden()

    def cancel(self) -> None:
        """Close the form without an answer."""
        self.dialog.get_by_role("button", name="Cancel").click()
        expect(self.dialog).to_be_hidden()

    def picture(self, name: str, part: Locator | None = None, height: int = 800) -> None:
        """Take a picture of the page or a part of it, where pictures are wanted."""
        if self._pictures is None:
            return
        self.page.set_viewport_size({"width": 1280, "height": height})
        target = self._pictures / f"{name}.png"
        if part is None:
            self.page.screenshot(path=target, animations="disabled")
        else:
            part.screenshot(path=target, animations="disabled")


def _refuse(route: Route) -> None:
    route.abort()
