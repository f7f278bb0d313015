"""Carries out the steps of a plan and records each in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.http import ApiError
from sandbox.standin.node import from_plain
from sandbox.standin.plan import Step, substitute
from sandbox.standin.references import references
from sandbox.standin.state import Entry, Journal

_DONE = {"create": "Created", "update": "Updated", "update_id": "Updated", "recreate": "Recreated", "delete": "Deleted"}


_RETRIES = 2
_RETRY_MILLISECONDS = 15_000
T = TypeVar("T")


@dataclass
class Outcome:
    """What came of the steps."""

    done: list[Step] = field(default_factory=list)
    errors: list[BundleError] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return one line for each change."""
        return [f"{_DONE[step.action]} {step.label}" for step in sorted(self.done, key=lambda step: step.key)]


def apply(bundle: Bundle, steps: list[Step], journal: Journal) -> Outcome:
    """Carry out the steps; one that fails takes along those that depend on it, not the others."""
    outcome, failed = Outcome(), set[str]()
    referred = {item["node"] for step in steps for item in step.depends_on}
    for step in steps:
        broken = next((item["node"] for item in step.depends_on if item["node"] in failed), None)
        try:
            _carry_out(bundle, step, journal, broken)
            if step.key in referred:
                step.kind.read(bundle.client, journal.state.entries[step.key].remote_id)
        except BundleError as error:
            failed.add(step.key)
            outcome.errors.append(
                _within(error, f"cannot {'read' if step.action == 'skip' else step.action} {step.key}")
            )
        else:
            if step.action != "skip":
                outcome.done.append(step)
    return outcome


def _within(error: BundleError, action: str) -> BundleError:
    return BundleError(f"{action}: {error.summary}", error.detail)


def _carry_out(bundle: Bundle, step: Step, journal: Journal, broken: str | None) -> None:
    if broken:
        raise BundleError(f"dependency failed: {broken}")
    actions: dict[str, Callable[[Bundle, Step, Journal], None]] = {
        "create": _create,
        "update": _update,
        "update_id": _update,
        "recreate": _recreate,
        "delete": _delete,
    }
    if step.action in actions:
        actions[step.action](bundle, step, journal)


def _config(step: Step, journal: Journal) -> dict[str, object]:
    config = substitute(step.key, step.config, journal.state.ids, {})
    left = next((reference for _, reference in references(from_plain(config))), None)
    if left is not None:
        raise BundleError(
            f"cannot resolve ${{{left}}}: the stand-in resolves ids and fields that the configuration has"
        )
    return config


def _create(bundle: Bundle, step: Step, journal: Journal) -> None:
    config = _config(step, journal)
    remote_id = step.kind.create(bundle.client, config)
    journal.put(step.key, Entry(remote_id, config, step.depends_on))


def _update(bundle: Bundle, step: Step, journal: Journal) -> None:
    config = _config(step, journal)
    old_id = journal.state.entries[step.key].remote_id
    try:
        remote_id = _patiently(bundle, step, lambda: step.kind.update(bundle.client, old_id, config))
    except ApiError as error:
        raise error.within(f"updating id={old_id}") from error
    journal.put(step.key, Entry(remote_id, config, step.depends_on))


def _patiently(bundle: Bundle, step: Step, act: Callable[[], T]) -> T:
    """Do what may be done twice; after a server error try again, RETRIES times."""
    pause = int(bundle.call.env.get("DATABRICKS_BUNDLE_RETRY_INTERVAL_MS") or _RETRY_MILLISECONDS) / 1000
    for _ in range(_RETRIES):
        try:
            return act()
        except ApiError as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status != HTTPStatus.REQUEST_TIMEOUT:
                raise
            reason = f"{error.status} {HTTPStatus(error.status).phrase} from {error.request}"
            bundle.call.log.write("WARN", f"deploying {step.key}: retrying after {reason}")
            time.sleep(pause)
    return act()


def _recreate(bundle: Bundle, step: Step, journal: Journal) -> None:
    _delete(bundle, step, journal)
    _create(bundle, step, journal)


def _delete(bundle: Bundle, step: Step, journal: Journal) -> None:
    remote_id = journal.state.entries[step.key].remote_id
    try:
        _patiently(bundle, step, lambda: step.kind.delete(bundle.client, remote_id))
    except ApiError:
        # That it is gone already is what was wanted.
        if step.kind.read_if_there(bundle.client, remote_id) is not None:
            raise
    journal.drop(step.key)
