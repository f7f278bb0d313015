"""Says what would be lost before anything is deleted."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.plan import Step
from sandbox.standin.state import State

_AT_DEPLOY = ("schemas", "pipelines", "volumes", "dashboards")
_AT_DESTROY = ("schemas", "volumes", "genie_spaces", "pipelines")
"""The order of the paragraphs; types that stand in neither come between the named ones and pipelines."""
_LOSS = (
    "Deleting data assets such as schemas, pipelines, or volumes may cause permanent data loss and should be carefully "
    "reviewed.\n"
)
_NEEDED = (
    "the deployment requires destructive actions, but the current console does not support prompting.\n"
    f"{_LOSS}To proceed, use --auto-approve after reviewing the plan above."
)
_NEEDED_OLD = (
    "the deployment requires destructive actions, but current console does not support prompting. "
    "Please specify --auto-approve if you would like to skip prompts and proceed"
)
NOT_APPROVED = (
    "this command will destroy all resources deployed by this bundle, including workspace files in the deployment "
    f"directory.\n{_LOSS}To proceed, use --auto-approve."
)
_RETAINED = (
    "of the following Lakeflow Spark Declarative Pipelines.\n"
    "The Streaming Tables (STs) and Materialized Views (MVs) managed by them are retained, as 'cascade_on_destroy' is "
    "set to false:"
)


def require_approval(bundle: Bundle, steps: Sequence[Step]) -> None:
    """Name what a deploy deletes or makes anew.

    Raises:
        BundleError: nobody has approved it.
    """
    doomed = [step for step in steps if step.action in {"delete", "recreate"} and step.kind.recreation]
    approved = bundle.call.options.auto_approve
    if not approved or bundle.call.options.quiet < 2:
        for text, group in _groups([(step.kind.recreation, step) for step in doomed], _AT_DEPLOY):
            bundle.call.say(f"\nThis action will result in the deletion or recreation {text}")
            for step in group:
                bundle.call.say(f"  {step.action} {step.key}")
    if doomed and not approved:
        raise BundleError(_NEEDED_OLD if bundle.call.is_old else _NEEDED)


def announce_destruction(bundle: Bundle, steps: Sequence[Step], state: State) -> None:
    """Name all that a destroy deletes."""
    say = bundle.call.say
    ordered = sorted(steps, key=lambda step: step.key)
    if ordered:
        say("The following resources will be deleted:")
        for step in ordered:
            say(f"  delete {step.key}")
        say()
    for text, group in _groups([(_deletion(bundle, step, state), step) for step in ordered], _AT_DESTROY):
        say(f"This action will result in the deletion {text}")
        for step in group:
            say(f"  delete {step.key}")
        say()


def _deletion(bundle: Bundle, step: Step, state: State) -> str:
    text = step.kind.deletion
    if not step.key.startswith("resources.pipelines.") or bundle.call.is_old:
        return text
    if state.entries[step.key].config.get("cascade_on_destroy") is False:
        return _RETAINED
    advice = "Set 'cascade_on_destroy: false' on a pipeline to retain datasets on pipeline deletion"
    return f"{text.removesuffix(':')}. {advice}:"


def _groups(steps: list[tuple[str, Step]], order: Sequence[str]) -> list[tuple[str, list[Step]]]:
    """Return the steps by what is said of them, in the order of their types."""

    def place(item: tuple[str, Step]) -> tuple[float, str]:
        kind = item[1].key.split(".")[1]
        return (order.index(kind) if kind in order else len(order) - 1.5), kind

    found: dict[str, list[Step]] = {}
    for text, step in sorted(steps, key=place):
        if text:
            found.setdefault(text, []).append(step)
    return list(found.items())
