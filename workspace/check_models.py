"""What a check of something deployed came to. Plain frozen data."""

from __future__ import annotations

from workspace.model import Model


class Fault(Model):
    """One thing that is not as it should be."""

    about: str
    """What it is about: a query, a table, a question."""
    text: str
    """The workspace's own words where there are some, redacted."""


class Check(Model):
    """What was looked at, and what was found. Without a fault it is verified."""

    details: tuple[str, ...] = ()
    """What was looked at, a line each."""
    findings: tuple[str, ...] = ()
    """What a person should know and what is no fault; what could not be looked at, too."""
    faults: tuple[Fault, ...] = ()

    def __add__(self, other: Check) -> Check:
        return Check(
            details=self.details + other.details,
            findings=self.findings + other.findings,
            faults=self.faults + other.faults,
        )
