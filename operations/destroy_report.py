"""What an operation that sets out to destroy listed, did and left, read from its journal."""

from __future__ import annotations

from collections.abc import Iterable

from operations.events import Event, JournalEvent
from workspace.losses import DataObject, DeployedResource, Losses, Remains
from workspace.models import Model


class DestroyReport(Model):
    """A destroy in the report."""

    losses: Losses
    """Everything that was ever listed in this operation, with the newest figures."""
    started: bool = False
    """A destroy was begun; without it nothing was deleted."""
    error: str = ""
    """What the CLI said when the last destroy failed."""
    remains: Remains | None = None
    """What was found when it was looked for last; None when nobody looked after a destroy."""


def destroy_report(events: Iterable[JournalEvent]) -> DestroyReport | None:
    """Return the destroy of an operation, None when it never listed what would be lost."""
    journal = tuple(events)
    losses = listed_losses(journal)
    if losses is None:
        return None
    ends = [event.data for event in journal if event.event == Event.DESTROY_ENDED]
    looked = [event.data for event in journal if event.event in {Event.BUNDLE_DESTROYED, Event.REMAINS_FOUND}]
    return DestroyReport(
        losses=losses,
        started=any(event.event == Event.DESTROY_STARTED for event in journal),
        error="" if not ends or ends[-1]["ok"] else str(ends[-1]["error"]),
        remains=Remains.model_validate(looked[-1]["remains"]) if looked else None,
    )


def listed_losses(events: Iterable[JournalEvent]) -> Losses | None:
    """Return all that was ever listed: after a crash in the middle of a destroy the newest list has only the rest."""
    resources: dict[tuple[str, str], DeployedResource] = {}
    data: dict[tuple[str, str], DataObject] = {}
    newest: Losses | None = None
    for event in events:
        if event.event == Event.LOSSES_LISTED:
            newest = Losses.model_validate(event.data["losses"])
            resources |= {(one.key, one.id): one for one in newest.resources}
            data |= {(one.kind, one.name): one for one in newest.data}
    if newest is None:
        return None
    return newest.model_copy(update={"resources": tuple(resources.values()), "data": tuple(data.values())})
