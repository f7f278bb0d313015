"""`--select`: which resources a plan or a deploy is about."""

from __future__ import annotations

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.plan import Step


def resolve_selection(bundle: Bundle) -> set[str]:
    """Return the keys (`resources.jobs.j`) that are asked for; none if everything is.

    Raises:
        BundleError: there is no such resource, or more than one.
    """
    known = [f"{kind}.{name}" for kind, name, _ in bundle.resources()]
    found = set()
    for selector in bundle.call.options.select:
        matches = [label for label in known if selector in (label, label.partition(".")[2])]
        if not matches:
            raise BundleError(f"no such resource: {selector}")
        if len(matches) > 1:
            candidates = f"can resolve to {', '.join(matches)}"
            raise BundleError(f"ambiguous resource: {selector} ({candidates}); use a qualified name to disambiguate")
        found.add(f"resources.{matches[0]}")
    return found


def narrowed(steps: list[Step], selected: set[str]) -> tuple[list[Step], int]:
    """Return the steps that are asked for with those that they need, and how many are left out."""
    if not selected:
        return steps, 0
    needs = {step.key: {item["node"] for item in step.depends_on} for step in steps}
    wanted, waiting = set[str](), list(selected)
    while waiting:
        key = waiting.pop()
        if key not in wanted:
            wanted.add(key)
            waiting += needs.get(key, ())
    kept = [step for step in steps if step.key in wanted]
    return kept, len(steps) - len(kept)
