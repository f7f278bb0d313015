"""The one switch that stops every operation of a state directory before it changes anything more."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, Field, ValidationError

from workspace.errors import StateError, StoppedError
from workspace.models import Model
from workspace.redaction import redact

FILE_NAME = "STOP"


class Stop(Model):
    """Who stopped the operations, when and why."""

    by: str
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    reason: str = ""


class StopSwitch:
    """The switch: a file, so that it also works when everything else does not. Any file of that name counts."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE_NAME

    def stop(self, by: str, reason: str) -> Stop:
        """Stop all operations: nothing more is deployed, started, edited or destroyed. Runs that go on are left alone.

        Raises:
            StateError: the file cannot be written.
        """
        stop = Stop(by=by, reason=redact(reason))
        temporary = self.path.with_suffix(".tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(stop.model_dump_json())
            temporary.replace(self.path)
        except OSError as error:
            raise StateError(
                f"{self.path} cannot be written: {error.strerror or error}. Nothing is stopped."
            ) from error
        return stop

    def lift(self) -> bool:
        """Let operations go on; false when nothing was stopped.

        Raises:
            StateError: the file cannot be removed.
        """
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StateError(f"{self.path} cannot be removed: {error.strerror or error}.") from error
        return True

    def state(self) -> Stop | None:
        """Return who stopped the operations, None while they may go on."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            return Stop(by="somebody", reason=f"{self.path} cannot be read: {error.strerror or error}")
        try:
            return Stop.model_validate_json(text)
        except ValidationError:
            # Made by hand, perhaps in a hurry: its being there is what counts.
            at = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
            return Stop(by="somebody", at=at, reason=redact(text.strip()))

    def require_off(self, go_on: str) -> None:
        """Refuse to go on while the switch is on.

        Args:
            go_on: Command that goes on with the operation afterwards.

        Raises:
            StoppedError: the switch is on; the text says who did it, why, and how to go on.
        """
        stop = self.state()
        if stop is not None:
            because = f": {stop.reason}" if stop.reason else ""
            raise StoppedError(
                f"All operations were stopped by {stop.by} at {stop.at:%Y-%m-%d %H:%M} UTC{because}. Nothing more is "
                f"changed. To go on: `bundleops stop --lift`, then `{go_on}`."
            )
